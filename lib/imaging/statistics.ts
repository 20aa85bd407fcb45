import { decodeTo, type ImageInput, readSize } from './decode.ts';

/** What a picture looks like as a whole; grey values 0..255 of the picture reduced to at most 512 pixels a side. */
export interface ImageStatistics {
  width: number;
  height: number;
  mean: number;
  /** Standard deviation. */
  deviation: number;
  /** Share 0..1 of pixels at 250 or more. */
  saturated: number;
  /** Share 0..1 of pixels at 5 or less. */
  dark: number;
  /** Variance of the Laplacian: falls when the lens is out of focus. Comparable between pictures of one camera only. Pech-Pacheco et al., ICPR 2000. */
  sharpness: number;
}

const longestSide = 512;

/** Throws GP_IMAGE_UNREADABLE. */
export async function imageStatistics(image: ImageInput): Promise<ImageStatistics> {
  const size = await readSize(image);
  const scale = Math.min(1, longestSide / Math.max(size.width, size.height));
  const width = Math.max(1, Math.round(size.width * scale));
  const height = Math.max(1, Math.round(size.height * scale));
  const { data } = await decodeTo(image, { width, height, channels: 1 });
  let saturated = 0;
  let dark = 0;
  for (const value of data) {
    if (value >= 250) saturated += 1;
    else if (value <= 5) dark += 1;
  }
  const { mean, variance } = moments(data);
  return {
    ...size,
    mean,
    deviation: Math.sqrt(variance),
    saturated: saturated / data.length,
    dark: dark / data.length,
    sharpness: moments(laplacian(data, width, height)).variance,
  };
}

function laplacian(data: Buffer, width: number, height: number): Float64Array {
  const out = new Float64Array(Math.max(0, width - 2) * Math.max(0, height - 2));
  let at = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      out[at++] = data[i - 1] + data[i + 1] + data[i - width] + data[i + width] - 4 * data[i];
    }
  }
  return out;
}

function moments(values: ArrayLike<number>): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] * values[i];
  }
  const count = Math.max(1, values.length);
  const mean = sum / count;
  return { mean, variance: Math.max(0, squares / count - mean * mean) };
}
