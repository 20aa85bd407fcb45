import type { Polygon, Roi } from '../core/inspection.ts';

/** Tolerance in cells, so that a side drawn exactly along a cell border touches neither neighbour by rounding. */
const slack = 1e-6;

/**
 * The map cells of a polygon, ascending, as indexes `y * width + x`; never none.
 * `touched`: every cell the polygon overlaps (all of an inspect region is looked at, however thin it is);
 * `centred`: cells whose centre is inside (an ignore region hides about its own area).
 * Even-odd scan-line fill (Foley, van Dam et al., Computer Graphics, 3.6) plus a walk along each side.
 */
export function rasterise(
  polygon: Polygon,
  width: number,
  height: number,
  rule: 'touched' | 'centred' = 'touched',
): Uint32Array {
  const inside = new Uint8Array(width * height);
  const points = polygon.map(([x, y]) => [x * width, y * height] as const);
  fillCentres(points, width, height, inside);
  if (rule === 'touched') for (let i = 0; i < points.length; i++) walkSide(points, i, width, height, inside);
  let count = 0;
  for (const cell of inside) count += cell;
  if (count === 0) {
    const [x, y] = points[0];
    return Uint32Array.of(clamp(Math.floor(y), height) * width + clamp(Math.floor(x), width));
  }
  const cells = new Uint32Array(count);
  for (let i = 0, at = 0; i < inside.length; i++) if (inside[i] === 1) cells[at++] = i;
  return cells;
}

/**
 * The cells an inspect region is measured on: its own, without those of the ignore regions. Empty where ignore regions
 * hide all of it: then nothing was inspected there.
 */
export function regionCells(roi: Roi, ignores: readonly Roi[], width: number, height: number): Uint32Array {
  const own = cached(roi.polygon, width, height, 'touched');
  if (ignores.length === 0) return own;
  const hidden = new Uint8Array(width * height);
  for (const ignore of ignores) for (const cell of cached(ignore.polygon, width, height, 'centred')) hidden[cell] = 1;
  return own.filter((cell) => hidden[cell] === 0);
}

/** A recipe's polygons are the same objects for every part; one map size each. */
const cache = new WeakMap<Polygon, { key: string; cells: Uint32Array }>();

function cached(polygon: Polygon, width: number, height: number, rule: 'touched' | 'centred'): Uint32Array {
  const key = `${width} ${height} ${rule} ${polygon.join(' ')}`;
  const known = cache.get(polygon);
  if (known?.key === key) return known.cells;
  const cells = rasterise(polygon, width, height, rule);
  cache.set(polygon, { key, cells });
  return cells;
}

function clamp(cell: number, size: number): number {
  return Math.max(0, Math.min(size - 1, cell));
}

type Points = readonly (readonly [number, number])[];

function fillCentres(points: Points, width: number, height: number, inside: Uint8Array): void {
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    for (let i = 0; i < points.length; i++) {
      const [x0, y0] = points[i];
      const [x1, y1] = points[(i + 1) % points.length];
      if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i] - 0.5));
      const to = Math.min(width, Math.ceil(crossings[i + 1] - 0.5));
      if (to > from) inside.fill(1, row * width + from, row * width + to);
    }
  }
}

/** Marks each cell whose interior the side from corner `i` passes through, row by row. */
function walkSide(points: Points, i: number, width: number, height: number, inside: Uint8Array): void {
  const [x0, y0] = points[i];
  const [x1, y1] = points[(i + 1) % points.length];
  const top = Math.min(y0, y1);
  const bottom = Math.max(y0, y1);
  const firstRow = Math.max(0, Math.floor(top + slack));
  const lastRow = Math.min(height - 1, Math.ceil(bottom - slack) - 1);
  const xAt = (y: number) => (y1 === y0 ? x0 : x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  for (let row = firstRow; row <= lastRow; row++) {
    const a = y1 === y0 ? x0 : xAt(Math.max(top, row));
    const b = y1 === y0 ? x1 : xAt(Math.min(bottom, row + 1));
    const from = Math.max(0, Math.floor(Math.min(a, b) + slack));
    const to = Math.min(width - 1, Math.ceil(Math.max(a, b) - slack) - 1);
    if (to >= from) inside.fill(1, row * width + from, row * width + to + 1);
  }
}
