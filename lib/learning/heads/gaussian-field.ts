import { cholesky, inverseTransposed, whitenedSquare } from '../math/linear-algebra.ts';

/** Projected features of all pictures, position by position: [positions, pictures, dimensions]. */
export interface Samples {
  positions: number;
  pictures: number;
  dimensions: number;
  z: Float32Array;
}

/** One Gaussian per position, as the graph holds it. */
export interface GaussianField {
  /** [positions, dimensions] */
  mean: Float32Array;
  /** [positions, dimensions, dimensions]: a row vector times it has unit covariance. */
  whitening: Float32Array;
}

export interface FieldFit {
  field: GaussianField;
  /** [pictures, positions]: distance of each picture to the Gaussians fitted without its fold. */
  crossFitted: Float32Array;
}

/** Share of the pooled variances in every covariance: makes it invertible from few pictures. */
export const shrinkage = 0.1;

/** Sums and sums of squares of one fold: the diagonal part of its sufficient statistics. */
interface Sums {
  count: number;
  sum: Float64Array;
  square: Float64Array;
}

/**
 * Fits a full-covariance Gaussian at each position and the cross-fitted distances of the same pictures. Each covariance is
 * (1 - shrinkage) of its own and `shrinkage` of the diagonal pooled over all positions. Source: PaDiM, Defard et al. 2020,
 * arXiv 2011.08785; shrinkage as Ledoit and Wolf. `foldOf[picture]` is 0..folds-1. A fold is left out by subtracting its
 * sufficient statistics. Null where a covariance is not positive definite or not finite. `pause` is awaited now and then.
 */
export async function fitField(
  samples: Samples,
  foldOf: number[],
  folds: number,
  pause: (done: number) => Promise<void>,
): Promise<FieldFit | null> {
  const { positions, pictures, dimensions: d } = samples;
  const pooled = pooledVariances(samples, foldOf, folds);
  const field = { mean: new Float32Array(positions * d), whitening: new Float32Array(positions * d * d) };
  const crossFitted = new Float32Array(pictures * positions);
  const parts = Array.from({ length: folds }, () => new Float64Array(d * d));
  const work = new Float64Array(d * d);
  const x = new Float64Array(d);
  for (let position = 0; position < positions; position++) {
    const z = samples.z.subarray(position * pictures * d, (position + 1) * pictures * d);
    const origin = z.slice(0, d); // any nearby point: sums about it lose no digits
    const sums: Sums[] = parts.map(() => ({ count: 0, sum: new Float64Array(d), square: new Float64Array(0) }));
    for (const part of parts) part.fill(0);
    for (let p = 0; p < pictures; p++) {
      for (let i = 0; i < d; i++) x[i] = z[p * d + i] - origin[i];
      addOuter(parts[foldOf[p]], sums[foldOf[p]], x);
    }
    for (let left = 0; left <= folds; left++) {
      const mean = combine(parts, sums, left, work);
      shrink(work, d, pooled[left]);
      if (!cholesky(work, d)) return null;
      if (left === folds) {
        for (let i = 0; i < d; i++) field.mean[position * d + i] = mean[i] + origin[i];
        inverseTransposed(work, d, field.whitening.subarray(position * d * d, (position + 1) * d * d));
        continue;
      }
      for (let p = 0; p < pictures; p++) {
        if (foldOf[p] !== left) continue;
        for (let i = 0; i < d; i++) x[i] = z[p * d + i] - origin[i] - mean[i];
        crossFitted[p * positions + position] = Math.sqrt(whitenedSquare(work, d, x));
      }
    }
    if (position % 16 === 15) await pause(position + 1);
  }
  return { field, crossFitted };
}

function addOuter(outer: Float64Array, sums: Sums, x: Float64Array): void {
  const d = x.length;
  sums.count += 1;
  for (let i = 0; i < d; i++) {
    const value = x[i];
    const row = i * d;
    sums.sum[i] += value;
    for (let j = 0; j <= i; j++) outer[row + j] += value * x[j];
  }
}

/** All folds but `left` (none left out where it is the number of folds): returns the mean, leaves the covariance in `out`. */
function combine(parts: Float64Array[], sums: Sums[], left: number, out: Float64Array): Float64Array {
  const d = sums[0].sum.length;
  const mean = new Float64Array(d);
  let count = 0;
  out.fill(0);
  for (const [fold, part] of parts.entries()) {
    if (fold === left) continue;
    count += sums[fold].count;
    for (let i = 0; i < d; i++) mean[i] += sums[fold].sum[i];
    for (let i = 0; i < d * d; i++) out[i] += part[i];
  }
  for (let i = 0; i < d; i++) mean[i] /= count;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) out[i * d + j] = (out[i * d + j] - count * mean[i] * mean[j]) / (count - 1);
  }
  return mean;
}

function shrink(covariance: Float64Array, d: number, pooled: Float64Array): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) covariance[i * d + j] *= 1 - shrinkage;
    covariance[i * d + i] += shrinkage * pooled[i];
  }
}

/** The variance of each dimension averaged over positions, without fold 0, 1, …, and (last) of all pictures. */
function pooledVariances(samples: Samples, foldOf: number[], folds: number): Float64Array[] {
  const { positions, pictures, dimensions: d, z } = samples;
  const pooled = Array.from({ length: folds + 1 }, () => new Float64Array(d));
  for (let position = 0; position < positions; position++) {
    const base = position * pictures * d;
    const sums: Sums[] = Array.from({ length: folds }, () => ({
      count: 0,
      sum: new Float64Array(d),
      square: new Float64Array(d),
    }));
    for (let p = 0; p < pictures; p++) {
      const fold = sums[foldOf[p]];
      fold.count += 1;
      for (let i = 0; i < d; i++) {
        const value = z[base + p * d + i] - z[base + i];
        fold.sum[i] += value;
        fold.square[i] += value * value;
      }
    }
    for (let left = 0; left <= folds; left++) {
      const used = sums.filter((_, fold) => fold !== left);
      const count = used.reduce((total, fold) => total + fold.count, 0);
      for (let i = 0; i < d; i++) {
        let sum = 0;
        let square = 0;
        for (const fold of used) {
          sum += fold.sum[i];
          square += fold.square[i];
        }
        pooled[left][i] += (square - (sum * sum) / count) / (count - 1) / positions;
      }
    }
  }
  return pooled;
}
