import type { Size } from './placement.ts';
import type { RegionBox } from './region-mask.ts';

/** Sorting more costs time and moves the ends of the range by nothing that counts. */
const samples = 4096;

/**
 * The grey values of a box as uint8 over the range that they fill (all but the outermost 0.5 % at either end): registration does not care
 * for brightness and gain, and the few grey values of a thermal picture are not lost in 256 steps of a range it does not use.
 */
export function boxPixels({ grey, width }: Size & { grey: Float32Array }, box: RegionBox): Uint8Array {
  const values = new Float32Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = (box.top + y) * width + box.left;
    values.set(grey.subarray(from, from + box.width), y * box.width);
  }
  const step = Math.max(1, Math.floor(values.length / samples));
  const sorted = Float32Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]).sort();
  const low = sorted[Math.floor(0.005 * (sorted.length - 1))];
  const high = sorted[Math.ceil(0.995 * (sorted.length - 1))];
  const scale = high > low ? 255 / (high - low) : 0;
  const out = new Uint8ClampedArray(values.length); // rounds, and stays within 0..255
  for (let i = 0; i < values.length; i++) out[i] = (values[i] - low) * scale;
  return new Uint8Array(out.buffer);
}
