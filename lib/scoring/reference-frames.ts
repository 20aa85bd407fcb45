import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sniffEncoding } from '../core/frame.ts';
import type { ImageInput } from '../imaging/decode.ts';
import { encodePng, encodePng16 } from '../imaging/encode.ts';
import { bytesOf, countsOf, type Levels } from '../imaging/levels.ts';
import { toTensor } from './fit.ts';
import { modelPixels } from './model-pixels.ts';
import type { ModelDescription, ModelInput } from './model-schema.ts';
import type { TensorInput } from './session.ts';

/** Enough to see an engine that computes otherwise, and few enough for the processor to score at every start. */
export const mostReferenceFrames = 12;

/** Name of the n-th good picture, from 0, that is kept with a version. */
export const referenceFile = (n: number): string => `example-${String(n + 1).padStart(2, '0')}.png`;

/** A picture as it goes into the graph, as a PNG: lossless (of 16 bits a sample that were moved: to half a count). */
export function referencePng(pixels: Levels, input: Pick<ModelInput, 'width' | 'height' | 'channels' | 'window'>) {
  const { width, height, channels, window } = input;
  const raw = { encoding: 'raw', width, height, channels } as const;
  if (window === undefined) return encodePng({ data: Buffer.from(bytesOf(pixels)), info: { ...raw, bitDepth: 8 } });
  const { buffer, byteOffset, byteLength } = countsOf(pixels, window);
  return encodePng16({ data: Buffer.from(buffer, byteOffset, byteLength), info: { ...raw, bitDepth: 16 } });
}

/** Keeps good pictures with a version that was not learned here; each as its model sees it. Throws GP_IMAGE_UNREADABLE. */
export async function keepReferenceFrames(dir: string, images: ImageInput[], input: ModelInput): Promise<void> {
  for (const [n, image] of images.slice(0, mostReferenceFrames).entries()) {
    const { pixels } = await modelPixels(image, input);
    await writeFile(join(dir, referenceFile(n)), await referencePng(pixels, input));
  }
}

/**
 * The good pictures that are kept with a version, by learning or by import, ready to run. Empty for a model that has none. Throws
 * GP_IMAGE_UNREADABLE.
 */
export async function referenceFrames(dir: string, { input }: ModelDescription): Promise<TensorInput[]> {
  const names = (await readdir(dir)).filter((name) => /^example-\d+\.png$/.test(name)).sort();
  const frames: TensorInput[] = [];
  for (const name of names.slice(0, mostReferenceFrames)) {
    const data = await readFile(join(dir, name));
    const info = { encoding: sniffEncoding(data), width: null, height: null, channels: null, bitDepth: null };
    const { pixels } = await modelPixels({ data, info }, input);
    frames.push(toTensor(pixels, input));
  }
  return frames;
}
