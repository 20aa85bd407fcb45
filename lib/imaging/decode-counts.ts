import { GoodpartError } from '../core/errors.ts';
import { type DecodeTarget, type ImageInput, openImage, stretched } from './decode.ts';

export interface DecodedCounts {
  /** Samples 0..65535 as the file has them, rows of pixels of `channels` (HWC), without padding. */
  data: Uint16Array;
  channels: 1 | 3;
  /** Size of the picture itself in pixels, after its EXIF rotation. */
  width: number;
  height: number;
}

/**
 * As `decodeTo`, for pictures of 16 bits a sample and without loss of range: unscaled, and exact where the size stays. Throws
 * GP_IMAGE_UNREADABLE, for pictures of 8 bits too: a count of theirs would be another one.
 */
export async function decodeCounts(image: ImageInput, target: DecodeTarget): Promise<DecodedCounts> {
  const opened = await openImage(image);
  if (opened.bitDepth !== 16) {
    const expected = 'a picture of 16 bits a sample';
    const received = `one of ${opened.bitDepth} bits`;
    const text = `Expected ${expected} for picture but received ${received}: the model was learned from pictures of 16`;
    throw new GoodpartError('GP_IMAGE_UNREADABLE', text, { field: 'picture', expected, received });
  }
  const { grey, width, height } = opened;
  const pipeline = stretched(opened, target).toColourspace(grey ? 'grey16' : 'rgb16');
  const bytes = await opened.finish(pipeline.raw({ depth: 'ushort' }));
  const samples = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const from = samples.length / (target.width * target.height);
  const wanted = target.channels === 'own' ? (grey ? 1 : 3) : target.channels;
  const data = from === wanted ? samples : from === 1 ? tripled(samples) : luminance(samples, from);
  return { data, channels: wanted, width, height };
}

function tripled(samples: Uint16Array): Uint16Array {
  return Uint16Array.from({ length: samples.length * 3 }, (_, i) => samples[Math.floor(i / 3)]);
}

/** Rec. 709 weights. libvips' own way to grey goes through 8 bits. */
export function luminance(samples: Uint16Array, channels = 3): Uint16Array {
  const out = new Uint16Array(samples.length / channels);
  for (let i = 0, at = 0; i < out.length; i++, at += channels) {
    out[i] = Math.round(0.2126 * samples[at] + 0.7152 * samples[at + 1] + 0.0722 * samples[at + 2]);
  }
  return out;
}
