import type { Roi, ValidationState, View } from '../core/inspection.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { isClear } from '../rules/cascade.ts';
import { judgeView } from '../rules/judge.ts';
import type { LedgerJudgement } from './judging.ts';
import { type RecipeVerify, verifyRois } from './recipe-verify.ts';
import { validationFingerprint, validationState } from './validation.ts';

export interface VerifyingInput {
  /** The ledger's own view: both models have seen its one frame. */
  view: Pick<View, 'name' | 'verify'>;
  verify: RecipeVerify;
  /** The recipe's regions, and those that are drawn in the flow, else the recipe's. */
  regions: readonly Roi[];
  outlines: readonly Roi[];
  cameraSettings: string;
}

/**
 * Law 2 for a cascade: a clear judgement of the first model stands, an invalid one too. In doubt the second model decides alone, by a
 * finite score and limits that are validated for it; without that the view is invalid, never good and never bad.
 */
export function verified(first: LedgerJudgement, input: VerifyingInput): LedgerJudgement {
  const { verdict, severity, validation } = first;
  const said = { verdict, severity };
  if (verdict === 'invalid' || isClear(said, input.verify.between)) {
    return { ...first, cascade: { first: said, decidedBy: 'first' } };
  }
  const undecided = (reasons: Reason[], state: ValidationState | null = validation): LedgerJudgement => ({
    ...{ verdict: 'invalid', severity: null, rois: [], reasons, validation: state },
    cascade: { first: said, decidedBy: null },
  });
  const { view, verify, regions, outlines, cameraSettings } = input;
  const { name } = view;
  const notVerified = (detail: string) => reason('notVerified', { view: name, detail });
  const score = view.verify?.score ?? null;
  if (score === null) {
    return undecided([notVerified(view.verify?.failure ?? 'its message did not pass a node of stage "verify"')]);
  }
  const rois = verifyRois(regions, verify);
  const drawn = verifyRois(outlines, verify);
  const fingerprint = validationFingerprint({ model: score.model, cameraSettings, rois: drawn ?? outlines });
  const state = validationState(verify, score.model, fingerprint);
  const own: ValidationState = { ...state, detail: `second model: ${state.detail}` };
  if (rois === null || drawn === null || state.state !== 'validated') {
    const unvalidated: ValidationState = { ...own, state: 'not-validated' };
    const why = reason('notValidated', { view: name, detail: own.detail });
    return undecided([notVerified(`its limits are not valid: ${state.detail}`), why], unvalidated);
  }
  const second = judgeView({ score, rois, viewName: name });
  if (second.verdict === 'invalid') {
    return undecided([notVerified(second.reasons[0]?.text ?? 'it could not be judged'), ...second.reasons], own);
  }
  return { ...second, validation: own, cascade: { first: said, decidedBy: 'second' } };
}
