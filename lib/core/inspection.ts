import type { AnomalyMap } from './anomaly-map.ts';
import type { Frame } from './frame.ts';
import type { Reason } from './reasons.ts';

/** `invalid` is neither good nor a defect; people read it as "not inspected". */
export type Verdict = 'pass' | 'warn' | 'fail' | 'invalid';

/** On the wire: 0 none, 1 pass, 2 warn, 3 fail, 4 invalid (PLC.md section 3). */
export const verdictCodes: Record<Verdict, number> = { pass: 1, warn: 2, fail: 3, invalid: 4 };

export type StationMode = 'offline' | 'commissioning' | 'shadow' | 'run';
export const modeCodes: Record<StationMode, number> = { offline: 0, commissioning: 1, shadow: 2, run: 3 };

export type TriggerSource = 'message' | 'timer' | 'camera' | 'image' | 'plc' | 'hardware';

/** A request to inspect one part. */
export interface TriggerRequest {
  /** The PLC's number 1..65535, 0 where there is none. */
  triggerId: number;
  /** Free text from outside, at most 64 bytes UTF-8; never used as a file name. */
  partId: string;
  /** 0 = not checked. */
  expectedRecipe: number;
  source: TriggerSource;
  /** The instant of the trigger, monotonic milliseconds. */
  at: number;
}

export interface Trigger extends TriggerRequest {
  utc: string;
}

/** Corners of a polygon in 0..1 frame coordinates, x right, y down. */
export type Polygon = [number, number][];
export type Measure = 'maximum' | 'percentile' | 'area';

/** A region of interest. `percentile` is the 99.5th; `area` is the share (0..1) of the region above `areaAbove`. */
export interface Roi {
  /** 1..16, the PLC's number of the region; 0 for ignore regions. */
  index: number;
  name: string;
  mode: 'inspect' | 'ignore';
  polygon: Polygon;
  measure: Measure;
  /** Map value above which a cell counts, for measure `area`; model units. */
  areaAbove: number | null;
  /** Median of the measure over good parts. */
  median: number;
  warn: number;
  fail: number;
}

export interface RoiResult {
  index: number;
  name: string;
  measure: Measure;
  value: number;
  severity: number;
  warn: number;
  fail: number;
  median: number;
  verdict: 'pass' | 'warn' | 'fail';
}

/** Which model and engine gave a score. */
export interface ModelIdentity {
  name: string;
  version: string;
  sha256: string;
  /** sha256 of the canonical preprocessing description. */
  preprocessing: string;
}

export interface ScoreTimings {
  /** Milliseconds: waiting for the engine, decoding and resizing, running, whole round trip seen by Node-RED. */
  queue: number;
  decode: number;
  run: number;
  total: number;
}

/** How a part lay in the frame against where it lay in the learned reference. */
export interface Registration {
  /** Where the reference's point is found in this frame: shift in parts of the frame's width and height, right and down positive. */
  dx: number;
  dy: number;
  /** Degrees, clockwise in the picture, about the middle of the frame. */
  rotation: number;
  /** How well frame and reference agree afterwards: correlation coefficient -1..1. */
  agreement: number;
}

/** What an engine says of a frame. */
export interface ScoreResult {
  /** Model units; may be non-finite (then the verdict is invalid). */
  score: number;
  map: AnomalyMap | null;
  /** Left, top, right, bottom in 0..1 of what the map covers; absent: the whole frame. Cells outside are NaN, not inspected. */
  mapArea?: readonly [number, number, number, number];
  model: ModelIdentity;
  engine: 'onnxruntime' | 'tensorrt' | 'kserve';
  /** The provider that really ran, e.g. `cpu`. */
  provider: string;
  timings: ScoreTimings;
  /** Size of the decoded frame in pixels. */
  image: { width: number; height: number };
  /** Where the part lay; map and regions follow it. Absent where the model does not register. */
  registration?: Registration;
  /** Of a classifier that names its classes, in the order of its model.json. */
  classes?: readonly ClassScore[];
}

/** One class of a classifier, and how probable it is. */
export interface ClassScore {
  name: string;
  /** 0..1; may be non-finite. */
  probability: number;
  /** The class of good parts. */
  good: boolean;
}

/** A second model's part in a view's verdict: it verifies what the first one is in doubt of. */
export interface Verification {
  /** Of the same frame as the view's own score; null where the second model was not asked or gave nothing. */
  score: ScoreResult | null;
  /** Why it gave nothing although it was asked. */
  failure: string | null;
  /** What the first model alone said; null until the view is judged. */
  first: { verdict: Verdict; severity: number | null } | null;
  /** Whose judgement the view's is; null until it is judged, and where the first was in doubt and nobody could decide. */
  decidedBy: 'first' | 'second' | null;
}

