import assert from 'node:assert/strict';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { Polygon, ScoreResult } from '../../lib/core/inspection.ts';
import { mapToPng16 } from '../../lib/imaging/encode.ts';
import { heatPixels, rangeOf } from '../../lib/imaging/heat.ts';
import { judgeView } from '../../lib/rules/judge.ts';
import { readOutputs } from '../../lib/scoring/fit.ts';
import { type MapArea, parseModel } from '../../lib/scoring/model-schema.ts';
import { region, scored } from '../rules/kit.ts';
import { describeTiny } from './tiny-models.ts';

/** A map of 4 x 2 cells over the middle half of the frame, both ways: 8 x 4 cells in all. */
const area: MapArea = [0.25, 0.25, 0.75, 0.75];
const inner = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);

const described = (mapArea: MapArea) =>
  parseModel({ schema: 1, ...describeTiny({ outputs: { map: 'map', score: null, mapArea } }), sha256: '0'.repeat(64) });
const read = (mapArea: MapArea, data = inner, shape = [1, 1, 2, 4]) =>
  readOutputs(described(mapArea), { map: { data, shape } });

function centred(): ScoreResult {
  const { map, score } = read(area);
  assert.ok(map);
  return { ...scored(null), score, map: AnomalyMap.from(map.width, map.height, map.values), mapArea: area };
}

const square = (left: number, top: number, right: number, bottom: number): Polygon => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];
const limits = { median: 0, warn: 9, fail: 10 };
const judged = (polygon: Polygon) =>
  judgeView({ score: centred(), rois: [region({ name: 'lid', polygon, ...limits })], viewName: 'top' });

describe('a model that looks at a part of the frame', () => {
  it('gives a map over the whole frame, not a number where it does not look', () => {
    const { map, score } = read(area);
    const n = Number.NaN;
    assert.deepEqual([map?.width, map?.height, score], [8, 4, 8]);
    const rows = [0, 1, 2, 3].map((row) => [...(map?.values.slice(row * 8, row * 8 + 8) ?? [])]);
    const nothing = Array<number>(8).fill(n);
    assert.deepEqual(rows, [nothing, [n, n, 1, 2, 3, 4, n, n], [n, n, 5, 6, 7, 8, n, n], nothing]);
  });

  it('drops what a map says of padding beyond the frame', () => {
    const { map } = read([-0.5, 0, 1.5, 1]);
    assert.deepEqual([map?.width, map?.height, ...(map?.values ?? [])], [2, 2, 2, 3, 6, 7]);
  });

  it('still lets a value that is not finite decide, wherever it lies in the map', () => {
    const { score } = read(area, Float32Array.of(1, 2, 3, 4, 5, Number.NaN, 7, 8));
    assert.ok(Number.isNaN(score));
  });

  it('judges a region inside, and says of one that reaches outside that it was not inspected', () => {
    assert.equal(judged(square(0.25, 0.25, 0.75, 0.75)).verdict, 'pass');
    assert.equal(judged(square(0.26, 0.3, 0.6, 0.74)).rois[0].value, 7);
    for (const polygon of [square(0.1, 0.3, 0.6, 0.7), square(0, 0, 1, 1), square(0, 0, 0.2, 0.2)]) {
      const { verdict, reasons } = judged(polygon);
      assert.deepEqual([verdict, reasons[0].key, reasons[0].roi], ['invalid', 'noInspectRegion', 'lid']);
      assert.match(
        reasons[0].text,
        /"lid" reaches outside .* \(25 % to 75 % of the width, 25 % to 75 % of the height\); draw it inside/,
      );
    }
  });

  it('tints what was not looked at grey, and a cell without a number inside magenta', () => {
    const broken = read(area, Float32Array.of(1, 2, 3, 4, 5, Number.NaN, 7, 8)).map;
    assert.ok(broken);
    const map = AnomalyMap.from(broken.width, broken.height, broken.values);
    const pixels = heatPixels(map, [], rangeOf(map));
    const at = (column: number, row: number) => [
      ...pixels.subarray((row * 8 + column) * 4, (row * 8 + column) * 4 + 4),
    ];
    for (const [column, row] of [
      [0, 0],
      [1, 1],
      [6, 2],
      [4, 3],
    ])
      assert.deepEqual(at(column, row), [107, 114, 128, 150]);
    assert.deepEqual(at(3, 2), [255, 0, 255, 170]);
    assert.equal(at(2, 1)[3], 0);
  });

  it('is kept as evidence with its cells outside counted', async () => {
    const { map } = centred();
    assert.ok(map);
    const { min, max, notFinite } = await mapToPng16(map);
    assert.deepEqual([min, max, notFinite], [1, 8, 24]);
  });

  it('is refused with edges in the wrong order or far outside', () => {
    assert.throws(() => described([0.75, 0.25, 0.25, 0.75]), /left < right/);
    assert.throws(() => described([0, 0, 3, 1]), /model\.json\.outputs\.mapArea/);
  });
});

describe('the whole frame’s maximum', () => {
  it('is the model’s own score where that is not the maximum of its map', () => {
    const whole = { ...scored([0, 1, 2, 3], 2, 7), map: AnomalyMap.from(2, 2, Float32Array.of(0, 1, 2, 3)) };
    const value = (more: Parameters<typeof region>[0]) =>
      judgeView({ score: whole, rois: [region({ ...limits, ...more })], viewName: 'top' }).rois[0].value;
    assert.equal(value({}), 7);
    assert.equal(value({ polygon: square(0, 0, 1, 0.5) }), 1);
    assert.ok(value({ measure: 'percentile' }) < 3);
  });
});
