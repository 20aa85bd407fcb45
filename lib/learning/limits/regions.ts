import type { Measure, Roi } from '../../core/inspection.ts';
import { regionCells } from '../../rules/mask.ts';
import { measureRegion } from '../../rules/measure.ts';
import { checkRois } from '../../rules/polygon.ts';
import { failed } from '../failure.ts';
import type { Grid } from '../heads/calibration.ts';
import { type Goal, type KnownDefects, proposeThresholds, type Thresholds } from './thresholds.ts';

/** Proposed limits of one region of the recipe. */
export interface RegionLimits {
  index: number;
  name: string;
  measure: Measure;
  /** For measure `area`: the map value that counts, as given, or proposed where none was given. */
  areaAbove: number | null;
  median: number;
  warn: number;
  fail: number;
  /** What is known of the limits: estimate, bound, good parts that a tighter claim takes. */
  thresholds: Thresholds;
}

/** Checks the regions before any work; their limits are not looked at, learning proposes them. Throws GP_CONFIG_INVALID. */
export function checkRegions(rois: readonly Roi[]): void {
  checkRois(rois.map((roi) => ({ ...roi, areaAbove: roi.areaAbove ?? 1, median: 0, warn: 1, fail: 1 })));
}

/** An inspect region and the map cells it is measured on. */
export interface LaidRegion {
  roi: Roi;
  cells: Uint32Array;
}

/** The inspect regions on the grid. Throws GP_LEARN_FAILED for one that ignore regions hide. */
export function layRegions(rois: readonly Roi[], grid: Grid): LaidRegion[] {
  const ignores = rois.filter((roi) => roi.mode === 'ignore');
  const inspected = rois.filter((roi) => roi.mode === 'inspect');
  return inspected.map((roi) => {
    const cells = regionCells(roi, ignores, grid.width, grid.height);
    if (cells.length === 0) {
      throw failed(`region "${roi.name}"`, 'a part that ignore regions do not hide', 'none');
    }
    return { roi, cells };
  });
}

/**
 * Limits of each region from the cross-fitted maps of the good pictures. For `area` without a map value the fail limit of
 * the region's maximum is taken. `defects`: maps of known defects, looked at with costs only. Throws GP_LEARN_FAILED for a
 * region that could never fail.
 */
export function proposeRegions(
  regions: readonly LaidRegion[],
  maps: readonly Float32Array[],
  goal: Goal,
  defects?: { maps: readonly Float32Array[]; drawn: boolean },
): RegionLimits[] {
  return regions.map(({ roi, cells }) => {
    const { index, name, measure } = roi;
    const isArea = measure === 'area';
    const areaAbove = isArea ? (roi.areaAbove ?? usualMaximum(maps, cells, goal, defects)) : roi.areaAbove;
    const measured = (map: Float32Array) => measureRegion(map, cells, measure, areaAbove);
    const known = defects && { scores: defects.maps.map(measured), drawn: defects.drawn };
    // Half a cell, so that warn and fail lie between the shares that one and two cells have; less in a region of one cell.
    const gap = isArea ? Math.min(0.4, 0.5 / cells.length) : undefined;
    const thresholds = proposeThresholds(maps.map(measured), goal, gap, known);
    const { median, warn, fail } = thresholds;
    if (isArea && fail.value >= 1) {
      throw failed(`areaAbove of region "${name}"`, 'a map value that good parts exceed less often', `${areaAbove}`);
    }
    return { index, name, measure, areaAbove, median, warn: warn.value, fail: fail.value, thresholds };
  });
}

/** The fail limit of the region's maximum: hardly any good picture has a cell above it. */
function usualMaximum(
  maps: readonly Float32Array[],
  cells: Uint32Array,
  goal: Goal,
  defects?: { maps: readonly Float32Array[]; drawn: boolean },
): number {
  const measured = (map: Float32Array) => measureRegion(map, cells, 'maximum', null);
  const known: KnownDefects | undefined = defects && { scores: defects.maps.map(measured), drawn: defects.drawn };
  return proposeThresholds(maps.map(measured), goal, undefined, known).fail.value;
}

/**
 * Good parts that fail because any region fails: a part with several regions is rejected more often than each of them rejects.
 * `expected` is at most the sum of the regions' own (Bonferroni); `seen` counts the good pictures themselves, which the limits
 * come from.
 */
export function rejectedTogether(
  regions: readonly LaidRegion[],
  limits: readonly RegionLimits[],
  maps: readonly Float32Array[],
): { expected: number; seen: number; of: number } {
  const expected = Math.min(
    1,
    limits.reduce((sum, { thresholds }) => sum + thresholds.fail.expected, 0),
  );
  const fails = (map: Float32Array) =>
    limits.some(({ measure, areaAbove, fail }, i) => measureRegion(map, regions[i].cells, measure, areaAbove) > fail);
  return { expected, seen: maps.filter(fails).length, of: maps.length };
}
