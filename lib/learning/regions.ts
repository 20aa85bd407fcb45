import { GoodpartError } from '../core/errors.ts';
import type { Measure, Roi } from '../core/inspection.ts';
import { regionCells } from '../rules/mask.ts';
import { measureRegion } from '../rules/measure.ts';
import { checkRois } from '../rules/polygon.ts';
import type { Grid } from './calibration.ts';
import { type FalseRejectRate, middle, proposeThresholds } from './thresholds.ts';

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
}

/** Checks the regions before any work; their limits are not looked at, learning proposes them. Throws GP_CONFIG_INVALID. */
export function checkRegions(rois: readonly Roi[]): void {
  checkRois(rois.map((roi) => ({ ...roi, areaAbove: roi.areaAbove ?? 1, median: 0, warn: 1, fail: 1 })));
}

/**
 * Limits of each inspect region from the cross-fitted maps of the good pictures. For `area` without a map value the median
 * of the region's maxima is taken: half of the good pictures have a cell above it.
 */
export function proposeRegions(
  rois: readonly Roi[],
  maps: readonly Float32Array[],
  grid: Grid,
  rate: FalseRejectRate,
): RegionLimits[] {
  const ignores = rois.filter((roi) => roi.mode === 'ignore');
  return rois
    .filter((roi) => roi.mode === 'inspect')
    .map((roi) => {
      const cells = regionCells(roi, ignores, grid.width, grid.height);
      if (cells.length === 0) {
        throw new GoodpartError('GP_LEARN_FAILED', `Region "${roi.name}" is hidden by ignore regions`, {
          field: `rois.${roi.name}`,
          expected: 'a region that is not all ignored',
        });
      }
      const areaAbove = roi.measure === 'area' ? (roi.areaAbove ?? medianMaximum(maps, cells)) : roi.areaAbove;
      const values = maps.map((map) => measureRegion(map, cells, roi.measure, areaAbove));
      const gap = roi.measure === 'area' ? 1 / cells.length : undefined;
      const { median, warn, fail } = proposeThresholds(values, rate, gap);
      const { index, name, measure } = roi;
      return { index, name, measure, areaAbove, median, warn: warn.value, fail: fail.value };
    });
}

function medianMaximum(maps: readonly Float32Array[], cells: Uint32Array): number {
  const maxima = maps.map((map) => measureRegion(map, cells, 'maximum', null));
  return middle(maxima.sort((a, b) => a - b));
}
