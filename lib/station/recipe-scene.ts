import { z } from 'zod';

const polygon = z.array(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)])).max(256);
const range = z
  .tuple([z.number().nullable(), z.number().nullable()])
  .describe('Lower and upper end, both still inside; null = open');
const picture = z.base64().max(100_000);

/** What a view's pictures must be like to be inspected: learned from good frames by the scene check. */
export const sceneSchema = z.strictObject({
  region: polygon.describe('The reference region; empty = the whole frame'),
  bands: z
    .array(
      z.strictObject({
        measure: z.enum([
          ...(['level', 'bright', 'dark', 'contrast', 'focus', 'noise'] as const),
          ...(['redGreen', 'blueGreen', 'change', 'shift'] as const),
        ]),
        median: z.number(),
        attention: range.describe('Outside: shown and told, inspected all the same'),
        invalid: range.describe('Outside: not inspected'),
      }),
    )
    .max(20),
  reference: z
    .strictObject({
      width: z.int().min(1),
      height: z.int().min(1),
      pixels: picture,
      minAgreement: z.number().min(-1).max(1),
    })
    .nullable()
    .describe('Picture of the reference region for the shift, grey, base64; null = not learned'),
  part: z
    .strictObject({
      region: polygon,
      typical: picture.describe('The typical part, 32 x 32, base64'),
      empty: picture.nullable().describe('The empty nest; null = not learned'),
      limits: z.strictObject({ part: z.number(), empty: z.number().nullable() }),
      good: z.number().describe('Likeness to the typical part that nearly all good frames reach'),
    })
    .nullable()
    .describe('Whether there is a part; null = not learned'),
  cameraSettings: z.string().max(128).describe('Hash of the camera settings with which it was learned'),
  frames: z.int().min(1),
  by: z.string().min(1).max(128),
  at: z.iso.datetime(),
});

export type RecipeScene = z.infer<typeof sceneSchema>;
