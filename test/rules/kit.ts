import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { Roi, ScoreResult } from '../../lib/core/inspection.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';

export const model = { name: 'tile', version: '1', sha256: 'a'.repeat(64), preprocessing: 'b'.repeat(64) };

/** What an engine would answer: a map of `width` cells a row, or the score alone. */
export function scored(values: number[] | null, width = 2, score?: number): ScoreResult {
  const map = values === null ? null : AnomalyMap.from(width, values.length / width, Float32Array.from(values));
  return {
    score: score ?? Math.max(...(values ?? [0])),
    map,
    model,
    engine: 'onnxruntime',
    provider: 'cpu',
    timings: { queue: 1, decode: 2, run: 3, total: 6 },
    image: { width: 640, height: 480 },
  };
}

/** Inspects the whole frame: typical 0, warn above 1, fail above 2, unless said otherwise. */
export function region(more: Partial<Roi> = {}): Roi {
  return { ...wholeFrameRoi({ median: 0, warn: 1, fail: 2 }), ...more };
}
