/** The value below which `share` of them lie; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

export interface Spread {
  p50: number;
  p99: number;
}

export function spread(values: readonly number[]): Spread {
  return { p50: rounded(median(values)), p99: rounded(quantile(values, 0.99)) };
}

export interface Slope {
  /** Units of y for one of x. */
  slope: number;
  /** Of the slope, from what the points scatter about the line; points that follow each other in time scatter less than they should. */
  standardError: number;
}

/** The straight line of least squares through points (x, y). */
export function slopeOf(points: readonly (readonly [number, number])[]): Slope {
  const [x, y] = [mean(points.map(([first]) => first)), mean(points.map(([, second]) => second))];
  const spreadX = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  if (points.length < 3 || spreadX === 0) return { slope: 0, standardError: 0 };
  const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spreadX;
  const left = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  return { slope, standardError: Math.sqrt(left / (points.length - 2) / spreadX) };
}
