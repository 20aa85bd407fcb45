import { PartDrawer } from '../../lib/capture/simulated-part.ts';
import { gaussian, mixSeed, seededRandom } from '../../lib/core/random.ts';

/** A raw RGB picture as a message may carry it. */
export interface RawPicture {
  data: Buffer;
  width: number;
  height: number;
  channels: 3;
}

const size = { width: 320, height: 240 };
let drawers = new Map<number, PartDrawer>();

/** Part `number` of the simulated line, good or always with a defect. */
export function linePicture(number: number, { defective = false } = {}): RawPicture {
  const rate = defective ? 1 : 0;
  let drawer = drawers.get(rate);
  if (drawer === undefined) {
    drawer = new PartDrawer({ ...size, seed: 5, defectRate: rate });
    drawers = drawers.set(rate, drawer);
  }
  return { ...size, channels: 3, data: drawer.draw(number).data };
}

/** The conveyor with its rails, nothing on it, and fresh sensor noise. */
export function emptyNest(number: number): RawPicture {
  const random = seededRandom(mixSeed(77, number));
  const { width, height } = size;
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const rail = Math.abs(x - width * 0.3) < 5 || Math.abs(x - width * 0.7) < 5 ? 60 : 0;
      const level = 38 + 4 * Math.sin(x / 4.5) + rail;
      for (let k = 0; k < 3; k++) {
        const value = level + k + 2.2 * gaussian(random);
        data[(y * width + x) * 3 + k] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  return { ...size, channels: 3, data };
}

const changed = (
  picture: RawPicture,
  pixel: (value: number, x: number, y: number, k: number) => number,
): RawPicture => {
  const { width, height } = picture;
  const data = Buffer.alloc(picture.data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let k = 0; k < 3; k++, i++) {
        data[i] = Math.max(0, Math.min(255, Math.round(pixel(picture.data[i], x, y, k))));
      }
    }
  }
  return { ...picture, data };
};

/** What can be wrong with a picture of a good part. */
export const spoilt = {
  darkened: (picture: RawPicture, gain = 0.5) => changed(picture, (value) => value * gain),
  brightened: (picture: RawPicture, gain = 1.45) => changed(picture, (value) => value * gain),
  saturated: (picture: RawPicture) => changed(picture, (value) => value * 1.2 + 60),
  black: (picture: RawPicture) => changed(picture, (value) => value * 0.01),
  foggy: (picture: RawPicture) => changed(picture, (value) => value * 0.5 + 75),
  reddish: (picture: RawPicture) => changed(picture, (value, _x, _y, k) => value * [1.3, 0.95, 0.75][k]),
  shifted: (picture: RawPicture, pixels = 16) =>
    changed(picture, (_, x, y, k) => {
      const from = Math.max(0, Math.min(picture.width - 1, x - pixels));
      return picture.data[(y * picture.width + from) * 3 + k];
    }),
  /** A box of `2·radius + 1` pixels, twice: about what a lens out of focus does. */
  blurred: (picture: RawPicture, radius = 2) => {
    const once = (from: RawPicture) =>
      changed(from, (_, x, y, k) => {
        let [sum, count] = [0, 0];
        for (let dy = -radius; dy <= radius; dy++) {
          for (let dx = -radius; dx <= radius; dx++) {
            const [u, v] = [x + dx, y + dy];
            if (u < 0 || v < 0 || u >= from.width || v >= from.height) continue;
            sum += from.data[(v * from.width + u) * 3 + k];
            count += 1;
          }
        }
        return sum / count;
      });
    return once(once(picture));
  },
};
