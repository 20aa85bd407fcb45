import type { Polygon } from '../core/inspection.ts';
import type { Size } from './placement.ts';

/** A region of a picture in pixels: the box around a polygon, and which pixels of it count. */
export interface RegionBox extends Size {
  left: number;
  top: number;
}

/** 1 for each pixel whose centre lies in the polygon (0..1 frame coordinates; even-odd rule), row by row. An empty polygon is the whole frame. */
export function regionMask(polygon: Polygon, { width, height }: Size): Uint8Array {
  const mask = new Uint8Array(width * height);
  if (polygon.length === 0) return mask.fill(1);
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5) / height;
    const crossings: number[] = [];
    for (let i = 0; i < polygon.length; i++) {
      const [x0, y0] = polygon[i];
      const [x1, y1] = polygon[(i + 1) % polygon.length];
      if (y0 > y !== y1 > y) crossings.push((x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) * width - 0.5);
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(crossings[i]));
      const last = Math.min(width - 1, Math.floor(crossings[i + 1]));
      if (last >= first) mask.fill(1, row * width + first, row * width + last + 1);
    }
  }
  return mask;
}

/** The smallest box of whole pixels around a polygon, at least `least` pixels a side where the picture has them. */
export function regionBox(polygon: Polygon, { width, height }: Size, least: number): RegionBox {
  if (polygon.length === 0) return { left: 0, top: 0, width, height };
  const span = (values: number[], length: number) => {
    let from = Math.floor(Math.min(...values) * length);
    let to = Math.ceil(Math.max(...values) * length);
    const lacking = Math.max(0, Math.min(least, length) - (to - from));
    from = Math.max(0, from - Math.ceil(lacking / 2));
    to = Math.min(length, Math.max(to + Math.ceil(lacking / 2), from + Math.min(least, length)));
    from = Math.min(from, Math.max(0, to - Math.min(least, length)));
    return { from, length: to - from };
  };
  const across = span(
    polygon.map(([x]) => x),
    width,
  );
  const down = span(
    polygon.map(([, y]) => y),
    height,
  );
  return { left: across.from, top: down.from, width: across.length, height: down.length };
}
