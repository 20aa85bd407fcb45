import { addFeatures, addProjection, stride } from './features/fixed-bank.ts';
import type { Projection } from './features/projection.ts';
import { type Graph, GraphBuilder, type Value } from './graph/graph-builder.ts';
import { type PositionCalibration, smoothing } from './heads/calibration.ts';
import type { GaussianField } from './heads/gaussian-field.ts';
import type { Size } from './pictures/input-size.ts';

/** Names in every graph that learning writes. */
export const names = { input: 'image', features: 'features', map: 'map', score: 'score' } as const;

export function gridOf(size: Size): Size {
  return { width: size.width / stride, height: size.height / stride };
}

const picture = (graph: GraphBuilder, size: Size) => graph.input(names.input, [1, size.height, size.width, 1], 'uint8');

/** Picture → features, not yet averaged over neighbours: what the projection is fitted on. */
export function featureGraph(size: Size, seed: number): Graph {
  const graph = new GraphBuilder('goodpart features');
  const features = addFeatures(graph, picture(graph, size), size, seed);
  return graph.finish({ [names.features]: graph.average3x3(features) });
}

/** Picture → projected features [positions, dimensions], the head's input: the very nodes of the finished model. */
export function projectionGraph(size: Size, seed: number, projection: Projection): Graph {
  const graph = new GraphBuilder('goodpart projection');
  return graph.finish({ [names.features]: positionsFirst(graph, projected(graph, size, seed, projection)) });
}

function projected(graph: GraphBuilder, size: Size, seed: number, projection: Projection): Value {
  const features = addFeatures(graph, picture(graph, size), size, seed);
  return addProjection(graph, features, projection.weights, projection.bias);
}

/** [1,D,h,w] → [h*w,D] */
function positionsFirst(graph: GraphBuilder, z: Value): Value {
  const [, d, height, width] = z.shape;
  return graph.transpose(graph.reshape(z, [d, height * width]), [1, 0]);
}

/** The whole model: picture → map [1,1,h,w] and score [1], its maximum; both in deviations from the typical good part. */
export function modelGraph(
  size: Size,
  seed: number,
  projection: Projection,
  field: GaussianField,
  calibration: PositionCalibration,
): Graph {
  const graph = new GraphBuilder('goodpart model');
  const grid = gridOf(size);
  const positions = grid.width * grid.height;
  const d = projection.dimensions;
  const z = graph.reshape(positionsFirst(graph, projected(graph, size, seed, projection)), [positions, 1, d]);
  const offset = graph.binary('Sub', z, graph.constant([positions, 1, d], field.mean));
  const white = graph.node('MatMul', [offset, graph.constant([positions, d, d], field.whitening)], [positions, 1, d]);
  const square = graph.reduceSum(graph.binary('Mul', white, white), [2]);
  const shape = [1, 1, grid.height, grid.width];
  const distance = graph.reshape(graph.unary('Sqrt', square), shape);
  const calibrated = graph.binary(
    'Div',
    graph.binary('Sub', distance, graph.constant(shape, calibration.mean)),
    graph.constant(shape, calibration.deviation),
  );
  const n = smoothing.length;
  const weights = Float32Array.from(smoothing);
  const padded = graph.padEdge(calibrated, (n - 1) / 2, (n - 1) / 2);
  const rows = graph.convolve(padded, graph.constant([1, 1, 1, n], weights), null);
  const map = graph.convolve(rows, graph.constant([1, 1, n, 1], weights), null);
  const score = graph.reshape(graph.reduce('ReduceMax', map, [2, 3]), [1]);
  return graph.finish({ [names.map]: map, [names.score]: score });
}
