import type { GraphBuilder, Value } from '../graph/graph-builder.ts';
import type { Size } from '../pictures/input-size.ts';

/**
 * Brings a map [1,C,h,w] onto another grid of the same picture: linear interpolation between cell centres where that is
 * finer, the mean over each new cell's area where it is coarser. As products with constant matrices, because Resize has
 * another form in nearly every operator set and only whole factors are alike in all engines.
 */
export function resample(graph: GraphBuilder, map: Value, grid: Size): Value {
  const [, channels, height, width] = map.shape;
  let value = map;
  if (width !== grid.width) {
    const matrix = graph.constant([width, grid.width], resampling(width, grid.width, true));
    value = graph.node('MatMul', [value, matrix], [1, channels, height, grid.width]);
  }
  if (height !== grid.height) {
    const matrix = graph.constant([1, 1, grid.height, height], resampling(height, grid.height, false));
    value = graph.node('MatMul', [matrix, value], [1, channels, grid.height, grid.width]);
  }
  return value;
}

/** Weights of `from` cells in each of `to` cells on one axis: [to, from], or transposed [from, to]. Each cell's sum is 1. */
export function resampling(from: number, to: number, transposed: boolean): Float32Array {
  const weights = new Float32Array(from * to);
  const add = (cell: number, source: number, weight: number) => {
    const at = Math.min(from - 1, Math.max(0, source));
    weights[transposed ? at * to + cell : cell * from + at] += weight;
  };
  const ratio = from / to;
  for (let cell = 0; cell < to; cell++) {
    if (ratio > 1) {
      const begin = cell * ratio;
      const end = begin + ratio;
      for (let source = Math.floor(begin); source < end && source < from; source++) {
        const share = Math.min(end, source + 1) - Math.max(begin, source);
        if (share > 1e-9) add(cell, source, share / ratio);
      }
    } else {
      const centre = (cell + 0.5) * ratio - 0.5;
      const lower = Math.floor(centre);
      add(cell, lower, lower + 1 - centre);
      add(cell, lower + 1, centre - lower);
    }
  }
  return weights;
}
