import type { Roi } from '../../lib/core/inspection.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { RecipeValidation } from '../../lib/station/recipe-parts.ts';
import type { Recipe, RecipeDraft } from '../../lib/station/recipe-schema.ts';
import { type RecipeVerify, verifyRois } from '../../lib/station/recipe-verify.ts';
import type { Station } from '../../lib/station/station.ts';

/** As much as a recipe holds; the model's report has the rest. */
const mostBasis = 4000;
const mostProvisional = 50;
const mostSentence = 500;
const mostAuthor = 128;

export const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export interface DraftInput {
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
}

/**
 * The recipe that learning proposes: `base` (or a first one, number 1) with this view's model, regions and limits
 * replaced by what was learned, and validated for exactly what was learned with.
 */
export function draftFrom(o: DraftInput): RecipeDraft {
  const { base, view, result } = o;
  const { model, median, warn, fail } = result;
  const rois: Roi[] = o.rois.map((roi) => {
    const learned = result.rois.find(({ index, name }) => index === roi.index && name === roi.name);
    if (learned === undefined) return { ...roi };
    const { areaAbove, median: typical, warn: attention, fail: limit } = learned;
    return { ...roi, areaAbove, median: typical, warn: attention, fail: limit };
  });
  const limits = { median, warn, fail, rois };
  const known = o.keepScene ? base?.views[view]?.scene : undefined;
  const scene = known === undefined ? {} : { scene: known };
  const kept = keptVerify(o, base?.views[view]?.verify, rois);
  const validation = validationOf(o, o.fingerprint(view, { model, ...limits }));
  return {
    number: base?.number ?? 1,
    name: base?.name ?? 'first recipe',
    author: validation.by,
    reason: `${reasonOf(result)}${kept.dropped}`,
    warnAccepted: base?.warnAccepted ?? true,
    views: {
      ...base?.views,
      [view]: { model, ...limits, ...scene, ...kept.verify, validation },
    },
  };
}

/** What limits that were learned are valid for, and what they promise. */
export function validationOf({ result, author, at }: DraftInput, fingerprint: string): RecipeValidation {
  const basis = cut(result.statement, mostBasis);
  const provisional = result.provisional.slice(0, mostProvisional).map((sentence) => cut(sentence, mostSentence));
  return { fingerprint, by: cut(author, mostAuthor), at, basis, provisional };
}

export function reasonOf({ images, excluded }: LearnResult): string {
  return `learned from ${images} good pictures${excluded.length > 0 ? `, ${excluded.length} left out` : ''}`;
}

/** The second model stays as long as its limits are still valid: for these outlines and these camera settings. */
function keptVerify(
  { fingerprint, view }: DraftInput,
  verify: RecipeVerify | undefined,
  regions: readonly Roi[],
): { verify: { verify?: RecipeVerify }; dropped: string } {
  if (verify === undefined) return { verify: {}, dropped: '' };
  const { model, median, warn, fail } = verify;
  const rois = verifyRois(regions, verify);
  const holds =
    rois !== null && verify.validation?.fingerprint === fingerprint(view, { model, median, warn, fail, rois });
  if (holds) return { verify: { verify }, dropped: '' };
  const why = 'its limits are not valid for these regions and camera settings';
  return { verify: {}, dropped: `; the second model ${model.name} ${model.version} was taken out: ${why}` };
}
