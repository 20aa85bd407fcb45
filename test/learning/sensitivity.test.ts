import assert from 'node:assert/strict';
import type { Roi } from '../../lib/core/inspection.ts';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import type { Levels } from '../../lib/imaging/levels.ts';
import { layRegions, proposeRegions } from '../../lib/learning/limits/regions.ts';
import { climb } from '../../lib/learning/sensitivity/curve.ts';
import { measureSensitivity, type SensitivityInput } from '../../lib/learning/sensitivity/sensitivity.ts';
import { found, nearby, targetsOf } from '../../lib/learning/sensitivity/target.ts';

const size = { width: 128, height: 128 };
const grid = { width: 16, height: 16 };

/** Good pictures of one flat part with camera noise. */
function goodPictures(count: number): Buffer[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, () =>
    Buffer.from(Array.from({ length: size.width * size.height }, () => 120 + 3 * gaussian(random))),
  );
}

/** A simple inspection that really looks: the largest difference from the part's grey in each cell, averaged 2 x 2. */
async function difference(pixels: Levels): Promise<Float32Array> {
  const map = new Float32Array(grid.width * grid.height);
  for (let y = 0; y + 1 < size.height; y++) {
    for (let x = 0; x + 1 < size.width; x++) {
      const at = y * size.width + x;
      const mean = (pixels[at] + pixels[at + 1] + pixels[at + size.width] + pixels[at + size.width + 1]) / 4;
      const cell = Math.floor(y / 8) * grid.width + Math.floor(x / 8);
      map[cell] = Math.max(map[cell], Math.abs(mean - 120));
    }
  }
  return map;
}

const pictures = goodPictures(12);
const usual: SensitivityInput = {
  pictures,
  size,
  channels: 1,
  score: difference,
  grid,
  regions: [],
  limits: { warn: 12, fail: 16, rois: [] },
  seed: 3,
};

const box = (index: number, name: string, left: number, right: number, more: Partial<Roi> = {}): Roi => ({
  index,
  name,
  mode: 'inspect',
  polygon: [
    [left, 0],
    [right, 0],
    [right, 1],
    [left, 1],
  ],
  measure: 'maximum',
  areaAbove: null,
  median: 0,
  warn: 0,
  fail: 0,
  ...more,
});

