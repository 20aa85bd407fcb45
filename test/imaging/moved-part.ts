import { gaussian, seededRandom } from '../../lib/core/random.ts';

export interface Lying {
  /** Parts of the frame's width and height, right and down. */
  dx?: number;
  dy?: number;
  /** Degrees, clockwise. */
  rotation?: number;
  gain?: number;
  /** Standard deviation, grey levels. */
  noise?: number;
  seed?: number;
  /** Replaces the part: a brightness at a point, both -1..1 over the frame's height. */
  scene?: (x: number, y: number) => number;
}

const soft = (distance: number) => 1 / (1 + Math.exp(distance * 60));

/** A bracket with two holes and a slot on a dark, slightly uneven table; nothing of it looks the same turned or mirrored. */
export function bracket(x: number, y: number): number {
  const box = (cx: number, cy: number, w: number, h: number) =>
    soft(Math.max(Math.abs(x - cx) - w, Math.abs(y - cy) - h));
  const hole = (cx: number, cy: number, r: number) => soft(Math.hypot(x - cx, y - cy) - r);
  const body = Math.max(box(0, 0.35, 0.85, 0.22), box(-0.55, -0.1, 0.3, 0.6));
  const cut = Math.max(hole(-0.55, -0.4, 0.14), hole(0.55, 0.35, 0.12), box(0.05, 0.35, 0.2, 0.05));
  const table = 34 + 6 * Math.sin(5 * x + 2 * y) + 3 * Math.cos(9 * y);
  return table + 130 * body * (1 - cut) * (1 + 0.08 * Math.sin(14 * x));
}

/**
 * The scene as a camera would show it, computed anew for each placement: exact to the pixel's area, with real content at the edges.
 * `size`: of the picture; `aspect`: of the camera's frame, where the picture is a stretched one. Grey, uint8.
 */
export function photograph(
  size: { width: number; height: number },
  lying: Lying = {},
  aspect = size.width / size.height,
): Buffer {
  const { dx = 0, dy = 0, rotation = 0, gain = 1, noise = 0, seed = 1, scene = bracket } = lying;
  const random = seededRandom(seed);
  const angle = (rotation * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const out = Buffer.alloc(size.width * size.height);
  for (let row = 0; row < size.height; row++) {
    for (let column = 0; column < size.width; column++) {
      let sum = 0;
      for (let sub = 0; sub < 4; sub++) {
        const x = ((column + 0.25 + 0.5 * (sub & 1)) / size.width - 0.5 - dx) * 2 * aspect;
        const y = ((row + 0.25 + 0.5 * (sub >> 1)) / size.height - 0.5 - dy) * 2;
        sum += scene(cos * x + sin * y, -sin * x + cos * y);
      }
      const value = (sum / 4) * gain + (noise > 0 ? noise * gaussian(random) : 0);
      out[row * size.width + column] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
  return out;
}
