import { systemClock } from '../core/clock.ts';
import { nothingSeen } from '../core/commands.ts';
import type { StationSnapshot } from '../core/snapshot.ts';

/** A station in run mode with results 1..`sequence`, for bench, soak and trying out a PLC program without a camera. */
export function exampleSnapshot(sequence: number, id = 'bench'): StationSnapshot {
  const first = Math.max(1, sequence - 7);
  const ring = Array.from({ length: sequence - first + 1 }, (_, n) => ({
    sequence: sequence - n,
    triggerId: ((sequence - n - 1) % 65535) + 1,
    code: ((sequence - n) % 3) + 1,
    reason: 0,
    severity: 0.1,
  }));
  const verdict = (['pass', 'warn', 'fail'] as const)[sequence % 3];
  return {
    id,
    line: 'example',
    station: id,
    bootId: 1,
    mode: 3,
    notReadyReason: 0,
    faultCode: 0,
    ne107: 2,
    activeRecipe: 1,
    commandAck: 0,
    commandStatus: 0,
    open: 0,
    acceptedTrigger: 0,
    exposureDoneTrigger: 0,
    rejectedTrigger: 0,
    rejectedReason: 0,
    deadlineMs: 1000,
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
      simulated: true,
    },
    result: {
      sequence,
      triggerId: ring[0].triggerId,
      verdict,
      reason: 0,
      accept: verdict !== 'fail',
      severity: 0.1,
      score: 1,
      worstRoi: 1,
      recipe: 1,
      defectClass: 0,
      timeUtc: Date.now(),
      at: systemClock.mono(),
      cycleMs: 50,
      inferenceMs: 20,
      partId: `PART-${sequence}`,
      rois: [],
    },
    lastSequence: sequence,
    ring,
    alarmCode: 0,
    shadow: { code: 0, severity: null },
    counters: { total: sequence, pass: 0, warn: 0, fail: 0, invalid: 0, missed: 0, evidenceLost: 0, resultsOverrun: 0 },
    seen: { ...nothingSeen },
    openTriggers: [],
  };
}
