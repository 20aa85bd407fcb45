import { Frame } from '../core/frame.ts';
import { gaussian, seededRandom } from '../core/random.ts';

/** For bench and soak: `count` good frames of one drawn part, raw grey, each with its own noise and brightness. */
export function syntheticParts(count: number, width: number, height: number, seed: number): Frame[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, number) => {
    const data = Buffer.alloc(width * height);
    const light = 1 + 0.05 * gaussian(random);
    const shift = gaussian(random);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const ring = Math.cos(Math.hypot(x - width / 2 - shift, y - height / 2) / 6);
        const value = (120 + 40 * ring + (60 * x) / width) * light + 4 * (random() - 0.5);
        data[y * width + x] = Math.max(0, Math.min(255, value));
      }
    }
    return new Frame({
      data,
      encoding: 'raw',
      width,
      height,
      channels: 1,
      bitDepth: 8,
      source: 'synthetic',
      number: number + 1,
      exposedAt: 0,
      exposedUtc: new Date(0).toISOString(),
      settings: {},
    });
  });
}
