import sharp, { type Sharp } from 'sharp';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import type { FrameInfo } from '../core/frame.ts';
import { decodeDescription } from './description.ts';
import { jpegHeader } from './jpeg-header.ts';

/** Bytes of a picture and how to read them; a Frame is one. For files, size, channels and depth are not believed. */
export interface ImageInput {
  data: Buffer;
  info: Pick<FrameInfo, 'encoding' | 'width' | 'height' | 'channels' | 'bitDepth'>;
}

export interface DecodeTarget {
  width: number;
  height: number;
  /** 1: luminance, 3: sRGB in the order R, G, B, `own`: 1 for a grey picture, else 3. */
  channels: 1 | 3 | 'own';
}

export interface DecodedImage {
  /** uint8, rows of pixels of `channels` (HWC), without padding. */
  data: Buffer;
  channels: 1 | 3;
  /** Of the picture's own samples, before they became 8 bit. */
  bitDepth: 8 | 16;
  /** Size of the picture itself in pixels, after its EXIF rotation. */
  width: number;
  height: number;
}

/** Larger pictures are refused before a pixel is decoded: 100 megapixels. */
export const maxPixels = 100_000_000;

// One thread per picture: the other core runs the model. No cache: no picture comes twice.
sharp.concurrency(1);
sharp.cache(false);
// The picture formats below and our own drawings; everything else that libvips could open stays shut.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadTiff',
    'VipsForeignLoadWebp',
    'VipsForeignLoadSvg',
  ],
});

const formats = 'a JPEG, PNG, TIFF or WebP picture';

/**
 * Decodes a picture and stretches it to `target`. The one preprocessing of learning, calibration and inspection, but for models of 16 bits a
 * sample (`decodeCounts`).
 * 16-bit samples are scaled to 8 (full scale 65535), CMYK becomes sRGB, alpha is dropped, EXIF rotation is applied, of several pages the
 * first is taken. Throws GP_IMAGE_UNREADABLE.
 */
