import type { LevelWindow } from '../imaging/levels.ts';
import type { FeatureExtractor } from './features/extractor.ts';
import type { Projection } from './features/projection.ts';
import { type Graph, GraphBuilder, type Value } from './graph/graph-builder.ts';
import { type PositionCalibration, smoothing } from './heads/calibration.ts';
import type { GraphDistance } from './heads/head.ts';
import type { Size } from './pictures/input-size.ts';

/** Names in every graph that learning writes. */
export const names = { input: 'image', features: 'features', map: 'map', score: 'score' } as const;
/** The tensor [1,D,h,w] inside a finished model that a later version goes on from. */
export const keptFeatures = 'z';

/** The part of a model that says what a cell looks like. */
export interface FeatureParts {
  /** Of the input picture, in pixels; multiples of the extractor's stride. */
  size: Size;
  /** Grey or RGB. */
  channels: 1 | 3;
  extractor: FeatureExtractor;
  /** As in `Pictures`: levels are floats then. */
  window?: LevelWindow | undefined;
}

export interface ModelParts extends FeatureParts {
  /** Null where the extractor's features are projected already: those of a model that is continued. */
  projection: Projection | null;
  head: Pick<GraphDistance, 'addDistance'>;
  calibration: PositionCalibration;
}

/** Cells of the map for a picture of `size` pixels. */
export function gridOf(size: Size, { stride }: Pick<FeatureExtractor, 'stride'>): Size {
  return { width: size.width / stride, height: size.height / stride };
}

/** Numbers of each cell that reach the head. */
export function dimensionsOf({ extractor, projection }: Pick<ModelParts, 'extractor' | 'projection'>): number {
  if (projection === null) return extractor.channels;
  return projection.dimensions * (extractor.surroundings ? 2 : 1);
}

/** Picture → features averaged over neighbours [1,C,h,w]: what the projection is fitted on. */
export function featureGraph(parts: FeatureParts): Graph {
  const graph = new GraphBuilder('goodpart features');
  return graph.finish({ [names.features]: graph.averageAround(addFeatures(graph, parts), 1) });
}

/** Picture → projected features [positions, dimensions], the head's input: the very nodes of the finished model. */
export function projectionGraph(parts: FeatureParts & Pick<ModelParts, 'projection'>): Graph {
  const graph = new GraphBuilder('goodpart projection');
  const z = addProjected(graph, parts);
  const [, d, height, width] = z.shape;
  const cells = graph.transpose(graph.reshape(z, [d, height * width]), [1, 0]);
  return graph.finish({ [names.features]: cells });
}

/** The whole model: picture → map [1,1,h,w] and score [1], its maximum; both in deviations from the typical good part. */
export function modelGraph(parts: ModelParts): Graph {
  const graph = new GraphBuilder('goodpart model');
  const grid = gridOf(parts.size, parts.extractor);
  const z = graph.named(addProjected(graph, parts), keptFeatures);
  const distance = parts.head.addDistance(graph, z, grid);
  const map = addMap(graph, distance, parts.calibration);
  const score = graph.reshape(graph.reduce('ReduceMax', map, [2, 3]), [1]);
  return graph.finish({ [names.map]: map, [names.score]: score });
}

function addFeatures(graph: GraphBuilder, { size, channels, extractor, window }: FeatureParts): Value {
  const type = window ? 'float32' : 'uint8';
  const picture = graph.input(names.input, [1, size.height, size.width, channels], type);
  return extractor.add(graph, picture, size);
}

/** → z [1,D,h,w]. Averaging after the projection gives the same numbers as before it (both are linear) on fewer channels. */
function addProjected(graph: GraphBuilder, parts: FeatureParts & Pick<ModelParts, 'projection'>): Value {
  if (parts.projection === null) return addFeatures(graph, parts);
  const { dimensions, channels, weights, bias } = parts.projection;
  const matrix = graph.constant([dimensions, channels, 1, 1], weights);
  const projected = graph.convolve(addFeatures(graph, parts), matrix, graph.constant([dimensions], bias));
  const cells = graph.averageAround(projected, 1);
  return parts.extractor.surroundings ? graph.concatChannels([cells, graph.averageAround(cells, 3)]) : cells;
}

/** Distance [1,1,h,w] → smoothed and calibrated by position, as `mapOf` does it. */
function addMap(graph: GraphBuilder, distance: Value, calibration: PositionCalibration): Value {
  const { shape } = distance;
  const { spread, mean, deviation } = calibration;
  const inSpreads = graph.binary('Div', distance, graph.constant(shape, spread));
  const n = smoothing.length;
  const weights = Float32Array.from(smoothing);
  const padded = graph.padEdge(inSpreads, (n - 1) / 2, (n - 1) / 2);
  const rows = graph.convolve(padded, graph.constant([1, 1, 1, n], weights), null);
  const smoothed = graph.convolve(rows, graph.constant([1, 1, n, 1], weights), null);
  return graph.binary(
    'Div',
    graph.binary('Sub', smoothed, graph.constant(shape, mean)),
    graph.constant(shape, deviation),
  );
}
