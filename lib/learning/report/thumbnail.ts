import sharp from 'sharp';
import { bytesOf, type Levels } from '../../imaging/levels.ts';
import type { Size } from '../pictures/input-size.ts';

/** Longer side of a thumbnail, pixels. */
export const thumbnailSide = 160;

/**
 * A small JPEG of a picture that was decoded for learning: HWC pixels of `size`. `own`: the picture's own size, whose aspect
 * the thumbnail gets back where the model's input is stretched. In children only (sharp).
 */
export function thumbnail(pixels: Levels, size: Size, channels: 1 | 3, own: Size = size): Promise<Buffer> {
  const scale = thumbnailSide / Math.max(own.width, own.height);
  const width = Math.max(1, Math.round(own.width * scale));
  const height = Math.max(1, Math.round(own.height * scale));
  return sharp(bytesOf(pixels), { raw: { ...size, channels } })
    .resize(width, height, { fit: 'fill' })
    .jpeg({ quality: 72, mozjpeg: true })
    .toBuffer();
}
