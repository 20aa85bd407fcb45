import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import type { Size } from '../pictures/input-size.ts';

/** Pixels of the input per cell of the grid of all built-in features, on each axis. */
export const stride = 8;
/** Level i has 1/2^i of the picture's pixels on each axis. */
export const levels = 3;

/** One level of a gain-normalised picture. */
export interface Level {
  /** Pixels of the level per cell, on each axis. */
  cell: number;
  /** [1,1,h,w]: brightness, of mean 0 and deviation 1 over the picture. */
  luminance: Value;
  /** [1,2,h,w]: red against green and yellow against blue, in parts of the mean brightness; null for grey pictures. */
  colour: Value | null;
}

/** Rows: luminance (ITU-R BT.601), red - green, yellow - blue; columns: R, G, B. Equal R, G and B have no colour at all. */
export const opponents = [
  [0.299, 0.587, 0.114],
  [1, -1, 0],
  [0.5, 0.5, -1],
] as const;

/** Colour per mean brightness is about a third of luminance per deviation in ordinary pictures: brings them to one scale. */
export const colourGain = 3;
/** Grey levels: a uniform picture must become zeros and a black one grey, not noise blown up to full contrast. */
export const darkest = { deviation: 1, brightness: 8 } as const;

/**
 * Picture [1,H,W,1 or 3] → its levels, made independent of the exposure: luminance by the picture's own mean and
 * deviation, colour by its mean brightness. Colour keeps its zero, so that a part of another colour as a whole is another part.
 */
export function addPyramid(graph: GraphBuilder, picture: Value, size: Size): Level[] {
  const { height, width } = size;
  const coloured = picture.shape[3] === 3;
  const raw = graph.cast(picture);
  const planes = coloured ? graph.transpose(raw, [0, 3, 1, 2]) : graph.reshape(raw, [1, 1, height, width]);
  const mix = (rows: readonly (readonly number[])[]) =>
    graph.convolve(planes, graph.constant([rows.length, 3, 1, 1], Float32Array.from(rows.flat())), null);
  const brightness = coloured ? mix(opponents.slice(0, 1)) : planes;
  const mean = graph.reduce('ReduceMean', brightness, [2, 3]);
  const centred = graph.binary('Sub', brightness, mean);
  const variance = graph.reduce('ReduceMean', graph.binary('Mul', centred, centred), [2, 3]);
  const deviation = graph.unary('Sqrt', graph.binary('Add', variance, graph.scalar(darkest.deviation ** 2)));
  let luminance = graph.binary('Div', centred, deviation);
  const rows = opponents.slice(1).map((row) => row.map((weight) => weight * colourGain));
  let colour = coloured
    ? graph.binary('Div', mix(rows), graph.binary('Add', mean, graph.scalar(darkest.brightness)))
    : null;
  const out: Level[] = [];
  for (let i = 0; i < levels; i++) {
    out.push({ cell: stride >> i, luminance, colour });
    if (i + 1 === levels) break;
    luminance = graph.pool('AveragePool', luminance, 2);
    colour = colour && graph.pool('AveragePool', colour, 2);
  }
  return out;
}

/** Per plane (one for grey, three for colour) its mean once and, at each level, deviation, minimum and maximum. */
export const statisticsChannels = (channels: 1 | 3) => channels * (1 + 3 * levels);

/** Local mean, deviation and extremes of luminance and colour over each cell. */
export function addStatistics(graph: GraphBuilder, pyramid: Level[]): Value[] {
  const parts: Value[] = [];
  for (const [i, { cell, luminance, colour }] of pyramid.entries()) {
    for (const plane of colour ? [luminance, colour] : [luminance]) {
      const mean = graph.pool('AveragePool', plane, cell);
      const square = graph.pool('AveragePool', graph.binary('Mul', plane, plane), cell);
      const spread = graph.unary('Relu', graph.binary('Sub', square, graph.binary('Mul', mean, mean)));
      if (i === 0) parts.push(mean); // the same number on every level
      parts.push(logarithm(graph, graph.unary('Sqrt', graph.binary('Add', spread, graph.scalar(1e-6)))));
      const lowest = graph.unary('Neg', graph.pool('MaxPool', graph.unary('Neg', plane), cell));
      parts.push(lowest, graph.pool('MaxPool', plane, cell));
    }
  }
  return parts;
}

/**
 * Magnitudes vary by factors, a Gaussian by sums. The offset, in deviations of the picture, keeps sensor noise from counting;
 * 0.1 was chosen on drawn defects (README), not on the test pictures.
 */
export function logarithm(graph: GraphBuilder, magnitude: Value): Value {
  return graph.unary('Log', graph.binary('Add', magnitude, graph.scalar(0.1)));
}
