import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import type { Grid, PositionCalibration } from './calibration.ts';

/** `gaussian`: one per position, for parts that sit still. `nearest`: the nearest learned cell anywhere, for parts that do not. */
export type HeadKind = 'gaussian' | 'nearest';

/** A fitted model of good features: how far is this cell from what is usual. */
export interface DistanceModel {
  /** Distances of one picture's features z [positions, dimensions] → [positions]. */
  distances(z: Float32Array): Float32Array;
}

/** A distance model that can write itself into a graph. */
export interface GraphDistance extends DistanceModel {
  /** Adds the nodes: z [1,D,h,w] → distance [1,1,h,w], not yet calibrated by position. */
  addDistance(graph: GraphBuilder, z: Value, grid: Grid): Value;
}

/** What fitting one kind of model gives, before its distances are calibrated. */
export interface FittedDistances {
  /** Fitted to all pictures. */
  model: GraphDistance;
  /** Fitted without fold 0. */
  heldOut: DistanceModel;
  /** [pictures, positions]: each picture's distances to a model fitted without that picture's fold. */
  crossFitted: Float32Array;
  description: string;
}

/** A head fitted to all good pictures, as it goes into the graph, and what its cross-fitting showed. */
export interface HeadFit extends GraphDistance {
  readonly kind: HeadKind;
  /** For people and model.json: what it is, with its numbers. */
  readonly description: string;
  /** [pictures, positions]: each picture's distances to a model fitted without that picture's fold. */
  readonly crossFitted: Float32Array;
  /** From all cross-fitted distances: what the finished graph holds. */
  readonly calibration: PositionCalibration;
  /** One map per picture, made without that picture's fold: neither in its model nor in its calibration. */
  readonly maps: Float32Array[];
  /** The model and calibration fitted without fold 0: scores altered pictures of fold 0 (drawn defects) as new ones. */
  readonly heldOut: { model: DistanceModel; calibration: PositionCalibration };
}
