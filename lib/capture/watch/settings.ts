import { isAbsolute } from 'node:path';
import { z } from 'zod';

/** A folder into which a machine drops its pictures; each file counts once, when it is whole. */
export const watchSettingsSchema = z.strictObject({
  kind: z.literal('watch'),
  path: z.string().min(1).refine(isAbsolute, 'must be an absolute path'),
  /** File names with `*` and `?`; empty takes every known picture format. */
  pattern: z.string().max(200).default(''),
  /** Of files that are found at once: when they were written, or their names with numbers as people count. */
  order: z.enum(['arrival', 'name']).default('arrival'),
  /** `line`: each file is a part. `flow`: a capture is answered by the first file exposed after its trigger. */
  delivery: z.enum(['line', 'flow']).default('line'),
  /** What becomes of a file that was delivered; what was not delivered stays where it is. `move`: to the folder `done` in it. */
  afterwards: z.enum(['keep', 'move', 'delete']).default('keep'),
  /** A file whose size and time did not change for so long is whole. */
  settleMs: z.number().min(0).max(60_000).default(100),
  /** Longest time that the machine needs from the exposure until the file shows in the folder. */
  delayMs: z.number().min(0).max(600_000).default(1_000),
});

export type WatchSettings = z.infer<typeof watchSettingsSchema>;
