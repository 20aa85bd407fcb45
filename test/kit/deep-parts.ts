import sharp from 'sharp';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import type { ImageInput } from '../../lib/imaging/decode.ts';

export const deepSize = { width: 128, height: 96 };
const radius = 7;

/**
 * A part of a height map of 16 bits a sample: a gentle ramp of 2000 counts with noise of 8, where an 8-bit picture has steps of 257.
 * `defect`: counts that a spot of 14 pixels lies above it.
 */
export function deepPart(seed: number, defect = 0): Uint16Array {
  const { width, height } = deepSize;
  const random = seededRandom(seed);
  const base = 30_000 + (random() - 0.5) * 40;
  const [x0, y0] = [25 + random() * (width - 50), 25 + random() * (height - 50)];
  return Uint16Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const spot = (x - x0) ** 2 + (y - y0) ** 2 < radius ** 2 ? defect : 0;
    return Math.round(base + 2000 * (x / width) + 600 * (y / height) + 8 * gaussian(random) + spot);
  });
}

/** As an embedded system hands it over: little endian, without padding. */
export function rawOf(counts: Uint16Array): Buffer {
  const data = Buffer.alloc(counts.length * 2);
  for (const [i, count] of counts.entries()) data.writeUInt16LE(count, i * 2);
  return data;
}

export const rawInput = (counts: Uint16Array): ImageInput => ({
  data: rawOf(counts),
  info: { encoding: 'raw', ...deepSize, channels: 1, bitDepth: 16 },
});

export const png16 = (counts: Uint16Array): Promise<Buffer> =>
  sharp(counts, { raw: { ...deepSize, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();

/** The same part as a camera of 8 bits gives it. */
export const png8 = (counts: Uint16Array): Promise<Buffer> =>
  sharp(
    Uint8Array.from(counts, (count) => Math.round(count / 257)),
    { raw: { ...deepSize, channels: 1 } },
  )
    .png()
    .toBuffer();
