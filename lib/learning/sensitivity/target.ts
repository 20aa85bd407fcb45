import type { Measure } from '../../core/inspection.ts';
import { measureRegion } from '../../rules/measure.ts';
import type { Grid } from '../heads/calibration.ts';
import type { LaidRegion, RegionLimits } from '../limits/regions.ts';

/** What is looked at: a region with its limits, or the whole picture's maximum. */
export interface Target {
  index: number | null;
  name: string;
  cells: Uint32Array;
  measure: Measure;
  areaAbove: number | null;
  warn: number;
  fail: number;
  /** The shorter side of what its cells span, as a share of the picture's shorter side. */
  extent: number;
}

/** 0 below both limits, 1 above warn, 2 above fail. */
export type Level = 0 | 1 | 2;

export interface TargetLimits {
  warn: number;
  fail: number;
  rois: readonly RegionLimits[];
}

/** The regions with their limits, found by index; the whole picture where there are none. */
export function targetsOf(regions: readonly LaidRegion[], limits: TargetLimits, grid: Grid): Target[] {
  const targets: Target[] = [];
  for (const { roi, cells } of regions) {
    const own = limits.rois.find(({ index }) => index === roi.index);
    if (own === undefined) continue;
    const { index, name, measure, areaAbove, warn, fail } = own;
    targets.push({ index, name, cells, measure, areaAbove, warn, fail, extent: extentOf(cells, grid) });
  }
  if (targets.length > 0) return targets;
  const cells = Uint32Array.from({ length: grid.width * grid.height }, (_, cell) => cell);
  const { warn, fail } = limits;
  return [{ index: null, name: 'whole picture', cells, measure: 'maximum', areaAbove: null, warn, fail, extent: 1 }];
}

function extentOf(cells: Uint32Array, grid: Grid): number {
  const columns = new Set(cells.map((cell) => cell % grid.width));
  const rows = new Set(cells.map((cell) => Math.floor(cell / grid.width)));
  return Math.min(columns.size, rows.size) / Math.min(grid.width, grid.height);
}

/** Null where the region has a cell that is not finite: not inspected. */
export function levelOf(target: Target, map: Float32Array): Level | null {
  const value = measureRegion(map, target.cells, target.measure, target.areaAbove);
  if (Number.isNaN(value)) return null;
  return value > target.fail ? 2 : value > target.warn ? 1 : 0;
}

/**
 * How a defect shows: the region's measure rose above a limit, and a cell among `near` that rose is one of those above it.
 * An alarm elsewhere in the picture does not count.
 */
export function found(target: Target, before: Float32Array, after: Float32Array, near: ReadonlySet<number>): Level {
  const level = levelOf(target, after);
  const was = levelOf(target, before);
  if (level === null || was === null) return 0;
  for (const limit of [2, 1] as const) {
    if (level < limit || was >= limit) continue;
    const own = limit === 2 ? target.fail : target.warn;
    const cellLimit = target.measure === 'area' ? (target.areaAbove ?? own) : own;
    const here = (cell: number) => near.has(cell) && after[cell] > cellLimit && after[cell] > before[cell];
    if (target.cells.some(here)) return limit;
  }
  return 0;
}

/** Cells away from the painted ones in which the map may peak: smoothing and receptive fields spread what they see. */
const spread = 2;

/** `cells` and those up to two away. */
export function nearby(cells: Uint32Array, grid: Grid): Set<number> {
  const near = new Set<number>();
  for (const cell of cells) {
    const column = cell % grid.width;
    const row = Math.floor(cell / grid.width);
    for (let y = Math.max(0, row - spread); y <= Math.min(grid.height - 1, row + spread); y++) {
      for (let x = Math.max(0, column - spread); x <= Math.min(grid.width - 1, column + spread); x++) {
        near.add(y * grid.width + x);
      }
    }
  }
  return near;
}
