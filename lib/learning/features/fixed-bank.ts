import { gaussian, seededRandom } from '../../core/random.ts';
import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import type { FeatureExtractor } from './extractor.ts';
import { addPyramid, addStatistics, type Level, levels, logarithm, statisticsChannels, stride } from './pyramid.ts';

export const filters = 40;
const kernel = 7;

/** Of the bank alone: mean and maximum of each filter's magnitude, at each level. */
export const bankChannels = levels * filters * 2;
/** Of the extractor for grey pictures. */
export const featureChannels = bankChannels + statisticsChannels(1);

export interface BankOptions {
  seed: number;
  /** Pixels between two places where the filters are applied, per level: 1, 2 or 4. */
  strides: readonly number[];
}

/** `filters` fixed 7 x 7 filters, each of zero mean and unit norm: shape [filters,1,7,7]. Nothing is learned in them. */
export function filterBank(seed: number): Float32Array {
  const random = seededRandom(seed);
  const size = kernel * kernel;
  const bank = new Float32Array(filters * size);
  for (let f = 0; f < filters; f++) {
    const values = Array.from({ length: size }, () => gaussian(random));
    const mean = values.reduce((a, b) => a + b, 0) / size;
    const norm = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    for (let i = 0; i < size; i++) bank[f * size + i] = (values[i] - mean) / norm;
  }
  return bank;
}

/**
 * Magnitudes of fixed random filters of the luminance, pooled to the grid by mean and maximum. Random filters with pooling as texture
 * features: Jarrett et al., "What is the best multi-stage architecture", ICCV 2009.
 */
export function addBank(graph: GraphBuilder, pyramid: Level[], { seed, strides }: BankOptions): Value[] {
  const bank = graph.constant([filters, 1, kernel, kernel], filterBank(seed));
  const border = (kernel - 1) / 2;
  return pyramid.flatMap(({ cell, luminance }, i) => {
    const response = graph.convolve(graph.padEdge(luminance, border, border), bank, null, [0, 0], strides[i]);
    const magnitude = graph.unary('Abs', response);
    return (['AveragePool', 'MaxPool'] as const).map((pooling) =>
      logarithm(graph, graph.pool(pooling, magnitude, cell / strides[i])),
    );
  });
}

/** The fixed bank with the local statistics of luminance and, where the pictures have it, colour. */
export function bankFeatures(channels: 1 | 3, options: BankOptions): FeatureExtractor {
  return {
    kind: 'bank',
    description: `${filters} fixed random ${kernel} x ${kernel} filters on ${levels} levels, every ${options.strides.join(', ')} pixels, seed ${options.seed}`,
    channels: bankChannels + statisticsChannels(channels),
    stride,
    add(graph, picture, size) {
      const pyramid = addPyramid(graph, picture, size);
      return graph.concatChannels([...addBank(graph, pyramid, options), ...addStatistics(graph, pyramid)]);
    },
  };
}
