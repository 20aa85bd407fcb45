import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalidParameter } from '../core/errors.ts';
import type { Verdict } from '../core/inspection.ts';

const limits = z.strictObject({
  /** Inspections with pictures; null = no limit of its own. */
  maxCount: z.int().min(0).nullable().default(null),
  maxBytes: z.int().min(0).nullable().default(null),
});
const gigabyte = 1_000_000_000;

/** Which pictures are kept, and for how long. Records are always kept. */
export const policySchema = z.strictObject({
  /** Share of the passed parts whose pictures are kept, 0..1. */
  passSample: z.number().min(0).max(1).default(0.01),
  frame: z.boolean().default(true),
  overlay: z.boolean().default(true),
  map: z.boolean().default(true),
  /** All pictures of the station together. */
  maxBytes: z
    .int()
    .min(0)
    .default(20 * gigabyte),
  /** Pictures are kept only while the disk has this much left. */
  minFreeBytes: z
    .int()
    .min(0)
    .default(gigabyte / 2),
  pass: limits.default({ maxCount: 10_000, maxBytes: null }),
  invalid: limits.default({ maxCount: 10_000, maxBytes: null }),
  warn: limits.default({ maxCount: 50_000, maxBytes: null }),
  fail: limits.default({ maxCount: null, maxBytes: null }),
  /** A journal file is closed and the next one begun at this size. */
  segmentBytes: z
    .int()
    .min(4_096)
    .default(8 * 1024 * 1024),
});

export type EvidencePolicy = z.infer<typeof policySchema>;
export type EvidencePolicyInput = z.input<typeof policySchema>;

export function parsePolicy(value: unknown): EvidencePolicy {
  const parsed = policySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const received = issue.path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
  throw invalidParameter(`policy.${issue.path.join('.')}`, issue.message, received, 'GP_CONFIG_INVALID');
}

/** Whether an inspection falls into a sample: depends on its id alone, so that an audit can repeat the choice. */
export function isSampled(id: string, share: number): boolean {
  return createHash('sha256').update(id).digest().readUInt32BE() < share * 2 ** 32;
}

export function keepsPictures(policy: EvidencePolicy, verdict: Verdict, id: string): boolean {
  return verdict !== 'pass' || isSampled(id, policy.passSample);
}
