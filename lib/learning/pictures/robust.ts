/** Median; NaN of nothing. */
export function middle(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** 1.4826 times the median absolute deviation from the median: the standard deviation of normal values, outliers or not. */
export function robustDeviation(values: ArrayLike<number>): number {
  const centre = middle(values);
  return 1.4826 * middle(Float64Array.from(values, (value) => Math.abs(value - centre)));
}
