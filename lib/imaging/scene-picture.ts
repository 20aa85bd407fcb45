import { type ImageInput, openImage } from './decode.ts';
import type { Size } from './placement.ts';

/** The side of the scale at which scenes are measured: finer detail than 1/640 of the picture is not looked at. */
export const longestSceneSide = 640;

/** A picture at the scale of the scene measures, linear in its samples, 0..1 of their full scale. */
export interface ScenePicture extends Size {
  /** Luminance (Rec. 709 weights), row by row. */
  grey: Float32Array;
  /** Rows of R, G, B; null for a grey picture. */
  colour: Float32Array | null;
}

/**
 * Decodes a picture to the scale of the scene measures, keeping its aspect; never enlarged. JPEG is decoded at a fraction of its size
 * where that suffices, so this costs less than a whole decode; 16-bit samples keep their range. Throws GP_IMAGE_UNREADABLE.
 */
export async function decodeScene(image: ImageInput): Promise<ScenePicture> {
  const opened = await openImage(image);
  const scale = Math.min(1, longestSceneSide / Math.max(opened.width, opened.height));
  const width = Math.max(1, Math.round(opened.width * scale));
  const height = Math.max(1, Math.round(opened.height * scale));
  const wide = opened.bitDepth === 16;
  const space = opened.grey ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  const pixels = opened.pixels
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' });
  const data = await opened.finish(pixels);
  const count = width * height;
  // a copy: 16-bit samples must begin at an even byte of their memory
  const samples = wide ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)) : data;
  return { width, height, ...planes(samples, samples.length / count, wide ? 65535 : 255, count) };
}

function planes(
  samples: Uint8Array | Uint16Array,
  channels: number,
  fullScale: number,
  count: number,
): Pick<ScenePicture, 'grey' | 'colour'> {
  const grey = new Float32Array(count);
  if (channels < 3) {
    for (let i = 0; i < count; i++) grey[i] = samples[i * channels] / fullScale;
    return { grey, colour: null };
  }
  const colour = new Float32Array(count * 3);
  for (let i = 0, from = 0, to = 0; i < count; i++, from += channels, to += 3) {
    const red = samples[from] / fullScale;
    const green = samples[from + 1] / fullScale;
    const blue = samples[from + 2] / fullScale;
    colour[to] = red;
    colour[to + 1] = green;
    colour[to + 2] = blue;
    grey[i] = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  return { grey, colour };
}
