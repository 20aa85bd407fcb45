import type { Roi } from '../../lib/core/inspection.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { Recipe, RecipeDraft } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';

/** As much as a recipe holds; the model's report has the rest. */
const mostBasis = 4000;
const mostProvisional = 50;

/**
 * The recipe that learning proposes: the active one (or a first one, number 1) with this view's model, regions and limits
 * replaced by what was learned, and validated for exactly what was learned with.
 */
export function draftFrom(o: {
  active: Recipe | null;
  view: string;
  /** The regions that were learned with. */
  rois: readonly Roi[];
  result: LearnResult;
  /** What the view's camera, the model and the regions amount to (`Station.fingerprint`). */
  fingerprint: Station['fingerprint'];
  author: string;
  at: string;
}): RecipeDraft {
  const { active, view, result, author, at } = o;
  const { model, median, warn, fail } = result;
  const rois: Roi[] = o.rois.map((roi) => {
    const learned = result.rois.find(({ index, name }) => index === roi.index && name === roi.name);
    if (learned === undefined) return { ...roi };
    const { areaAbove, median: typical, warn: attention, fail: limit } = learned;
    return { ...roi, areaAbove, median: typical, warn: attention, fail: limit };
  });
  const limits = { median, warn, fail, rois };
  const basis = result.statement.slice(0, mostBasis);
  const provisional = result.provisional.slice(0, mostProvisional);
  const fingerprint = o.fingerprint(view, { model, ...limits });
  return {
    number: active?.number ?? 1,
    name: active?.name ?? 'first recipe',
    author,
    reason: `learned from ${result.images} good pictures`,
    warnAccepted: active?.warnAccepted ?? true,
    views: {
      ...active?.views,
      [view]: { model, ...limits, validation: { fingerprint, by: author, at, basis, provisional } },
    },
  };
}
