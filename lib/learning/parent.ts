import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import type { Levels, LevelWindow } from '../imaging/levels.ts';
import { modelPixels } from '../scoring/model-pixels.ts';
import type { ModelDescription } from '../scoring/model-schema.ts';
import { readDescription } from '../scoring/model-store.ts';
import type { Features } from './describer.ts';
import type { Pictures } from './features/extractor.ts';
import { embed } from './graph/embed.ts';
import { fixShapes } from './graph/fixed-graph.ts';
import { readForeignModel } from './graph/foreign-model.ts';
import { readSegments } from './heads/sample-segments.ts';
import type { Samples } from './heads/samples.ts';
import { keptFeatures } from './model-graph.ts';
import { loadFile } from './pictures/files.ts';
import type { Size } from './pictures/input-size.ts';
import { parseTraining, type Training } from './training.ts';

/** A learned version that another one continues: its features and samples stay, its head is fitted anew. */
export interface Parent {
  dir: string;
  description: ModelDescription;
  training: Training;
  size: Size;
  channels: 1 | 3;
  window: LevelWindow | undefined;
  features: Features;
  samples(): Promise<Samples>;
  /** Good pictures it keeps for measuring, as they went into its graph (16 bits a sample: to half a count). */
  examples(): Promise<Levels[]>;
}

/** Throws GP_LEARN_FAILED, GP_MODEL_INVALID or GP_STATE_DAMAGED where the version cannot be continued. */
export async function readParent(dir: string): Promise<Parent> {
  const description = await readDescription(dir);
  const path = join(dir, 'training.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const { name, version } = description;
    const message = `Model ${name} ${version} was not learned here with its samples kept: learn from all good pictures instead`;
    throw new GoodpartError('GP_LEARN_FAILED', message, { field: 'extend', cause });
  });
  const training = parseTraining(text, dir);
  const { width, height, channels, window } = description.input;
  const size = { width, height };
  const features = await keptFeaturesOf(await readFile(join(dir, 'model.onnx')), size, training.features);
  return {
    dir,
    description,
    training,
    size,
    channels,
    window,
    features,
    samples: () => samplesOf(dir, training),
    examples: async () => {
      const pictures: Levels[] = [];
      for (const { file } of training.examples) {
        const { pixels } = await modelPixels(await loadFile(join(dir, file)), description.input);
        pictures.push(pixels);
      }
      return pictures;
    },
  };
}

/** Throws GP_STATE_DAMAGED where there are more or fewer than training.json names: whose they are would then be a guess. */
async function samplesOf(dir: string, { origin, pictures }: Training): Promise<Samples> {
  const samples = await readSegments(dir, origin);
  if (samples.pictures === pictures.length) return samples;
  const message = `Expected kept features of ${pictures.length} pictures in ${dir} but received those of ${samples.pictures}; learn again from all good pictures`;
  throw new GoodpartError('GP_STATE_DAMAGED', message, { field: 'samples' });
}

/** The part of a learned graph up to its projected features, as an extractor. */
export async function keptFeaturesOf(onnx: Buffer, size: Size, description: string): Promise<Features> {
  const network = await fixShapes(readForeignModel(onnx), size);
  const z = network.values.get(keptFeatures);
  if (z === undefined) {
    throw new GoodpartError(
      'GP_LEARN_FAILED',
      'This model was learned by an older version: learn from all good pictures',
    );
  }
  const [, channels, , width] = z.shape;
  return {
    projection: null,
    extractor: {
      kind: 'thorough',
      description,
      channels,
      stride: size.width / width,
      add: (graph, picture) => embed(graph, network, picture, [keptFeatures], 'kept/')[0],
    },
  };
}

/** A set without pictures, for the size and depth alone. */
export const emptySet = ({ size, channels }: Pick<Parent, 'size' | 'channels'>): Pictures => ({
  count: 0,
  size,
  channels,
  pixels: () => {
    throw new Error('a set without pictures');
  },
});
