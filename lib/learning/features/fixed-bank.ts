import { gaussian, seededRandom } from '../../core/random.ts';
import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import type { Size } from '../pictures/input-size.ts';

/** Pixels of the input per cell of the grid, on each axis. */
export const stride = 8;
const levels = 3;
const filters = 40;
const kernel = 7;

/** Per level mean and maximum of each filter's magnitude and deviation, minimum, maximum of the brightness; once its mean. */
export const featureChannels = levels * (filters * 2 + 3) + 1;

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
 * Grey picture uint8 [1,H,W,1] → features [1,featureChannels,H/8,W/8]: gain normalisation by the picture's own mean and
 * deviation, three pyramid levels, fixed random filters, magnitude pooled to the grid by mean and maximum. Random filters
 * with pooling as texture features: Jarrett et al., "What is the best multi-stage architecture", ICCV 2009.
 */
export function addFeatures(graph: GraphBuilder, picture: Value, size: Size, seed: number): Value {
  const grey = graph.reshape(graph.cast(picture), [1, 1, size.height, size.width]);
  const centred = graph.binary('Sub', grey, graph.reduce('ReduceMean', grey, [2, 3]));
  const variance = graph.reduce('ReduceMean', graph.binary('Mul', centred, centred), [2, 3]);
  // One grey level: a uniform picture must become zeros, not noise blown up to full contrast.
  const deviation = graph.unary('Sqrt', graph.binary('Add', variance, graph.scalar(1)));
  let level = graph.binary('Div', centred, deviation);
  const bank = graph.constant([filters, 1, kernel, kernel], filterBank(seed));
  const parts: Value[] = [];
  for (let i = 0; i < levels; i++) {
    const cell = stride >> i;
    const border = (kernel - 1) / 2;
    const magnitude = graph.unary('Abs', graph.convolve(graph.padEdge(level, border, border), bank, null));
    parts.push(logarithm(graph, graph.pool('AveragePool', magnitude, cell)));
    parts.push(logarithm(graph, graph.pool('MaxPool', magnitude, cell)));
    const mean = graph.pool('AveragePool', level, cell);
    const square = graph.pool('AveragePool', graph.binary('Mul', level, level), cell);
    const spread = graph.unary('Relu', graph.binary('Sub', square, graph.binary('Mul', mean, mean)));
    const epsilon = graph.scalar(1e-6);
    if (i === 0) parts.push(mean); // the same number on every level
    parts.push(logarithm(graph, graph.unary('Sqrt', graph.binary('Add', spread, epsilon))));
    const lowest = graph.unary('Neg', graph.pool('MaxPool', graph.unary('Neg', level), cell));
    parts.push(lowest, graph.pool('MaxPool', level, cell));
    if (i + 1 < levels) level = graph.pool('AveragePool', level, 2);
  }
  return graph.concatChannels(parts);
}

/**
 * Magnitudes vary by factors, a Gaussian by sums. The offset, in deviations of the picture, keeps sensor noise from counting;
 * 0.1 was chosen on drawn defects (README), not on the test pictures.
 */
function logarithm(graph: GraphBuilder, magnitude: Value): Value {
  return graph.unary('Log', graph.binary('Add', magnitude, graph.scalar(0.1)));
}

/** Features [1,C,h,w] → the `D` projected features [1,D,h,w], averaged over 3 x 3 cells. `weights` [D,C], `bias` [D]. */
export function addProjection(graph: GraphBuilder, features: Value, weights: Float32Array, bias: Float32Array): Value {
  const matrix = graph.constant([bias.length, features.shape[1], 1, 1], weights);
  // Averaging after the projection gives the same numbers as before it (both are linear) on fewer channels.
  return graph.average3x3(graph.convolve(features, matrix, graph.constant([bias.length], bias)));
}
