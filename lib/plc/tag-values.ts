import type { Counters } from '../core/snapshot.ts';
import type { HealthBit, StatusBit } from './bits.ts';

/** How far the Result tags can be trusted: OPC UA's StatusCode of Result.* (PLC.md section 5). */
export type ResultQuality = 'good' | 'waiting' | 'deviceFailure' | 'lastUsable' | 'hostSilent' | 'shutdown';

export interface RingEntry {
  sequence: number;
  triggerId: number;
  code: number;
  reason: number;
  severity: number | null;
}

/**
 * One station's tags at one instant, in logical units: what every protocol answers from. `null` is "not valid".
 * Sequences are already the wire's 1..65535; numbers are encoded, clamped and ordered in `registers.ts`.
 */
export interface TagValues {
  bootId: number;
  heartbeat: number;
  mode: number;
  notReadyReason: number;
  faultCode: number;
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
  status: Readonly<Record<StatusBit, boolean>>;
  health: Readonly<Record<HealthBit, boolean>>;
  result: Readonly<{
    sequence: number;
    triggerId: number;
    code: number;
    reason: number;
    accept: boolean;
    severity: number | null;
    score: number | null;
    worstRoi: number;
    recipe: number;
    defectClass: number;
    /** UTC milliseconds since the epoch, 0 none. */
    timeUtc: number;
    /** Milliseconds since publication. */
    ageMs: number;
    cycleMs: number;
    inferenceMs: number;
    partId: string;
  }>;
  quality: ResultQuality;
  alarmCode: number;
  shadow: Readonly<{ code: number; severity: number | null }>;
  counters: Readonly<Counters>;
  /** Region 1 first, always 16. */
  rois: readonly Readonly<{ code: number; severity: number | null; score: number | null }>[];
  /** Newest first, always 8. */
  ring: readonly Readonly<RingEntry>[];
  /** Registers 200..240 as they stand, texts high byte first. */
  command: readonly number[];
}
