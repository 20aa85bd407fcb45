import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';
import type { ModelIdentity, Roi, ValidationState } from '../core/inspection.ts';
import type { RecipeValidation } from './recipe-parts.ts';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface ValidationSubject {
  model: Pick<ModelIdentity, 'sha256' | 'preprocessing'>;
  /** Hash of the configured camera settings, '' where the camera has none. */
  cameraSettings: string;
  /** Geometry and measure count; names, numbers and limits do not. */
  rois: readonly Roi[];
}

/**
 * What a recipe's thresholds are valid for (DESIGN.md section 2, "validation"): 64 hexadecimal digits. Engine and
 * precision are left out on purpose. The order of the regions does not matter.
 */
export function validationFingerprint({ model, cameraSettings, rois }: ValidationSubject): string {
  const regions = rois.map(({ mode, polygon, measure, areaAbove }) =>
    canonicalJson(mode === 'ignore' ? { mode, polygon } : { mode, polygon, measure, areaAbove }),
  );
  return hashOf(
    canonicalJson({
      version: 1,
      model: model.sha256,
      preprocessing: model.preprocessing,
      cameraSettings,
      regions: regions.toSorted(),
    }),
  );
}

/** Part after part has the same text: hashing it anew was a third of a judgement (measured). */
const hashes = new Map<string, string>();
const mostHashes = 256;

function hashOf(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  if (hashes.size >= mostHashes) hashes.clear();
  const hash = sha256(text);
  hashes.set(text, hash);
  return hash;
}

/** Whether what a recipe says of a model is valid for the one that runs, whose fingerprint is given; never an override. */
export function validationState(
  wanted: { model: ModelIdentity; validation: RecipeValidation | null },
  runs: ModelIdentity,
  fingerprint: string,
): ValidationState {
  const { model, validation } = wanted;
  if (validation === null || validation.fingerprint !== fingerprint) {
    return { state: 'not-validated', fingerprint, detail: mismatch(validation === null, model, runs) };
  }
  const { by, at, provisional = [] } = validation;
  const held = provisional.length > 0 ? `; provisional: ${provisional[0]}` : '';
  return { state: 'validated', fingerprint, detail: `by ${by} at ${at}${held}` };
}

function mismatch(never: boolean, wanted: ModelIdentity, runs: ModelIdentity): string {
  if (never) return 'the recipe was never validated';
  if (wanted.sha256 !== runs.sha256) {
    return `model ${runs.name} ${runs.version} runs, but the recipe is for ${wanted.name} ${wanted.version}`;
  }
  if (wanted.preprocessing !== runs.preprocessing) return 'the preprocessing of the model has changed';
  return 'the regions or the camera settings have changed since';
}
