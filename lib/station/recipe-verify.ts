import { z } from 'zod';
import { invalidParameter } from '../core/errors.ts';
import type { Roi } from '../core/inspection.ts';
import { checkLimits, wholeFrameRoi } from '../rules/polygon.ts';
import { modelSchema, validationSchema } from './recipe-parts.ts';

const limits = { median: z.number(), warn: z.number(), fail: z.number() };

/** The second model of a view: what it is, when it is asked, and its own limits for the view's own regions. */
export const verifySchema = z.strictObject({
  model: modelSchema,
  between: z
    .tuple([z.number(), z.number()])
    .describe('Severities of the first model, low and high end included, that the second one decides'),
  ...limits,
  rois: z
    .array(
      z.strictObject({
        index: z.int().min(1).max(16).describe('Of the view’s region, whose outline and measure hold'),
        areaAbove: z.number().nullable().describe('In the second model’s units, for measure area'),
        ...limits,
      }),
    )
    .max(16)
    .describe('One for each region to inspect'),
  validation: validationSchema,
});

export type RecipeVerify = z.infer<typeof verifySchema>;

/**
 * A view's regions with the second model's limits, the whole frame where no inspect region is drawn. Null where it has none for one of
 * them: they are other regions than it was learned for.
 */
export function verifyRois(
  rois: readonly Roi[],
  verify: Omit<RecipeVerify, 'between' | 'validation' | 'model'>,
): Roi[] | null {
  if (!rois.some(({ mode }) => mode === 'inspect')) return [wholeFrameRoi(verify), ...rois];
  const own: Roi[] = [];
  for (const roi of rois) {
    const found = verify.rois.find(({ index }) => index === roi.index);
    if (roi.mode === 'ignore') own.push(roi);
    else if (found === undefined) return null;
    else own.push({ ...roi, ...found });
  }
  return own;
}

/** Throws GP_CONFIG_INVALID naming the field: limits, the range of doubt, limits for the very regions of the view. */
export function checkVerify(rois: readonly Roi[], verify: RecipeVerify, field: string): void {
  const refuse = (at: string, expected: string, received: unknown) =>
    invalidParameter(`${field}.${at}`, expected, received, 'GP_CONFIG_INVALID');
  checkLimits(verify, field);
  const [low, high] = verify.between;
  if (!(low < high)) throw refuse('between', 'two severities, the first below the second', `${low}, ${high}`);
  const numbers = verify.rois.map(({ index }) => index).toSorted((a, b) => a - b);
  const inspected = rois.flatMap(({ mode, index }) => (mode === 'inspect' ? [index] : [])).toSorted((a, b) => a - b);
  if (numbers.join() !== inspected.join()) {
    const wanted = inspected.length === 0 ? 'no region' : `the view’s regions ${inspected.join(', ')}`;
    throw refuse('rois', wanted, numbers.join(', ') || 'none');
  }
  for (const [i, roi] of verify.rois.entries()) {
    checkLimits(roi, `${field}.rois[${i}]`);
    const area = rois.some(({ index, measure }) => index === roi.index && measure === 'area');
    if (area && roi.areaAbove === null) throw refuse(`rois[${i}].areaAbove`, 'a finite number', null);
  }
}
