import { z } from 'zod';

const count = z.int().min(0);

export const countersSchema = z.strictObject({
  total: count,
  pass: count,
  warn: count,
  fail: count,
  invalid: count,
  missed: count,
  evidenceLost: count,
  resultsOverrun: count,
});

const modeSchema = z.enum(['offline', 'commissioning', 'shadow', 'run']);

/** What must be known of an open inspection to close it after a crash. */
export const openRecordSchema = z.strictObject({
  sequence: count,
  id: z.string().max(64),
  triggerId: count,
  partId: z.string().max(64),
  expectedRecipe: count,
  source: z.enum(['message', 'timer', 'camera', 'image', 'plc', 'hardware']),
  at: z.number(),
  utc: z.string().max(64),
  mode: modeSchema,
  recipe: z.strictObject({ number: count, version: count, name: z.string() }).nullable(),
  simulated: z.boolean().optional(),
  deadline: z.number(),
});
export type OpenRecord = z.infer<typeof openRecordSchema>;

export const alarmSchema = z.strictObject({
  code: z.int().min(1).max(65535),
  text: z.string().max(500),
  stop: z.boolean(),
  utc: z.string().max(64),
});
export type StoredAlarm = z.infer<typeof alarmSchema>;

/** The file state.json: all that belongs to the identity line/station and survives deploys and restarts. */
export const stateSchema = z.strictObject({
  schema: z.literal(1),
  /** Which journal continues this state. */
  generation: count,
  /** True when written by an orderly close: nothing was used beyond `lastSequence`. */
  clean: z.boolean(),
  lastSequence: count,
  /** Sequences up to here may be in use. */
  reservedThrough: count,
  lastPublished: count,
  counters: countersSchema,
  mode: modeSchema,
  alarm: alarmSchema.nullable(),
  recipe: z.strictObject({ number: z.int().min(1), version: z.int().min(1) }).nullable(),
  open: z.array(openRecordSchema).max(1000),
  savedUtc: z.string().max(64),
});
export type StoredState = z.infer<typeof stateSchema>;

/** One line of the journal: what has happened since the state was written. */
export const journalSchema = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('open'), open: openRecordSchema }),
  z.strictObject({
    what: z.literal('closed'),
    sequence: count,
    verdict: z.enum(['pass', 'warn', 'fail', 'invalid']),
    /** Whether it entered the counters. */
    counted: z.boolean(),
  }),
  z.strictObject({
    what: z.literal('count'),
    counter: z.enum(['missed', 'evidenceLost', 'resultsOverrun']),
    by: count,
  }),
]);
export type JournalLine = z.infer<typeof journalSchema>;
