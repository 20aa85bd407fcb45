import type { Measure } from '../core/inspection.ts';

/** Of the values of a region, this share lies at or below the percentile measure. */
export const percentileShare = 0.995;

/**
 * One number for a region of a map, in model units (`area`: a share 0..1). `values` is the map in row order, `cells` the
 * region's indexes. NaN if any cell of the region is not finite, or if there is none: never a number that could pass.
 */
export function measureRegion(
  values: Float32Array,
  cells: Uint32Array,
  measure: Measure,
  areaAbove: number | null,
): number {
  if (cells.length === 0) return Number.NaN;
  for (const cell of cells) if (!Number.isFinite(values[cell])) return Number.NaN;
  if (measure === 'maximum') {
    let top = values[cells[0]];
    for (const cell of cells) if (values[cell] > top) top = values[cell];
    return top;
  }
  if (measure === 'area') {
    if (areaAbove === null || !Number.isFinite(areaAbove)) return Number.NaN;
    let above = 0;
    for (const cell of cells) if (values[cell] > areaAbove) above += 1;
    return above / cells.length;
  }
  const picked = new Float32Array(cells.length);
  for (let i = 0; i < cells.length; i++) picked[i] = values[cells[i]];
  return quantile(picked, percentileShare);
}

/**
 * Quantile with linear interpolation between neighbours (Hyndman and Fan 1996, type 7, NumPy's default). Reorders
 * `values`, which must be finite and not empty. `share` 0..1.
 */
export function quantile(values: Float32Array, share: number): number {
  const position = (values.length - 1) * share;
  const low = Math.floor(position);
  const below = select(values, low);
  if (low === position) return below;
  let above = Number.POSITIVE_INFINITY;
  for (let i = low + 1; i < values.length; i++) if (values[i] < above) above = values[i];
  return below + (position - low) * (above - below);
}

/** Hoare's quickselect: the k-th smallest at index k, nothing larger before it, nothing smaller after it. */
function select(values: Float32Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >> 1];
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const kept = values[i];
        values[i] = values[j];
        values[j] = kept;
        i++;
        j--;
      }
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k];
}
