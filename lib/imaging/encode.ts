import sharp, { type Sharp } from 'sharp';
import type { AnomalyMap } from '../core/anomaly-map.ts';
import { type ImageInput, type OpenedImage, openImage } from './decode.ts';
import { openView } from './view.ts';

export interface EncodeOptions {
  /** Pixels; wider pictures are reduced, others stay as they are. */
  maxWidth?: number;
  /** JPEG only: 1..100, default 85. */
  quality?: number;
}

/** Any readable picture as an upright sRGB or grey JPEG without metadata, 16 bits a sample as `openView` shows them. Throws GP_IMAGE_UNREADABLE. */
export async function encodeJpeg(image: ImageInput, { maxWidth, quality = 85 }: EncodeOptions = {}): Promise<Buffer> {
  const opened = await openView(image);
  return opened.finish(reduced(opened, maxWidth).jpeg({ quality }));
}

/** Any readable picture as an upright PNG of 8 bits per sample: lossless but for samples of 16 bits. Throws GP_IMAGE_UNREADABLE. */
export async function encodePng(
  image: ImageInput,
  { maxWidth }: Pick<EncodeOptions, 'maxWidth'> = {},
): Promise<Buffer> {
  const opened = await openImage(image);
  // effort of zlib: level 3 writes a third faster than 6 for a few percent of size
  return opened.finish(reduced(opened, maxWidth).png({ compressionLevel: 3 }));
}

/** A picture of 16 bits a sample as an upright PNG with the very same samples. Throws GP_IMAGE_UNREADABLE. */
export async function encodePng16(image: ImageInput): Promise<Buffer> {
  const opened = await openImage(image);
  const deep = opened.pixels.toColourspace(opened.grey ? 'grey16' : 'rgb16');
  return opened.finish(deep.png({ compressionLevel: 3 }));
}

function reduced({ pixels, grey }: OpenedImage, maxWidth: number | undefined): Sharp {
  const out = grey ? pixels.toColourspace('b-w') : pixels;
  return maxWidth === undefined ? out : out.resize({ width: maxWidth, withoutEnlargement: true, kernel: 'linear' });
}

/**
 * A map as a grey PNG of 16 bits: value = min + sample / 65535 · (max − min). Values that are not finite become 0 and are counted,
 * since a PNG has no place for them; min and max are 0 where no value is finite.
 */
export async function mapToPng16(
  map: AnomalyMap,
): Promise<{ png: Buffer; min: number; max: number; notFinite: number }> {
  const values = map.values();
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let notFinite = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) notFinite += 1;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (notFinite === values.length) min = max = 0;
  const scale = max > min ? 65535 / (max - min) : 0;
  const samples = Uint16Array.from(values, (value) => (Number.isFinite(value) ? Math.round((value - min) * scale) : 0));
  const raw = { width: map.width, height: map.height, channels: 1 as const };
  const png = await sharp(samples, { raw }).toColourspace('grey16').png().toBuffer();
  return { png, min, max, notFinite };
}
