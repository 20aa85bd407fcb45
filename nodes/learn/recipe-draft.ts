import type { Roi } from '../../lib/core/inspection.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { Recipe, RecipeDraft } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';

/** As much as a recipe holds; the model's report has the rest. */
const mostBasis = 4000;
const mostProvisional = 50;
const mostSentence = 500;
const mostAuthor = 128;

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/**
 * The recipe that learning proposes: `base` (or a first one, number 1) with this view's model, regions and limits
 * replaced by what was learned, and validated for exactly what was learned with.
 */
export function draftFrom(o: {
  base: Recipe | null;
  view: string;
  /** The regions that were learned with. */
  rois: readonly Roi[];
  result: LearnResult;
  /** What the view's camera, the model and the regions amount to (`Station.fingerprint`). */
  fingerprint: Station['fingerprint'];
  author: string;
  at: string;
  /** Whether a scene check watches over the view: without one its limits go, for nothing could hold them. */
  keepScene?: boolean;
}): RecipeDraft {
  const { base, view, result, at } = o;
  const { model, median, warn, fail } = result;
  const author = cut(o.author, mostAuthor);
  const rois: Roi[] = o.rois.map((roi) => {
    const learned = result.rois.find(({ index, name }) => index === roi.index && name === roi.name);
    if (learned === undefined) return { ...roi };
    const { areaAbove, median: typical, warn: attention, fail: limit } = learned;
    return { ...roi, areaAbove, median: typical, warn: attention, fail: limit };
  });
  const limits = { median, warn, fail, rois };
  const basis = cut(result.statement, mostBasis);
  const provisional = result.provisional.slice(0, mostProvisional).map((sentence) => cut(sentence, mostSentence));
  const leftOut = result.excluded.length > 0 ? `, ${result.excluded.length} left out` : '';
  const known = o.keepScene ? base?.views[view]?.scene : undefined;
  const scene = known === undefined ? {} : { scene: known };
  const fingerprint = o.fingerprint(view, { model, ...limits });
  return {
    number: base?.number ?? 1,
    name: base?.name ?? 'first recipe',
    author,
    reason: `learned from ${result.images} good pictures${leftOut}`,
    warnAccepted: base?.warnAccepted ?? true,
    views: {
      ...base?.views,
      [view]: { model, ...limits, ...scene, validation: { fingerprint, by: author, at, basis, provisional } },
    },
  };
}
