import type { Random } from '../core/random.ts';
import { clampByte, type Levels } from './levels.ts';
import { type Affine, type Placement, type Size, shownColumns, toFrame, toReference, warp } from './placement.ts';
import type { Grey } from './pyramid.ts';
import { type PreparedReference, register, withinLimits } from './register.ts';

/**
 * Moves a picture (HWC) so that the part lies as in the reference. What the frame does not show there is the frame's edge, gone
 * on as the reference goes on: the edge alone, drawn out to stripes, is stranger to a model than any defect (measured). The one
 * implementation for learning and inspection. Returns levels of its own, of the same kind.
 */
export function layAsLearned<T extends Levels>(
  pixels: T,
  size: Size,
  channels: 1 | 3,
  placement: Placement,
  { aspect, grey }: Pick<PreparedReference, 'aspect' | 'grey'>,
): T {
  const { width, height } = size;
  const whole = !(pixels instanceof Float32Array);
  const out = warp(pixels, size, channels, placement, aspect);
  const there = toFrame(placement, size, aspect);
  const back = toReference(placement, size, aspect);
  const scaleX = grey.width / width;
  const scaleY = grey.height / height;
  for (let row = 0; row < height; row++) {
    const [from, until] = shownColumns(there, size, row, 0.5);
    for (let column = 0; column < width; column++) {
      if (column === from && until > from) column = until;
      if (column >= width) break;
      const at = (row * width + column) * channels;
      const x = moved(there, column + 0.5, row + 0.5);
      const y = movedY(there, column + 0.5, row + 0.5);
      const edgeX = Math.max(0.5, Math.min(width - 0.5, x));
      const edgeY = Math.max(0.5, Math.min(height - 0.5, y));
      const seam = sampled(grey, moved(back, edgeX, edgeY) * scaleX, movedY(back, edgeX, edgeY) * scaleY);
      const change = sampled(grey, (column + 0.5) * scaleX, (row + 0.5) * scaleY) - seam;
      for (let c = at; c < at + channels; c++) out[c] = whole ? clampByte(out[c] + change) : out[c] + change;
    }
  }
  return out;
}

/**
 * A good picture as if its part had lain elsewhere within the limits and been registered there: what a model must have seen to know
 * what registration, interpolation and the missing edge do to a good part. `placement`: where the part lies now. Null where the part
 * would not be found there.
 */
export function laidFromElsewhere<T extends Levels>(
  pixels: T,
  size: Size,
  channels: 1 | 3,
  { dx, dy, rotation }: Placement,
  reference: PreparedReference,
  random: Random,
): T | null {
  const { maxShift, maxRotation } = reference.limits;
  const within = (limit: number) => (2 * random() - 1) * 0.95 * limit;
  const away = {
    dx: dx - within(maxShift),
    dy: dy - within(maxShift),
    rotation: rotation - within(maxRotation),
  };
  const elsewhere = warp(pixels, size, channels, away, reference.aspect);
  const found = register(elsewhere, size, channels, reference);
  return withinLimits(found, reference.limits) ? layAsLearned(elsewhere, size, channels, found, reference) : null;
}

const moved = ({ xx, xy, x0 }: Affine, x: number, y: number) => xx * x + xy * y + x0;
const movedY = ({ yx, yy, y0 }: Affine, x: number, y: number) => yx * x + yy * y + y0;

/** Bilinear, at a point in pixels; beyond the edge the edge. */
function sampled({ width, height, values }: Grey, x: number, y: number): number {
  const px = Math.max(0, Math.min(width - 1, x - 0.5));
  const py = Math.max(0, Math.min(height - 1, y - 0.5));
  const left = Math.min(width - 2, Math.floor(px));
  const top = Math.min(height - 2, Math.floor(py));
  const at = top * width + left;
  const upper = values[at] + (px - left) * (values[at + 1] - values[at]);
  const lower = values[at + width] + (px - left) * (values[at + width + 1] - values[at + width]);
  return upper + (py - top) * (lower - upper);
}
