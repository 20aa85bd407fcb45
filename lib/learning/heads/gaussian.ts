import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import { addOuterProducts, choleskyTiled, inverseTransposed, whitenedSquares } from '../math/linear-algebra.ts';
import type { Grid } from './calibration.ts';
import type { FittedDistances, GraphDistance } from './head.ts';
import type { Samples } from './samples.ts';

/** What the pooled variances count for in every covariance, in pictures: many outweigh it, few are invertible by it. */
const priorPictures = 10;

/** Share of the pooled variances in every covariance. */
export const shrinkageOf = (pictures: number) => priorPictures / (pictures + priorPictures);

/** Added to squared distances, which are near the number of axes as a rule: zero has a logarithm then. */
const leastSquare = 1e-6;

/** Of Mahalanobis' squared distance. Its spread is in proportion to its size, and one wild good cell then does not set a position's scale. */
export const distanceOf = (square: number) => Math.log(square + leastSquare);

/** One Gaussian at each position; the distance is the logarithm of Mahalanobis' squared one. */
export class GaussianField implements GraphDistance {
  readonly positions: number;
  readonly dimensions: number;
  /** [positions, dimensions] */
  readonly mean: Float32Array;
  /** [positions, dimensions, dimensions], upper triangles: a row vector times it has unit covariance. */
  readonly whitening: Float32Array;

  constructor(positions: number, dimensions: number) {
    this.positions = positions;
    this.dimensions = dimensions;
    this.mean = new Float32Array(positions * dimensions);
    this.whitening = new Float32Array(positions * dimensions * dimensions);
  }

  distances(z: Float32Array): Float32Array {
    const { positions, dimensions: d, mean, whitening } = this;
    const out = new Float32Array(positions);
    const white = new Float64Array(d);
    for (let position = 0; position < positions; position++) {
      const at = position * d;
      white.fill(0);
      for (let i = 0; i < d; i++) {
        const offset = z[at + i] - mean[at + i];
        const row = (at + i) * d;
        for (let j = i; j < d; j++) white[j] += offset * whitening[row + j];
      }
      let square = 0;
      for (let j = 0; j < d; j++) square += white[j] * white[j];
      out[position] = distanceOf(square);
    }
    return out;
  }

  addDistance(graph: GraphBuilder, z: Value, { width, height }: Grid): Value {
    const { positions, dimensions: d } = this;
    const cells = graph.transpose(graph.reshape(z, [d, positions]), [1, 0]);
    const offset = graph.binary(
      'Sub',
      graph.reshape(cells, [positions, 1, d]),
      graph.constant([positions, 1, d], this.mean),
    );
    const whitening = graph.constant([positions, d, d], this.whitening);
    const white = graph.node('MatMul', [offset, whitening], [positions, 1, d]);
    const square = graph.reduceSum(graph.binary('Mul', white, white), [2]);
    const logarithm = graph.unary('Log', graph.binary('Add', square, graph.scalar(leastSquare)));
    return graph.reshape(logarithm, [1, 1, height, width]);
  }
}

/** Numbers that one block of positions may take in memory. */
const blockNumbers = 1 << 23;

/**
 * Fits a full-covariance Gaussian at each position, and the cross-fitted distances of the same pictures. Each covariance is
 * (1 - shrinkage) of its own and `shrinkage` of the diagonal pooled over all positions. Source: PaDiM, Defard et al. 2020,
 * arXiv 2011.08785; shrinkage as Ledoit and Wolf, falling with the pictures as a prior does. `foldOf[picture]` is 0..folds-1. A fold is left out by subtracting its
 * sufficient statistics, so the cost is linear in pictures. Null where a covariance is not positive definite or not finite.
 * `pause(positions done)` is awaited now and then.
 */
