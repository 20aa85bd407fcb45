import assert from 'node:assert/strict';
import fc from 'fast-check';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { cholesky, inverseTransposed, symmetricEigen, whitenedSquare } from '../../lib/learning/math/linear-algebra.ts';

/** A Aᵀ + ridge of a random A: symmetric and positive definite. */
function randomPositive(n: number, seed: number, ridge = 0.1): Float64Array {
  const random = seededRandom(seed);
  const a = Array.from({ length: n * n }, () => gaussian(random));
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) out[i * n + j] += a[i * n + k] * a[j * n + k];
    }
    out[i * n + i] += ridge;
  }
  return out;
}

const sizes = fc.integer({ min: 1, max: 20 });
const seeds = fc.integer({ min: 0, max: 1e6 });

describe('linear algebra', () => {
  it('finds eigenvectors that rebuild the matrix, in descending order', () => {
    fc.assert(
      fc.property(sizes, seeds, (n, seed) => {
        const matrix = randomPositive(n, seed);
        const { values, vectors } = symmetricEigen(matrix.slice(), n);
        for (let k = 1; k < n; k++) assert.ok(values[k] <= values[k - 1] + 1e-9);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            let unit = 0;
            for (let k = 0; k < n; k++) {
              sum += values[k] * vectors[k * n + i] * vectors[k * n + j];
              unit += vectors[i * n + k] * vectors[j * n + k];
            }
            assert.ok(Math.abs(sum - matrix[i * n + j]) < 1e-8 * (1 + Math.abs(values[0])));
            assert.ok(Math.abs(unit - (i === j ? 1 : 0)) < 1e-9);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('whitens alike by forward substitution and by the inverse', () => {
    fc.assert(
      fc.property(sizes, seeds, (n, seed) => {
        const matrix = randomPositive(n, seed, 1);
        const lower = matrix.slice();
        assert.ok(cholesky(lower, n));
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            let sum = 0;
            for (let k = 0; k <= j; k++) sum += lower[i * n + k] * lower[j * n + k];
            assert.ok(Math.abs(sum - matrix[i * n + j]) < 1e-9 * (1 + Math.abs(sum)));
          }
        }
        const inverse = new Float32Array(n * n);
        inverseTransposed(lower, n, inverse);
        const random = seededRandom(seed + 1);
        const x = Float64Array.from({ length: n }, () => gaussian(random));
        let square = 0;
        for (let j = 0; j < n; j++) {
          let y = 0;
          for (let i = 0; i < n; i++) y += x[i] * inverse[i * n + j];
          square += y * y;
        }
        const expected = whitenedSquare(lower, n, x.slice());
        assert.ok(Math.abs(square - expected) < 1e-4 * (1e-6 + expected), `${square} ${expected}`);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a matrix that is not positive definite or not finite', () => {
    assert.equal(cholesky(Float64Array.of(1, 2, 2, 1), 2), false);
    assert.equal(cholesky(Float64Array.of(Number.NaN), 1), false);
    assert.equal(cholesky(Float64Array.of(Number.POSITIVE_INFINITY), 1), false);
  });
});
