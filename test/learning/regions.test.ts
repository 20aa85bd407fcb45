import assert from 'node:assert/strict';
import type { Roi } from '../../lib/core/inspection.ts';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { checkRegions, layRegions, proposeRegions, rejectedTogether } from '../../lib/learning/limits/regions.ts';

const grid = { width: 10, height: 10 };
const rate = { warn: 0.05, fail: 0.01 };
const whole: Roi['polygon'] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

function region(more: Partial<Roi>): Roi {
  const none = { areaAbove: null, median: 0, warn: 0, fail: 0 };
  return { index: 1, name: 'left', mode: 'inspect', polygon: whole, measure: 'maximum', ...none, ...more };
}

function goodMaps(count: number): Float32Array[] {
  const random = seededRandom(4);
  return Array.from({ length: count }, () => Float32Array.from({ length: 100 }, () => gaussian(random)));
}

describe('limits of regions', () => {
  it('come from the region’s own cells and measure', () => {
    const maps = goodMaps(200).map((map) => map.map((value, i) => (i % 10 < 5 ? value : value + 100)));
    const left = region({ polygon: whole.map(([x, y]) => [x / 2, y]) });
    const right = region({ index: 2, name: 'right', polygon: whole.map(([x, y]) => [0.5 + x / 2, y]) });
    const [a, b] = proposeRegions(layRegions([left, right], grid), maps, rate);
    const maxima = (from: number) =>
      maps.map((map) => Math.max(...map.filter((_, i) => i % 10 >= from && i % 10 < from + 5))).sort((x, y) => x - y);
    assert.equal(a.warn, maxima(0)[190]); // rank ceil(201 * 0.95) = 191
    assert.equal(b.fail, maxima(5)[198]); // rank ceil(201 * 0.99) = 199
    assert.ok(b.median > 100 && a.median < 10);
  });

  it('leave cells out that an ignore region hides', () => {
    const maps = goodMaps(50);
    for (const map of maps) map[55] = 1000;
    const hole = region({ index: 0, mode: 'ignore', polygon: whole.map(([x, y]) => [0.5 + x / 10, 0.5 + y / 10]) });
    const [open] = proposeRegions(layRegions([region({})], grid), maps, rate);
    const [holed] = proposeRegions(layRegions([region({}), hole], grid), maps, rate);
    assert.ok(open.median > 900 && holed.fail < 10);
  });

  it('propose the map value for an area that has none, and let two such cells fail', () => {
    const maps = goodMaps(200);
    const [{ areaAbove, median, warn, fail }] = proposeRegions(
      layRegions([region({ measure: 'area' })], grid),
      maps,
      rate,
    );
    assert.ok(areaAbove !== null && areaAbove > 2.5 && areaAbove < 5);
    assert.equal(median, 0);
    assert.ok(0 < warn && warn < 0.01 && warn < fail && fail < 0.02, `${warn} ${fail}`);
  });

  it('let even a region of one cell fail by its area', () => {
    const dot = region({ measure: 'area', polygon: whole.map(([x, y]) => [0.32 + x * 0.05, 0.32 + y * 0.05]) });
    const [{ fail }] = proposeRegions(layRegions([dot], grid), goodMaps(200), rate);
    assert.ok(fail < 1);
  });

  it('refuse an area that good parts fill', () => {
    const full = layRegions([region({ measure: 'area', areaAbove: -100 })], grid);
    assert.throws(() => proposeRegions(full, goodMaps(50), rate), /areaAbove of region "left" but received -100/);
  });

  it('are not looked at in what is given, unlike its geometry', () => {
    checkRegions([region({ median: Number.NaN, measure: 'area' })]);
    assert.throws(() => checkRegions([region({ index: 17 })]), /index/);
    assert.throws(() => checkRegions([region({}), region({})]), /each region number once/);
  });

  it('say for each region what is known of them', () => {
    const [{ thresholds, warn, fail }] = proposeRegions(layRegions([region({})], grid), goodMaps(200), rate);
    assert.deepEqual([thresholds.warn.value, thresholds.fail.value], [warn, fail]);
    assert.equal(thresholds.warn.rank, 191);
    assert.ok(thresholds.warn.bound > 0.05 && thresholds.fail.tighter.more === 99);
  });

  it('reject more good parts together than each alone', () => {
    const halves = [0, 1].map((i) =>
      region({ index: i + 1, name: `half ${i}`, polygon: whole.map(([x, y]) => [(i + x) / 2, y]) }),
    );
    const laid = layRegions(halves, grid);
    const maps = goodMaps(400);
    const limits = proposeRegions(laid, maps, { warn: 0.1, fail: 0.05 });
    const { expected, seen, of } = rejectedTogether(laid, limits, maps);
    assert.ok(expected > 0.09 && expected <= 0.1, `${expected}`);
    assert.ok(of === 400 && seen > 30 && seen <= 40, `${seen}`);
  });

  it('follow from costs and the maps of known defects', () => {
    const maps = goodMaps(400);
    const defect = new Float32Array(100);
    defect[3] = 3.3;
    const laid = layRegions([region({})], grid);
    const goal = { missCost: 50, falseRejectCost: 1, defectShare: 0.02 };
    const known = { maps: new Array<Float32Array>(20).fill(defect), drawn: true };
    const [alone] = proposeRegions(laid, maps, goal);
    const [with20] = proposeRegions(laid, maps, goal, known);
    assert.equal(alone.thresholds.rates.basis, 'costs alone');
    assert.equal(with20.thresholds.rates.basis, 'costs and drawn defects');
    assert.ok(with20.fail < 3.3 && with20.fail > 3, `${with20.fail}`);
  });
});
