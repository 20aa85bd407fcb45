import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { symmetricEigen } from '../../lib/learning/math/linear-algebra.ts';
import { eigenByQl } from '../../lib/learning/math/tridiagonal.ts';

/** Of rank `rank` and a little beside it: most values are nearly zero, as of features that say the same twice. */
function covariance(n: number, rank: number): Float64Array {
  const random = seededRandom(n);
  const factors = Float64Array.from({ length: n * rank }, () => gaussian(random));
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < rank; k++) matrix[i * n + j] += factors[i * rank + k] * factors[j * rank + k];
    }
  }
  return matrix;
}

describe('eigenvectors by tridiagonal form', () => {
  for (const [n, rank] of [
    [1, 1],
    [2, 2],
    [3, 1],
    [40, 40],
    [120, 20],
  ]) {
    it(`are those of the matrix and at right angles: ${n} x ${n} of rank ${rank}`, () => {
      const matrix = covariance(n, rank);
      const found = eigenByQl(matrix, n);
      assert.ok(found);
      const { values, vectors } = found;
      const scale = values[0];
      for (let k = 0; k < n; k++) {
        if (k > 0) assert.ok(values[k] <= values[k - 1]);
        const row = vectors.subarray(k * n, (k + 1) * n);
        const largest = row.reduce((most, each) => (Math.abs(each) > Math.abs(most) + 1e-9 ? each : most), 0);
        assert.ok(largest > 0);
        for (let i = 0; i < n; i++) {
          const product = row.reduce((sum, each, j) => sum + matrix[i * n + j] * each, 0);
          assert.ok(Math.abs(product - values[k] * row[i]) < 1e-12 * scale * n);
        }
        for (let m = 0; m <= k; m++) {
          const other = vectors.subarray(m * n, (m + 1) * n);
          const cosine = row.reduce((sum, each, j) => sum + each * other[j], 0);
          assert.ok(Math.abs(cosine - (m === k ? 1 : 0)) < 1e-11);
        }
      }
      const rotated = symmetricEigen(matrix.slice(), n);
      for (let k = 0; k < n; k++) assert.ok(Math.abs(rotated.values[k] - values[k]) < 1e-11 * scale * n);
    });
  }

  it('are the axes of a diagonal matrix, and all equal values are no trouble', () => {
    const found = eigenByQl(Float64Array.of(2, 0, 0, 0, 5, 0, 0, 0, 3), 3);
    assert.deepEqual([...(found?.values ?? [])], [5, 3, 2]);
    assert.deepEqual([...(found?.vectors ?? [])], [0, 1, 0, 0, 0, 1, 1, 0, 0]);
    assert.deepEqual([...(eigenByQl(Float64Array.of(4, 0, 0, 4), 2)?.values ?? [])], [4, 4]);
    assert.deepEqual([...(eigenByQl(new Float64Array(9), 3)?.values ?? [])], [0, 0, 0]);
  });

  it('are null where a number is none', () => {
    assert.equal(eigenByQl(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2), null);
    assert.equal(eigenByQl(Float64Array.of(1, 0, 0, Number.POSITIVE_INFINITY), 2), null);
  });
});
