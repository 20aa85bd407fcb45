import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { calibratePositions, mapOf, maximumOf } from '../../lib/learning/heads/calibration.ts';
import { assignFolds, crossFit, folds } from '../../lib/learning/heads/cross-fit.ts';
import { fitField, type Samples, shrinkage } from '../../lib/learning/heads/gaussian-field.ts';
import { cholesky, whitenedSquare } from '../../lib/learning/math/linear-algebra.ts';

const rest = async () => {};

function randomSamples(pictures: number, dimensions: number, positions: number, seed: number): Samples {
  const random = seededRandom(seed);
  const z = Float32Array.from({ length: pictures * dimensions * positions }, () => 3 + gaussian(random));
  return { pictures, dimensions, positions, z };
}

/** Mean and covariance of the listed pictures at a position, by the definition. */
function moments({ z, pictures, dimensions: d }: Samples, position: number, chosen: number[]) {
  const at = (picture: number, i: number) => z[(position * pictures + picture) * d + i];
  const mean = Array.from({ length: d }, (_, i) => chosen.reduce((sum, p) => sum + at(p, i), 0) / chosen.length);
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      for (const p of chosen)
        covariance[i * d + j] += ((at(p, i) - mean[i]) * (at(p, j) - mean[j])) / (chosen.length - 1);
    }
  }
  return { mean, covariance };
}

describe('cross-fitting', () => {
  const samples = randomSamples(33, 6, 4, 1);
  const foldOf = assignFolds(33, 7);

  it('puts pictures into five folds of nearly equal size, the same ones for the same seed', () => {
    const sizes = Array.from({ length: folds }, (_, fold) => foldOf.filter((each) => each === fold).length);
    assert.deepEqual(sizes.sort(), [6, 6, 7, 7, 7]);
    assert.deepEqual(assignFolds(33, 7), foldOf);
    assert.notDeepEqual(assignFolds(33, 8), foldOf);
  });

  it('gives the distances that fitting again without the fold would give', async () => {
    const fit = await fitField(samples, foldOf, folds, rest);
    assert.ok(fit);
    const { dimensions: d, positions, pictures, z } = samples;
    for (let fold = 0; fold < folds; fold++) {
      const others = foldOf.flatMap((each, picture) => (each === fold ? [] : [picture]));
      const all = Array.from({ length: positions }, (_, position) => moments(samples, position, others));
      for (let position = 0; position < positions; position++) {
        const { mean, covariance } = all[position];
        const matrix = covariance.map((value) => value * (1 - shrinkage));
        for (let i = 0; i < d; i++) {
          const pooled = all.reduce((sum, each) => sum + each.covariance[i * d + i], 0) / positions;
          matrix[i * d + i] += shrinkage * pooled;
        }
        assert.ok(cholesky(matrix, d));
        for (let picture = 0; picture < pictures; picture++) {
          if (foldOf[picture] !== fold) continue;
          const x = Float64Array.from(mean, (value, i) => z[(position * pictures + picture) * d + i] - value);
          const expected = Math.sqrt(whitenedSquare(matrix, d, x));
          const received = fit.crossFitted[picture * positions + position];
          assert.ok(Math.abs(expected - received) < 1e-4 * expected, `${expected} ${received}`);
        }
      }
    }
  });

  it('does not let a picture touch the distances of its own fold, nor its own limits’ scale', async () => {
    const before = await fitField(samples, foldOf, folds, rest);
    const spoiled = { ...samples, z: samples.z.slice() };
    const culprit = 5;
    const { pictures, positions, dimensions: d } = samples;
    for (let position = 0; position < positions; position++) {
      for (let i = 0; i < d; i++) spoiled.z[(position * pictures + culprit) * d + i] += 50;
    }
    const after = await fitField(spoiled, foldOf, folds, rest);
    assert.ok(before && after);
    let changedElsewhere = 0;
    for (let picture = 0; picture < pictures; picture++) {
      if (picture === culprit) continue;
      for (let position = 0; position < positions; position++) {
        const at = picture * positions + position;
        if (foldOf[picture] === foldOf[culprit]) {
          const difference = Math.abs(before.crossFitted[at] - after.crossFitted[at]);
          assert.ok(difference < 1e-5 * before.crossFitted[at], `picture ${picture} was touched`);
        } else if (Math.abs(before.crossFitted[at] - after.crossFitted[at]) > 1e-3) changedElsewhere += 1;
      }
    }
    assert.ok(changedElsewhere > 0, 'the spoiled picture must show in the other folds');
    const own = (distances: Float32Array) =>
      calibratePositions(distances, positions, (picture) => foldOf[picture] !== foldOf[culprit]);
    const withRowsChanged = before.crossFitted.slice();
    withRowsChanged.fill(1e6, culprit * positions, (culprit + 1) * positions);
    assert.deepEqual(own(withRowsChanged), own(before.crossFitted));
  });

  it('scores each picture’s map by the other folds’ calibration', async () => {
    const grid = { width: 2, height: 2 };
    const fit = await crossFit(samples, foldOf, grid, rest);
    const field = await fitField(samples, foldOf, folds, rest);
    assert.ok(fit && field);
    for (const [picture, map] of fit.maps.entries()) {
      const others = calibratePositions(field.crossFitted, 4, (each) => foldOf[each] !== foldOf[picture]);
      assert.deepEqual(map, mapOf(field.crossFitted.subarray(picture * 4, picture * 4 + 4), others, grid));
    }
  });

  it('scores unseen pictures like the cross-fitted ones, and learned ones far too well', async () => {
    const positions = 16;
    const grid = { width: 4, height: 4 };
    const all = randomSamples(160, 20, positions, 9);
    const learned: Samples = { ...all, pictures: 80, z: new Float32Array(80 * 20 * positions) };
    for (let position = 0; position < positions; position++) {
      learned.z.set(all.z.subarray(position * 160 * 20, position * 160 * 20 + 80 * 20), position * 80 * 20);
    }
    const fit = await crossFit(learned, assignFolds(80, 1), grid, rest);
    assert.ok(fit);
    const { field } = fit;
    const score = (picture: number) => {
      const distances = new Float32Array(positions);
      for (let position = 0; position < positions; position++) {
        let square = 0;
        for (let j = 0; j < 20; j++) {
          let y = 0;
          for (let i = 0; i < 20; i++) {
            const offset = all.z[(position * 160 + picture) * 20 + i] - field.mean[position * 20 + i];
            y += offset * field.whitening[(position * 20 + i) * 20 + j];
          }
          square += y * y;
        }
        distances[position] = Math.sqrt(square);
      }
      return maximumOf(mapOf(distances, fit.calibration, grid));
    };
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const crossFitted = mean(fit.maps.map(maximumOf));
    const inSample = mean(Array.from({ length: 80 }, (_, i) => score(i)));
    const unseen = mean(Array.from({ length: 80 }, (_, i) => score(80 + i)));
    assert.ok(Math.abs(unseen - crossFitted) < 0.4, `unseen ${unseen}, cross-fitted ${crossFitted}`);
    assert.ok(inSample < crossFitted - 0.5, `in-sample ${inSample}, cross-fitted ${crossFitted}`);
  });

  it('says nothing where the numbers are not finite', async () => {
    const broken = { ...samples, z: samples.z.slice() };
    broken.z[11] = Number.NaN;
    assert.equal(await fitField(broken, foldOf, folds, rest), null);
    assert.ok(Number.isNaN(maximumOf(Float32Array.of(1, Number.NaN, 2))));
  });
});