/** What a classifier calls the defect. It changes no verdict. */
export interface DefectClass {
  /** Position among the names in the classifier's model.json, from 1; 0: not known. */
  number: number;
  /** `unknown` for 0. */
  name: string;
  /** Probability (0..1) of the most probable class but the good one; null where there is none. */
  confidence: number | null;
  /** Which model said so; null where it said nothing. */
  by: Pick<ScoreResult, 'model' | 'engine' | 'provider' | 'timings'> | null;
  /** Why it said nothing. */
  failure: string | null;
}

/**
 * What a scene check measures. `level` mean grey, `bright` and `dark` shares of clipped pixels, `contrast`, `focus`, `noise`, `redGreen` and
 * `blueGreen` ratios of channel means, `change` to the picture before, `shift` against the reference and the `agreement` with it, likeness
 * to the typical `part` and to the `empty` nest. Units: lib/imaging/scene-measures.ts.
 */
export type SceneMeasure =
  | 'level'
  | 'bright'
  | 'dark'
  | 'contrast'
  | 'focus'
  | 'noise'
  | 'redGreen'
  | 'blueGreen'
  | 'change'
  | 'shift'
  | 'agreement'
  | 'part'
  | 'empty';

/** `attention`: shown and told, and inspected all the same. */
export type SceneState = 'good' | 'attention' | 'invalid';

/** What a scene check may find wrong with a picture, beside the part in it. */
export type SceneCause = 'light' | 'camera' | 'frozen' | 'focus' | 'other';

/** Lower and upper end, both still inside; null: open. */
export type SceneRange = [number | null, number | null];

export interface SceneValue {
  measure: SceneMeasure;
  /** NaN where it could not be measured, which is invalid. */
  value: number;
  attention: SceneRange;
  invalid: SceneRange;
  state: SceneState;
}

/** What the scene check says of a view's picture: part of the ledger's view, and of the record. */
export interface SceneResult {
  state: SceneState;
  /** Null where *part present* is not checked. */
  part: 'present' | 'absent' | 'unknown' | null;
  values: SceneValue[];
  /** Why it is invalid or needs attention, worst first; empty where all is good. */
  reasons: Reason[];
  /** Milliseconds for decoding and measuring. */
  ms: number;
}

/** One picture's share of an inspection. */
export interface View {
  name: string;
  camera: string | null;
  frame: Frame | null;
  /** Absent where no scene check has looked at the frame. */
  scene?: SceneResult;
  /** The first model's. */
  score: ScoreResult | null;
  /** Absent where no second model is configured for the view, or it was not asked and the view is not judged yet. */
  verify?: Verification;
  /** Absent where no classifier has looked at the view. */
  defectClass?: DefectClass;
  rois: RoiResult[];
  severity: number | null;
  verdict: Verdict | null;
  reasons: Reason[];
}

/** The score that the view's verdict is of: the second model's where that one decided, else the first's. */
export function decidingScore({ score, verify }: Pick<View, 'score' | 'verify'>): ScoreResult | null {
  return verify?.decidedBy === 'second' ? verify.score : score;
}

/** What a view's models took together, milliseconds; 0 where none ran. */
export function inferenceMs({ score, verify, defectClass }: Pick<View, 'score' | 'verify' | 'defectClass'>): number {
  const timings = [score?.timings, verify?.score?.timings, defectClass?.by?.timings];
  return timings.reduce((sum, one) => sum + (one?.total ?? 0), 0);
}

/** Whether the thresholds were valid for what was running (DESIGN.md section 2, "validation"). */
export interface ValidationState {
  state: 'validated' | 'not-validated' | 'override';
  fingerprint: string;
  detail: string;
}

/** Milliseconds since the trigger; null where a stage was not reached. */
export interface InspectionTimings {
  exposed: number | null;
  scored: number | null;
  judged: number | null;
  published: number | null;
}

/** Everything known of one accepted trigger: plain JSON but for frames and maps. A view of the ledger's truth. */
export interface Inspection {
  id: string;
  line: string;
  station: string;
  /** Unbounded, never repeats or falls back; 1..65535 on the wire. */
  sequence: number;
  trigger: Trigger;
  part: { id: string };
  mode: StationMode;
  recipe: { number: number; version: number; name: string } | null;
  warnAccepted: boolean;
  validation: ValidationState | null;
  /** The view this message's branch works on. */
  view: string;
  views: View[];
  state: 'open' | 'judged' | 'published';
  verdict: Verdict | null;
  severity: number | null;
  reasons: Reason[];
  /** pass, or warn where the recipe accepts warns. */
  accept: boolean;
  /** Monotonic instant by which a verdict must have been published. */
  deadline: number;
  timings: InspectionTimings;
  simulated: boolean;
  /** Number of the challenge part that was shown on purpose; 0 = an ordinary part. Kept out of counters and alarms. */
  challenge: number;
}

/** The number on the PLC's wire for a sequence: 1..65535, wrapping past 0. */
export function wireSequence(sequence: number): number {
  return sequence === 0 ? 0 : ((sequence - 1) % 65535) + 1;
}
