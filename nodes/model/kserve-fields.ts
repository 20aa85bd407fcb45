import { text, whole } from '../../lib/node-red/config/fields.ts';
import { addressesExpected, parseAddresses } from '../../lib/scoring/kserve/addresses.ts';

const kserve = { engine: ['kserve'] };

/** What the dialog asks of inference servers; their token is a credential. */
export const kserveFields = {
  kserveUrls: text({ max: 2000, required: true, when: kserve }),
  /** Empty: the model's name. */
  kserveModel: text({ max: 200, when: kserve }),
  /** Empty: the server's choice. */
  kserveVersion: text({ max: 200, when: kserve }),
  kserveCaFile: text({ max: 4096, when: kserve }),
  kserveTimeoutMs: whole({ default: 1000, min: 10, max: 600_000, unit: 'ms', when: kserve }),
};

export const kserveChecks = [
  {
    field: 'kserveUrls',
    expected: addressesExpected,
    holds: ({ engine, kserveUrls }: { engine: string; kserveUrls: string }) =>
      engine !== 'kserve' || parseAddresses(kserveUrls) !== null,
  },
];
