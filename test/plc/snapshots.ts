import { systemClock } from '../../lib/core/clock.ts';
import { nothingSeen } from '../../lib/core/commands.ts';
import type { PublishedResult, StationSnapshot } from '../../lib/core/snapshot.ts';

/** A result as a station publishes it, good unless told otherwise. */
export function makeResult(sequence: number, more: Partial<PublishedResult> = {}): PublishedResult {
  return {
    sequence,
    triggerId: 4000 + sequence,
    verdict: 'pass',
    reason: 0,
    accept: true,
    severity: 0.25,
    score: 12.5,
    worstRoi: 2,
    recipe: 7,
    defectClass: 0,
    timeUtc: Date.UTC(2026, 0, 1, 12, 0, 0, 345),
    at: systemClock.mono(),
    cycleMs: 120,
    inferenceMs: 30,
    partId: `PART-${sequence}`,
    rois: [{ index: 2, code: 1, severity: 0.25, score: 3.5 }],
    ...more,
  };
}

/** A station in run mode, ready, with this newest result. */
export function makeSnapshot(result: PublishedResult | null, more: Partial<StationSnapshot> = {}): StationSnapshot {
  return {
    id: 'st1',
    line: 'Line 1',
    station: 'Housing',
    bootId: 4711,
    mode: 3,
    notReadyReason: 0,
    faultCode: 0,
    ne107: 0,
    activeRecipe: 7,
    commandAck: 0,
    commandStatus: 0,
    open: 0,
    acceptedTrigger: 0,
    exposureDoneTrigger: 0,
    rejectedTrigger: 0,
    rejectedReason: 0,
    deadlineMs: 2000,
    staleAfterMs: 0,
    status: {
      ready: true,
      busy: false,
      fault: false,
      online: true,
      exposureDone: false,
      overrun: false,
      alarmLatched: false,
      stopRequest: false,
    },
    health: {
      cameraOk: true,
      engineOk: true,
      evidenceOk: true,
      clockSynchronised: true,
      degraded: false,
      notValidated: false,
      challengeDue: false,
      commissioningHeld: false,
      shadow: false,
      simulated: false,
    },
    result,
    lastSequence: result?.sequence ?? 0,
    ring: result
      ? [{ sequence: result.sequence, triggerId: result.triggerId, code: 1, reason: 0, severity: result.severity }]
      : [],
    alarmCode: 0,
    shadow: { code: 0, severity: null },
    counters: { total: 3, pass: 1, warn: 1, fail: 1, invalid: 0, missed: 0, evidenceLost: 0, resultsOverrun: 0 },
    seen: { ...nothingSeen },
    openTriggers: [],
    ...more,
  };
}
