/**
 * What brings the distances of an uneven part to one scale everywhere: before smoothing, so that no cell drowns its neighbours, and
 * after it, because neighbours vary together more in some places than in others.
 */
export interface PositionCalibration {
  /** Deviation of the good distances at each position, never zero. */
  spread: Float32Array;
  /** Of the smoothed good maps in units of `spread`. */
  mean: Float32Array;
  deviation: Float32Array;
}

export interface Grid {
  width: number;
  height: number;
}

/** Share of the pooled deviation added to each position's own. */
const pooledShare = 0.1;
/** The least that is added to `spread`, as a share of the mean distance: less than that is rounding, not a difference between parts. */
const meanShare = 0.01;
/** The least of `deviation`, which is about 0.5 for cells that vary independently of their neighbours. */
const leastDeviation = 0.15;
/** Estimates from the rows `use` accepts of `distances` [pictures, positions]. */
export function calibratePositions(
  distances: Float32Array,
  grid: Grid,
  use: (picture: number) => boolean,
): PositionCalibration {
  const positions = grid.width * grid.height;
  const chosen: Float32Array[] = [];
  for (let p = 0; p * positions < distances.length; p++) {
    if (use(p)) chosen.push(distances.subarray(p * positions, (p + 1) * positions));
  }
  const own = moments(chosen, positions, (row) => row);
  const whole = own.mean.reduce((a, b) => a + b, 0) / positions;
  const spread = widened(own.variance, Math.max(meanShare * Math.abs(whole), 1e-6));
  const { mean, variance } = moments(chosen, positions, (row) => smoothed(inSpreads(row, spread), grid));
  return { spread, mean, deviation: widened(variance, 0).map((each) => Math.max(each, leastDeviation)) };
}

/** Of what `of` makes of each row, at each position. */
function moments(rows: Float32Array[], positions: number, of: (row: Float32Array) => Float32Array) {
  const sum = new Float64Array(positions);
  const square = new Float64Array(positions);
  for (const row of rows) {
    const values = of(row);
    for (let position = 0; position < positions; position++) {
      sum[position] += values[position];
      square[position] += values[position] ** 2;
    }
  }
  const count = rows.length;
  const mean = Float32Array.from(sum, (each) => each / count);
  const variance = sum.map((each, i) => Math.max(0, (square[i] - (each * each) / count) / Math.max(1, count - 1)));
  return { mean, variance };
}

/** Deviations, to which a share of the pooled one is added, `least` at least. */
function widened(variance: Float64Array, least: number): Float32Array {
  const pooled = variance.reduce((a, b) => a + b, 0) / variance.length;
  const extra = Math.max(pooledShare * Math.sqrt(pooled), least);
  return Float32Array.from(variance, (each) => Math.sqrt(each) + extra);
}

const inSpreads = (distances: Float32Array, spread: Float32Array) => distances.map((value, i) => value / spread[i]);

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

/** Distances of one picture [positions] → its anomaly map on the grid, in deviations from the typical good map. */
export function mapOf(distances: Float32Array, calibration: PositionCalibration, grid: Grid): Float32Array {
  const { spread, mean, deviation } = calibration;
  return smoothed(inSpreads(distances, spread), grid).map((value, i) => (value - mean[i]) / deviation[i]);
}

/** Smoothed along both axes, the border repeated. */
function smoothed(values: Float32Array, { width, height }: Grid): Float32Array {
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
