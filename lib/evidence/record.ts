import { z } from 'zod';
import { type Disposition, dispositionCodes } from '../core/commands.ts';
import { idPattern } from '../core/ids.ts';

/** Numbers are finite or null; a null that stands for NaN or an infinity is named in `notFinite`. */
const number = z.number().nullable();
const verdict = z.enum(['pass', 'warn', 'fail', 'invalid']);
const id = z.string().regex(idPattern);

const reason = z.object({
  key: z.string(),
  code: z.int(),
  text: z.string(),
  view: z.string().optional(),
  roi: z.string().optional(),
  value: number.optional(),
  limit: number.optional(),
});

const model = z.object({ name: z.string(), version: z.string(), sha256: z.string(), preprocessing: z.string() });

const frame = z.object({
  id: z.string(),
  encoding: z.enum(['jpeg', 'png', 'raw', 'unknown']),
  width: number,
  height: number,
  channels: number,
  bitDepth: number,
  bytes: z.int(),
  source: z.string(),
  number,
  exposedAt: number,
  exposedUtc: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.boolean(), number])),
  arrivedAt: number.optional(),
  /** Frames of this camera that did not reach the station since the one before: see `FrameLosses` in lib/core/frame.ts. */
  losses: z.object({ lost: z.int(), stale: z.int(), superseded: z.int(), missed: z.int() }).optional(),
  /** The device's own count: see `FrameCounter` in lib/core/frame.ts. */
  counter: z.object({ opening: z.int(), exposures: z.int() }).optional(),
});

const roi = z.object({
  index: z.int(),
  name: z.string(),
  measure: z.enum(['maximum', 'percentile', 'area']),
  value: number,
  severity: number,
  warn: number,
  fail: number,
  median: number,
  verdict: z.enum(['pass', 'warn', 'fail']),
});

const score = z.object({
  value: number,
  model,
  engine: z.enum(['onnxruntime', 'tensorrt', 'kserve']),
  provider: z.string(),
  timings: z.object({ queue: number, decode: number, run: number, total: number }),
  image: z.object({ width: number, height: number }),
  map: z.object({ width: z.int(), height: z.int() }).nullable(),
  /** Where the part lay against the learned reference, in which map and regions lie: see `Registration` in lib/core/inspection.ts. */
  registration: z.object({ dx: number, dy: number, rotation: number, agreement: number }).optional(),
});

/** What the second model said, and whose judgement the view's is: see `Verification` in lib/core/inspection.ts. */
const verification = z.object({
  score: score.nullable(),
  failure: z.string().nullable(),
  first: z.object({ verdict, severity: number }).nullable(),
  decidedBy: z.enum(['first', 'second']).nullable(),
});

/** What a classifier called the defect: see `DefectClass` in lib/core/inspection.ts. */
const defectClass = z.object({
  number: z.int(),
  name: z.string(),
  confidence: number,
  by: score.pick({ model: true, engine: true, provider: true, timings: true }).nullable(),
  failure: z.string().nullable(),
});

const ends = z.tuple([number, number]);

/** What the scene check measured, with the bands it was held against: see `SceneResult` in lib/core/inspection.ts. */
const scene = z.object({
  state: z.enum(['good', 'attention', 'invalid']),
  part: z.enum(['present', 'absent', 'unknown']).nullable(),
  values: z.array(
    z.object({
      measure: z.string(),
      value: number,
      attention: ends,
      invalid: ends,
      state: z.enum(['good', 'attention', 'invalid']),
    }),
  ),
  reasons: z.array(reason),
  ms: number,
});

const view = z.object({
  name: z.string(),
  camera: z.string().nullable(),
  frame: frame.nullable(),
  /** Absent where no scene check looked at the frame. */
  scene: scene.optional(),
  /** The first model's. */
  score: score.nullable(),
  /** Absent where the recipe has no second model for the view. Where it decided, `rois` and `severity` are by its score. */
  verify: verification.optional(),
  /** Absent where no classifier looked at the view. */
  defectClass: defectClass.optional(),
  rois: z.array(roi),
  severity: number,
  verdict: verdict.nullable(),
  reasons: z.array(reason),
});

export const pictureRoles = ['frame', 'overlay', 'map'] as const;

const file = z.object({
  /** Index into `views`. */
  view: z.int().min(0),
  role: z.enum(pictureRoles),
  /** Below the station's evidence folder; made of our own ids and numbers only. */
  path: z.string(),
  /** Media type; `application/octet-stream` for bytes kept as they came. */
  type: z.string(),
  bytes: z.int().min(0),
  sha256: z.string(),
  /**
   * For `map`: value = min + sample / 65535 * (max - min). For the `overlay` of a picture of 16 bits a sample: the counts that it
   * shows black and white.
   */
  scale: z.object({ min: z.number(), max: z.number() }).optional(),
});

/** What became of a part, and when it was reported (UTC). */
const fate = z.object({
  what: z.enum(Object.keys(dispositionCodes) as [Disposition, ...Disposition[]]),
  utc: z.string(),
});

/**
 * What is known of one inspection, complete in itself. Times: `at`, `exposedAt` and `deadline` are monotonic milliseconds
 * of one machine boot, `utc` is for people.
 */
export const recordSchema = z.object({
  schema: z.literal(1),
  id,
  sequence: z.int().min(0),
  line: z.string(),
  station: z.string(),
  part: z.object({ id: z.string() }),
  trigger: z.object({
    triggerId: z.int(),
    source: z.string(),
    expectedRecipe: z.int(),
    at: number,
    utc: z.string(),
  }),
  mode: z.enum(['offline', 'commissioning', 'shadow', 'run']),
  simulated: z.boolean(),
  /** Number of the challenge part that was shown on purpose; absent for an ordinary part. */
  challenge: z.int().optional(),
  recipe: z.object({ number: z.int(), version: z.int(), name: z.string() }).nullable(),
  validation: z
    .object({ state: z.enum(['validated', 'not-validated', 'override']), fingerprint: z.string(), detail: z.string() })
    .nullable(),
  verdict,
  severity: number,
  accept: z.boolean(),
  warnAccepted: z.boolean(),
  reasons: z.array(reason),
  views: z.array(view),
  deadline: number,
  timings: z.object({ exposed: number, scored: number, judged: number, published: number }),
  /** When the record was made. */
  at: z.object({ utc: z.string(), mono: z.number() }),
  /**
   * `kept`: the files are listed. `not-selected`: the policy keeps none of this part. `none`: there was no picture.
   * `dropped`: they should have been kept and were not; `detail` says why.
   */
  pictures: z.object({ state: z.enum(['kept', 'not-selected', 'none', 'dropped']), detail: z.string() }),
  files: z.array(file),
  software: z.object({ package: z.string(), version: z.string(), node: z.string() }),
  /** Paths of nulls that stand for numbers JSON cannot hold. */
  notFinite: z.array(z.object({ path: z.string(), value: z.enum(['NaN', 'Infinity', '-Infinity']) })),
  /** Paths of texts that were too long and were cut. */
  cut: z.array(z.string()),
  /**
   * What became of the part, newest; and all of it, oldest first, where it was reported more than once. Joined when a record is read: in
   * the journal there is neither.
   */
  disposition: fate.optional(),
  dispositions: z.array(fate).optional(),
});

export type EvidenceRecord = z.infer<typeof recordSchema>;
export type RecordFile = EvidenceRecord['files'][number];
export type PictureRole = (typeof pictureRoles)[number];

/** The record's JSON Schema (draft 2020-12), for those who read journals without this package. */
export function recordJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(recordSchema) as Record<string, unknown>;
}
