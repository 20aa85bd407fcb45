import { z } from 'zod';
import { GoodpartError } from '../core/errors.ts';

const attributes = { shift: z.string().optional(), lot: z.string().optional(), nest: z.string().optional() };
const digest = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * training.json of a learned model: which pictures are in it, in the order of the kept samples, and which a person left out. With the
 * samples beside it a later version adds pictures or leaves some out without starting again.
 */
export const trainingSchema = z.strictObject({
  schema: z.literal(1),
  /** sha256 of the graph that turns pictures into features: kept samples of other features do not mix. */
  origin: digest,
  features: z.string(),
  head: z.enum(['gaussian', 'nearest']),
  seed: z.int(),
  /** The version that this one continues, null for one learned from the start. */
  parent: z.strictObject({ version: z.string(), sha256: digest }).nullable(),
  pictures: z.array(
    z.strictObject({
      ...attributes,
      label: z.string(),
      digest,
      /** Likely copies share one, and so a fold. */
      group: z.int().min(0),
      /** Left out: its samples are kept in their place, but nothing is fitted to them. */
      excluded: z.boolean().optional(),
    }),
  ),
  /** Good pictures as they went into the graph, for measuring again: file in the model's folder and the score it got. */
  examples: z.array(z.strictObject({ file: z.string().regex(/^[a-z0-9-]+\.png$/), digest, score: z.number() })),
});

export type Training = z.infer<typeof trainingSchema>;

export function parseTraining(text: string, path: string): Training {
  try {
    return trainingSchema.parse(JSON.parse(text));
  } catch (cause) {
    const advice = 'learn again from all good pictures';
    const message = `Expected a readable training.json in ${path} but received another one; ${advice}`;
    throw new GoodpartError('GP_LEARN_FAILED', message, { field: 'training.json', cause });
  }
}
