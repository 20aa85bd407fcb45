/**
 * Eigenvalues (descending) and eigenvectors of the symmetric `matrix` [n,n], row major; it is destroyed. Row k of
 * `vectors` belongs to value k, its largest component positive. Cyclic Jacobi: Golub and Van Loan, section 8.5.
 */
export function symmetricEigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix;
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  let scale = 0;
  for (let i = 0; i < n * n; i++) scale += a[i] * a[i];
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) off += a[i * n + j] ** 2;
    if (off <= scale * 1e-20) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const values = new Float64Array(n);
  const vectors = new Float64Array(n * n);
  for (const [k, row] of order.entries()) {
    values[k] = a[row * n + row];
    const vector = v.subarray(row * n, row * n + n);
    let largest = 0;
    for (const value of vector) if (Math.abs(value) > Math.abs(largest) + 1e-9) largest = value;
    for (let i = 0; i < n; i++) vectors[k * n + i] = largest < 0 ? -vector[i] : vector[i];
  }
  return { values, vectors };
}

/** One Jacobi rotation that makes a[p,q] zero; rows of `v` collect the eigenvectors. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  const app = a[p * n + p];
  const aqq = a[q * n + q];
  if (Math.abs(apq) <= 1e-17 * (Math.abs(app) + Math.abs(aqq))) return;
  const tau = (aqq - app) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  const P = p * n;
  const Q = q * n;
  for (let k = 0; k < n; k++) {
    const x = a[P + k];
    const y = a[Q + k];
    a[P + k] = c * x - s * y;
    a[Q + k] = s * x + c * y;
    const vx = v[P + k];
    const vy = v[Q + k];
    v[P + k] = c * vx - s * vy;
    v[Q + k] = s * vx + c * vy;
  }
  for (let k = 0; k < n; k++) {
    a[k * n + p] = a[P + k];
    a[k * n + q] = a[Q + k];
  }
  a[P + p] = app - t * apq;
  a[Q + q] = aqq + t * apq;
  a[P + q] = 0;
  a[Q + p] = 0;
}

/**
 * Cholesky factor of the symmetric positive definite `matrix` [n,n] in place: the lower triangle becomes L with
 * matrix = L Lᵀ; the upper is left alone. False where the matrix is not positive definite or not finite.
 */
