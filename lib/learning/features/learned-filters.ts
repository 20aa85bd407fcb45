import { mixSeed } from '../../core/random.ts';
import { failed } from '../failure.ts';
import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import { addProducts } from '../math/linear-algebra.ts';
import { eigenByQl } from '../math/tridiagonal.ts';
import type { FeatureExtractor, Pictures } from './extractor.ts';
import { kMeans } from './k-means.ts';
import { samplePatches } from './patches.ts';
import { addPyramid, addStatistics, type Level, levels, statisticsChannels, stride } from './pyramid.ts';

export interface FilterOptions {
  seed: number;
  /** Pixels between two patches, per level: 1, 2 or 4. */
  strides: readonly number[];
  /** Centroids of each level. */
  centroids: number;
  /** Added to a patch's variance, in variances of the picture: patches of less contrast than its root are faint, not strange. */
  contrast: number;
  /** Added to each axis' variance before whitening (1: that of a patch's average axis). */
  regularisation: number;
  /** Patches of each level that are learned from. */
  patches: number;
}

const kernel = 7;
const iterations = 12;

/** What was learned of one level's patches, in the whitened axes. */
export interface LevelFilters {
  planes: number;
  /** [axes, planes*7*7]: rows of zero mean per plane; a contrast-normalised patch times them is white. */
  whitening: Float32Array;
  /** [centroids, axes] */
  centroids: Float32Array;
}

/** Features of the filters alone, without the local statistics: per level one of each centroid, two of the nearest one. */
export const filterChannels = (centroids: number) => levels * (centroids + 2);

/** The activations of one level's centroids, where the features of the filters begin at channel `first`. */
export const alikeFilters = (centroids: number, first = 0) =>
  Array.from({ length: levels }, (_, level) => {
    const from = first + level * (centroids + 2);
    return { from, to: from + centroids };
  });

/**
 * Learns the filters from patches of the good pictures: local contrast normalisation, whitening, k-means. Source: Coates, Lee,
 * Ng, "An analysis of single-layer networks in unsupervised feature learning", AISTATS 2011. Throws GP_LEARN_FAILED where nothing varies.
 */
export async function learnFilters(
  pictures: Pictures,
  options: FilterOptions,
  progress: (done: number, total: number) => Promise<void>,
): Promise<LevelFilters[]> {
  const { seed, centroids: k, patches: perLevel } = options;
  const total = pictures.count + levels * iterations;
  const samples = await samplePatches(pictures, { levels, kernel, perLevel, seed }, (done) => progress(done, total));
  const out: LevelFilters[] = [];
  for (const [level, patches] of samples.entries()) {
    let done = pictures.count + level * iterations;
    const { channels: planes } = pictures;
    normaliseContrast(patches, planes, options.contrast);
    const whitening = whiten(patches, planes, options.regularisation);
    const axes = whitening.length / (planes * kernel * kernel);
    const points = project(patches, whitening, planes * kernel * kernel);
    const centroids = await kMeans(points, axes, { k, iterations, seed: mixSeed(seed, level) }, () =>
      progress(++done, total),
    );
    out.push({ planes, whitening, centroids });
  }
  return out;
}

/** Each plane of each patch loses its mean, and the patch is divided by its deviation. */
function normaliseContrast(patches: Float32Array, planes: number, contrast: number): void {
  const size = kernel * kernel;
  const length = planes * size;
  for (let patch = 0; patch < patches.length; patch += length) {
    let square = 0;
    for (let at = patch; at < patch + length; at += size) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += patches[at + i];
      for (let i = 0; i < size; i++) {
        patches[at + i] -= sum / size;
        square += patches[at + i] ** 2;
      }
    }
    const scale = 1 / Math.sqrt(square / length + contrast);
    for (let i = patch; i < patch + length; i++) patches[i] *= scale;
  }
}

/** Rows that turn patches onto their principal axes with unit variance: distances are those of ZCA, which only turns them back. */
function whiten(patches: Float32Array, planes: number, regularisation: number): Float32Array {
  const n = planes * kernel * kernel;
  const moments = new Float64Array(n * n);
  for (let patch = 0; patch < patches.length; patch += n) {
    for (let i = 0; i < n; i++) {
      const x = patches[patch + i];
      for (let j = 0; j <= i; j++) moments[i * n + j] += x * patches[patch + j];
    }
  }
  const count = patches.length / n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) moments[j * n + i] = moments[i * n + j] /= count;
  }
  const eigen = eigenByQl(moments, n);
  if (eigen === null) throw failed('the good pictures', 'pictures in which something varies', 'numbers that are none');
  const { values, vectors } = eigen;
  if (!(values[0] > 1e-9)) throw failed('the good pictures', 'pictures in which something varies', 'uniform ones');
  const axes = n - planes; // the mean of each plane was taken away
  const out = new Float32Array(axes * n);
  for (let axis = 0; axis < axes; axis++) {
    const scale = 1 / Math.sqrt(Math.max(values[axis], 0) + regularisation);
    for (let i = 0; i < n; i++) out[axis * n + i] = vectors[axis * n + i] * scale;
  }
  for (let row = 0; row < out.length; row += kernel * kernel) removeMean(out.subarray(row, row + kernel * kernel));
  return out;
}

function removeMean(values: Float32Array): void {
  let sum = 0;
  for (const value of values) sum += value;
  for (let i = 0; i < values.length; i++) values[i] -= sum / values.length;
}

function project(patches: Float32Array, whitening: Float32Array, n: number): Float32Array {
  const axes = whitening.length / n;
  const count = patches.length / n;
  const out = new Float32Array(count * axes);
  const sums = new Float64Array(axes);
  for (let patch = 0; patch < count; patch++) {
    addProducts(sums.fill(0), patches, patch * n, whitening);
    out.set(sums, patch * axes);
  }
  return out;
}

