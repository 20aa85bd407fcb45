import assert from 'node:assert/strict';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { Polygon, Registration, Roi, ScoreResult } from '../../lib/core/inspection.ts';
import { judgeView } from '../../lib/rules/judge.ts';
import { outOfFrame } from '../../lib/rules/out-of-frame.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';

const box = (left: number, top: number, right: number, bottom: number): Polygon => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];
const at = (dx: number, dy: number, rotation = 0): Registration => ({ dx, dy, rotation, agreement: 0.9 });
const frame = { width: 640, height: 480 };

const limits = { median: 0, warn: 5, fail: 9 };
const roi = (polygon: Polygon): Roi => ({ ...wholeFrameRoi(limits), name: 'edge', polygon });

function score(registration: Registration): ScoreResult {
  return {
    ...{
      score: 1,
      map: AnomalyMap.from(32, 24, new Float32Array(768).fill(1)),
      provider: 'cpu',
      engine: 'onnxruntime',
    },
    model: { name: 'm', version: '1', sha256: '', preprocessing: '' },
    timings: { queue: 0, decode: 0, run: 0, total: 0 },
    image: frame,
    registration,
  };
}

describe('a region on a part that lies elsewhere', () => {
  it('is in the picture where the part’s shift leaves it there', () => {
    assert.equal(outOfFrame(box(0.1, 0.1, 0.9, 0.9), at(0.05, -0.1), frame), 0);
  });

  it('reaches out by what the shift carries over the edge', () => {
    assert.ok(Math.abs(outOfFrame(box(0.5, 0.2, 0.98, 0.8), at(0.06, 0), frame) - 0.04) < 1e-12);
    assert.ok(Math.abs(outOfFrame(box(0.2, 0.01, 0.8, 0.5), at(0, -0.03), frame) - 0.02) < 1e-12);
  });

  it('reaches out at its corners when the part is turned, as in pixels and not in parts of a wide picture', () => {
    // the corner (1, 0.5) of a 640 x 480 frame goes 320·sin 10° = 55.6 px down, which is 11.6 % of 480
    const corner: Polygon = [
      [0.9, 0.5],
      [1, 0.4],
      [1, 0.5],
    ];
    const out = outOfFrame(corner, at(0, 0, 10), frame);
    const x = 0.5 + 0.5 * Math.cos(Math.PI / 18) - (Math.sin(Math.PI / 18) * -0.1 * 480) / 640;
    assert.ok(Math.abs(out - Math.max(0, x - 1)) < 1e-12, `${out}`);
  });

  it('is invalid with its reason where it was not seen, and never passes', () => {
    const judged = judgeView({ score: score(at(0.1, 0)), rois: [roi(box(0.5, 0.2, 1, 0.8))], viewName: 'main' });
    assert.equal(judged.verdict, 'invalid');
    assert.equal(judged.reasons[0].key, 'partMisplaced');
    assert.match(judged.reasons[0].text, /region "edge" reaches 10\.0 % out of the picture/);
  });

  it('is judged where it was seen, and so is a picture without drawn regions', () => {
    const inside = judgeView({ score: score(at(0.1, 0)), rois: [roi(box(0.2, 0.2, 0.8, 0.8))], viewName: 'main' });
    const whole = judgeView({ score: score(at(0.1, 0)), rois: [wholeFrameRoi(limits)], viewName: 'main' });
    assert.deepEqual([inside.verdict, whole.verdict], ['pass', 'pass']);
  });
});
