/**
 * How sharp a grey picture is: mean squared gradient (Tenengrad: Sobel operator, Krotkov 1987) divided by the variance of the grey
 * values, in 1/pixel². It falls when the lens goes out of focus or the part moves during the exposure; brightness, gain and offset
 * of the light cancel out. Sobel's own smoothing keeps sensor noise from looking sharp, which variance of the Laplacian does not
 * (Pertuz, Puig and Garcia, Pattern Recognition 46, 2013). Comparable between pictures of one camera and one size only.
 *
 * `values`: row by row, any linear unit; `inside`: 1 for the pixels that count, of the same length. NaN where nothing can be said:
 * no pixel counts, or all are alike.
 */
export function focusMeasure(
  values: ArrayLike<number>,
  { width, height }: { width: number; height: number },
  inside?: Uint8Array,
): number {
  let [count, sum, squares, gradients] = [0, 0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      if (inside !== undefined && inside[at] === 0) continue;
      const up = at - width;
      const down = at + width;
      const across =
        values[up + 1] + 2 * values[at + 1] + values[down + 1] - values[up - 1] - 2 * values[at - 1] - values[down - 1];
      const along =
        values[down - 1] + 2 * values[down] + values[down + 1] - values[up - 1] - 2 * values[up] - values[up + 1];
      count += 1;
      sum += values[at];
      squares += values[at] * values[at];
      gradients += across * across + along * along;
    }
  }
  const variance = squares / count - (sum / count) ** 2;
  // rounding leaves a trace of variance in a picture of one value
  return variance > 1e-9 * (squares / count) ? gradients / 64 / count / variance : Number.NaN;
}
