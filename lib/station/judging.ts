import { asGoodpartError } from '../core/errors.ts';
import type { Roi, Trigger, ValidationState, Verification, View } from '../core/inspection.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { judgeView, type ViewJudgement } from '../rules/judge.ts';
import { checkRois } from '../rules/polygon.ts';
import { effectiveRois, type Recipe, type RecipeView } from './recipe-schema.ts';
import { validationFingerprint, validationState } from './validation.ts';
import { verified } from './verifying.ts';

/** Regions and thresholds "fixed here": a named override of the recipe, recorded as such. */
export interface Override {
  rois: readonly Roi[];
  by: string;
}

export interface JudgeViewOptions {
  /** True: the view's verdict is the part's. False where `part verdict` joins several. */
  final: boolean;
  /** Regions and limits "fixed here": a named override of the recipe. For limits without regions: `wholeFrameRoi(limits)`. */
  rois?: readonly Roi[];
  /** Who overrides: the node's name, for the record. */
  overrideBy?: string;
  /** Whether a warn is accepted; default what the recipe says, false without one. */
  warnAccepted?: boolean;
  /** Hash of the camera's settings; default what `registerCamera` said of the view. */
  cameraSettings?: string;
}

export interface JudgingInput {
  trigger: Pick<Trigger, 'at'>;
  /** The ledger's own view: its frame and score, never a message's. */
  view: Pick<View, 'name' | 'frame' | 'score' | 'verify' | 'scene'>;
  recipe: Recipe | null;
  override: Override | null;
  /** Regions drawn in the flow: the recipe's limits must have been learned for these very outlines. Null: none are drawn there. */
  drawn?: readonly Roi[] | null;
  /** Hash of the camera's configured settings. */
  cameraSettings: string;
  /** Whether a scene check watches over the view, or did at the trigger. */
  scene?: boolean;
}

export type LedgerJudgement = ViewJudgement & {
  validation: ValidationState | null;
  /** Where the recipe verifies the view: what the first model alone said, and whose judgement this is. */
  cascade?: Pick<Verification, 'first' | 'decidedBy'>;
};

/**
 * Law 2 in one place: says `pass` only of a frame exposed after its trigger, with finite numbers, under a validated
 * recipe or a named override. Everything else, a fault in here included, is invalid with its reason. Never throws.
 */
export function judgeLedgerView(input: JudgingInput): LedgerJudgement {
  try {
    return judge(input);
  } catch (thrown) {
    const detail = asGoodpartError(thrown).message;
    return invalid(reason('internalError', { view: input.view.name, detail }), null);
  }
}

/** Why a frame may not be judged for a trigger, or null. */
export function staleness(trigger: Pick<Trigger, 'at'>, exposedAt: number): string | null {
  const finite = Number.isFinite(exposedAt);
  if (finite && exposedAt >= trigger.at) return null;
  return finite ? `${(trigger.at - exposedAt).toFixed(0)} ms before` : 'its exposure instant is not a number';
}

function judge(input: JudgingInput): LedgerJudgement {
  const { trigger, view, recipe, override, drawn = null, cameraSettings } = input;
  const { name, frame, score } = view;
  if (frame === null) return invalid(reason('cameraLost', { view: name }), null);
  const stale = staleness(trigger, frame.info.exposedAt);
  if (stale !== null) return invalid(reason('frameTooOld', { view: name, detail: stale }), null);
  const scene = sceneTrouble(input);
  if (scene !== null) return invalid(scene, null);
  if (score === null) return invalid(reason('engineFailed', { view: name, detail: 'no score came' }), null);
  if (!Number.isFinite(score.score)) return invalid(reason('scoreNotFinite', { view: name }), null);
  if (override !== null) {
    try {
      checkRois(override.rois, 'rois');
    } catch (error) {
      return invalid(reason('notValidated', { view: name, detail: asGoodpartError(error).message }), null);
    }
    const { rois, by } = override;
    const fingerprint = validationFingerprint({ model: score.model, cameraSettings, rois });
    const alone = recipeView(recipe, name)?.verify ? '; no second model verifies it' : '';
    const detail = `regions and limits fixed by ${by}${alone}`;
    return { ...judgeView({ score, rois, viewName: name }), validation: { state: 'override', fingerprint, detail } };
  }
  if (recipe === null) return invalid(reason('noRecipe', { view: name }), null);
  const wanted = recipeView(recipe, name);
  if (wanted === undefined) {
    const detail = `recipe ${recipe.number} has no view "${name}"`;
    return invalid(reason('noRecipe', { view: name, detail }), null);
  }
  const rois = effectiveRois(wanted);
  const outlines = drawn === null ? rois : effectiveRois({ ...wanted, rois: [...drawn] });
  const fingerprint = validationFingerprint({ model: score.model, cameraSettings, rois: outlines });
  const validation = validationState(wanted, score.model, fingerprint);
  if (validation.state !== 'validated') {
    return invalid(reason('notValidated', { view: name, detail: validation.detail }), validation);
  }
  const first: LedgerJudgement = { ...judgeView({ score, rois, viewName: name }), validation };
  if (wanted.verify === undefined) return first;
  const { rois: regions, verify } = wanted;
  return verified(first, { view, verify, regions, outlines: drawn ?? regions, cameraSettings });
}

function recipeView(recipe: Recipe | null, name: string): RecipeView | undefined {
  return recipe !== null && Object.hasOwn(recipe.views, name) ? recipe.views[name] : undefined;
}

/** Every scene check that is configured must have looked at the frame and found it good enough: the flow's, and the recipe's. */
function sceneTrouble({ view, recipe, scene = false }: JudgingInput): Reason | null {
  const { name, scene: seen } = view;
  const inRecipe = recipeView(recipe, name)?.scene !== undefined;
  if (seen === undefined) {
    const detail = scene
      ? 'its message did not pass the scene check'
      : 'the recipe has scene limits, the flow no scene check';
    return scene || inRecipe ? reason('sceneMissing', { view: name, detail }) : null;
  }
  if (seen.state === 'good' || seen.state === 'attention') return null;
  return seen.reasons[0] ?? reason('sceneCheck', { view: name });
}

function invalid(why: Reason, validation: ValidationState | null): LedgerJudgement {
  return { verdict: 'invalid', severity: null, rois: [], reasons: [why], validation };
}
