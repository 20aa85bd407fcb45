import type { Polygon } from '../core/inspection.ts';
import type { Size } from './placement.ts';
import { greyOf } from './pyramid.ts';
import { type RegionBox, regionMask } from './region-mask.ts';
import { boxPixels } from './scene-box.ts';

/** Side of the grid on which a part is recognised: coarse, so that it may lie a little off, turned a little, or have a defect. */
export const partGrid = 32;

/** Mean of what the part's region shows, on the grid, row by row, 0..255. */
export type PartTemplate = Float32Array;

/** What the part's region shows, on the grid. */
export function partPatch(picture: Size & { grey: Float32Array }, box: RegionBox): Float32Array {
  const grid = { width: Math.min(partGrid, box.width), height: Math.min(partGrid, box.height) };
  const { values } = greyOf(boxPixels(picture, box), box, 1, grid);
  if (values.length === partGrid * partGrid) return values;
  // a region smaller than the grid: its own pixels, repeated
  return Float32Array.from({ length: partGrid * partGrid }, (_, i) => {
    const x = Math.floor(((i % partGrid) * grid.width) / partGrid);
    return values[Math.floor((Math.floor(i / partGrid) * grid.height) / partGrid) * grid.width + x];
  });
}

/** 1 for the cells of the grid that lie in the polygon; `box` is the polygon's in a picture of `size`. */
export function partMask(polygon: Polygon, box: RegionBox, size: Size): Uint8Array {
  const inBox = polygon.map(([x, y]): [number, number] => [
    (x * size.width - box.left) / box.width,
    (y * size.height - box.top) / box.height,
  ]);
  return regionMask(inBox, { width: partGrid, height: partGrid });
}

/** The mean of patches. */
export function partTemplate(patches: readonly Float32Array[]): PartTemplate {
  const sums = new Float64Array(partGrid * partGrid);
  for (const patch of patches) for (let i = 0; i < sums.length; i++) sums[i] += patch[i] / patches.length;
  return Float32Array.from(sums);
}

/** Correlation coefficient -1..1 over the cells of the mask: how much light there is does not matter. NaN where one shows nothing. */
export function likeness(patch: Float32Array, template: PartTemplate, mask: Uint8Array): number {
  let [count, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    count += 1;
    a += patch[i];
    b += template[i];
    aa += patch[i] * patch[i];
    bb += template[i] * template[i];
    ab += patch[i] * template[i];
  }
  const covariance = ab / count - (a / count) * (b / count);
  const spread = (aa / count - (a / count) ** 2) * (bb / count - (b / count) ** 2);
  return spread > 0 ? covariance / Math.sqrt(spread) : Number.NaN;
}

/** One byte for each cell, base64, as a recipe holds it. */
export function templateText(template: PartTemplate): string {
  return Buffer.from(Uint8Array.from(template, (value) => Math.round(value))).toString('base64');
}

/** Of `templateText`'s 1024 bytes; undefined where there are not as many. */
export function templateOf(text: string): PartTemplate | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === partGrid * partGrid ? Float32Array.from(bytes) : undefined;
}
