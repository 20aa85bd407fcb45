import { z } from 'zod';

/** What several parts of a recipe are made of. */
export const text = (most: number) => z.string().min(1).max(most);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const modelSchema = z.strictObject({ name: text(128), version: text(128), sha256, preprocessing: text(128) });

export const validationSchema = z
  .strictObject({
    fingerprint: sha256,
    by: text(128),
    at: z.iso.datetime(),
    basis: text(4000),
    provisional: z
      .array(text(500))
      .max(50)
      .optional()
      .describe('What good parts of were not shown yet; absent or empty: nothing that was declared'),
  })
  .nullable()
  .describe('For what the thresholds are valid; null = not validated, and nothing passes');

export type RecipeValidation = NonNullable<z.infer<typeof validationSchema>>;
