import { AnomalyMap } from '../../core/anomaly-map.ts';
import type { Registration } from '../../core/inspection.ts';
import { type Affine, toReference } from '../../imaging/placement.ts';

/** Where in the frame a map belongs: nothing where the frame was not registered before scoring. */
export type Placed = Pick<Registration, 'dx' | 'dy' | 'rotation'> | undefined;

interface Step {
  from: number;
  to: number;
  share: number;
}

/**
 * A map's values at the pixels of a picture of `width` x `height`, row by row: bilinear between the cells' centres, as a cell is a
 * region of the frame (half-pixel convention); beyond the outermost centres the edge goes on. A map of a registered frame is
 * moved back to where the part lay; `aspect` is the frame's where the picture is stretched.
 */
export function upsampled(
  map: AnomalyMap,
  width: number,
  height: number,
  placed?: Placed,
  aspect = width / height,
): Float32Array {
  if (placed !== undefined) return movedBack(map, width, height, toReference(placed, { width, height }, aspect));
  const values = map.values();
  const columns = stepsOf(map.width, width);
  const out = new Float32Array(width * height);
  let at = 0;
  for (const row of stepsOf(map.height, height)) {
    for (const column of columns) out[at++] = between(values, map.width, column, row);
  }
  return out;
}

/** The map as the frame shows the part: what is drawn over the picture. */
export function mapInFrame(map: AnomalyMap, placed: Placed, aspect: number): AnomalyMap {
  if (placed === undefined) return map;
  const { width, height } = map;
  return AnomalyMap.from(width, height, upsampled(map, width, height, placed, aspect));
}

function movedBack(map: AnomalyMap, width: number, height: number, affine: Affine): Float32Array {
  const values = map.values();
  const { xx, xy, x0, yx, yy, y0 } = affine;
  const out = new Float32Array(width * height);
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = xx * (column + 0.5) + xy * (row + 0.5) + x0;
      const y = yx * (column + 0.5) + yy * (row + 0.5) + y0;
      const across = stepAt(map.width, (x * map.width) / width);
      const down = stepAt(map.height, (y * map.height) / height);
      out[at++] = between(values, map.width, across, down);
    }
  }
  return out;
}

function between(values: Float32Array, stride: number, column: Step, row: Step): number {
  const upper = row.from * stride;
  const lower = row.to * stride;
  const above = values[upper + column.from] + (values[upper + column.to] - values[upper + column.from]) * column.share;
  const below = values[lower + column.from] + (values[lower + column.to] - values[lower + column.from]) * column.share;
  return above + (below - above) * row.share;
}

function stepsOf(cells: number, pixels: number): Step[] {
  return Array.from({ length: pixels }, (_, pixel) => stepAt(cells, ((pixel + 0.5) * cells) / pixels));
}

/** The two cells whose centres lie on either side of `place`, which counts in cells from the edge. */
function stepAt(cells: number, place: number): Step {
  const inside = Math.min(cells - 1, Math.max(0, place - 0.5));
  const from = Math.floor(inside);
  return { from, to: Math.min(cells - 1, from + 1), share: inside - from };
}
