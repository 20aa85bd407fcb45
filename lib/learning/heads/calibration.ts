/** Mean and deviation of the good distances at each position: an uneven part then has one scale everywhere. */
export interface PositionCalibration {
  mean: Float32Array;
  /** The position's deviation plus a share of the pooled one, never zero. */
  deviation: Float32Array;
}

export interface Grid {
  width: number;
  height: number;
}

/** Share of the pooled deviation added to each position's own. */
const pooledShare = 0.1;
/** The least that is added, as a share of the mean distance: less than that is rounding, not a difference between parts. */
const meanShare = 0.01;

/** Estimates from the rows `use` accepts of `distances` [pictures, positions]. */
export function calibratePositions(
  distances: Float32Array,
  positions: number,
  use: (picture: number) => boolean,
): PositionCalibration {
  const pictures = distances.length / positions;
  const mean = new Float32Array(positions);
  const deviation = new Float32Array(positions);
  let pooled = 0;
  let whole = 0;
  for (let position = 0; position < positions; position++) {
    let count = 0;
    let sum = 0;
    let square = 0;
    for (let p = 0; p < pictures; p++) {
      if (!use(p)) continue;
      const value = distances[p * positions + position];
      count += 1;
      sum += value;
      square += value * value;
    }
    const average = sum / count;
    const variance = Math.max(0, (square - sum * average) / Math.max(1, count - 1));
    mean[position] = average;
    deviation[position] = Math.sqrt(variance);
    pooled += variance / positions;
    whole += average / positions;
  }
  const extra = Math.max(pooledShare * Math.sqrt(pooled), meanShare * whole, 1e-6);
  for (let position = 0; position < positions; position++) deviation[position] += extra;
  return { mean, deviation };
}

/**
 * Weights of the smoothing along one axis: a Gaussian of 4 input pixels on the stride-8 grid, widened by the linear
 * interpolation that a full-size map would get (variance 1/6 cell), so that the grid's maximum is the full map's.
 */
export const smoothing: readonly number[] = (() => {
  const variance = (4 / 8) ** 2 + 1 / 6;
  const weights = [-2, -1, 0, 1, 2].map((x) => Math.exp((-x * x) / (2 * variance)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
})();

/** Distances of one picture [positions] → its anomaly map on the grid, in deviations from the typical good distance. */
export function mapOf(distances: Float32Array, calibration: PositionCalibration, grid: Grid): Float32Array {
  const { width, height } = grid;
  const values = distances.map((value, i) => (value - calibration.mean[i]) / calibration.deviation[i]);
  const rows = new Float32Array(values.length);
  const reach = (smoothing.length - 1) / 2;
  const inside = (at: number, size: number) => Math.min(size - 1, Math.max(0, at));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [k, weight] of smoothing.entries()) sum += weight * values[y * width + inside(x + k - reach, width)];
      rows[y * width + x] = sum;
    }
  }
  const map = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [k, weight] of smoothing.entries()) sum += weight * rows[inside(y + k - reach, height) * width + x];
      map[y * width + x] = sum;
    }
  }
  return map;
}

/** The largest value; NaN where any value is not a number, so that nothing broken looks good. */
export function maximumOf(values: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (Number.isNaN(value)) return Number.NaN;
    if (value > largest) largest = value;
  }
  return largest;
}
