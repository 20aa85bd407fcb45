import type { Registration } from '../core/inspection.ts';
import { type Levels, levelsLike } from './levels.ts';

export interface Size {
  width: number;
  height: number;
}

/** How a part lies; `agreement` does not matter here. */
export type Placement = Pick<Registration, 'dx' | 'dy' | 'rotation'>;

/**
 * Pixel coordinates of a picture that may be stretched: x' = xx·x + xy·y + x0, y' = yx·x + yy·y + y0. A pixel covers
 * [i, i+1), its centre is i + 0.5.
 */
export interface Affine {
  xx: number;
  xy: number;
  x0: number;
  yx: number;
  yy: number;
  y0: number;
}

/**
 * From where the reference's point lies to where it is found in the frame, both as pixels of a picture of `size`. `aspect`: width
 * by height of the frame as the camera gave it; a turn is a turn there and a shear in a stretched picture.
 */
export function toFrame({ dx, dy, rotation }: Placement, { width, height }: Size, aspect = width / height): Affine {
  const angle = (rotation * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  // pixels that are `stretch` times as wide as high
  const stretch = (aspect * height) / width;
  const xy = -sin / stretch;
  const yx = sin * stretch;
  const cx = width / 2;
  const cy = height / 2;
  return {
    ...{ xx: cos, xy, x0: cx + dx * width - cos * cx - xy * cy },
    ...{ yx, yy: cos, y0: cy + dy * height - yx * cx - cos * cy },
  };
}

/** The way back: from the frame to the reference. */
export function toReference(placement: Placement, size: Size, aspect?: number): Affine {
  const { xx, xy, x0, yx, yy, y0 } = toFrame(placement, size, aspect);
  const area = xx * yy - xy * yx;
  return {
    ...{ xx: yy / area, xy: -xy / area, x0: (xy * y0 - yy * x0) / area },
    ...{ yx: -yx / area, yy: xx / area, y0: (yx * x0 - xx * y0) / area },
  };
}

/**
 * Moves a picture (HWC) so that the part lies as in the reference: bilinear, in 1/256 steps; beyond the frame's edge the
 * edge goes on. Returns levels of its own, of the same kind and size.
 */
export function warp<T extends Levels>(
  pixels: T,
  size: Size,
  channels: 1 | 3,
  placement: Placement,
  aspect = size.width / size.height,
): T {
  const { width, height } = size;
  const there = toFrame(placement, size, aspect);
  const { xx, xy, x0, yx, yy, y0 } = there;
  const whole = !(pixels instanceof Float32Array);
  const out = levelsLike(pixels, width * height * channels);
  const right = width - 1;
  const bottom = height - 1;
  let to = 0;
  for (let row = 0; row < height; row++) {
    const [from, until] = shownColumns(there, size, row, 0.5);
    for (let column = 0; column < width; column++) {
      const x = xx * (column + 0.5) + xy * (row + 0.5) + x0 - 0.5;
      const y = yx * (column + 0.5) + yy * (row + 0.5) + y0 - 0.5;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const fx = ((x - left) * 256 + 0.5) | 0;
      const fy = ((y - top) * 256 + 0.5) | 0;
      const w00 = (256 - fx) * (256 - fy);
      const w01 = fx * (256 - fy);
      const w10 = (256 - fx) * fy;
      const w11 = fx * fy;
      let a = (top * width + left) * channels;
      let b = a + channels;
      let c = a + width * channels;
      let d = c + channels;
      if (column < from || column >= until || left >= right || top >= bottom) {
        const xa = left < 0 ? 0 : Math.min(left, right);
        const xb = left < -1 ? 0 : Math.min(left + 1, right);
        const ya = (top < 0 ? 0 : Math.min(top, bottom)) * width;
        const yb = (top < -1 ? 0 : Math.min(top + 1, bottom)) * width;
        a = (ya + xa) * channels;
        b = (ya + xb) * channels;
        c = (yb + xa) * channels;
        d = (yb + xb) * channels;
      }
      for (let channel = 0; channel < channels; channel++) {
        const sum =
          pixels[a + channel] * w00 + pixels[b + channel] * w01 + pixels[c + channel] * w10 + pixels[d + channel] * w11;
        out[to++] = whole ? (sum + 32_768) >> 16 : sum / 65_536;
      }
    }
  }
  return out;
}

/** The columns [from, until) of a row whose middles the frame shows at least `inset` pixels within its edges. */
export function shownColumns(
  { xx, xy, x0, yx, yy, y0 }: Affine,
  size: Size,
  row: number,
  inset: number,
): [number, number] {
  let from = 0;
  let until = size.width;
  for (const [slope, start, length] of [
    [xx, xy * (row + 0.5) + x0, size.width],
    [yx, yy * (row + 0.5) + y0, size.height],
  ]) {
    const [low, high] = [inset - start, length - inset - start];
    if (Math.abs(slope) < 1e-9) {
      if (low > 0 || high < 0) return [0, 0];
      continue;
    }
    const [first, last] = slope > 0 ? [low / slope, high / slope] : [high / slope, low / slope];
    from = Math.max(from, Math.ceil(first - 0.5));
    until = Math.min(until, Math.floor(last - 0.5) + 1);
  }
  return from < until ? [from, until] : [0, 0];
}
