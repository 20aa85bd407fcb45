import { eigenByQl } from '../math/tridiagonal.ts';
import type { FeatureExtractor } from './extractor.ts';

/** Features of a cell → standardised, turned onto the leading principal axes: z = weights · x + bias. */
export interface Projection {
  channels: number;
  dimensions: number;
  /** [dimensions, channels] */
  weights: Float32Array;
  bias: Float32Array;
  /** Share of the standardised variance that the kept axes carry, 0..1. */
  explained: number;
}

/** More than this the frames of one camera do not support (facts: 160 axes from 300 frames were worse than 100). */
export const mostDimensions = 100;

/** Collects mean and covariance of the feature channels over the cells of some pictures. */
export class ProjectionFit {
  readonly #channels: number;
  readonly #alike: readonly { from: number; to: number }[];
  readonly #sum: Float64Array;
  readonly #outer: Float64Array;
  #cells = 0;

  /** `alike`: runs of channels of one unit (see FeatureExtractor). */
  constructor(channels: number, alike: FeatureExtractor['alike'] = []) {
    this.#channels = channels;
    this.#alike = alike;
    this.#sum = new Float64Array(channels);
    this.#outer = new Float64Array(channels * channels);
  }

  /** Takes every `every`-th cell of features [channels, cells], beginning at `first`. */
  add(features: Float32Array, cells: number, every: number, first: number): void {
    const n = this.#channels;
    const cell = new Float64Array(n);
    for (let at = first % every; at < cells; at += every) {
      for (let c = 0; c < n; c++) {
        cell[c] = features[c * cells + at];
        this.#sum[c] += cell[c];
      }
      for (let i = 0; i < n; i++) {
        const x = cell[i];
        const row = i * n;
        for (let j = i; j < n; j++) this.#outer[row + j] += x * cell[j];
      }
      this.#cells += 1;
    }
  }

  /** The leading `dimensions` axes at most; fewer where the features have fewer. `null` where nothing varies or is finite. */
  finish(dimensions: number): Projection | null {
    const n = this.#channels;
    const mean = this.#sum.map((sum) => sum / this.#cells);
    const variance = mean.map((value, c) => this.#outer[c * n + c] / this.#cells - value * value);
    if (!variance.every(Number.isFinite)) return null;
    const deviation = variance.map(Math.sqrt);
    for (const { from, to } of this.#alike) {
      const own = variance.subarray(from, to);
      const shared = own.reduce((a, b) => a + b, 0) / own.length;
      for (let c = from; c < to; c++) deviation[c] = Math.sqrt(variance[c] + shared);
    }
    // a constant channel says nothing
    for (let c = 0; c < n; c++) if (!(variance[c] > 1e-10)) deviation[c] = Number.POSITIVE_INFINITY;
    const correlation = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        const covariance = this.#outer[i * n + j] / this.#cells - mean[i] * mean[j];
        correlation[i * n + j] = correlation[j * n + i] = covariance / (deviation[i] * deviation[j]);
      }
    }
    const eigen = eigenByQl(correlation, n);
    if (eigen === null) return null;
    const { values, vectors } = eigen;
    const total = values.reduce((a, b) => a + Math.max(b, 0), 0);
    let kept = 0;
    while (kept < Math.min(dimensions, n) && values[kept] > total * 1e-7) kept += 1;
    if (kept === 0) return null;
    const weights = new Float32Array(kept * n);
    const bias = new Float32Array(kept);
    let share = 0;
    for (let k = 0; k < kept; k++) {
      share += values[k] / total;
      let offset = 0;
      for (let c = 0; c < n; c++) {
        const weight = Math.fround(vectors[k * n + c] / deviation[c]);
        weights[k * n + c] = weight;
        offset -= weight * mean[c];
      }
      bias[k] = offset;
    }
    return { channels: n, dimensions: kept, weights, bias, explained: share };
  }
}
