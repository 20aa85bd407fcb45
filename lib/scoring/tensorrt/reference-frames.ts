import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sniffEncoding } from '../../core/frame.ts';
import { toTensor } from '../fit.ts';
import { modelPixels } from '../model-pixels.ts';
import type { ModelDescription } from '../model-schema.ts';
import type { TensorInput } from '../session.ts';

/** Enough to see a plan that computes otherwise, and few enough for the processor to score at every start. */
const most = 12;

/**
 * The good pictures that learning keeps with a version (`example-NN.png`, as they went into the graph), ready to run. Empty for a
 * model that has none. Throws GP_IMAGE_UNREADABLE.
 */
export async function referenceFrames(dir: string, { input }: ModelDescription): Promise<TensorInput[]> {
  const names = (await readdir(dir)).filter((name) => /^example-\d+\.png$/.test(name)).sort();
  const frames: TensorInput[] = [];
  for (const name of names.slice(0, most)) {
    const data = await readFile(join(dir, name));
    const info = { encoding: sniffEncoding(data), width: null, height: null, channels: null, bitDepth: null };
    const { pixels } = await modelPixels({ data, info }, input);
    frames.push(toTensor(pixels, input));
  }
  return frames;
}
