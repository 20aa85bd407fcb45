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

const wire = z.int().min(0).max(65535);

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
  /** Number of the challenge part, where it is one. */
  challenge: wire.optional(),
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

/** What the station and its PLC had said to each other. */
export const handshakeSchema = z.strictObject({
  triggerId: wire,
  code: wire,
  dispositionTrigger: wire,
  dispositionCode: wire,
  accepted: wire,
  status: wire,
});

/** Which part a PLC's trigger was, for what it reports of it later. */
export const recentPartSchema = z.strictObject({ triggerId: wire, id: z.string().max(64), sequence: count });
export type RecentPart = z.infer<typeof recentPartSchema>;

const pointerSchema = z.strictObject({ number: z.int().min(1), version: z.int().min(1) });

/** What became the active recipe, when, by whom and why; null: none. */
export const activationSchema = z.strictObject({
  recipe: pointerSchema.nullable(),
  utc: z.string().max(64),
  by: z.string().max(200),
  why: z.string().max(1000),
  /** A rollback: the next one goes further back. */
  rollback: z.literal(true).optional(),
});
export type StoredActivation = z.infer<typeof activationSchema>;

const judgedSchema = z.strictObject({
  verdict: z.enum(['pass', 'warn', 'fail', 'invalid']),
  accept: z.boolean(),
  severity: z.number().nullable(),
});

const partSchema = z.strictObject({
  sequence: count,
  id: z.string().max(64),
  partId: z.string().max(64),
  view: z.string().max(64),
  utc: z.string().max(64),
});

/** One picture, judged by the live version and by the one in shadow. */
export const comparisonSchema = z.strictObject({ part: partSchema, live: judgedSchema, shadow: judgedSchema });
export type StoredComparison = z.infer<typeof comparisonSchema>;

/** The version that runs in shadow beside the live one, and what came of it so far. */
export const shadowSchema = z.strictObject({
  ...pointerSchema.shape,
  /** Version of the same recipe with which the figures compare. */
  beside: z.int().min(1),
  since: z.string().max(64),
  by: z.string().max(200),
  why: z.string().max(1000),
  /** Pictures; severities are differences, shadow minus live. */
  figures: z.strictObject({
    bothAccept: count,
    bothReject: count,
    onlyLiveRejects: count,
    onlyShadowRejects: count,
    /** Not inspected by one of the two. */
    invalid: count,
    /** Dropped: the shadow was busy, late or not there. */
    notCompared: count,
    differences: count,
    sum: z.number(),
    sumOfSquares: z.number(),
    largest: z.number(),
  }),
  /** Oldest first. */
  disagreements: z.array(z.strictObject({ ...partSchema.shape, live: judgedSchema, shadow: judgedSchema })).max(50),
});
export type StoredShadow = z.infer<typeof shadowSchema>;

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
  recipe: pointerSchema.nullable(),
  /** Oldest first. */
  activations: z.array(activationSchema).max(70_000).optional(),
  shadow: shadowSchema.nullable().optional(),
  /** The mode that a PLC's `online` returns to. */
  onlineMode: z.enum(['shadow', 'run']).optional(),
  handshake: handshakeSchema.optional(),
  recentParts: z.array(recentPartSchema).max(1000).optional(),
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
  z.strictObject({ what: z.literal('handshake'), handshake: handshakeSchema }),
  z.strictObject({ what: z.literal('compared'), comparison: comparisonSchema }),
  z.strictObject({ what: z.literal('not compared') }),
]);
export type JournalLine = z.infer<typeof journalSchema>;
