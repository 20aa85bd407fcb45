/** Grey picture, one byte per pixel, rows without padding. */
export interface Grey {
  data: Uint8Array;
  width: number;
  height: number;
}

export interface Measured {
  /** Variance of the Laplacian: falls when the picture is blurred. Comparable within one clip only. Pech-Pacheco et al., ICPR 2000. */
  focus: number;
  /** Mean brightness of 32 x 24 fields. */
  thumbnail: Float32Array;
}

const columns = 32;
const rows = 24;
/** A clip's sharpest fifth sets what sharp is; the variance falls below two fifths of it by a blur of about one pixel. */
const sharpShare = 0.8;
const blurredBelow = 0.4;
/** Grey values: codec noise changes the mean of a field by less, a part that moved by a few pixels by more. */
const fieldDiffers = 6;
const pictureDiffers = 2;

/** Halves a picture of three channels to grey (its green): fast, and pixel noise does not pass for sharpness. */
export function halved(rgb: Uint8Array, width: number, height: number): Grey {
  const [w, h] = [width >> 1, height >> 1];
  const data = new Uint8Array(w * h);
  const row = width * 3;
  for (let y = 0; y < h; y++) {
    let at = 2 * y * row + 1;
    for (let x = 0; x < w; x++, at += 6) {
      data[y * w + x] = (rgb[at] + rgb[at + 3] + rgb[at + row] + rgb[at + row + 3] + 2) >> 2;
    }
  }
  return { data, width: w, height: h };
}

export function measure(picture: Grey): Measured {
  return { focus: focusOf(picture), thumbnail: thumbnailOf(picture) };
}

function focusOf({ data, width, height }: Grey): number {
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const value = data[i - 1] + data[i + 1] + data[i - width] + data[i + width] - 4 * data[i];
      sum += value;
      squares += value * value;
    }
  }
  const count = Math.max(1, (width - 2) * (height - 2));
  return Math.max(0, squares / count - (sum / count) ** 2);
}

function thumbnailOf({ data, width, height }: Grey): Float32Array {
  const sums = new Float32Array(columns * rows);
  const counts = new Float32Array(columns * rows);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const field = row + Math.floor((x * columns) / width);
      sums[field] += data[y * width + x];
      counts[field] += 1;
    }
  }
  return sums.map((sum, field) => sum / Math.max(1, counts[field]));
}

/** Whether two pictures show the same: no field differs by more than noise, the light as a whole aside. */
export function nearlyEqual(a: Float32Array, b: Float32Array): boolean {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const light = mean(b) - mean(a);
  let total = 0;
  for (const [field, value] of a.entries()) {
    const difference = Math.abs(b[field] - value - light);
    if (difference > fieldDiffers) return false;
    total += difference;
  }
  return total / a.length <= pictureDiffers;
}

/** The focus below which pictures of a clip are blurred, by the clip's own distribution; 0 for none. */
export function blurLimit(focuses: readonly number[]): number {
  if (focuses.length === 0) return 0;
  const sorted = [...focuses].sort((a, b) => a - b);
  return blurredBelow * sorted[Math.min(sorted.length - 1, Math.floor(sharpShare * sorted.length))];
}

/** `most` of them at the most, spread evenly, the first and the last among them. */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  if (most === 1) return [items[Math.floor(items.length / 2)]];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}