export async function decodeTo(image: ImageInput, target: DecodeTarget): Promise<DecodedImage> {
  const opened = await openImage(image);
  const wanted = target.channels === 'own' ? (opened.grey ? 1 : 3) : target.channels;
  let pipeline = stretched(opened, target);
  pipeline = wanted === 1 ? pipeline.greyscale().toColourspace('b-w') : pipeline.toColourspace('srgb');
  const { data, info } = await unreadable(image, () =>
    pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  const pixels = info.channels === wanted ? data : withChannels(data, info.channels, wanted);
  const { width, height, bitDepth } = opened;
  return { data: pixels, channels: wanted, bitDepth, width, height };
}

/** The resize of every model's preprocessing. */
export function stretched({ pixels }: OpenedImage, { width, height }: Pick<DecodeTarget, 'width' | 'height'>): Sharp {
  return pixels.resize(width, height, {
    fit: 'fill',
    kernel: decodeDescription.kernel,
    fastShrinkOnLoad: decodeDescription.shrinkOnLoad,
  });
}

/** Size of a picture file in pixels after EXIF rotation, from the header alone. Throws GP_IMAGE_UNREADABLE. */
export function readImageSize(data: Buffer): Promise<{ width: number; height: number }> {
  return readSize({ data, info: { encoding: 'unknown', width: null, height: null, channels: null, bitDepth: null } });
}

/** As `readImageSize`, for raw pixels too. */
export async function readSize(image: ImageInput): Promise<{ width: number; height: number }> {
  const { width, height } = await openImage(image);
  return { width, height };
}

/** A picture on its way: upright pixels without alpha. */
export interface OpenedImage {
  pixels: Sharp;
  /** Size in pixels after EXIF rotation. */
  width: number;
  height: number;
  /** One channel of luminance. */
  grey: boolean;
  bitDepth: 8 | 16;
  /** Runs a pipeline that began with `pixels`; throws GP_IMAGE_UNREADABLE. */
  finish(pipeline: Sharp): Promise<Buffer>;
}

/** Opens a picture; decoding begins with `finish`. Throws GP_IMAGE_UNREADABLE. */
export async function openImage(image: ImageInput): Promise<OpenedImage> {
  if (image.info.encoding === 'raw') return openRaw(image);
  if (!isPicture(image.data)) throw invalidParameter('picture', formats, image.data, 'GP_IMAGE_UNREADABLE');
  const pixels = sharp(image.data, {
    autoOrient: true,
    // a damaged block can look like a good part: nothing damaged is inspected
    failOn: 'warning',
    limitInputPixels: maxPixels,
    page: 0,
    pages: 1,
  }).removeAlpha();
  const header = jpegHeader(image.data);
  if (header !== undefined) return opened(image, pixels, header, header.channels, 8);
  const { autoOrient, channels, depth } = await unreadable(image, () => pixels.metadata());
  return opened(image, pixels, autoOrient, channels, depth === 'uchar' ? 8 : 16);
}

function opened(
  image: ImageInput,
  pixels: Sharp,
  size: { width: number; height: number },
  channels: number,
  bitDepth: 8 | 16,
): OpenedImage {
  return {
    pixels,
    width: size.width,
    height: size.height,
    grey: channels < 3,
    bitDepth,
    finish: (pipeline) => unreadable(image, () => pipeline.toBuffer()),
  };
}

function openRaw(image: ImageInput): OpenedImage {
  const { data, info } = image;
  const { width, height, channels, bitDepth } = info;
  if (!width || !height || !channels || channels > 4 || (bitDepth !== 8 && bitDepth !== 16)) {
    const received = `${width}x${height}x${channels}, ${bitDepth} bit`;
    throw invalidParameter(
      'raw picture',
      'width, height, 1 to 4 channels, 8 or 16 bit',
      received,
      'GP_IMAGE_UNREADABLE',
    );
  }
  if (width * height > maxPixels) {
    throw invalidParameter('picture', `at most ${maxPixels} pixels`, width * height, 'GP_IMAGE_UNREADABLE');
  }
  const bytes = width * height * channels * (bitDepth / 8);
  if (data.length !== bytes) {
    throw invalidParameter('raw picture', `a Buffer of ${bytes} bytes`, data, 'GP_IMAGE_UNREADABLE');
  }
  const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
  const samples = bitDepth === 8 ? data : samples16(data);
  const pixels = sharp(samples, { raw, limitInputPixels: maxPixels }).removeAlpha();
  return opened(image, pixels, { width, height }, channels, bitDepth);
}

/** Little endian 16-bit samples; copied only where the Buffer does not start on an even byte. */
function samples16(data: Buffer): Uint16Array {
  const aligned = data.byteOffset % 2 === 0 ? data : Uint8Array.from(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

function isPicture(data: Buffer): boolean {
  if (data.length < 12) return false;
  const start = data.toString('latin1', 0, 12);
  return (
    start.startsWith('\xff\xd8\xff') ||
    start.startsWith('\x89PNG\r\n\x1a\n') ||
    /^(II[*+]\0|MM\0[*+])/.test(start) ||
    (start.startsWith('RIFF') && start.endsWith('WEBP'))
  );
}

/** Turns whatever libvips says into one sentence. */
async function unreadable<T>(image: ImageInput, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const why = text
      .split('\n')[0]
      .replace(/^.*: (?=\S)/, '')
      .slice(0, 200);
    const expected = /pixel limit/i.test(text) ? `a picture of at most ${maxPixels} pixels` : 'an undamaged picture';
    const received = `${image.data.length} bytes (${why})`;
    throw new GoodpartError('GP_IMAGE_UNREADABLE', `Expected ${expected} but received ${received}`, {
      field: 'picture',
      expected,
      received,
      cause: error,
    });
  }
}

function withChannels(data: Buffer, from: number, to: 1 | 3): Buffer {
  const pixels = data.length / from;
  const out = Buffer.allocUnsafe(pixels * to);
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < to; c++) out[i * to + c] = data[i * from + Math.min(c, from - 1)];
  return out;
}
