import type { AnomalyMap } from '../core/anomaly-map.ts';
import type { Polygon } from '../core/inspection.ts';

/** Map values of a typical good part and of the limit. */
export interface HeatRange {
  median: number;
  fail: number;
}

export interface HeatRegion {
  polygon: Polygon;
  mode: 'inspect' | 'ignore';
  /** Null: not known in map values. */
  range: HeatRange | null;
}

/**
 * A map as RGBA pixels of the map's own size: transparent up to half way from median to fail, then yellow, orange at the limit, red
 * beyond; magenta where the value is not finite; nothing inside ignore regions. A cell takes the range of the first inspect region
 * that holds its centre, else `otherwise`.
 */
export function heatPixels(map: AnomalyMap, regions: HeatRegion[], otherwise: HeatRange): Buffer {
  const values = map.values();
  const pixels = Buffer.alloc(values.length * 4);
  for (let row = 0; row < map.height; row++) {
    for (let column = 0; column < map.width; column++) {
      const at = row * map.width + column;
      const x = (column + 0.5) / map.width;
      const y = (row + 0.5) / map.height;
      const around = regions.filter(({ polygon }) => contains(polygon, x, y));
      if (around.some(({ mode }) => mode === 'ignore')) continue;
      const range = around.find(({ range }) => range !== null)?.range ?? otherwise;
      paint(pixels, at * 4, values[at], range);
    }
  }
  return pixels;
}

/** The range to draw with where no threshold is known: from the map's median to its maximum. Colours then say "where", not "how much". */
export function rangeOf(map: AnomalyMap): HeatRange {
  const values = map.values().filter(Number.isFinite).sort();
  if (values.length === 0) return { median: 0, fail: 1 };
  return { median: values[values.length >> 1], fail: values[values.length - 1] };
}

function paint(pixels: Buffer, at: number, value: number, { median, fail }: HeatRange): void {
  if (!Number.isFinite(value)) {
    pixels.set([255, 0, 255, 170], at);
    return;
  }
  const severity = fail > median ? (value - median) / (fail - median) : Number(value > fail);
  const heat = Math.min(1, Math.max(0, severity - 0.5));
  // 0 → 0.5 → 1: yellow, orange, red; the hue says how strange, the cover how sure
  pixels.set([255, Math.round(230 * (1 - heat) ** 1.3), 0, Math.round(heat === 0 ? 0 : 50 + 75 * heat)], at);
}

/** Even-odd rule. */
function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
