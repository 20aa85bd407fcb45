import type { EvidencePolicyInput } from '../../lib/evidence/policy.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { config } from './config.ts';

const megabyte = 1_000_000;

/** From the dialog's words to the store's policy: a class that is not kept keeps no pictures; records are always kept. */
export function policyOf(values: Omit<ValuesOf<typeof config>, 'name' | 'station'>): EvidencePolicyInput {
  const { keepFail, keepWarn, keepInvalid, passPercent, maxPictures, maxMegabytes, overlay, map } = values;
  const kept = (keep: boolean) => ({ maxCount: keep ? maxPictures : 0, maxBytes: null });
  return {
    passSample: passPercent / 100,
    overlay,
    map,
    maxBytes: maxMegabytes * megabyte,
    pass: kept(true),
    invalid: kept(keepInvalid),
    warn: kept(keepWarn),
    // unreviewed fails have no limit of their own: they are the last to go
    fail: keepFail ? { maxCount: null, maxBytes: null } : kept(false),
  };
}
