import assert from 'node:assert/strict';
import fc from 'fast-check';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import {
  addOuterProducts,
  addProducts,
  cholesky,
  choleskyTiled,
  inverseTransposed,
  symmetricEigen,
  whitenedSquare,
  whitenedSquares,
} from '../../lib/learning/math/linear-algebra.ts';

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

  it('multiplies a vector with many rows to the very bits of one row after the other, from where the sums stand', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.nat(3), seeds, (n, count, before, seed) => {
        const random = seededRandom(seed);
        const at = before * n;
        const vectors = Float32Array.from({ length: at + n }, () => gaussian(random));
        const rows = Float32Array.from({ length: count * n }, () => gaussian(random));
        const sums = Float64Array.from({ length: count }, () => gaussian(random));
        const expected = sums.map((start, row) => {
          let sum = start;
          for (let i = 0; i < n; i++) sum += vectors[at + i] * rows[row * n + i];
          return sum;
        });
        addProducts(sums, vectors, at, rows);
        assert.deepEqual(sums, expected);
      }),
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

  it('factorises tile by tile as row by row, and refuses the same matrices', () => {
    fc.assert(
      fc.property(sizes, seeds, (n, seed) => {
        const [plain, tiled] = [randomPositive(n, seed, 1), randomPositive(n, seed, 1)];
        assert.ok(cholesky(plain, n) && choleskyTiled(tiled, n));
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) assert.ok(Math.abs(plain[i * n + j] - tiled[i * n + j]) < 1e-9);
        }
        const spoiled = randomPositive(n, seed, 1);
        const row = seed % n;
        spoiled[row * n + row] = seed % 2 ? -1 : Number.NaN;
        assert.equal(choleskyTiled(spoiled, n), false);
      }),
      { numRuns: 60 },
    );
    assert.equal(choleskyTiled(Float64Array.of(1, 2, 2, 1), 2), false);
    assert.equal(choleskyTiled(Float64Array.of(Number.POSITIVE_INFINITY), 1), false);
  });

  it('handles many rows at once as one at a time, however many are left over', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 11 }), seeds, (n, count, seed) => {
        const random = seededRandom(seed);
        const rows = Float64Array.from({ length: count * n }, () => gaussian(random));
        const outer = new Float64Array(n * n);
        addOuterProducts(outer, rows, count, n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            let sum = 0;
            for (let row = 0; row < count; row++) sum += rows[row * n + i] * rows[row * n + j];
            assert.ok(Math.abs(sum - outer[i * n + j]) < 1e-9);
          }
        }
        const lower = randomPositive(n, seed, 1);
        assert.ok(cholesky(lower, n));
        const squares = new Float64Array(count);
        whitenedSquares(lower, n, rows, count, squares);
        for (let row = 0; row < count; row++) {
          const expected = whitenedSquare(lower, n, rows.slice(row * n, row * n + n));
          assert.ok(Math.abs(squares[row] - expected) < 1e-9 * (1 + expected));
        }
      }),
      { numRuns: 60 },
    );
  });
});
