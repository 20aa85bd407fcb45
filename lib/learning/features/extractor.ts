import type { Levels, LevelWindow } from '../../imaging/levels.ts';
import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import type { Size } from '../pictures/input-size.ts';

/** What a person chooses. `bank` fixed filters, `filters` learned from the good frames, `thorough` both, `backbone` a network of their own. */
export type FeatureKind = 'bank' | 'filters' | 'thorough' | 'backbone';

/** Good pictures of one size, as they go into the graph: rows of pixels of `channels` (HWC), bytes, or floats where there is a window. */
export interface Pictures {
  readonly count: number;
  readonly size: Size;
  readonly channels: 1 | 3;
  /** For pictures of 16 bits a sample: the counts that are level 0 and 255. */
  readonly window?: LevelWindow | undefined;
  pixels(picture: number): Levels;
}

/** Turns pictures into features by nodes of the graph; whatever it learned is inside it as constants. */
export interface FeatureExtractor {
  readonly kind: FeatureKind;
  /** For people and model.json: what it is, with its numbers. */
  readonly description: string;
  /** Features of each cell. */
  readonly channels: number;
  /**
   * Channels `from` up to but without `to` that are of one unit, where there are such. A channel that is hardly ever anything but 0
   * is then not blown up to the scale of the others when features are standardised.
   */
  readonly alike?: readonly { from: number; to: number }[];
  /** Half of the axes that features are projected to tell of the 7 x 7 cells around a cell instead of the cell. */
  readonly surroundings?: boolean;
  /** Pixels of the input per cell of the grid, on each axis. */
  readonly stride: number;
  /** Adds the nodes: picture uint8 or float32 [1,H,W,c] → features float32 [1,channels,H/stride,W/stride], not yet averaged or projected. */
  add(graph: GraphBuilder, picture: Value, size: Size): Value;
}
