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
