import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';
import type { ModelIdentity, Roi } from '../core/inspection.ts';

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
  return sha256(
    canonicalJson({
      version: 1,
      model: model.sha256,
      preprocessing: model.preprocessing,
      cameraSettings,
      regions: regions.toSorted(),
    }),
  );
}
