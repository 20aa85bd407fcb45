import { Frame } from '../core/frame.ts';
import type { ScoreResult, Trigger } from '../core/inspection.ts';
import { wholeFrameRoi } from '../rules/polygon.ts';
import { describeEntry } from './entry.ts';
import { judgeLedgerView } from './judging.ts';
import { Ledger } from './ledger.ts';

const place = { line: 'bench', station: 'bench', simulated: true };
const rois = [wholeFrameRoi({ median: 0, warn: 1, fail: 2 })];
const result: ScoreResult = {
  score: 0.5,
  map: null,
  model: { name: 'bench', version: '1', sha256: 'a'.repeat(64), preprocessing: 'b'.repeat(64) },
  engine: 'onnxruntime',
  provider: 'cpu',
  timings: { queue: 0, decode: 0, run: 0, total: 0 },
  image: { width: 1, height: 1 },
};

/** One inspection from trigger to verdict through the bare ledger; the score has no map, so that the ledger is measured. */
export function inspectOnce(ledger: Ledger, sequence: number, now: number, frame: Frame): void {
  const id = `bench-${sequence}`;
  const request = { triggerId: (sequence % 65535) + 1, partId: 'bench', expectedRecipe: 0, source: 'plc' } as const;
  const trigger: Trigger = { ...request, at: now, utc: '2026-01-01T00:00:00.000Z' };
  ledger.tick(now);
  const entry = ledger.accept({
    id,
    sequence,
    trigger,
    mode: 'run',
    recipe: null,
    simulated: false,
    challenge: 0,
    deadline: now + 500,
    expected: [],
    scenes: [],
  });
  ledger.addFrame(id, 'main', frame, 'cam', now);
  ledger.addScore(id, 'main', result, now);
  const view = entry.views.get('main');
  if (view === undefined) throw new Error('the ledger lost a view');
  const override = { rois, by: 'bench' };
  const judgement = judgeLedgerView({ trigger, view, recipe: null, override, cameraSettings: '' });
  ledger.judgeView(id, 'main', judgement, { final: true }, now);
  ledger.publish(id, now);
  for (const closed of ledger.takeClosed()) describeEntry(closed, '', place);
}

export function benchFrame(exposedAt: number): Frame {
  const unknown = { width: null, height: null, channels: null, bitDepth: null };
  const when = { number: 1, exposedAt, exposedUtc: '2026-01-01T00:00:00.000Z', settings: {} };
  return new Frame({ ...unknown, ...when, data: Buffer.alloc(4), encoding: 'unknown', source: 'bench' });
}

/** Inspections per second and microseconds each, accepted to published, without clock, timer, disk and events. */
export async function bench(): Promise<Record<string, unknown>> {
  const ledger = new Ledger();
  ledger.outputs = 1;
  const frame = benchFrame(1e12);
  const warmUp = 2000;
  const runs = 20_000;
  const micros = new Float64Array(runs);
  let begun = 0;
  for (let i = -warmUp; i < runs; i++) {
    if (i === 0) begun = performance.now();
    const start = performance.now();
    inspectOnce(ledger, i + warmUp + 1, 1e6 + i, frame);
    if (i >= 0) micros[i] = (performance.now() - start) * 1000;
  }
  const seconds = (performance.now() - begun) / 1000;
  micros.sort();
  return {
    inspections: runs,
    perSecond: Math.round(runs / seconds),
    p50us: Number(micros[Math.floor(runs * 0.5)].toFixed(1)),
    p99us: Number(micros[Math.floor(runs * 0.99)].toFixed(1)),
  };
}
