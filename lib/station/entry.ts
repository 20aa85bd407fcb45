import type {
  Inspection,
  InspectionTimings,
  StationMode,
  Trigger,
  ValidationState,
  Verdict,
  View,
} from '../core/inspection.ts';
import type { Reason } from '../core/reasons.ts';
import type { PartRule } from '../rules/part.ts';
import { frozenCopy } from './freeze.ts';
import type { Recipe } from './recipe-schema.ts';

/** The ledger's own, mutable record of one accepted trigger. Nobody outside the ledger writes into it. */
export interface Entry {
  id: string;
  sequence: number;
  trigger: Trigger;
  mode: StationMode;
  recipe: Recipe | null;
  simulated: boolean;
  /** Number of the challenge part; 0 = an ordinary part. */
  challenge: number;
  deadline: number;
  /** Each view is a frozen object, replaced when something is added. */
  views: Map<string, View>;
  /** Views that cameras of this station are expected to give; empty where unknown. */
  expected: readonly string[];
  /** Views that a scene check watched over at the trigger. */
  scenes: readonly string[];
  /** Set once `part verdict` has asked and had to wait. */
  rule: PartRule | null;
  exposureDone: boolean;
  state: Inspection['state'];
  verdict: Verdict | null;
  severity: number | null;
  reasons: readonly Reason[];
  warnAccepted: boolean;
  validation: ValidationState | null;
  timings: InspectionTimings;
  /** An output has asked for it, or nothing more is to come. */
  wanted: boolean;
  /** Monotonic instant of closing; null while open. */
  closedAt: number | null;
}

export function emptyView(name: string): View {
  return Object.freeze({
    name,
    camera: null,
    frame: null,
    score: null,
    rois: [],
    severity: null,
    verdict: null,
    reasons: [],
  });
}

export function accepted(entry: Entry): boolean {
  return entry.verdict === 'pass' || (entry.verdict === 'warn' && entry.warnAccepted);
}

/** The entry as the world may see it: a deep-frozen copy, frames and maps by reference. */
export function describeEntry(
  entry: Entry,
  view: string,
  place: { line: string; station: string; simulated: boolean },
): Inspection {
  const { recipe, trigger } = entry;
  return frozenCopy({
    id: entry.id,
    line: place.line,
    station: place.station,
    sequence: entry.sequence,
    trigger,
    part: { id: trigger.partId },
    mode: entry.mode,
    recipe: recipe === null ? null : { number: recipe.number, version: recipe.version, name: recipe.name },
    warnAccepted: entry.warnAccepted,
    validation: entry.validation,
    view,
    views: [...entry.views.values()],
    state: entry.state,
    verdict: entry.verdict,
    severity: entry.severity,
    reasons: [...entry.reasons],
    accept: accepted(entry),
    deadline: entry.deadline,
    timings: { ...entry.timings },
    // A deploy may have taken the simulated camera away since.
    simulated: entry.simulated || place.simulated,
    challenge: entry.challenge,
  });
}
