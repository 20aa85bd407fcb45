import { canonicalJson } from '../../lib/core/canonical-json.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Roi } from '../../lib/core/inspection.ts';
import type { RecipeDraft } from '../../lib/station/recipe-schema.ts';
import { verifyRois } from '../../lib/station/recipe-verify.ts';
import { type DraftInput, reasonOf, validationOf } from './recipe-draft.ts';

export const noFirst = (view: string) =>
  `View ${view} has no first model yet: learn it with stage "first" before the one that verifies it`;
export const otherRegions = (view: string) =>
  `The regions of view ${view} are others than its first model was learned with: learn that one again first`;

/** Whether regions are the same to a model: number, place and measure; names and limits do not count. */
export function sameOutlines(a: readonly Roi[], b: readonly Roi[]): boolean {
  const outlines = (rois: readonly Roi[]) =>
    rois
      .map(({ index, mode, polygon, measure }) =>
        canonicalJson(mode === 'ignore' ? { mode, polygon } : { index, polygon, measure }),
      )
      .toSorted()
      .join();
  return outlines(a) === outlines(b);
}

/**
 * `base` with the second model of this view replaced by what was learned, valid for the first one's regions. Throws GP_LEARN_FAILED where
 * the view has no first model, or other regions by now.
 */
export function verifyDraftFrom(o: DraftInput & { between: [number, number] }): RecipeDraft {
  const { base, view, result, between } = o;
  const first = base?.views[view];
  if (base === null || first === undefined) throw new GoodpartError('GP_LEARN_FAILED', noFirst(view));
  if (!sameOutlines(o.rois, first.rois)) throw new GoodpartError('GP_LEARN_FAILED', otherRegions(view));
  const { model, median, warn, fail } = result;
  const rois = result.rois.map((roi) => {
    const { index, areaAbove, median: typical, warn: attention, fail: limit } = roi;
    return { index, areaAbove, median: typical, warn: attention, fail: limit };
  });
  const limits = { median, warn, fail, rois };
  const judged = verifyRois(first.rois, limits);
  if (judged === null) throw new GoodpartError('GP_LEARN_FAILED', otherRegions(view));
  const validation = validationOf(o, o.fingerprint(view, { model, median, warn, fail, rois: judged }));
  const { number, name, warnAccepted, views } = base;
  return {
    ...{ number, name, warnAccepted, author: validation.by },
    reason: `second model ${reasonOf(result)}`,
    views: { ...views, [view]: { ...first, verify: { model, between, ...limits, validation } } },
  };
}
