import { systemClock } from '../core/clock.ts';
import { Frame } from '../core/frame.ts';
import { gaussian, seededRandom } from '../core/random.ts';

/** A frame of those bytes, exposed now. */
export function benchFrame(picture: BenchPicture, number: number): Frame {
  const about = { bitDepth: picture.encoding === 'raw' ? 8 : null, source: 'bench', settings: {} };
  return new Frame({ ...picture, ...about, number, exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() });
}

export interface BenchPicture {
  data: Buffer;
  encoding: 'raw' | 'jpeg';
  width: number | null;
  height: number | null;
  channels: number | null;
}

/** A disc before bars, with grain: JPEG files of it have about the size that a camera's have. */
export function rawPicture(width: number, height: number, seed: number): BenchPicture {
  const random = seededRandom(seed);
  // a stretch of grain, read from another place in each row: drawing it anew for millions of samples takes seconds
  const grain = Float32Array.from({ length: 65_521 }, () => 4 * gaussian(random));
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const start = Math.floor(random() * grain.length);
    for (let x = 0; x < width; x++) {
      const disc = Math.hypot(x - width / 2, y - height / 2) < height * 0.3;
      const level = disc ? 170 : (x * 16) % width < width / 2 ? 60 : 90;
      for (let channel = 0; channel < 3; channel++, at++) {
        data[at] = Math.max(0, Math.min(255, level + 10 * channel + grain[(start + x * 3 + channel) % grain.length]));
      }
    }
  }
  return { data, encoding: 'raw', width, height, channels: 3 };
}

/** `count` JPEG files of that size, quality 90. Loads libvips into this process, which what only sends frames does without. */
export async function jpegPictures(width: number, height: number, count: number): Promise<BenchPicture[]> {
  const { encodeJpeg } = await import('../imaging/encode.ts');
  return Promise.all(
    Array.from({ length: count }, async (_, seed) => {
      const { data } = rawPicture(width, height, seed + 1);
      const info = { encoding: 'raw', width, height, channels: 3, bitDepth: 8 } as const;
      const file = await encodeJpeg({ data, info }, { quality: 90 });
      return { data: file, encoding: 'jpeg' as const, width: null, height: null, channels: null };
    }),
  );
}
