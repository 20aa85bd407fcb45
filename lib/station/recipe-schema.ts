import { z } from 'zod';
import { GoodpartError, shown } from '../core/errors.ts';
import type { Roi } from '../core/inspection.ts';
import { checkLimits, checkRois, wholeFrameRoi } from '../rules/polygon.ts';
import { modelSchema, text, validationSchema } from './recipe-parts.ts';
import { sceneSchema } from './recipe-scene.ts';
import { checkVerify, verifySchema } from './recipe-verify.ts';

const whole = z.int().min(1);

const roiSchema = z.strictObject({
  index: z.int().min(0).max(16).describe('1..16, the number the PLC sees; 0 for ignore regions'),
  name: text(64),
  mode: z.enum(['inspect', 'ignore']),
  polygon: z
    .array(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]))
    .min(3)
    .max(256)
    .describe('Corners in 0..1 frame coordinates, x right, y down'),
  measure: z.enum(['maximum', 'percentile', 'area']),
  areaAbove: z.number().nullable().describe('Map value above which a cell counts, for measure area'),
  median: z.number(),
  warn: z.number(),
  fail: z.number(),
});

const viewSchema = z.strictObject({
  model: modelSchema,
  median: z.number().describe('Whole-frame median of good parts, used where no region is drawn'),
  warn: z.number(),
  fail: z.number(),
  rois: z.array(roiSchema).max(64),
  scene: sceneSchema.optional().describe('What pictures must be like to be inspected; absent: never learned'),
  verify: verifySchema
    .optional()
    .describe('The second model, for what the first is in doubt of; absent: one model decides'),
  validation: validationSchema,
});

/** One version of a recipe: immutable, numbered, with author, time and reason. */
export const recipeSchema = z
  .strictObject({
    schema: z.literal(1),
    number: whole.max(65535).describe('The number the PLC knows'),
    version: whole,
    name: text(64),
    author: text(128),
    at: z.iso.datetime(),
    reason: text(1000),
    warnAccepted: z.boolean().describe('Whether a part with verdict warn is accepted'),
    views: z.record(text(64), viewSchema),
  })
  .superRefine((recipe, context) => {
    for (const [name, view] of Object.entries(recipe.views)) {
      for (const check of [
        () => checkRois(view.rois, `views.${name}.rois`),
        () => checkLimits(view, `views.${name}`),
        () => view.verify && checkVerify(view.rois, view.verify, `views.${name}.verify`),
      ]) {
        try {
          check();
        } catch (error) {
          const { field, message } = error as GoodpartError;
          context.addIssue({ code: 'custom', path: (field ?? '').split('.'), message });
        }
      }
    }
  });

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeView = Recipe['views'][string];
/** What a person or `learn good parts` hands in: number, content, author and reason; version and time are given by the store. */
export type RecipeDraft = Omit<Recipe, 'schema' | 'version' | 'at'>;

/** The JSON Schema of a recipe file, generated from the one above. */
export function recipeJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(recipeSchema) as Record<string, unknown>;
}

/** Throws GP_CONFIG_INVALID with the first offending field. */
export function parseRecipe(value: unknown): Recipe {
  const result = recipeSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue.path.map(String).join('.') || 'recipe';
  let at: unknown = value;
  for (const key of issue.path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
  const message = issue.message.startsWith('Expected ')
    ? issue.message
    : `Expected a valid recipe for ${field} but received ${shown(at)}: ${issue.message}`;
  throw new GoodpartError('GP_CONFIG_INVALID', message, { field, expected: issue.message, received: shown(at) });
}

/** The regions that are judged: those drawn, or the whole frame (less what is ignored) where no inspect region is. */
export function effectiveRois(view: Pick<RecipeView, 'rois' | 'median' | 'warn' | 'fail'>): Roi[] {
  const rois: Roi[] = view.rois;
  return rois.some((roi) => roi.mode === 'inspect') ? rois : [wholeFrameRoi(view), ...rois];
}
