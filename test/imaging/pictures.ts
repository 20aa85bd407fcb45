import sharp from 'sharp';
import type { ImageInput } from '../../lib/imaging/decode.ts';

const unknown = { encoding: 'unknown', width: null, height: null, channels: null, bitDepth: null } as const;

/** A file as it comes from outside: nothing is known of it. */
export function file(data: Buffer): ImageInput {
  return { data, info: unknown };
}

export function raw(data: Buffer, width: number, height: number, channels: number, bitDepth = 8): ImageInput {
  return { data, info: { encoding: 'raw', width, height, channels, bitDepth } };
}

/** Smooth colours with one bright corner, so that a turned picture is seen: RGB, 8 bits. */
export function gradient(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      data[at] = Math.round((x / width) * 200);
      data[at + 1] = Math.round((y / height) * 200);
      data[at + 2] = x < width / 4 && y < height / 4 ? 250 : 20;
    }
  }
  return data;
}

export function sharpOf(width: number, height: number) {
  return sharp(gradient(width, height), { raw: { width, height, channels: 3 } });
}

/** Pixel of a uint8 HWC picture. */
export function pixel(data: Buffer, width: number, channels: number, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + channels)];
}

export function close(actual: number[], expected: number[], tolerance: number): boolean {
  return actual.every((value, at) => Math.abs(value - expected[at]) <= tolerance);
}
