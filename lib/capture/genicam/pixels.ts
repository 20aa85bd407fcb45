import { GoodpartError } from '../../core/errors.ts';
import type { SourceFrame } from '../source.ts';
import { type BayerOrder, demosaicBilinear } from './demosaic.ts';
import type { GenicamSettings } from './settings.ts';

interface PixelFormat {
  /** As PFNC names it, then older names that cameras use. */
  names: string[];
  /** PFNC number: what a buffer says of itself. */
  code: number;
  bytesPerPixel: number;
  /** Bits that are used of a 16-bit sample. */
  sampleBits?: number;
  bayer?: BayerOrder;
  /** Blue first. */
  reversed?: boolean;
}

/** Source: EMVA, GenICam Pixel Format Naming Convention 2.x, with the numbers of GigE Vision. */
const known: PixelFormat[] = [
  { names: ['Mono8'], code: 0x01080001, bytesPerPixel: 1 },
  { names: ['Mono10'], code: 0x01100003, bytesPerPixel: 2, sampleBits: 10 },
  { names: ['Mono12'], code: 0x01100005, bytesPerPixel: 2, sampleBits: 12 },
  { names: ['Mono14'], code: 0x01100025, bytesPerPixel: 2, sampleBits: 14 },
  { names: ['Mono16'], code: 0x01100007, bytesPerPixel: 2, sampleBits: 16 },
  { names: ['BayerRG8'], code: 0x01080009, bytesPerPixel: 1, bayer: 'RG' },
  { names: ['BayerGR8'], code: 0x01080008, bytesPerPixel: 1, bayer: 'GR' },
  { names: ['BayerGB8'], code: 0x0108000a, bytesPerPixel: 1, bayer: 'GB' },
  { names: ['BayerBG8'], code: 0x0108000b, bytesPerPixel: 1, bayer: 'BG' },
  { names: ['RGB8', 'RGB8Packed'], code: 0x02180014, bytesPerPixel: 3 },
  { names: ['BGR8', 'BGR8Packed'], code: 0x02180015, bytesPerPixel: 3, reversed: true },
];

function fits(format: PixelFormat, wanted: GenicamSettings['pixelFormat']): boolean {
  if (wanted === 'Bayer8') return format.bayer !== undefined;
  if (wanted === 'RGB8') return format.bytesPerPixel === 3;
  return format.names.includes(wanted);
}

/** The camera's own name of the format to set; throws GP_SOURCE_FAILED with what the camera offers. */
export function chooseFormat(wanted: Exclude<GenicamSettings['pixelFormat'], 'stored'>, offered: string[]): string {
  for (const format of known.filter((one) => fits(one, wanted))) {
    const name = format.names.find((one) => offered.includes(one));
    if (name !== undefined) return name;
  }
  throw unusable(wanted, offered);
}

/** Throws GP_SOURCE_FAILED where pictures of that format could not be read, with what the camera offers instead. */
export function requireReadable(name: string, offered: string[]): void {
  if (!known.some(({ names }) => names.includes(name))) throw unusable(name, offered);
}

function unusable(received: string, offered: string[]): GoodpartError {
  const readable = known.flatMap(({ names }) => names).filter((name) => offered.includes(name));
  const expected = `one of ${readable.length > 0 ? readable.join(', ') : 'the formats read here'}`;
  return new GoodpartError(
    'GP_SOURCE_FAILED',
    `Expected ${expected} for pixelFormat but received ${received}; the camera offers ${offered.join(', ') || 'nothing'}`,
    { field: 'pixelFormat', expected, received },
  );
}

/** What a complete buffer holds. `padding`: bytes after each row. */
export interface RawImage {
  code: number;
  width: number;
  height: number;
  padding: number;
  data: Buffer;
}

export type Picture = Pick<SourceFrame, 'data' | 'encoding' | 'width' | 'height' | 'channels' | 'bitDepth'> & {
  /** Bits used of each 16-bit sample; samples are little-endian and keep their range (12 bits: 0..4095). */
  sampleBits?: number;
};

/** Bytes that a buffer of that format and size must have; undefined for formats that cannot be read. */
export function bytesOf({ code, width, height, padding }: Omit<RawImage, 'data'>): number | undefined {
  const format = known.find((one) => one.code === code);
  return format && height * (width * format.bytesPerPixel + padding);
}

/** A raw picture of interleaved rows without padding: one channel of 8 or 16 bits, or RGB of 8. Throws GP_SOURCE_FAILED. */
export function toPicture(image: RawImage): Picture {
  const { code, width, height, padding } = image;
  const format = known.find((one) => one.code === code);
  if (format === undefined) {
    const received = `0x${code.toString(16).padStart(8, '0')}`;
    throw new GoodpartError('GP_SOURCE_FAILED', `The camera sent a picture of the unreadable format ${received}`);
  }
  if (format.bayer !== undefined && width >= 2 && height >= 2) {
    const data = demosaicBilinear(image.data, width, height, format.bayer, width + padding);
    return { data, encoding: 'raw', width, height, channels: 3, bitDepth: 8 };
  }
  const data = withoutPadding(image, width * format.bytesPerPixel);
  if (format.reversed) {
    for (let at = 0; at < data.length; at += 3) {
      const blue = data[at];
      data[at] = data[at + 2];
      data[at + 2] = blue;
    }
  }
  const channels = format.bytesPerPixel === 3 ? 3 : 1;
  const picture = { data, encoding: 'raw' as const, width, height, channels };
  if (format.sampleBits === undefined) return { ...picture, bitDepth: 8 };
  return { ...picture, bitDepth: 16, sampleBits: format.sampleBits };
}

function withoutPadding({ data, height, padding }: RawImage, rowBytes: number): Buffer {
  if (padding === 0) return data.subarray(0, rowBytes * height);
  const rows = Array.from({ length: height }, (_, y) => {
    const from = y * (rowBytes + padding);
    return data.subarray(from, from + rowBytes);
  });
  return Buffer.concat(rows);
}
