import type { OverviewData, StationView } from '../../lib/console/overview-data.ts';
import { overviewData } from '../../lib/console/overview-data.ts';
import { nothingSeen } from '../../lib/core/commands.ts';
import { type Inspection, modeCodes, type Verdict, verdictCodes } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';

/** A quiet station in run that has inspected a few parts; change what a test is about. */
export function snapshot(change: Partial<StationSnapshot> = {}): StationSnapshot {
  return {
    ...{ id: 'hall_2-seam', line: 'hall 2', station: 'seam', bootId: 4711, mode: modeCodes.run, notReadyReason: 0 },
    ...{ faultCode: 0, ne107: 0, activeRecipe: 3, commandAck: 0, commandStatus: 0, open: 0, acceptedTrigger: 77 },
    ...{ exposureDoneTrigger: 77, rejectedTrigger: 0, rejectedReason: 0, deadlineMs: 2_000, staleAfterMs: 0 },
    ...{
      lastSequence: 12_345,
      alarmCode: 0,
      shadow: { code: 0, severity: null },
      seen: { ...nothingSeen },
      openTriggers: [],
      result: null,
    },
    status: {
      ...{ ready: true, busy: false, fault: false, online: true, exposureDone: true },
      ...{ overrun: false, alarmLatched: false, stopRequest: false },
    },
    health: {
      ...{ cameraOk: true, engineOk: true, evidenceOk: true, clockSynchronised: true, degraded: false },
      ...{ notValidated: false, challengeDue: false, commissioningHeld: false, shadow: false, simulated: false },
    },
    ring: ([1, 1, 2, 1, 3, 1, 1, 1] as const).map((code, i) => ({
      ...{ sequence: 12_345 - i, triggerId: 77 - i, code, reason: 0 },
      severity: [0, 0.21, 0.83, 1.72][code] + i / 50,
    })),
    counters: {
      ...{ total: 12_345, pass: 12_101, warn: 163, fail: 74, invalid: 7 },
      ...{ missed: 2, evidenceLost: 0, resultsOverrun: 0 },
    },
    ...change,
  };
}

const texts: Record<Verdict, ReturnType<typeof reason>> = {
  pass: reason('none'),
  warn: reason('regionWarn', { detail: 'seam left, 2.31 over 2.10' }),
  fail: reason('regionFail', { detail: 'seam left, 3.92 over 2.74' }),
  invalid: reason('frameTimeout', { detail: 'camera top, 800 ms' }),
};

export function inspection(verdict: Verdict, severity: number | null, partId = 'DMC 04711/2026-11'): Inspection {
  const trigger = {
    triggerId: 77,
    partId,
    expectedRecipe: 3,
    source: 'plc' as const,
    at: 0,
    utc: '2026-11-21T07:00:00.000Z',
  };
  return {
    ...{
      id: '01ARYZ6S41TSV4RRFFQ69G5FAV',
      line: 'hall 2',
      station: 'seam',
      sequence: 12_345,
      trigger,
      part: { id: partId },
    },
    ...{ mode: 'run', recipe: { number: 3, version: 12, name: 'housing left' }, warnAccepted: true, view: 'top' },
    validation: { state: 'validated', fingerprint: 'f00d', detail: '' },
    views: [
      {
        ...{ name: 'top', camera: 'top', frame: null, rois: [], severity, verdict, reasons: [] },
        score: {
          ...{ score: 1.37, map: null, engine: 'onnxruntime', provider: 'cpu', image: { width: 640, height: 480 } },
          model: { name: 'housing', version: '20261120-1', sha256: 'ab', preprocessing: 'cd' },
          timings: { queue: 1, decode: 9, run: 31, total: 43 },
        },
      },
    ],
    ...{
      state: 'published',
      verdict,
      severity,
      reasons: [texts[verdict]],
      accept: verdict === 'pass' || verdict === 'warn',
    },
    ...{
      deadline: 2_000,
      timings: { exposed: 12, scored: 60, judged: 61, published: 63 },
      simulated: false,
      challenge: 0,
    },
  };
}

export const now = { mono: 1_000_000, utc: '2026-11-21T07:00:07.000Z', version: '0.1.0' };

const quiet: StationView = {
  snapshot: snapshot(),
  last: { inspection: inspection('pass', 0.21), closedAt: now.mono - 900 },
  rates: { spanMs: 300_000, count: 150, perMinute: 30.2, shares: { pass: 0.972, warn: 0.02, fail: 0.008, invalid: 0 } },
  evidence: { ok: true, text: 'All records on disk', waiting: 1 },
  endpoints: [
    { name: 'plc', protocol: 'Modbus TCP', address: '192.168.7.20:1502', ok: true, text: 'open', clients: 1 },
    { name: 'scada', protocol: 'OPC UA', address: 'opc.tcp://192.168.7.20:4840', ok: true, text: 'open', clients: 2 },
  ],
};

/** One station of each kind of trouble, and quiet ones. */
export function sampleViews(): StationView[] {
  const { status, health, counters } = snapshot();
  const closedAt = now.mono - 4_200;
  return [
    quiet,
    {
      ...quiet,
      snapshot: snapshot({
        ...{ id: 'hall_2-lid', station: 'lid', alarmCode: 7 },
        status: { ...status, alarmLatched: true, stopRequest: true },
      }),
      alarmText: '3 of the last 10 parts failed',
      last: { inspection: inspection('fail', 1.72), closedAt },
    },
    {
      ...quiet,
      snapshot: snapshot({ id: 'hall_2-clip', station: 'clip', open: 1, status: { ...status, busy: true } }),
      shadow: {
        ...{ number: 3, version: 13, beside: 12, since: '2026-11-20T16:20:00.000Z', trouble: null },
        text: '412 pictures compared, 3 rejected by the shadow only, 0 by the live one only, severity +0.04 on average, +0.61 at most',
      },
      last: { inspection: inspection('warn', 0.83, ''), closedAt: now.mono - 61_000 },
    },
    {
      ...quiet,
      snapshot: snapshot({
        ...{ id: 'hall_3-weld', line: 'hall 3', station: 'weld', faultCode: 101, notReadyReason: 66 },
        status: { ...status, ready: false, fault: true },
        health: { ...health, cameraOk: false },
        ring: [{ sequence: 12_345, triggerId: 77, code: 4, reason: 22, severity: null }],
        counters: { ...counters, evidenceLost: 3 },
      }),
      faults: [
        { text: 'Camera top: no picture for 12 s' },
        { text: 'TensorRT is missing: the CPU runs the model', degraded: true },
      ],
      last: { inspection: inspection('invalid', null), closedAt: now.mono - 12_000 },
      evidence: { ok: false, text: 'The disk is full', waiting: 12 },
      endpoints: [
        {
          name: 'plc',
          protocol: 'Modbus TCP',
          address: '0.0.0.0:502',
          ok: false,
          text: 'port 502 is in use',
          clients: 0,
        },
      ],
    },
    {
      snapshot: snapshot({
        ...{
          id: 'lab',
          line: 'lab',
          station: 'a station with a very long name that does not fit',
          mode: modeCodes.shadow,
        },
        ...{ ring: [], notReadyReason: 36, activeRecipe: 0 },
        status: { ...status, ready: false },
        health: { ...health, simulated: true, shadow: true },
        counters: { total: 0, pass: 0, warn: 0, fail: 0, invalid: 0, missed: 0, evidenceLost: 0, resultsOverrun: 0 },
      }),
    },
  ];
}

export function sampleData(): OverviewData {
  return overviewData(sampleViews(), now);
}

export { verdictCodes };
