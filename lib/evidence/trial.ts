import { AnomalyMap } from '../core/anomaly-map.ts';
import { systemClock } from '../core/clock.ts';
import { Frame } from '../core/frame.ts';
import { newId } from '../core/ids.ts';
import type { Inspection, Verdict } from '../core/inspection.ts';

/** A made-up inspection with a real picture and map, for bench and soak. */
export function trialInspection(sequence: number, verdict: Verdict, size = { width: 640, height: 480 }): Inspection {
  const { width, height } = size;
  const data = Buffer.allocUnsafe(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = ((i * 31) ^ (i >> 7)) & 0x7f;
  const at = systemClock.mono();
  const frame = new Frame({
    ...{ data, encoding: 'raw', width, height, channels: 3, bitDepth: 8, source: 'trial', number: sequence },
    ...{ exposedAt: at, exposedUtc: systemClock.utc(), settings: {} },
  });
  const map = AnomalyMap.from(
    32,
    32,
    Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i)),
  );
  const model = { name: 'trial', version: '1', sha256: '0'.repeat(64), preprocessing: '0'.repeat(64) };
  const timings = { queue: 0, decode: 2, run: 10, total: 13 };
  const score = { score: 1.5, map, model, engine: 'onnxruntime' as const, provider: 'cpu', timings, image: size };
  const view = { name: 'top', camera: 'trial', frame, score, rois: [], severity: 0.5, verdict, reasons: [] };
  return {
    ...{
      id: newId(),
      line: 'trial',
      station: 'trial',
      sequence,
      part: { id: `P${sequence}` },
      mode: 'run',
      challenge: 0,
    },
    trigger: { triggerId: 0, partId: `P${sequence}`, expectedRecipe: 0, source: 'timer', at, utc: systemClock.utc() },
    ...{ recipe: null, warnAccepted: false, validation: null, view: 'top', views: [view], state: 'published' },
    ...{ verdict, severity: 0.5, reasons: [], accept: verdict === 'pass', deadline: at + 1000, simulated: true },
    timings: { exposed: 1, scored: 13, judged: 14, published: 15 },
  };
}
