import { decodeTo, type ImageInput } from '../imaging/decode.ts';
import { decodeCounts } from '../imaging/decode-counts.ts';
import { type Levels, levelsOf } from '../imaging/levels.ts';
import type { ModelInput } from './model-schema.ts';

export interface ModelPixels {
  /** Rows of pixels of the input's channels (HWC), of the input's size. */
  pixels: Levels;
  /** Of the picture itself, after its EXIF rotation. */
  width: number;
  height: number;
}

/** A picture as a model sees it, before registration. Throws GP_IMAGE_UNREADABLE; for a model of 16 bits a sample also for 8. */
export async function modelPixels(image: ImageInput, input: ModelInput): Promise<ModelPixels> {
  if (input.window === undefined) {
    const { data, width, height } = await decodeTo(image, input);
    return { pixels: data, width, height };
  }
  const { data, width, height } = await decodeCounts(image, input);
  return { pixels: levelsOf(data, input.window), width, height };
}
