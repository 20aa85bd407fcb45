import type { Size } from './input-size.ts';

/** Cells of the coarse thumbnail that says what a picture shows, on each side. */
export const coarseSide = 16;
/** Cells of the fine thumbnail that tells copies from look-alikes. */
export const fineSide = 32;

/** One picture measured as a whole, on its luminance. */
export interface Look {
  /** Mean grey value, 0..255. */
  mean: number;
  /** Grey value that 1 % of the pixels exceed: how bright the lights in it are. */
  highlight: number;
  /** Share 0..1 of pixels at 250 or more. */
  saturated: number;
  /** Standard deviation of the grey values. */
  deviation: number;
  /** Slope of the strongest edges near to, over their slope from afar: 1 for edges as wide as a cell, 2 for sharp ones. */
  sharpness: number;
  /** Mean step of those edges, grey levels a pixel; hardly any: the picture has no edges to judge. */
  contrast: number;
  /** The picture from afar, zero mean and unit length: [16 x 16] and [32 x 32]. */
  coarse: Float32Array;
  fine: Float32Array;
}

/** Edges are compared over steps of 2 and of 4 pixels: sensor noise hardly reaches either. */
const near = 2;
const far = 4;
/** The share of places that counts as edges. */
const edgeShare = 0.1;

/** Measures one picture: uint8, HWC. Below a millisecond for 256 x 256 grey pixels. */
export function lookAt(pixels: Uint8Array, size: Size, channels: 1 | 3): Look {
  const { width, height } = wholeCells(size);
  const grey = resized(channels === 1 ? pixels : luminance(pixels), size, { width, height });
  const fineCells = average(grey, width, width / fineSide, height / fineSide, fineSide, fineSide);
  const coarseCells = average(fineCells, fineSide, 2, 2, coarseSide, coarseSide);
  return {
    ...brightness(grey),
    ...edges(grey, { width, height }),
    coarse: unit(coarseCells),
    fine: unit(fineCells),
  };
}

/** A backbone may want a side that no thumbnail divides (518 for patches of 14): measured is the next smaller size that one does. */
function wholeCells({ width, height }: Size): Size {
  const side = (length: number) => Math.max(1, Math.floor(length / fineSide)) * fineSide;
  return { width: side(width), height: side(height) };
}

/** The nearest pixels; the same array where nothing changes. */
function resized(grey: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.width === to.width && from.height === to.height) return grey;
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0, at = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / to.height) * from.width;
    for (let x = 0; x < to.width; x++, at++) out[at] = grey[row + Math.floor(((x + 0.5) * from.width) / to.width)];
  }
  return out;
}

/** Luminance, Rec. 709 weights. */
function luminance(pixels: Uint8Array): Uint8Array {
  const out = new Uint8Array(pixels.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) {
    out[i] = 0.2126 * pixels[at] + 0.7152 * pixels[at + 1] + 0.0722 * pixels[at + 2] + 0.5;
  }
  return out;
}

function brightness(grey: Uint8Array): Pick<Look, 'mean' | 'highlight' | 'saturated' | 'deviation'> {
  const counts = new Uint32Array(256);
  for (let i = 0; i < grey.length; i++) counts[grey[i]] += 1;
  let sum = 0;
  let squares = 0;
  let saturated = 0;
  for (let value = 0; value < 256; value++) {
    sum += counts[value] * value;
    squares += counts[value] * value * value;
    if (value >= 250) saturated += counts[value];
  }
  let highlight = 255;
  for (let above = counts[255]; highlight > 0 && above < grey.length / 100; above += counts[highlight]) highlight -= 1;
  const mean = sum / grey.length;
  const deviation = Math.sqrt(Math.max(0, squares / grey.length - mean * mean));
  return { mean, highlight, saturated: saturated / grey.length, deviation };
}

/** Means of blocks of `stepX` x `stepY` values → [rows, columns]. */
function average(
  values: ArrayLike<number>,
  stride: number,
  stepX: number,
  stepY: number,
  columns: number,
  rows: number,
): Float32Array {
  const out = new Float32Array(columns * rows);
  for (let y = 0; y < rows * stepY; y++) {
    const to = Math.floor(y / stepY) * columns;
    const from = y * stride;
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let x = from + column * stepX, end = x + stepX; x < end; x++) sum += values[x];
      out[to + column] += sum;
    }
  }
  const share = 1 / (stepX * stepY);
  for (let i = 0; i < out.length; i++) out[i] *= share;
  return out;
}

function unit(values: Float32Array): Float32Array {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let square = 0;
  for (const value of values) square += (value - mean) ** 2;
  // A uniform picture becomes zeros, not its noise blown up: less than a tenth of a grey level is nothing.
  const scale = 1 / Math.max(Math.sqrt(square), 0.1 * Math.sqrt(values.length));
  return values.map((value) => (value - mean) * scale);
}

/**
 * How steep the strongest edges are near to, against from afar. Blur widens an edge, which the step over 4 pixels hardly
 * notices and the step over 2 does; light and contrast change both alike. After the edge-width measures of focus (Marziliano et
 * al., "A no-reference perceptual blur metric", ICIP 2002), on averages of pixels so that noise does not pass for sharpness.
 */
function edges(grey: Uint8Array, { width, height }: Size): Pick<Look, 'sharpness' | 'contrast'> {
  const fine = average(grey, width, near, near, width / near, height / near);
  const coarse = average(fine, width / near, far / near, far / near, width / far, height / far);
  const columns = width / far;
  const rows = height / far;
  const places = (columns - 1) * rows + (rows - 1) * columns;
  const steps = new Float32Array(places);
  const slopes = new Float32Array(places);
  const across = 2 * columns; // cells of `fine` in a row
  let at = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const cell = y * columns + x;
      const corner = 2 * y * across + 2 * x;
      if (x + 1 < columns) {
        steps[at] = Math.abs(coarse[cell + 1] - coarse[cell]) / far;
        slopes[at++] = (steepest(fine, corner, 1) + steepest(fine, corner + across, 1)) / (2 * near);
      }
      if (y + 1 < rows) {
        steps[at] = Math.abs(coarse[cell + columns] - coarse[cell]) / far;
        slopes[at++] = (steepest(fine, corner, across) + steepest(fine, corner + 1, across)) / (2 * near);
      }
    }
  }
  const cut = upperShare(steps, edgeShare);
  let slope = 0;
  let step = 0;
  let count = 0;
  for (let i = 0; i < places; i++) {
    if (steps[i] < cut) continue;
    slope += slopes[i];
    step += steps[i];
    count += 1;
  }
  // The summands keep a picture without edges at a ratio of 1.
  return { sharpness: (slope / count + 0.05) / (step / count + 0.05), contrast: step / count };
}

/** The largest of the three steps between four cells in a row. */
function steepest(fine: Float32Array, at: number, next: number): number {
  const a = Math.abs(fine[at + next] - fine[at]);
  const b = Math.abs(fine[at + 2 * next] - fine[at + next]);
  const c = Math.abs(fine[at + 3 * next] - fine[at + 2 * next]);
  return Math.max(a, b, c);
}

/** A value that about `share` of the values reach, in steps of a 1024th of the largest. */
function upperShare(values: Float32Array, share: number): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i];
  if (largest === 0) return 0;
  const bins = 1024;
  const counts = new Uint32Array(bins + 1);
  const scale = bins / largest;
  for (let i = 0; i < values.length; i++) counts[Math.floor(values[i] * scale)] += 1;
  let bin = bins;
  for (let above = counts[bin]; bin > 0 && above < values.length * share; above += counts[bin]) bin -= 1;
  return bin / scale;
}
