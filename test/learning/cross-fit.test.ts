import assert from 'node:assert/strict';
import { seededRandom } from '../../lib/core/random.ts';
import { calibratePositions, mapOf, maximumOf } from '../../lib/learning/heads/calibration.ts';
import { assignFolds, fitHead, folds } from '../../lib/learning/heads/cross-fit.ts';
import type { HeadKind } from '../../lib/learning/heads/head.ts';
import { pictureOf, randomSamples, rest } from './head-samples.ts';

const kinds: HeadKind[] = ['gaussian', 'nearest'];
const options = { seed: 3, pause: rest };

describe('folds', () => {
  it('are five of nearly equal size, the same ones for the same seed', () => {
    const foldOf = assignFolds(33, 7);
    const sizes = Array.from({ length: folds }, (_, fold) => foldOf.filter((each) => each === fold).length);
    assert.deepEqual(sizes.sort(), [6, 6, 7, 7, 7]);
    assert.deepEqual(assignFolds(33, 7), foldOf);
    assert.notDeepEqual(assignFolds(33, 8), foldOf);
  });

  it('keep pictures of the same part together, and stay of similar size', () => {
    const random = seededRandom(4);
    const groups = Array.from({ length: 100 }, () => `part ${Math.floor(random() * 30)}`);
    const foldOf = assignFolds(100, 1, groups);
    for (const [picture, group] of groups.entries()) assert.equal(foldOf[picture], foldOf[groups.indexOf(group)]);
    for (let fold = 0; fold < folds; fold++) {
      const size = foldOf.filter((each) => each === fold).length;
      assert.ok(size >= 14 && size <= 26, `${size}`);
    }
    assert.throws(() => assignFolds(3, 1, [1, 1, 1]), { code: 'GP_LEARN_FAILED' });
    assert.throws(() => assignFolds(20, 1, [...new Array(19).fill(1), 2]), {
      code: 'GP_LEARN_FAILED',
      message: /different parts .* 19 of 20 that look like one part/,
    });
  });
});

for (const kind of kinds) {
  describe(`cross-fitting the ${kind} head`, () => {
    const grid = { width: 2, height: 2 };
    const samples = randomSamples(33, 6, 4, 1);
    const foldOf = assignFolds(33, 7);

    it('does not let a picture touch the distances of its own fold', async () => {
      const culprit = 5;
      const before = await fitHead(kind, samples, foldOf, grid, options);
      const spoiled = randomSamples(33, 6, 4, 1, (z, picture) =>
        picture === culprit ? z.map((value) => value + 50) : z,
      );
      const after = await fitHead(kind, spoiled, foldOf, grid, options);
      assert.ok(before && after);
      let changedElsewhere = 0;
      for (let picture = 0; picture < 33; picture++) {
        if (picture === culprit) continue;
        for (let at = picture * 4; at < picture * 4 + 4; at++) {
          const difference = Math.abs(before.crossFitted[at] - after.crossFitted[at]);
          if (foldOf[picture] !== foldOf[culprit]) changedElsewhere += difference > 1e-3 ? 1 : 0;
          else assert.ok(difference < 1e-4 * Math.max(1, before.crossFitted[at]), `picture ${picture} was touched`);
        }
      }
      // The nearest head has other cells to go by, the Gaussians do not.
      if (kind === 'gaussian') assert.ok(changedElsewhere > 0, 'the spoiled picture must show in the other folds');
    });

    it('calibrates each map by the other folds, the finished head by all, the held-out one without fold 0', async () => {
      const fit = await fitHead(kind, samples, foldOf, grid, options);
      assert.ok(fit);
      for (const [picture, map] of fit.maps.entries()) {
        const others = calibratePositions(fit.crossFitted, grid, (each) => foldOf[each] !== foldOf[picture]);
        assert.deepEqual(map, mapOf(fit.crossFitted.subarray(picture * 4, picture * 4 + 4), others, grid));
      }
      assert.deepEqual(
        fit.calibration,
        calibratePositions(fit.crossFitted, grid, () => true),
      );
      assert.deepEqual(
        fit.heldOut.calibration,
        calibratePositions(fit.crossFitted, grid, (each) => foldOf[each] !== 0),
      );
    });

    it('holds a model without fold 0 that gives the cross-fitted distances of its pictures', async () => {
      const fit = await fitHead(kind, samples, foldOf, grid, options);
      assert.ok(fit);
      for (let picture = 0; picture < 33; picture++) {
        const received = fit.heldOut.model.distances(samples.picture(picture));
        const expected = fit.crossFitted.subarray(picture * 4, picture * 4 + 4);
        const worst = Math.max(...received.map((value, i) => Math.abs(value - expected[i])));
        if (foldOf[picture] === 0) assert.ok(worst < 1e-4, `picture ${picture}: ${received} ${expected}`);
        else assert.ok(worst > 1e-3, `picture ${picture} was scored by a model without fold 0`);
      }
    });

    it('scores unseen pictures like the cross-fitted ones, and learned ones far too well', async () => {
      const [positions, dimensions, size] = [16, 20, { width: 4, height: 4 }];
      const learned = randomSamples(80, dimensions, positions, 9);
      const fit = await fitHead(kind, learned, assignFolds(80, 1), size, options);
      assert.ok(fit);
      const score = (z: Float32Array) => maximumOf(mapOf(fit.distances(z), fit.calibration, size));
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      const crossFitted = mean(fit.maps.map(maximumOf));
      const inSample = mean(Array.from({ length: 80 }, (_, i) => score(learned.picture(i))));
      const random = seededRandom(77);
      const unseen = mean(Array.from({ length: 80 }, () => score(pictureOf(dimensions, positions, random))));
      assert.ok(Math.abs(unseen - crossFitted) < 0.4, `unseen ${unseen}, cross-fitted ${crossFitted}`);
      assert.ok(inSample < crossFitted - 0.5, `in-sample ${inSample}, cross-fitted ${crossFitted}`);
    });

    it('gives the same numbers for the same seed, and reports its progress', async () => {
      const done: number[] = [];
      const pause = async (at: number, total: number) => {
        assert.ok(at <= total);
        done.push(at);
      };
      const first = await fitHead(kind, samples, foldOf, grid, { seed: 3, pause });
      const again = await fitHead(kind, samples, foldOf, grid, options);
      assert.deepEqual(first?.crossFitted, again?.crossFitted);
      assert.deepEqual(first?.calibration, again?.calibration);
      assert.ok(done.length > 0);
    });

    it('says nothing where the numbers are not finite', async () => {
      const broken = randomSamples(33, 6, 4, 1, (z, picture) => (picture === 2 ? z.fill(Number.NaN, 11, 12) : z));
      assert.equal(await fitHead(kind, broken, foldOf, grid, options), null);
      assert.ok(Number.isNaN(maximumOf(Float32Array.of(1, Number.NaN, 2))));
    });
  });
}
