import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { calibratePositions, mapOf, maximumOf, smoothing } from '../../lib/learning/heads/calibration.ts';

describe('position calibration', () => {
  const grid = { width: 4, height: 3 };
  const rows = (pictures: number, of: (position: number) => number) =>
    Float32Array.from({ length: pictures * 12 }, (_, i) => of(i % 12));

  it('brings an uneven part to one scale, also where neighbours vary together', () => {
    const random = seededRandom(3);
    const distances = new Float32Array(200 * 12);
    for (let at = 0; at < distances.length; at += 12) {
      const shared = gaussian(random);
      // Columns 0 and 1 vary as one, 2 and 3 each cell for itself; column 3 has ten times the distance and the spread.
      for (let i = 0; i < 12; i++) {
        distances[at + i] = (i % 4 === 3 ? 10 : 1) * (8 + (i % 4 < 2 ? shared : gaussian(random)));
      }
    }
    const calibration = calibratePositions(distances, grid, () => true);
    const { spread, deviation } = calibration;
    assert.ok(spread[3] > 5 * spread[2] && Math.abs(spread[2] / spread[1] - 1) < 0.3, `${spread}`);
    assert.ok(deviation[0] > 1.5 * deviation[2], `${deviation}`);
    const maps = Array.from({ length: 200 }, (_, p) =>
      mapOf(distances.subarray(p * 12, p * 12 + 12), calibration, grid),
    );
    for (let i = 0; i < 12; i++) {
      const values = maps.map((map) => map[i]);
      const mean = values.reduce((a, b) => a + b, 0) / 200;
      const spreadOfMaps = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / 199);
      assert.ok(Math.abs(mean) < 1e-3 && spreadOfMaps > 0.8 && spreadOfMaps < 1, `${i}: ${mean} ± ${spreadOfMaps}`);
    }
  });

  it('never divides by nothing, and looks at the accepted pictures only', () => {
    const distances = Float32Array.of(...rows(1, () => 1), ...rows(1, (i) => i), ...rows(1, () => 9));
    const calibration = calibratePositions(distances, grid, (picture) => picture === 1);
    assert.deepEqual(
      calibration,
      calibratePositions(
        rows(1, (i) => i),
        grid,
        () => true,
      ),
    );
    const map = mapOf(
      rows(1, (i) => i),
      calibration,
      grid,
    );
    assert.ok(
      map.every((value) => Math.abs(value) < 1e-3),
      `${map}`,
    );
    assert.ok(mapOf(new Float32Array(12), calibration, grid).every(Number.isFinite), 'a distance of zero');
  });

  it('keeps what is no number', () => {
    const calibration = calibratePositions(
      rows(3, (i) => i + 1),
      grid,
      () => true,
    );
    const broken = rows(1, (i) => (i === 5 ? Number.NaN : 1));
    assert.ok(Number.isNaN(maximumOf(mapOf(broken, calibration, grid))));
  });

  it('smooths with weights that add up to one, repeating the border', () => {
    assert.ok(Math.abs(smoothing.reduce((a, b) => a + b, 0) - 1) < 1e-12);
    const spread = new Float32Array(12).fill(0.5);
    const calibration = { spread, mean: new Float32Array(12).fill(2), deviation: new Float32Array(12).fill(2) };
    const flat = mapOf(new Float32Array(12).fill(4), calibration, grid);
    for (const value of flat) assert.ok(Math.abs(value - 3) < 1e-6);
    const spot = new Float32Array(12);
    spot[6] = 4;
    const map = mapOf(spot, calibration, grid);
    assert.equal(map.indexOf(maximumOf(map)), 6);
    assert.ok(Math.abs(map[6] - (4 * smoothing[2] ** 2 - 1)) < 0.02);
    assert.ok(map[5] > map[4] && map[2] > map[0]);
  });
});