describe('sensitivity without defects', () => {
  it('says for each kind and contrast from which size on defects are found in 95 % of trials', async () => {
    const { regions, runs, pictures: used } = await measureSensitivity(usual);
    assert.equal(regions.length, 1);
    assert.ok(runs <= 405 && used === 12, `${runs}`);
    const [{ curves, statement }] = regions;
    assert.equal(curves.length, 10);
    for (const { trials, points, smallest, contrast, kind } of curves) {
      assert.ok(trials >= 8 && trials <= 20, `${trials}`);
      for (const [i, { failed, warned, failInterval }] of points.entries()) {
        assert.ok(failed <= warned && (i === 0 || failed >= points[i - 1].failed));
        assert.ok(failInterval.low <= failed / trials && failed / trials <= failInterval.high);
      }
      // 50 grey levels are far above the limit of 16, so a blob of a few pixels shows.
      if (contrast === 50 && kind !== 'scratch') assert.ok((smallest.fail?.pixels ?? 99) < 8, `${kind} ${statement}`);
    }
    assert.match(statement, /^Whole picture: finds in 95 % of trials at contrast 50 .* a scratch from [\d.]+ px/);
  });

  it('says that a defect fainter than the limit is found at no size', async () => {
    const { regions } = await measureSensitivity({ ...usual, contrasts: [8] });
    for (const { smallest } of regions[0].curves) assert.equal(smallest.fail, null);
    assert.match(regions[0].statement, /a blob at no size tried \(0 of \d+ at 58 px/);
  });

  it('measures what a smaller limit would let it find', async () => {
    const smallestOf = async (fail: number) => {
      const limits = { warn: fail - 4, fail, rois: [] };
      const { regions } = await measureSensitivity({ ...usual, limits, contrasts: [30], budget: 300 });
      return regions[0].curves.map(({ smallest }) => smallest.fail?.pixels ?? Number.POSITIVE_INFINITY);
    };
    const [low, high] = [await smallestOf(16), await smallestOf(27)];
    assert.ok(
      low.every((pixels, i) => pixels <= high[i]) && low.some((pixels, i) => pixels < high[i]),
      `${low} ${high}`,
    );
  });

  it('gives the same result for the same seed and another for another', async () => {
    const input = { ...usual, budget: 150 };
    const [first, second] = [await measureSensitivity(input), await measureSensitivity(input)];
    assert.deepEqual(first, second);
    assert.deepEqual(JSON.parse(JSON.stringify(first)), first);
    assert.notDeepEqual((await measureSensitivity({ ...input, seed: 4 })).regions, first.regions);
  });

  it('draws into each region and judges it by its own measure and limits', async () => {
    const rois = [box(1, 'left', 0, 0.5), box(2, 'right', 0.5, 1, { measure: 'area', areaAbove: 12 })];
    const laid = layRegions(rois, grid);
    const maps = await Promise.all(goodPictures(24).map(difference));
    const proposed = proposeRegions(laid, maps, { warn: 0.05, fail: 0.05 });
    // Right may have a tenth of its cells changed: only a large defect fails.
    const limits = { ...usual.limits, rois: [proposed[0], { ...proposed[1], warn: 0.05, fail: 0.1 }] };
    const { regions, runs } = await measureSensitivity({ ...usual, regions: laid, limits, contrasts: [50] });
    assert.deepEqual(
      regions.map(({ name }) => name),
      ['left', 'right'],
    );
    assert.ok(runs <= 410);
    const blob = regions.map(({ curves }) => curves.find(({ kind }) => kind === 'blob')?.smallest.fail?.pixels ?? 99);
    assert.ok(blob[0] < 8 && blob[1] > 15, `${blob}`);
  });

  it('mixes the kinds where many regions leave few trials, and says so', async () => {
    const rois = Array.from({ length: 8 }, (_, i) => box(i + 1, `r${i}`, i / 8, (i + 1) / 8));
    const laid = layRegions(rois, grid);
    const maps = await Promise.all(goodPictures(24).map(difference));
    const limits = { ...usual.limits, rois: proposeRegions(laid, maps, { warn: 0.05, fail: 0.04 }) };
    const { regions, runs } = await measureSensitivity({ ...usual, regions: laid, limits });
    assert.equal(regions.length, 8);
    assert.ok(
      regions.every(({ curves }) => curves.length === 1 && curves[0].kind === 'mixed' && curves[0].trials >= 5),
    );
    assert.ok(runs <= 450, `${runs}`);
    assert.match(regions[0].statement, /drawn defects of mixed kinds/);
  });

  it('does not count an alarm elsewhere in the picture', async () => {
    const elsewhere = async (pixels: Levels) => {
      const map = await difference(pixels);
      const changed = Math.max(...map) > 20;
      map.fill(0);
      if (changed) map[0] = 99;
      return map;
    };
    const middle = layRegions([box(1, 'all', 0, 1)], grid);
    const rois = [
      { ...proposeRegions(middle, [await difference(pictures[0])], { warn: 0.5, fail: 0.5 })[0], warn: 12, fail: 16 },
    ];
    const { regions } = await measureSensitivity({
      ...usual,
      score: elsewhere,
      regions: middle,
      limits: { ...usual.limits, rois },
    });
    const hits = regions[0].curves.reduce((sum, { points }) => sum + points[3].failed, 0);
    const trials = regions[0].curves.reduce((sum, curve) => sum + curve.trials, 0);
    // Only a defect drawn beside the corner counts: 9 of 256 cells lie within two of it.
    assert.ok(hits / trials < 0.15, `${hits} of ${trials}`);
  });

  it('leaves out good pictures that are above a limit as they are, and says where none is left', async () => {
    const spoiled = pictures.map((picture, i) => (i % 3 === 0 ? Buffer.from(picture).fill(200, 5000, 5100) : picture));
    const some = await measureSensitivity({ ...usual, pictures: spoiled, budget: 120 });
    assert.equal(some.regions[0].above, 4);
    const none = await measureSensitivity({ ...usual, limits: { warn: 1, fail: 2, rois: [] }, budget: 120 });
    assert.deepEqual(none.regions[0].curves, []);
    assert.match(none.regions[0].statement, /all 12 good pictures are above its limits/);
  });

  it('tells lengths in the camera’s pixels where the frame’s size is given', async () => {
    const { regions } = await measureSensitivity({ ...usual, frame: { width: 2448, height: 2048 }, contrasts: [50] });
    const [{ statement, curves }] = regions;
    const blob = curves.find(({ kind }) => kind === 'blob')?.smallest.fail;
    assert.ok(blob);
    assert.match(statement, new RegExp(`a blob from ${(blob.size * 2048).toFixed(0)} px .*pixels of the frame`));
  });
});

describe('the climb to the smallest found size', () => {
  it('finds both borders from any start, looking at each step once', async () => {
    for (let fail = 0; fail <= 10; fail++) {
      for (let warn = 0; warn <= fail; warn++) {
        for (const start of [0, 5, 10]) {
          const looked: number[] = [];
          const result = await climb(10, start, async (step) => {
            looked.push(step);
            return step >= fail ? 2 : step >= warn ? 1 : 0;
          });
          assert.deepEqual(result, { warn, fail });
          assert.equal(new Set(looked).size, looked.length);
        }
      }
    }
  });

  it('counts a rise at the place painted only', () => {
    const [target] = targetsOf([], { warn: 1, fail: 2, rois: [] }, grid);
    const before = new Float32Array(256);
    const after = new Float32Array(256);
    after[17] = 3;
    assert.equal(found(target, before, after, nearby(Uint32Array.of(17), grid)), 2);
    assert.equal(found(target, before, after, nearby(Uint32Array.of(17 + 3), grid)), 0);
    after[17] = 1.5;
    assert.equal(found(target, before, after, nearby(Uint32Array.of(34), grid)), 1);
    before[17] = 1.5;
    assert.equal(found(target, before, after, nearby(Uint32Array.of(17), grid)), 0);
    after[3] = Number.NaN;
    assert.equal(found(target, new Float32Array(256), after, nearby(Uint32Array.of(17), grid)), 0);
  });
});