export async function fitGaussian(
  samples: Samples,
  foldOf: number[],
  folds: number,
  pause: (done: number) => Promise<void>,
): Promise<FittedDistances | null> {
  const { positions, pictures, dimensions: d } = samples;
  const shrinkage = shrinkageOf(pictures);
  const sums = new FoldSums(samples, foldOf, folds);
  const pooled = Array.from({ length: folds + 1 }, (_, left) => sums.pooledVariances(left));
  const model = new GaussianField(positions, d);
  const heldOut = new GaussianField(positions, d);
  const crossFitted = new Float32Array(pictures * positions);
  const members = Array.from({ length: folds }, (_, fold) =>
    foldOf.flatMap((each, picture) => (each === fold ? [picture] : [])),
  );
  const largest = Math.max(...members.map((each) => each.length));
  const rows = members.map((each) => new Float64Array(each.length * d));
  const parts = members.map(() => new Float64Array(d * d));
  const all = new Float64Array(d * d);
  const work = new Float64Array(d * d);
  const offsets = new Float64Array(largest * d);
  const squares = new Float64Array(largest);
  const step = Math.max(1, Math.min(16, Math.floor(blockNumbers / (pictures * d))));
  for (let from = 0; from < positions; from += step) {
    const to = Math.min(positions, from + step);
    const block = samples.block(from, to);
    for (let position = from; position < to; position++) {
      const base = (position - from) * pictures * d;
      const origin = sums.origin.subarray(position * d, (position + 1) * d);
      all.fill(0);
      for (const [fold, list] of members.entries()) {
        const x = rows[fold];
        for (const [row, picture] of list.entries()) {
          const at = base + picture * d;
          for (let i = 0; i < d; i++) x[row * d + i] = block[at + i] - origin[i];
        }
        parts[fold].fill(0);
        addOuterProducts(parts[fold], x, list.length, d);
        for (let i = 0; i < d * d; i++) all[i] += parts[fold][i];
      }
      for (let left = 0; left <= folds; left++) {
        const { mean, count } = sums.mean(position, left);
        for (let i = 0; i < d; i++) {
          for (let j = 0; j <= i; j++) {
            const at = i * d + j;
            const outer = left < folds ? all[at] - parts[left][at] : all[at];
            work[at] = ((1 - shrinkage) * (outer - count * mean[i] * mean[j])) / (count - 1);
          }
          work[i * d + i] += shrinkage * pooled[left][i];
        }
        if (!choleskyTiled(work, d)) return null;
        const field = left === folds ? model : left === 0 ? heldOut : null;
        if (field !== null) {
          for (let i = 0; i < d; i++) field.mean[position * d + i] = mean[i] + origin[i];
          inverseTransposed(work, d, field.whitening.subarray(position * d * d, (position + 1) * d * d));
        }
        if (left === folds) continue;
        const list = members[left];
        for (let at = 0; at < list.length * d; at++) offsets[at] = rows[left][at] - mean[at % d];
        whitenedSquares(work, d, offsets, list.length, squares);
        for (const [row, picture] of list.entries()) {
          crossFitted[picture * positions + position] = distanceOf(squares[row]);
        }
      }
    }
    await pause(to);
  }
  return { model, heldOut, crossFitted, description: `Gaussian per position, ${d} axes` };
}

/** Count, sum and sum of squares of each fold at each position: the diagonal part of the sufficient statistics. */
class FoldSums {
  /** Features of picture 0, [positions, dimensions]: sums about a nearby point lose no digits. */
  readonly origin: Float32Array;
  readonly #positions: number;
  readonly #dimensions: number;
  readonly #counts: number[];
  /** Per fold [positions, dimensions]. */
  readonly #sum: Float64Array[];
  readonly #square: Float64Array[];

  constructor(samples: Samples, foldOf: number[], folds: number) {
    this.#positions = samples.positions;
    this.#dimensions = samples.dimensions;
    const size = samples.positions * samples.dimensions;
    this.#counts = new Array<number>(folds).fill(0);
    this.#sum = this.#counts.map(() => new Float64Array(size));
    this.#square = this.#counts.map(() => new Float64Array(size));
    this.origin = samples.picture(0);
    for (let picture = 0; picture < samples.pictures; picture++) {
      const z = samples.picture(picture);
      const fold = foldOf[picture];
      const sum = this.#sum[fold];
      const square = this.#square[fold];
      this.#counts[fold] += 1;
      for (let i = 0; i < size; i++) {
        const value = z[i] - this.origin[i];
        sum[i] += value;
        square[i] += value * value;
      }
    }
  }

  /** Mean at a position about `origin`, and the number of pictures, without fold `left`. */
  mean(position: number, left: number): { mean: Float64Array; count: number } {
    const d = this.#dimensions;
    const mean = new Float64Array(d);
    let count = 0;
    for (const [fold, sum] of this.#sum.entries()) {
      if (fold === left) continue;
      count += this.#counts[fold];
      for (let i = 0; i < d; i++) mean[i] += sum[position * d + i];
    }
    for (let i = 0; i < d; i++) mean[i] /= count;
    return { mean, count };
  }

  /** The variance of each dimension averaged over positions, without fold `left`. */
  pooledVariances(left: number): Float64Array {
    const d = this.#dimensions;
    const pooled = new Float64Array(d);
    for (let position = 0; position < this.#positions; position++) {
      const { mean, count } = this.mean(position, left);
      for (let i = 0; i < d; i++) {
        let square = 0;
        for (const [fold, each] of this.#square.entries()) if (fold !== left) square += each[position * d + i];
        pooled[i] += (square - count * mean[i] * mean[i]) / (count - 1) / this.#positions;
      }
    }
    return pooled;
  }
}
