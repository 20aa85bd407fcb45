/**
 * Eigenvalues, largest first, and eigenvectors of a symmetric matrix [n, n] (only its upper half is read): row k of `vectors`
 * belongs to value k, its largest component positive. Householder's tridiagonal form and implicit QL: Golub and Van Loan,
 * sections 8.3.1 and 8.3.3; some 5 n³ operations, where Jacobi's rotations take a dozen times as many. Returns null where
 * the numbers are not finite.
 */
export function eigenByQl(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } | null {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) a[i * n + j] = a[j * n + i] = matrix[i * n + j];
  if (!a.every(Number.isFinite)) return null;
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const vectors = tridiagonal(a, n, diagonal, beside);
  if (!implicitQl(vectors, n, diagonal, beside)) return null;
  return sorted(vectors, n, diagonal);
}

/** A = Qᵀ T Q. Leaves T in `diagonal` and `beside` (beside[i] couples i-1 and i); the rows returned are Q. */
function tridiagonal(a: Float64Array, n: number, diagonal: Float64Array, beside: Float64Array): Float64Array {
  const p = new Float64Array(n);
  const reflections: { v: Float64Array; factor: number }[] = [];
  for (let k = 0; k < n - 2; k++) {
    const v = new Float64Array(n);
    let tail = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k];
      if (i > k + 1) tail += v[i] * v[i];
    }
    const first = v[k + 1];
    const norm = Math.sqrt(first * first + tail);
    if (tail === 0) {
      reflections.push({ v, factor: 0 });
      beside[k + 1] = first;
      continue;
    }
    const target = first > 0 ? -norm : norm;
    v[k + 1] = first - target;
    const factor = 2 / (v[k + 1] * v[k + 1] + tail);
    reflections.push({ v, factor });
    beside[k + 1] = target;
    // A ← A - v wᵀ - w vᵀ with w = p - (factor/2)(pᵀv) v, p = factor A v
    let dot = 0;
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[row + j] * v[j];
      p[i] = factor * sum;
      dot += p[i] * v[i];
    }
    const half = (factor / 2) * dot;
    for (let i = k + 1; i < n; i++) p[i] -= half * v[i];
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const [vi, wi] = [v[i], p[i]];
      for (let j = k + 1; j < n; j++) a[row + j] -= vi * p[j] + wi * v[j];
    }
  }
  for (let i = 0; i < n; i++) diagonal[i] = a[i * n + i];
  if (n > 1) beside[n - 1] = a[(n - 1) * n + n - 2];
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  // Q = … H1 H0 from the last reflection on, so that early rows stay those of the identity; rows are kept transposed
  for (let k = reflections.length - 1; k >= 0; k--) {
    const { v, factor } = reflections[k];
    if (factor === 0) continue;
    for (let row = k + 1; row < n; row++) {
      const at = row * n;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += q[at + j] * v[j];
      const scale = factor * sum;
      for (let j = k + 1; j < n; j++) q[at + j] -= scale * v[j];
    }
  }
  return q;
}

/** Turns T into a diagonal and the rows of `vectors` into eigenvectors. False where it does not converge. */
function implicitQl(vectors: Float64Array, n: number, d: Float64Array, beside: Float64Array): boolean {
  const e = new Float64Array(n);
  for (let i = 1; i < n; i++) e[i - 1] = beside[i];
  // relative to the whole matrix: beside many values of nearly zero nothing smaller can be told from rounding
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(d[i]) + Math.abs(e[i]));
  const negligible = Number.EPSILON * largest;
  for (let l = 0; l < n; l++) {
    for (let turn = 0; ; turn++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > negligible) m += 1;
      if (m === l) break;
      if (turn === 60) return false;
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      let r = Math.hypot(g, 1);
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(vectors, n, i, c, s);
      }
      if (r === 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return true;
}

/** Rows i and i+1 by one plane rotation. */
function rotate(vectors: Float64Array, n: number, i: number, c: number, s: number): void {
  const lower = i * n;
  const upper = lower + n;
  for (let k = 0; k < n; k++) {
    const f = vectors[upper + k];
    const g = vectors[lower + k];
    vectors[upper + k] = s * g + c * f;
    vectors[lower + k] = c * g - s * f;
  }
}

function sorted(
  rows: Float64Array,
  n: number,
  diagonal: Float64Array,
): { values: Float64Array; vectors: Float64Array } {
  const order = [...diagonal.keys()].sort((i, j) => diagonal[j] - diagonal[i] || i - j);
  const values = Float64Array.from(order, (i) => diagonal[i]);
  const vectors = new Float64Array(n * n);
  for (const [k, i] of order.entries()) {
    const row = rows.subarray(i * n, (i + 1) * n);
    let largest = 0;
    for (let j = 0; j < n; j++) if (Math.abs(row[j]) > Math.abs(row[largest]) + 1e-12) largest = j;
    const sign = row[largest] < 0 ? -1 : 1;
    for (let j = 0; j < n; j++) vectors[k * n + j] = sign * row[j];
  }
  return { values, vectors };
}