export function cholesky(matrix: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const I = i * n;
    for (let j = 0; j <= i; j++) {
      const J = j * n;
      let sum = matrix[I + j];
      for (let k = 0; k < j; k++) sum -= matrix[I + k] * matrix[J + k];
      if (i !== j) matrix[I + j] = sum / matrix[J + j];
      else if (sum > 0 && Number.isFinite(sum)) matrix[I + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** ‖L⁻¹ x‖² for the lower triangle L [n,n]; `x` is overwritten by L⁻¹ x. */
export function whitenedSquare(lower: Float64Array, n: number, x: Float64Array): number {
  let square = 0;
  for (let i = 0; i < n; i++) {
    const I = i * n;
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= lower[I + k] * x[k];
    x[i] = sum / lower[I + i];
    square += x[i] * x[i];
  }
  return square;
}

/** (L⁻¹)ᵀ of the lower triangle L [n,n] into `out` [n,n], so that a row vector times it is whitened. */
export function inverseTransposed(lower: Float64Array, n: number, out: Float32Array): void {
  const row = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    // Column j of the inverse, by forward substitution of the unit vector j; it is row j of the transpose.
    row.fill(0, 0, j);
    row[j] = 1 / lower[j * n + j];
    for (let i = j + 1; i < n; i++) {
      const I = i * n;
      let sum = 0;
      for (let k = j; k < i; k++) sum -= lower[I + k] * row[k];
      row[i] = sum / lower[I + i];
    }
    for (let i = 0; i < n; i++) out[j * n + i] = row[i];
  }
}

/**
 * Adds xᵀx of `count` rows x [count,n] to the lower triangle of `out` [n,n]. Four rows at a time: each element of `out` is
 * loaded and stored once for four products, which is three times as fast.
 */
export function addOuterProducts(out: Float64Array, rows: Float64Array, count: number, n: number): void {
  let row = 0;
  for (; row + 3 < count; row += 4) {
    const a = row * n;
    const b = a + n;
    const c = b + n;
    const d = c + n;
    for (let i = 0; i < n; i++) {
      const xa = rows[a + i];
      const xb = rows[b + i];
      const xc = rows[c + i];
      const xd = rows[d + i];
      const I = i * n;
      for (let j = 0; j <= i; j++) {
        out[I + j] += xa * rows[a + j] + xb * rows[b + j] + xc * rows[c + j] + xd * rows[d + j];
      }
    }
  }
  for (; row < count; row++) {
    const a = row * n;
    for (let i = 0; i < n; i++) {
      const x = rows[a + i];
      for (let j = 0; j <= i; j++) out[i * n + j] += x * rows[a + j];
    }
  }
}

/** As `cholesky`, two rows by two columns at a time: three times as fast for a hundred dimensions. */
export function choleskyTiled(matrix: Float64Array, n: number): boolean {
  const a = matrix;
  for (let j = 0; j < n; j += 2) {
    const J = j * n;
    const K = J + n;
    let pivot = a[J + j];
    for (let k = 0; k < j; k++) pivot -= a[J + k] * a[J + k];
    if (!(pivot > 0 && Number.isFinite(pivot))) return false;
    const first = Math.sqrt(pivot);
    a[J + j] = first;
    if (j + 1 === n) return true;
    let below = a[K + j];
    pivot = a[K + j + 1];
    for (let k = 0; k < j; k++) {
      below -= a[K + k] * a[J + k];
      pivot -= a[K + k] * a[K + k];
    }
    below /= first;
    pivot -= below * below;
    if (!(pivot > 0 && Number.isFinite(pivot))) return false;
    const second = Math.sqrt(pivot);
    a[K + j] = below;
    a[K + j + 1] = second;
    let i = j + 2;
    for (; i + 1 < n; i += 2) {
      const I = i * n;
      const M = I + n;
      let s00 = a[I + j];
      let s01 = a[I + j + 1];
      let s10 = a[M + j];
      let s11 = a[M + j + 1];
      for (let k = 0; k < j; k++) {
        const u = a[J + k];
        const v = a[K + k];
        const x = a[I + k];
        const y = a[M + k];
        s00 -= x * u;
        s01 -= x * v;
        s10 -= y * u;
        s11 -= y * v;
      }
      a[I + j] = s00 /= first;
      a[M + j] = s10 /= first;
      a[I + j + 1] = (s01 - s00 * below) / second;
      a[M + j + 1] = (s11 - s10 * below) / second;
    }
    if (i < n) {
      const I = i * n;
      let s0 = a[I + j];
      let s1 = a[I + j + 1];
      for (let k = 0; k < j; k++) {
        s0 -= a[I + k] * a[J + k];
        s1 -= a[I + k] * a[K + k];
      }
      a[I + j] = s0 /= first;
      a[I + j + 1] = (s1 - s0 * below) / second;
    }
  }
  return true;
}

/** ‖L⁻¹ x‖² of `count` rows x [count,n] into `out`; four at a time, so that each element of L is loaded once for four. */
export function whitenedSquares(
  lower: Float64Array,
  n: number,
  rows: Float64Array,
  count: number,
  out: Float64Array,
): void {
  const [a, b, c, d] = Array.from({ length: 4 }, () => new Float64Array(n));
  for (let row = 0; row < count; row += 4) {
    // Where fewer than four are left the last one is computed again: one path, the same rounding for every row.
    const A = row * n;
    const B = Math.min(row + 1, count - 1) * n;
    const C = Math.min(row + 2, count - 1) * n;
    const D = Math.min(row + 3, count - 1) * n;
    let qa = 0;
    let qb = 0;
    let qc = 0;
    let qd = 0;
    for (let i = 0; i < n; i++) {
      const I = i * n;
      let sa = rows[A + i];
      let sb = rows[B + i];
      let sc = rows[C + i];
      let sd = rows[D + i];
      for (let k = 0; k < i; k++) {
        const l = lower[I + k];
        sa -= l * a[k];
        sb -= l * b[k];
        sc -= l * c[k];
        sd -= l * d[k];
      }
      const inverse = 1 / lower[I + i];
      a[i] = sa *= inverse;
      b[i] = sb *= inverse;
      c[i] = sc *= inverse;
      d[i] = sd *= inverse;
      qa += sa * sa;
      qb += sb * sb;
      qc += sc * sc;
      qd += sd * sd;
    }
    out[row] = qa;
    if (row + 1 < count) out[row + 1] = qb;
    if (row + 2 < count) out[row + 2] = qc;
    if (row + 3 < count) out[row + 3] = qd;
  }
}

/**
 * Adds to each of `sums` the product of the vector at `at` with that row of `rows` [sums.length, n]. Four rows go side by side: an addition takes
 * four clocks, and one sum alone waits for each. Every sum is added up in order, whatever stands beside it.
 */
export function addProducts(sums: Float64Array, vector: Float32Array, at: number, rows: Float32Array): void {
  const n = rows.length / sums.length;
  const end = at + n;
  let row = 0;
  for (; row + 3 < sums.length; row += 4) {
    let [first, second, third, fourth] = [row * n, (row + 1) * n, (row + 2) * n, (row + 3) * n];
    let [a, b, c, d] = [sums[row], sums[row + 1], sums[row + 2], sums[row + 3]];
    for (let i = at; i < end; i++) {
      const x = vector[i];
      a += x * rows[first++];
      b += x * rows[second++];
      c += x * rows[third++];
      d += x * rows[fourth++];
    }
    sums[row] = a;
    sums[row + 1] = b;
    sums[row + 2] = c;
    sums[row + 3] = d;
  }
  for (; row < sums.length; row++) {
    let sum = sums[row];
    for (let i = at, r = row * n; i < end; i++, r++) sum += vector[i] * rows[r];
    sums[row] = sum;
  }
}
