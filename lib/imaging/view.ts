import sharp from 'sharp';
import { type ImageInput, type OpenedImage, openImage } from './decode.ts';
import { CountHistogram, clampByte, type LevelWindow } from './levels.ts';

/** A picture made ready for people's eyes. */
export interface PictureView extends OpenedImage {
  /** Counts that are shown black and white; null for pictures of 8 bits a sample, which are shown as they are. */
  window: LevelWindow | null;
}

/**
 * Opens a picture to be looked at. One of 16 bits a sample is shown through a window of its own: the counts that all but a
 * thousandth of its samples lie above become black, those that all but a thousandth lie below white, in a straight line between.
 * Throws GP_IMAGE_UNREADABLE.
 */
export async function openView(image: ImageInput): Promise<PictureView> {
  const opened = await openImage(image);
  if (opened.bitDepth === 8) return { ...opened, window: null };
  const counts = await countsIn(opened);
  const window = windowOf(counts);
  const shown = Uint8Array.from({ length: 65_536 }, (_, count) =>
    clampByte(((count - window.low) * 255) / (window.high - window.low)),
  );
  const bytes = Buffer.allocUnsafe(counts.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = shown[counts[i]];
  const { width, height, grey } = opened;
  const pixels = sharp(bytes, { raw: { width, height, channels: grey ? 1 : 3 }, limitInputPixels: false });
  return { ...opened, pixels, bitDepth: 8, window };
}

/** The window through which `openView` shows a picture; null for 8 bits. Throws GP_IMAGE_UNREADABLE. */
export async function viewWindow(image: ImageInput): Promise<LevelWindow | null> {
  const opened = await openImage(image);
  return opened.bitDepth === 8 ? null : windowOf(await countsIn(opened));
}

async function countsIn({ pixels, grey, finish }: OpenedImage): Promise<Uint16Array> {
  const bytes = await finish(pixels.toColourspace(grey ? 'grey16' : 'rgb16').raw({ depth: 'ushort' }));
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function windowOf(counts: Uint16Array): LevelWindow {
  const histogram = new CountHistogram();
  histogram.add(counts);
  return histogram.window();
}
