import type { Roi } from '../core/inspection.ts';
import { shuffled } from '../core/random.ts';
import { describePreprocessing, type ModelDescription, type ModelInput } from '../scoring/model-schema.ts';
import { Session } from '../scoring/session.ts';
import { failed } from './failure.ts';
import { featureChannels } from './features/fixed-bank.ts';
import { mostDimensions, type Projection, ProjectionFit } from './features/projection.ts';
import { writeGraph } from './graph/write-graph.ts';
import { mapOf, maximumOf } from './heads/calibration.ts';
import { assignFolds, type CrossFit, crossFit } from './heads/cross-fit.ts';
import type { Samples } from './heads/gaussian-field.ts';
import { layRegions, proposeRegions, type RegionLimits } from './limits/regions.ts';
import { type FalseRejectRate, proposeThresholds, statementOf, type Thresholds } from './limits/thresholds.ts';
import { featureGraph, gridOf, modelGraph, names, projectionGraph } from './model-graph.ts';
import type { Size } from './pictures/input-size.ts';
import type { UsablePictures } from './pictures/picture-set.ts';

export interface LearnOptions {
  seed: number;
  rois: Roi[];
  falseRejectRate: FalseRejectRate;
  threads: number;
}

export interface Learned {
  onnx: Buffer;
  description: Omit<ModelDescription, 'schema' | 'sha256' | 'name' | 'version' | 'createdAt'>;
  thresholds: Thresholds;
  rois: RegionLimits[];
  statement: string;
}

export type Progress = (stage: string, done: number, total: number) => Promise<void>;

/** Pictures that the projection is fitted on, and every how many cells of each. */
const projectionPictures = 100;
const projectionStep = 4;
const checkedPictures = 5;

/** Good pictures → a finished, checked model and its limits. The same pictures and seed give the same bytes. Throws GP_LEARN_FAILED. */
export async function learn(pictures: UsablePictures, options: LearnOptions, progress: Progress): Promise<Learned> {
  const { size, pixels } = pictures;
  const { seed, threads } = options;
  const grid = gridOf(size);
  const regions = layRegions(options.rois, grid);
  const projection = await fitProjection(pixels, size, seed, threads, progress);
  const samples = await project(pixels, size, seed, projection, threads, progress);
  const total = samples.positions;
  const fit = await crossFit(samples, assignFolds(pixels.length, seed), grid, (done) =>
    progress('fitting', done, total),
  );
  if (fit === null) throw failed('the statistics', 'finite numbers', 'a covariance that is none');
  const scores = fit.maps.map(maximumOf);
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw failed(`the score of ${pictures.labels[bad]}`, 'a finite number', String(scores[bad]));
  await progress('writing', 0, 1);
  const onnx = writeGraph(modelGraph(size, seed, projection, fit.field, fit.calibration));
  await check(onnx, pixels, size, samples, fit, progress);
  const thresholds = proposeThresholds(scores, options.falseRejectRate);
  const rois = proposeRegions(regions, fit.maps, options.falseRejectRate);
  const statement = statementOf(thresholds, pixels.length);
  const input: ModelInput = {
    name: names.input,
    width: size.width,
    height: size.height,
    channels: 1,
    layout: 'NHWC',
    type: 'uint8',
    resize: 'stretch',
  };
  const description: Learned['description'] = {
    input,
    preprocessing: describePreprocessing(input),
    outputs: { map: names.map, score: names.score },
    units: 'deviations from the typical good part',
    trainingSet: { images: pixels.length, digest: pictures.digest, skipped: pictures.skipped.length, seed },
    calibration: {
      median: thresholds.median,
      warn: thresholds.warn.value,
      fail: thresholds.fail.value,
      scores,
      method: statement,
      thresholds,
      rois,
    },
    tool: `goodpart learning: random filters, ${projection.dimensions} axes, Gaussian per position`,
  };
  return { onnx, description, thresholds, rois, statement };
}

const feed = (pixels: Buffer, size: Size) => ({
  [names.input]: { data: pixels, shape: [1, size.height, size.width, 1] },
});

async function fitProjection(
  pixels: Buffer[],
  size: Size,
  seed: number,
  threads: number,
  progress: Progress,
): Promise<Projection> {
  const grid = gridOf(size);
  const session = await Session.open(writeGraph(featureGraph(size, seed)), { threads });
  const fit = new ProjectionFit(featureChannels);
  const chosen = shuffled([...pixels.keys()], seed).slice(0, projectionPictures);
  for (const [i, picture] of chosen.entries()) {
    const { features } = await session.run(feed(pixels[picture], size), [names.features]);
    fit.add(features.data, grid.width * grid.height, projectionStep, i);
    await progress('projection', i + 1, chosen.length);
  }
  await session.dispose();
  const projection = fit.finish(mostDimensions);
  if (projection === null) throw failed('the features', 'finite numbers that vary', 'none that do');
  return projection;
}

async function project(
  pixels: Buffer[],
  size: Size,
  seed: number,
  projection: Projection,
  threads: number,
  progress: Progress,
): Promise<Samples> {
  const grid = gridOf(size);
  const positions = grid.width * grid.height;
  const pictures = pixels.length;
  const { dimensions } = projection;
  const session = await Session.open(writeGraph(projectionGraph(size, seed, projection)), { threads });
  const z = new Float32Array(positions * pictures * dimensions);
  for (let picture = 0; picture < pictures; picture++) {
    const { features } = await session.run(feed(pixels[picture], size), [names.features]);
    for (let position = 0; position < positions; position++) {
      const cell = features.data.subarray(position * dimensions, (position + 1) * dimensions);
      z.set(cell, (position * pictures + picture) * dimensions);
    }
    await progress('features', picture + 1, pictures);
  }
  await session.dispose();
  return { positions, pictures, dimensions, z };
}

/** Runs the finished graph as the engine will and compares with the numbers it was made from. */
async function check(
  onnx: Buffer,
  pixels: Buffer[],
  size: Size,
  samples: Samples,
  fit: CrossFit,
  progress: Progress,
): Promise<void> {
  const session = await Session.open(onnx);
  const count = Math.min(checkedPictures, pixels.length);
  for (let i = 0; i < count; i++) {
    const picture = Math.floor((i * pixels.length) / count);
    const { score } = await session.run(feed(pixels[picture], size), [names.score]);
    const expected = maximumOf(mapOf(distancesOf(samples, fit, picture), fit.calibration, gridOf(size)));
    const received = score.data[0];
    if (!(Math.abs(received - expected) <= 1e-3 * Math.max(1, Math.abs(expected)))) {
      throw failed(`the finished model’s score of good picture ${picture + 1}`, String(expected), String(received));
    }
    await progress('checking', i + 1, count);
  }
  await session.dispose();
}

/** Distances of a learned picture to the finished Gaussians, [positions]. */
export function distancesOf(samples: Samples, { field }: Pick<CrossFit, 'field'>, picture: number): Float32Array {
  const { positions, pictures, dimensions: d, z } = samples;
  const out = new Float32Array(positions);
  const white = new Float64Array(d);
  for (let position = 0; position < positions; position++) {
    const at = (position * pictures + picture) * d;
    const matrix = position * d * d;
    white.fill(0);
    for (let i = 0; i < d; i++) {
      const offset = z[at + i] - field.mean[position * d + i];
      for (let j = 0; j < d; j++) white[j] += offset * field.whitening[matrix + i * d + j];
    }
    let square = 0;
    for (const value of white) square += value * value;
    out[position] = Math.sqrt(square);
  }
  return out;
}