/** Root of each centroid's triangle activation averaged over the cell (a share of it, hence the root); mean and maximum of the distance to the nearest. */
export function addFilters(
  graph: GraphBuilder,
  pyramid: Level[],
  filters: LevelFilters[],
  { strides, contrast }: Pick<FilterOptions, 'strides' | 'contrast'>,
): Value[] {
  const border = (kernel - 1) / 2;
  return pyramid.flatMap(({ cell, luminance, colour }, i) => {
    const level = colour ? graph.concatChannels([luminance, colour]) : luminance;
    const padded = graph.padEdge(level, border, border);
    const { distances, nearest } = addDistances(graph, padded, filters[i], strides[i], contrast);
    const pool = cell / strides[i];
    const k = distances.reduce((sum, { shape }) => sum + shape[1], 0);
    const mean = distances.map((each) => graph.sumChannels(each, 1 / k)).reduce((a, b) => graph.binary('Add', a, b));
    const activations = distances.map((distance) => {
      const triangle = graph.unary('Relu', graph.node('Sub', [mean, distance], distance.shape));
      return graph.unary('Sqrt', graph.pool('AveragePool', triangle, pool));
    });
    return [...activations, graph.pool('AveragePool', nearest, pool), graph.pool('MaxPool', nearest, pool)];
  });
}

/** Filters of one convolution: what processors take at once. Smaller values also stay in the cache from one node to the next. */
const together = 16;

/** Distance of every patch, contrast-normalised and whitened, to the centroids, and the least: root of |x|² - (2 x·c - |c|²). */
function addDistances(
  graph: GraphBuilder,
  padded: Value,
  { planes, whitening, centroids }: LevelFilters,
  step: number,
  contrast: number,
): { distances: Value[]; nearest: Value } {
  const size = kernel * kernel;
  const n = planes * size;
  const axes = whitening.length / n;
  const k = centroids.length / axes;
  const apply = (a: Value, rows: number, weights: Float32Array) =>
    graph.convolve(a, graph.constant([rows, planes, kernel, kernel], weights), null, [0, 0], step);
  const overPlanes = (a: Value) => (planes === 1 ? a : graph.sumChannels(a, 1 / planes));
  const mean = graph.averageUnder(padded, kernel, step);
  const square = overPlanes(graph.averageUnder(graph.binary('Mul', padded, padded), kernel, step));
  const meanSquare = overPlanes(graph.binary('Mul', mean, mean));
  const variance = graph.unary('Relu', graph.binary('Sub', square, meanSquare));
  const scaled = graph.binary('Add', variance, graph.scalar(contrast));
  const parts = (count: number) =>
    Array.from({ length: Math.ceil(count / together) }, (_, i) => [i * together, Math.min(count, (i + 1) * together)]);
  const energy = parts(axes)
    .map(([from, to]) => apply(padded, to - from, whitening.slice(from * n, to * n)))
    .map((white) => graph.sumChannels(graph.binary('Mul', white, white)))
    .reduce((a, b) => graph.binary('Add', a, b));
  const length = graph.binary('Div', energy, scaled);
  const deviation = graph.unary('Sqrt', scaled);
  const rootOf = (square: Value) => graph.unary('Sqrt', graph.unary('Relu', square));
  const likenesses = parts(k).map(([from, to]) => {
    const { towards, squares } = foldWhitening(centroids.subarray(from * axes, to * axes), whitening, axes);
    const product = graph.binary('Div', apply(padded, to - from, towards), deviation);
    return graph.binary('Sub', product, graph.constant([1, to - from, 1, 1], squares));
  });
  const best = likenesses.map((each) => graph.maxOfChannels(each)).reduce((a, b) => graph.binary('Max', a, b));
  return {
    distances: likenesses.map((likeness) => rootOf(graph.node('Sub', [length, likeness], likeness.shape))),
    nearest: rootOf(graph.binary('Sub', length, best)),
  };
}

/** Rows that give 2 x·c of a patch before whitening, and |c|². */
function foldWhitening(centroids: Float32Array, whitening: Float32Array, axes: number) {
  const n = whitening.length / axes;
  const k = centroids.length / axes;
  const towards = new Float32Array(k * n);
  const squares = new Float32Array(k);
  for (let c = 0; c < k; c++) {
    for (let axis = 0; axis < axes; axis++) {
      const weight = centroids[c * axes + axis];
      squares[c] += weight * weight;
      for (let i = 0; i < n; i++) towards[c * n + i] += 2 * weight * whitening[axis * n + i];
    }
  }
  return { towards, squares };
}

/** Filters learned from the user's own good pictures, with the local statistics. Throws GP_LEARN_FAILED where nothing varies. */
export async function filterFeatures(
  pictures: Pictures,
  options: FilterOptions,
  progress: (done: number, total: number) => Promise<void>,
): Promise<FeatureExtractor> {
  const filters = await learnFilters(pictures, options, progress);
  return {
    kind: 'filters',
    description: describeFilters(pictures, options),
    channels: filterChannels(options.centroids) + statisticsChannels(pictures.channels),
    alike: alikeFilters(options.centroids),
    stride,
    add(graph, picture, size) {
      const pyramid = addPyramid(graph, picture, size);
      return graph.concatChannels([...addFilters(graph, pyramid, filters, options), ...addStatistics(graph, pyramid)]);
    },
  };
}

export function describeFilters({ channels }: Pictures, { centroids, strides, patches, seed }: FilterOptions): string {
  const kind = channels === 3 ? 'colour patches' : 'patches';
  return `${centroids} filters learned from ${patches} ${kind} of ${kernel} x ${kernel} on each of ${levels} levels, every ${strides.join(', ')} pixels, seed ${seed}`;
}
