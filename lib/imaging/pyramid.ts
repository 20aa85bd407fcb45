import type { Levels } from './levels.ts';
import type { Size } from './placement.ts';

/** A grey picture, row by row. */
export interface Grey extends Size {
  values: Float32Array;
}

/** Luminance (Rec. 709 weights) of an HWC picture, averaged over the area of each pixel of `target`. */
export function greyOf(pixels: Levels, size: Size, channels: 1 | 3, target: Size): Grey {
  const columns = shares(size.width, target.width);
  const rows = shares(size.height, target.height);
  const { width } = target;
  const line = new Float32Array(size.width);
  const narrow = new Float32Array(size.height * width);
  for (let y = 0; y < size.height; y++) {
    const from = y * size.width * channels;
    if (channels === 1) for (let x = 0; x < size.width; x++) line[x] = pixels[from + x];
    else
      for (let x = 0, i = from; x < size.width; x++, i += 3)
        line[x] = 0.2126 * pixels[i] + 0.7152 * pixels[i + 1] + 0.0722 * pixels[i + 2];
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x];
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * line[first + i];
      narrow[y * width + x] = sum;
    }
  }
  const values = new Float32Array(width * target.height);
  for (let y = 0; y < target.height; y++) {
    const { first, weights } = rows[y];
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i];
      const from = (first + i) * width;
      for (let x = 0, to = y * width; x < width; x++) values[to++] += weight * narrow[from + x];
    }
  }
  return { ...target, values };
}

/** Half the size: means of 2 x 2 pixels. An odd last row or column is left out. */
export function halved({ width, height, values }: Grey): Grey {
  const half = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
  const out = new Float32Array(half.width * half.height);
  const right = width > 1 ? 1 : 0;
  const below = height > 1 ? width : 0;
  for (let y = 0, to = 0; y < half.height; y++) {
    for (let x = 0, from = 2 * y * width; x < half.width; x++, from += 2) {
      out[to++] = (values[from] + values[from + right] + values[from + below] + values[from + below + right]) / 4;
    }
  }
  return { ...half, values: out };
}

/** The picture minus its local mean (a box of `2·radius + 1`, cut off at the edges): structure without light and shade. */
export function detrended({ width, height, values }: Grey, radius: number): Grey {
  const sums = new Float64Array((width + 1) * (height + 1));
  const stride = width + 1;
  for (let y = 0; y < height; y++) {
    let line = 0;
    for (let x = 0; x < width; x++) {
      line += values[y * width + x];
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + line;
    }
  }
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const top = Math.max(0, y - radius);
    const bottom = Math.min(height, y + radius + 1);
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - radius);
      const right = Math.min(width, x + radius + 1);
      const sum =
        sums[bottom * stride + right] -
        sums[top * stride + right] -
        sums[bottom * stride + left] +
        sums[top * stride + left];
      out[y * width + x] = values[y * width + x] - sum / ((bottom - top) * (right - left));
    }
  }
  return { width, height, values: out };
}

interface Share {
  first: number;
  weights: Float32Array;
}

/** Which source pixels, and how much of each, an area of the target covers. */
function shares(from: number, to: number): Share[] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    const begin = i * step;
    const end = Math.min(from, (i + 1) * step);
    const first = Math.min(from - 1, Math.floor(begin + 1e-9));
    const last = Math.max(first, Math.min(from - 1, Math.ceil(end - 1e-9) - 1));
    const weights = new Float32Array(last - first + 1);
    for (let j = first; j <= last; j++) weights[j - first] = (Math.min(end, j + 1) - Math.max(begin, j)) / step;
    return { first, weights };
  });
}
