import { cholesky, whitenedSquare } from '../math/linear-algebra.ts';
import { dot } from './principal.ts';
import { middle } from './robust.ts';

/** A division of points into two. */
export interface Halves {
  /** For each point whether it belongs to the second half. */
  second: boolean[];
  /** Ashman's D: distance of the two means in their common deviation, along the line that separates them best. */
  separation: number;
  /** Least density between the halves, over the smaller of the densities at their middles: 1 means no valley. */
  valley: number;
}

/** Starts of the search: cuts through every axis at these shares of the points. */
const cuts = [0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9];
const mostRounds = 30;
/** Weight of the pooled variance in each covariance. */
const shrinkage = 0.05;

/**
 * The two Gaussians, each with its own full covariance, that lie farthest apart, each with at least `fewest` points
 * [n][d]; null where there are none. Classification EM (Celeux and Govaert, 1992) from cuts through every axis. Full
 * covariances, since one product may vary much more than the other.
 */
export function bestHalves(points: readonly Float64Array[], fewest: number): Halves | null {
  const d = points[0]?.length ?? 0;
  let best: Halves | null = null;
  for (let axis = 0; axis < d; axis++) {
    const along = points.map((point) => point[axis]);
    const sorted = [...along].sort((a, b) => a - b);
    for (const cut of cuts) {
      const limit = sorted[Math.floor(cut * (sorted.length - 1))];
      const second = settle(
        points,
        along.map((value) => value > limit),
        fewest,
      );
      if (second === null) continue;
      const halves = measureHalves(points, second);
      if (halves && (best === null || halves.separation > best.separation)) best = halves;
    }
  }
  return best;
}

function settle(points: readonly Float64Array[], start: boolean[], fewest: number): boolean[] | null {
  let second = start;
  const pooled = variance(points) * shrinkage;
  for (let round = 0; round < mostRounds; round++) {
    const halves = split(points, second);
    if (halves.some(({ length }) => length < fewest)) return null;
    const [a, b] = halves.map((half) => gaussianOf(half, pooled, points.length));
    if (a === null || b === null) return null;
    const next = points.map((point) => logDensity(point, b) > logDensity(point, a));
    if (next.every((value, i) => value === second[i])) break;
    second = next;
  }
  return split(points, second).some(({ length }) => length < fewest) ? null : second;
}

const split = (points: readonly Float64Array[], second: boolean[]): [Float64Array[], Float64Array[]] => [
  points.filter((_, i) => !second[i]),
  points.filter((_, i) => second[i]),
];

/** Mean variance of an axis. */
function variance(points: readonly Float64Array[]): number {
  const { covariance, mean } = moments(points);
  let sum = 0;
  for (let i = 0; i < mean.length; i++) sum += covariance[i * mean.length + i];
  return sum / mean.length;
}

function moments(points: readonly Float64Array[]): { mean: Float64Array; covariance: Float64Array } {
  const d = points[0].length;
  const mean = new Float64Array(d);
  for (const point of points) for (let k = 0; k < d; k++) mean[k] += point[k] / points.length;
  const covariance = new Float64Array(d * d);
  for (const point of points) {
    for (let i = 0; i < d; i++) {
      const x = (point[i] - mean[i]) / Math.max(1, points.length - 1);
      for (let j = 0; j < d; j++) covariance[i * d + j] += x * (point[j] - mean[j]);
    }
  }
  return { mean, covariance };
}

interface Gaussian {
  mean: Float64Array;
  lower: Float64Array;
  logWeight: number;
}

/** As if `d` more points of the pooled variance had been seen. Null where the covariance is none. */
function gaussianOf(points: Float64Array[], pooled: number, total: number): Gaussian | null {
  const { mean, covariance } = moments(points);
  const d = mean.length;
  const share = points.length / (points.length + d);
  for (let i = 0; i < d * d; i++) covariance[i] *= share;
  for (let i = 0; i < d; i++) covariance[i * d + i] += pooled * (1 - share);
  if (!cholesky(covariance, d)) return null;
  let logWeight = Math.log(points.length / total);
  for (let i = 0; i < d; i++) logWeight -= Math.log(covariance[i * d + i]);
  return { mean, lower: covariance, logWeight };
}

function logDensity(point: Float64Array, { mean, lower, logWeight }: Gaussian): number {
  const centred = point.map((value, k) => value - mean[k]);
  return logWeight - whitenedSquare(lower, mean.length, centred) / 2;
}

/** Separation and valley along Fisher's discriminant of the two halves, both counting alike; null where they do not vary. */
export function measureHalves(points: readonly Float64Array[], second: boolean[]): Halves | null {
  if (points[0].length === 0) return null;
  const [a, b] = split(points, second).map(moments);
  const d = a.mean.length;
  const within = new Float64Array(d * d);
  for (let i = 0; i < d * d; i++) within[i] = (a.covariance[i] + b.covariance[i]) / 2;
  let trace = 0;
  for (let i = 0; i < d; i++) trace += within[i * d + i];
  for (let i = 0; i < d; i++) within[i * d + i] += Math.max((trace / d) * shrinkage, 1e-12);
  const direction = solve(
    within,
    d,
    b.mean.map((value, k) => value - a.mean[k]),
  );
  if (direction === null) return null;
  const along = points.map((point) => dot(point, direction));
  const low = along.filter((_, i) => !second[i]);
  const high = along.filter((_, i) => second[i]);
  const spread = Math.sqrt(varianceOf(low) + varianceOf(high));
  const distance = meanOf(high) - meanOf(low);
  const separation = (Math.SQRT2 * distance) / Math.max(spread, 1e-9 * Math.abs(distance), 1e-30);
  return { second, separation, valley: valleyOf(along, middle(low), middle(high)) };
}

/** x of A x = b for a positive definite A [n,n]. */
function solve(matrix: Float64Array, n: number, b: Float64Array): Float64Array | null {
  if (!cholesky(matrix, n)) return null;
  const x = b.slice();
  whitenedSquare(matrix, n, x);
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= matrix[k * n + i] * x[k];
    x[i] /= matrix[i * n + i];
  }
  return x;
}

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function varianceOf(values: number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
}

/** Counts in windows of a fifth of the distance, moved from one middle to the other. */
function valleyOf(along: number[], from: number, to: number): number {
  const reach = Math.abs(to - from) / 10;
  const counts = Array.from({ length: 21 }, (_, step) => {
    const centre = from + ((to - from) * step) / 20;
    return along.filter((value) => Math.abs(value - centre) <= reach).length;
  });
  return Math.min(...counts) / Math.max(1, Math.min(counts[0], counts[20]));
}
