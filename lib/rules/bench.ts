import { AnomalyMap } from '../core/anomaly-map.ts';
import type { Measure, Roi, ScoreResult } from '../core/inspection.ts';
import { judgeView } from './judge.ts';
import { wholeFrameRoi } from './polygon.ts';

/** Milliseconds to judge one view, by map size, with four measured regions and an ignored one: time of Node-RED's loop. */
export async function bench(): Promise<Record<string, unknown>> {
  const answer: Record<string, unknown> = {};
  for (const size of [32, 64, 256]) {
    const values = Float32Array.from({ length: size * size }, (_, i) => ((i * 2654435761) % 1000) / 1000);
    const score: ScoreResult = {
      score: 1,
      map: AnomalyMap.from(size, size, values),
      model: { name: 'bench', version: '1', sha256: '', preprocessing: '' },
      engine: 'onnxruntime',
      provider: 'cpu',
      timings: { queue: 0, decode: 0, run: 0, total: 0 },
      image: { width: size, height: size },
    };
    const measures: Measure[] = ['maximum', 'percentile', 'area', 'percentile'];
    const rois = measures.map((measure, i): Roi => {
      const [left, top] = [(i % 2) / 2, Math.floor(i / 2) / 2];
      const polygon: Roi['polygon'] = Array.from({ length: 24 }, (_, k) => [
        left + 0.25 + 0.24 * Math.cos((k * Math.PI) / 12),
        top + 0.25 + 0.24 * Math.sin((k * Math.PI) / 12),
      ]);
      const limits = { median: 0, warn: 1, fail: 2 };
      return { ...wholeFrameRoi(limits), index: i + 1, polygon, measure, areaAbove: 0.5 };
    });
    rois.push({
      ...rois[0],
      index: 0,
      mode: 'ignore',
      polygon: [
        [0.2, 0.2],
        [0.4, 0.2],
        [0.3, 0.4],
      ],
    });
    const micros: number[] = [];
    for (let i = 0; i < 300; i++) {
      const start = performance.now();
      judgeView({ score, rois, viewName: 'bench' });
      micros.push(performance.now() - start);
    }
    const sorted = micros.slice(100).sort((a, b) => a - b);
    answer[`map${size}p50ms`] = Number(sorted[100].toFixed(3));
    answer[`map${size}p99ms`] = Number(sorted[197].toFixed(3));
  }
  return answer;
}
