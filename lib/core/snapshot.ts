import type { CommandsSeen } from './commands.ts';
import type { Verdict } from './inspection.ts';
import type { ReasonKey } from './reasons.ts';

/** One published result, protocol neutral (PLC.md section 3, registers 22..47). */
export interface PublishedResult {
  sequence: number;
  triggerId: number;
  verdict: Verdict;
  reason: number;
  accept: boolean;
  severity: number | null;
  score: number | null;
  /** 1..16, 0 none. */
  worstRoi: number;
  recipe: number;
  defectClass: number;
  /** UTC milliseconds since the epoch. */
  timeUtc: number;
  /** Monotonic instant of publication: the PLC child derives the result's age from it. */
  at: number;
  cycleMs: number;
  inferenceMs: number;
  partId: string;
  rois: { index: number; code: number; severity: number | null; score: number | null }[];
}

export interface Counters {
  total: number;
  pass: number;
  warn: number;
  fail: number;
  invalid: number;
  missed: number;
  evidenceLost: number;
  resultsOverrun: number;
}

/**
 * All that a station has to say to a PLC at one instant; four protocols' views are rendered from it in the PLC child.
 * Heartbeat, its toggle and the result's age are added there. Times are monotonic milliseconds.
 */
export interface StationSnapshot {
  /** The station's fixed id, the root of its OPC UA node ids; letters, digits, `-`, `_`. */
  id: string;
  line: string;
  station: string;
  bootId: number;
  /** Code of StationMode. */
  mode: number;
  notReadyReason: number;
  faultCode: number;
  /** 0 good, 1 failure, 2 function check, 3 out of specification, 4 maintenance. */
  ne107: number;
  activeRecipe: number;
  commandAck: number;
  commandStatus: number;
  open: number;
  acceptedTrigger: number;
  exposureDoneTrigger: number;
  rejectedTrigger: number;
  rejectedReason: number;
  deadlineMs: number;
  /** Free-running results become stale after this; 0 = never. */
  staleAfterMs: number;
  status: {
    ready: boolean;
    busy: boolean;
    fault: boolean;
    online: boolean;
    exposureDone: boolean;
    overrun: boolean;
    alarmLatched: boolean;
    stopRequest: boolean;
  };
  health: {
    cameraOk: boolean;
    engineOk: boolean;
    evidenceOk: boolean;
    clockSynchronised: boolean;
    degraded: boolean;
    notValidated: boolean;
    challengeDue: boolean;
    commissioningHeld: boolean;
    shadow: boolean;
    simulated: boolean;
  };
  /** Newest result; null before the first of this boot. `lastSequence` is kept over restarts. */
  result: PublishedResult | null;
  lastSequence: number;
  /** Newest first, at most 8. */
  ring: { sequence: number; triggerId: number; code: number; reason: number; severity: number | null }[];
  alarmCode: number;
  shadow: { code: number; severity: number | null };
  counters: Counters;
  /** What of the command block was acted on before: the same value there again asks for nothing. */
  seen: CommandsSeen;
  /** What was open when this snapshot was made: told as invalid by the PLC child should Node-RED die. */
  openTriggers: { sequence: number; triggerId: number; partId: string }[];
}

/** A refusal of a trigger, at once and counted. */
export interface Refusal {
  refused: true;
  reason: ReasonKey;
  text: string;
}
