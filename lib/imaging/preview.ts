import sharp from 'sharp';
import { type ImageInput, openImage } from './decode.ts';
import { samples16 } from './histogram.ts';

export interface PreviewOptions {
  /** Pixels; neither side becomes longer, smaller pictures stay as they are. */
  maxSide: number;
  /** 1..100. */
  quality?: number;
  /** Only of 16 bits: these values of the picture become black and white. */
  window: { low: number; high: number };
}

/** A small JPEG to look at, never to measure by. 8 bits are shown as they are, 16 bits through the window. Throws GP_IMAGE_UNREADABLE. */
export async function previewJpeg(
  image: ImageInput,
  { maxSide, quality = 80, window }: PreviewOptions,
): Promise<Buffer> {
  const opened = await openImage(image);
  const { grey, bitDepth } = opened;
  const scale = Math.min(1, maxSide / Math.max(opened.width, opened.height));
  const [width, height] = [opened.width, opened.height].map((side) => Math.max(1, Math.round(side * scale)));
  const reduced = opened.pixels.resize(width, height, { fit: 'fill', kernel: 'linear' });
  if (bitDepth === 8) {
    const upright = grey ? reduced.toColourspace('b-w') : reduced.toColourspace('srgb');
    return opened.finish(upright.jpeg({ quality }));
  }
  const wide = reduced.toColourspace(grey ? 'grey16' : 'rgb16').raw({ depth: 'ushort' });
  const data = await opened.finish(wide);
  const samples = samples16(data);
  const gain = 255 / Math.max(1, window.high - window.low);
  const shown = Uint8ClampedArray.from(samples, (value) => (value - window.low) * gain);
  const raw = { width, height, channels: grey ? (1 as const) : (3 as const) };
  const pixels = sharp(shown, { raw });
  return (grey ? pixels.toColourspace('b-w') : pixels).jpeg({ quality }).toBuffer();
}
