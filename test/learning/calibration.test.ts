import assert from 'node:assert/strict';
import { calibratePositions, mapOf, maximumOf, smoothing } from '../../lib/learning/heads/calibration.ts';

describe('position calibration', () => {
  // Two positions, three pictures: 1 2 3 and 7 7 7.
  const distances = Float32Array.of(1, 7, 2, 7, 3, 7);

  it('gives each position’s mean, and its deviation plus a tenth of the pooled one', () => {
    const { mean, deviation } = calibratePositions(distances, 2, () => true);
    assert.deepEqual([...mean], [2, 7]);
    const pooled = Math.sqrt((1 + 0) / 2);
    assert.ok(Math.abs(deviation[0] - (1 + 0.1 * pooled)) < 1e-6);
    assert.ok(Math.abs(deviation[1] - 0.1 * pooled) < 1e-6);
  });

  it('never divides by nothing, and looks at the accepted pictures only', () => {
    const { mean, deviation } = calibratePositions(distances, 2, (picture) => picture === 1);
    assert.deepEqual([...mean], [2, 7]);
    assert.ok(deviation.every((value) => value > 0));
  });

  it('smooths with weights that add up to one, repeating the border', () => {
    assert.ok(Math.abs(smoothing.reduce((a, b) => a + b, 0) - 1) < 1e-12);
    const calibration = { mean: new Float32Array(12), deviation: new Float32Array(12).fill(2) };
    const flat = mapOf(new Float32Array(12).fill(6), calibration, { width: 4, height: 3 });
    for (const value of flat) assert.ok(Math.abs(value - 3) < 1e-6);
    const spot = new Float32Array(12);
    spot[6] = 6;
    const map = mapOf(spot, calibration, { width: 4, height: 3 });
    assert.equal(map.indexOf(maximumOf(map)), 6);
    assert.ok(Math.abs(map[6] - 3 * smoothing[2] ** 2) < 0.02);
    assert.ok(map[5] > map[4] && map[2] > 0);
  });
});
