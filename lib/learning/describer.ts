import { createHash } from 'node:crypto';
import { shuffled } from '../core/random.ts';
import type { Levels } from '../imaging/levels.ts';
import { Session } from '../scoring/session.ts';
import { failed } from './failure.ts';
import type { FeatureExtractor, Pictures } from './features/extractor.ts';
import { mostDimensions, type Projection, ProjectionFit } from './features/projection.ts';
import { writeGraph } from './graph/write-graph.ts';
import type { Grid } from './heads/calibration.ts';
import { dimensionsOf, featureGraph, gridOf, names, projectionGraph } from './model-graph.ts';

/** Pictures that the projection is fitted on, and every how many cells of each. */
const projectionPictures = 100;
const projectionStep = 4;

const feed = ({ size, channels }: Pictures, pixels: Levels) => ({
  [names.input]: { data: pixels, shape: [1, size.height, size.width, channels] },
});

/** Leading axes of the features of some pictures. Throws GP_LEARN_FAILED where nothing varies or is finite. */
export async function fitProjection(
  pictures: Pictures,
  extractor: FeatureExtractor,
  tools: { seed: number; threads: number; progress(done: number, total: number): Promise<void> },
): Promise<Projection> {
  const { size, channels, window, count } = pictures;
  const grid = gridOf(size, extractor);
  const session = await Session.open(writeGraph(featureGraph({ size, channels, window, extractor })), tools);
  const fit = new ProjectionFit(extractor.channels, extractor.alike);
  const chosen = shuffled([...Array(count).keys()], tools.seed).slice(0, projectionPictures);
  for (const [i, picture] of chosen.entries()) {
    const { features } = await session.run(feed(pictures, pictures.pixels(picture)), [names.features]);
    fit.add(features.data, grid.width * grid.height, projectionStep, i);
    await tools.progress(i + 1, chosen.length);
  }
  await session.dispose();
  const projection = fit.finish(extractor.surroundings ? mostDimensions / 2 : mostDimensions);
  if (projection === null) throw failed('the features', 'finite numbers that vary', 'none that do');
  return projection;
}

/** What turns a picture into projected features: of a fresh run, or of the model that is continued (`projection` null). */
export interface Features {
  extractor: FeatureExtractor;
  projection: Projection | null;
}

/** Runs the very nodes of the finished model up to the head's input. */
export class Describer {
  /** sha256 of the graph, hex: samples of one origin belong together. */
  readonly origin: string;
  readonly grid: Grid;
  readonly dimensions: number;
  readonly #session: Session;
  readonly #pictures: Pictures;

  private constructor(origin: string, session: Session, pictures: Pictures, { extractor, projection }: Features) {
    this.origin = origin;
    this.grid = gridOf(pictures.size, extractor);
    this.dimensions = dimensionsOf({ extractor, projection });
    this.#session = session;
    this.#pictures = pictures;
  }

  static async open(pictures: Pictures, features: Features, threads: number): Promise<Describer> {
    const { size, channels, window } = pictures;
    const bytes = writeGraph(projectionGraph({ size, channels, window, ...features }));
    const origin = createHash('sha256').update(bytes).digest('hex');
    return new Describer(origin, await Session.open(bytes, { threads }), pictures, features);
  }

  /** z [positions, dimensions] of a picture. */
  async z(pixels: Levels): Promise<Float32Array> {
    const { features } = await this.#session.run(feed(this.#pictures, pixels), [names.features]);
    return features.data;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
