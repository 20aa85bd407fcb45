import type { AnomalyMap } from '../core/anomaly-map.ts';
import type { Polygon } from '../core/inspection.ts';
import { type Placement, type Size, toReference } from './placement.ts';

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
 * beyond; magenta where the value is not finite, grey where that goes on to the map's edge (a model that looks at the middle of the
 * frame only); nothing inside ignore regions. A cell takes the range of the first inspect region
 * that holds its centre, else `otherwise`.
 */
export function heatPixels(map: AnomalyMap, regions: HeatRegion[], otherwise: HeatRange): Buffer {
  const values = map.values();
  const pixels = Buffer.alloc(values.length * 4);
  const looked = finitePart(values, map.width);
  for (let row = 0; row < map.height; row++) {
    for (let column = 0; column < map.width; column++) {
      const at = row * map.width + column;
      const x = (column + 0.5) / map.width;
      const y = (row + 0.5) / map.height;
      const around = regions.filter(({ polygon }) => contains(polygon, x, y));
      if (around.some(({ mode }) => mode === 'ignore')) continue;
      const range = around.find(({ range }) => range !== null)?.range ?? otherwise;
      const outside = row < looked.top || row > looked.bottom || column < looked.left || column > looked.right;
      if (outside) pixels.set(notInspected, at * 4);
      else paint(pixels, at * 4, values[at], range);
    }
  }
  return pixels;
}

/**
 * RGBA pixels of a map's size, laid over a frame in which the part lies elsewhere than in the map: bilinear, transparent where the
 * map ends. `frame`: size of the result, with the aspect of the camera's frame.
 */
export function heatInFrame(pixels: Buffer, map: Size, placement: Placement, frame: Size): Buffer {
  const { xx, xy, x0, yx, yy, y0 } = toReference(placement, frame);
  const out = Buffer.alloc(frame.width * frame.height * 4);
  for (let row = 0, to = 0; row < frame.height; row++) {
    for (let column = 0; column < frame.width; column++, to += 4) {
      const x = ((xx * (column + 0.5) + xy * (row + 0.5) + x0) / frame.width) * map.width - 0.5;
      const y = ((yx * (column + 0.5) + yy * (row + 0.5) + y0) / frame.height) * map.height - 0.5;
      if (x < -0.5 || y < -0.5 || x > map.width - 0.5 || y > map.height - 0.5) continue;
      const left = Math.floor(x);
      const top = Math.floor(y);
      // colours count by their cover: a transparent cell has none
      const sums = [0, 0, 0, 0];
      for (let corner = 0; corner < 4; corner++) {
        const cx = left + (corner & 1);
        const cy = top + (corner >> 1);
        const at = (clamp(cy, map.height) * map.width + clamp(cx, map.width)) * 4;
        const cover = (1 - Math.abs(x - cx)) * (1 - Math.abs(y - cy)) * pixels[at + 3];
        for (let k = 0; k < 3; k++) sums[k] += cover * pixels[at + k];
        sums[3] += cover;
      }
      for (let k = 0; k < 3; k++) out[to + k] = sums[3] > 0 ? Math.round(sums[k] / sums[3]) : 0;
      out[to + 3] = Math.round(sums[3]);
    }
  }
  return out;
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

function clamp(cell: number, cells: number): number {
  return Math.max(0, Math.min(cells - 1, cell));
}

const notInspected = [107, 114, 128, 150];

/** First and last row and column that hold a number; everything where none does, so that a map without numbers shows as broken. */
function finitePart(values: Float32Array, width: number) {
  const height = values.length / width;
  const part = { left: width, top: height, right: -1, bottom: -1 };
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(values[at])) continue;
    const column = at % width;
    part.left = Math.min(part.left, column);
    part.right = Math.max(part.right, column);
    part.top = Math.min(part.top, Math.floor(at / width));
    part.bottom = Math.floor(at / width);
  }
  return part.right < 0 ? { left: 0, top: 0, right: width - 1, bottom: height - 1 } : part;
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
