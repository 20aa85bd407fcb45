import { symmetricEigen } from '../math/linear-algebra.ts';

/** Leading principal axes of some points. */
export interface Axes {
  mean: Float64Array;
  /** Unit vectors, the largest variance first. */
  axes: Float64Array[];
}

/**
 * The leading `most` principal axes of `points` [n][d], by the smaller of covariance and Gram matrix (Jolliffe, "Principal
 * Component Analysis", section 3.5); fewer where the points have fewer.
 */
export function principalAxes(points: readonly ArrayLike<number>[], most: number): Axes {
  const n = points.length;
  const d = points[0].length;
  const mean = new Float64Array(d);
  for (const point of points) for (let k = 0; k < d; k++) mean[k] += point[k] / n;
  const rows = points.map((point) => Float64Array.from(point, (value, k) => value - mean[k]));
  const byGram = n < d;
  const side = byGram ? n : d;
  const matrix = new Float64Array(side * side);
  const fill = (i: number, j: number, value: number) => {
    matrix[i * side + j] = matrix[j * side + i] = value;
  };
  if (byGram) {
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) fill(i, j, dot(rows[i], rows[j]));
  } else {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (const row of rows) sum += row[i] * row[j];
        fill(i, j, sum);
      }
    }
  }
  const { values, vectors } = symmetricEigen(matrix, side);
  const axes: Float64Array[] = [];
  for (let k = 0; k < Math.min(most, side); k++) {
    if (!(values[k] > values[0] * 1e-9) || !(values[0] > 0)) break;
    const vector = vectors.subarray(k * side, (k + 1) * side);
    if (!byGram) axes.push(Float64Array.from(vector));
    else {
      const axis = new Float64Array(d);
      for (const [i, row] of rows.entries()) for (let c = 0; c < d; c++) axis[c] += vector[i] * row[c];
      const norm = Math.sqrt(values[k]);
      axes.push(axis.map((value) => value / norm));
    }
  }
  return { mean, axes };
}

/** Coordinates of a point on the axes. */
export function project(point: ArrayLike<number>, { mean, axes }: Axes): Float64Array {
  const centred = Float64Array.from(point, (value, k) => value - mean[k]);
  return Float64Array.from(axes, (axis) => dot(centred, axis));
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
