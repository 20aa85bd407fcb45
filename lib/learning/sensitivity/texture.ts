import { mixSeed, seededRandom } from '../../core/random.ts';
import type { Levels } from '../../imaging/levels.ts';
import type { Size } from '../pictures/input-size.ts';
import type { Window } from './outline.ts';
import type { DrawnDefect } from './painter.ts';

interface Picture {
  pixels: Levels;
  size: Size;
  channels: 1 | 3;
}

/** What the window's pixels would be if the defect covered them wholly: [height, width, channels] of the window. */
export function texture(picture: Picture, defect: DrawnDefect, window: Window): Float32Array {
  const around = brightnessAround(picture, window);
  const contrast = withRoom(defect.contrast, around);
  if (defect.kind === 'cut-paste') return pasted(picture, defect, window, around, contrast);
  if (defect.kind === 'missing') return each(picture, window, (c) => around[c] + contrast);
  if (defect.kind === 'smear') {
    return each(picture, window, (c, x, y) => dragged(picture, defect, c, x, y) + contrast);
  }
  return each(picture, window, (c, x, y) => sample(picture, c, x, y) + contrast);
}

function each(
  { channels }: Picture,
  { left, top, width, height }: Window,
  value: (channel: number, x: number, y: number) => number,
): Float32Array {
  const out = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const x = left + (i % width) + 0.5;
    const y = top + Math.floor(i / width) + 0.5;
    for (let c = 0; c < channels; c++) out[i * channels + c] = value(c, x, y);
  }
  return out;
}

/** Mean of each channel over the window's uncovered pixels and a margin of two around it. */
function brightnessAround({ pixels, size, channels }: Picture, window: Window): number[] {
  const { left, top, width, height, alpha } = window;
  const sums = new Array<number>(channels).fill(0);
  let count = 0;
  for (let y = Math.max(0, top - 2); y < Math.min(size.height, top + height + 2); y++) {
    for (let x = Math.max(0, left - 2); x < Math.min(size.width, left + width + 2); x++) {
      const inside = x >= left && x < left + width && y >= top && y < top + height;
      if (inside && alpha[(y - top) * width + x - left] > 0) continue;
      for (let c = 0; c < channels; c++) sums[c] += pixels[(y * size.width + x) * channels + c];
      count += 1;
    }
  }
  return count === 0 ? sums.fill(128) : sums.map((sum) => sum / count);
}

function withRoom(contrast: number, around: number[]): number {
  const brightness = around.reduce((a, b) => a + b, 0) / around.length;
  const wanted = brightness + contrast;
  if (wanted >= 0 && wanted <= 255) return contrast;
  const other = brightness - contrast;
  return other >= 0 && other <= 255 ? -contrast : contrast;
}

/** Bilinear, edges repeated; (x, y) in pixels, a pixel's middle at .5. */
function sample({ pixels, size, channels }: Picture, channel: number, x: number, y: number): number {
  const u = Math.min(size.width - 1, Math.max(0, x - 0.5));
  const v = Math.min(size.height - 1, Math.max(0, y - 0.5));
  const column = Math.min(size.width - 2, Math.floor(u));
  const row = Math.min(size.height - 2, Math.floor(v));
  const fx = u - column;
  const fy = v - row;
  const at = (row * size.width + column) * channels + channel;
  const below = at + size.width * channels;
  const upper = pixels[at] + fx * (pixels[at + channels] - pixels[at]);
  const lower = pixels[below] + fx * (pixels[below + channels] - pixels[below]);
  return upper + fy * (lower - upper);
}

/** The mean along half the defect's length: motion blur. */
function dragged(picture: Picture, { size, angle }: DrawnDefect, channel: number, x: number, y: number): number {
  const steps = Math.max(2, Math.round(size / 2));
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const along = (i / (steps - 1) - 0.5) * (size / 2);
    sum += sample(picture, channel, x + along * Math.cos(angle), y + along * Math.sin(angle));
  }
  return sum / steps;
}

/** A piece from elsewhere in the picture, turned, its mean brightness `contrast` from what is around its new place. */
function pasted(
  picture: Picture,
  { seed, size, angle }: DrawnDefect,
  window: Window,
  around: number[],
  contrast: number,
): Float32Array {
  const random = seededRandom(mixSeed(seed, 1));
  const from = elsewhere(picture.size, window, size, random(), random());
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const out = each(picture, window, (c, x, y) => {
    const dx = x - window.x;
    const dy = y - window.y;
    return sample(picture, c, from.x + dx * cos + dy * sin, from.y + dy * cos - dx * sin);
  });
  const { channels } = picture;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let weight = 0;
    for (const [i, cover] of window.alpha.entries()) {
      sum += cover * out[i * channels + c];
      weight += cover;
    }
    const shift = around[c] + contrast - sum / Math.max(weight, 1e-9);
    for (let i = c; i < out.length; i += channels) out[i] += shift;
  }
  return out;
}

/** A middle for a piece of `size`, in the picture, as far from the window's as half the picture where it can be. */
function elsewhere(picture: Size, window: Window, size: number, u: number, v: number): { x: number; y: number } {
  const place = (at: number, length: number, share: number) => {
    const room = Math.max(0, length - size);
    const shifted = (at - size / 2 + room * (0.25 + 0.5 * share)) % Math.max(room, 1);
    return room === 0 ? length / 2 : size / 2 + Math.max(0, shifted);
  };
  return { x: place(window.x, picture.width, u), y: place(window.y, picture.height, v) };
}
