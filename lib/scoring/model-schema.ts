import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical-json.ts';
import { GoodpartError, invalidParameter, shown } from '../core/errors.ts';
import type { ClassScore, ModelIdentity } from '../core/inspection.ts';
import { decodeDescription, registrationMethod } from '../imaging/description.ts';

const name = z.string().min(1).max(64);
const side = z.int().min(1).max(4096);
const count = z.int().min(0);
const outputName = z.string().min(1).max(256).nullable();
/** Beyond 0..1 where the graph pads the picture. */
const edge = z.number().min(-1).max(2);

/**
 * What the graph takes. Pixels are levels 0..255, uint8 unless there is a `window`; a float32 graph gets level · scale. Further
 * normalisation belongs into the graph.
 */
export const modelInputSchema = z.strictObject({
  name: z.string().min(1).max(256),
  width: side,
  height: side,
  /** 1 luminance, 3 R, G, B. */
  channels: z.union([z.literal(1), z.literal(3)]),
  layout: z.enum(['NHWC', 'NCHW']),
  type: z.enum(['uint8', 'float32']),
  resize: z.literal('stretch'),
  /** float32 only: 1 gives 0..255, 1/255 gives 0..1. */
  scale: z.number().positive().optional(),
  /**
   * For a model of pictures of 16 bits a sample: the counts that become level 0 and 255; levels are floats and go on beyond. Absent:
   * pictures are seen in 8 bits.
   */
  window: z
    .strictObject({ low: z.int().min(0).max(65_534), high: z.int().min(1).max(65_535) })
    .refine(({ low, high }) => low < high, 'expected low < high')
    .optional(),
});

/** Where the learned part lay, to find it again in each frame before scoring (lib/imaging/registration.ts). */
export const registrationSchema = z.strictObject({
  /** The reference picture: grey, uint8, row by row, base64. Small: the part's outline is enough. */
  reference: z.strictObject({ width: side, height: side, pixels: z.base64() }),
  /** Largest shift that is corrected, in parts of the frame's width and height. */
  maxShift: z.number().min(0).max(0.5),
  /** Largest rotation that is corrected, degrees. */
  maxRotation: z.number().min(0).max(45),
  /** Least agreement (correlation coefficient) of a frame that counts as registered. */
  minAgreement: z.number().min(-1).max(1),
});

/** What a model trained elsewhere was recognised as, and whether its scores are cut off at 0 and 1. */
export const importedSchema = z.looseObject({
  kind: z.enum(['anomalib-0', 'anomalib-1', 'anomalib-2', 'generic', 'classifier']),
  producer: z.string().max(200),
  scale: z.enum(['raw', 'normalised', 'log-odds']),
});

/** What a version was made with, by and from. */
export const lineageSchema = z.looseObject({
  /** Name and version of the package that learned it. */
  software: z.string().max(200),
  runtime: z.string().max(200),
  /** The version that it continues; null: learned from the start. */
  parent: z.strictObject({ version: name, sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullable(),
  /** What was asked of learning, and what came of it. */
  settings: z.record(z.string(), z.json()),
});

/** What a classifier calls its classes, to name a defect: never a score. */
export const classesSchema = z
  .strictObject({
    /** A float32 output of one probability (0..1) for each name. */
    output: z.string().min(1).max(256),
    names: z.array(z.string().min(1).max(64)).min(1).max(1000),
    /** Index of the class of good parts; null: all are defects. */
    good: count.nullable(),
  })
  .refine(({ names, good }) => good === null || good < names.length, 'expected good to be one of the classes')
  .refine(({ names }) => new Set(names).size === names.length, 'expected each name once');

/** model.json, schema 1. Loose where learning may add what it found out. */
export const modelSchema = z.strictObject({
  schema: z.literal(1),
  name,
  version: name,
  /** Of model.onnx, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
  input: modelInputSchema,
  /** As `describePreprocessing(input, registration)` gives it; its canonical JSON is hashed into the validation fingerprint. */
  preprocessing: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Names of float32 outputs. The map has rank 2 to 4, height and width last; without a score the map's maximum is it. */
  outputs: z
    .strictObject({
      map: outputName,
      score: outputName,
      /** Left, top, right, bottom of what the map covers, in parts of the frame. Absent: the whole frame. */
      mapArea: z
        .tuple([edge, edge, edge, edge])
        .refine(([left, top, right, bottom]) => left < right && top < bottom, 'expected left < right and top < bottom')
        .optional(),
    })
    .refine(({ map, score }) => map !== null || score !== null, 'expected a map, a score or both'),
  /** Present for a classifier that names its classes. */
  classes: classesSchema.optional(),
  /** Present where frames are registered before scoring. */
  registration: registrationSchema.optional(),
  /** What the numbers are, for people: `distance`, `standard deviations`, … */
  units: z.string().max(100),
  trainingSet: z.looseObject({ images: count, digest: z.string().max(200) }),
  calibration: z.looseObject({
    median: z.number(),
    warn: z.number(),
    fail: z.number(),
    /** Cross-fitted scores of the good pictures. */
    scores: z.array(z.number()),
    method: z.string().max(2000),
    /**
     * Where the limits come from: cross-fitted or recalibrated here on good frames (absent means the same), the file of a model
     * trained elsewhere (not calibrated here), or nowhere: median, warn and fail are then 0, with which nothing can pass.
     */
    source: z.enum(['good frames', 'file', 'none']).optional(),
  }),
  /** Present for a model trained elsewhere. */
  imported: importedSchema.optional(),
  /** Absent: made before it was kept, or trained elsewhere. */
  lineage: lineageSchema.optional(),
  createdAt: z.iso.datetime(),
  tool: z.string().max(200),
});

export type ModelDescription = z.infer<typeof modelSchema>;
export type RegistrationReference = z.infer<typeof registrationSchema>;
export type Lineage = z.infer<typeof lineageSchema>;
export type ImportedKind = z.infer<typeof importedSchema>['kind'];
export type MapArea = NonNullable<ModelDescription['outputs']['mapArea']>;
export type ModelInput = z.infer<typeof modelInputSchema>;

/** The JSON Schema of model.json, for editors and other tools. */
export function modelJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(modelSchema) as Record<string, unknown>;
}

/** All that happens to a picture before the graph, for `model.json`'s `preprocessing`. */
export function describePreprocessing(
  input: ModelInput,
  registration?: RegistrationReference,
): ModelDescription['preprocessing'] {
  const { width, height, channels, layout, type, scale = 1 } = input;
  const described = { ...decodeDescription, width, height, channels, layout, type, scale, ...describeWindow(input) };
  if (registration === undefined) return described;
  // another reference or limit is another preprocessing: thresholds are not valid for it
  const hash = createHash('sha256').update(canonicalJson(registration)).digest('hex');
  return { ...described, registration: `${registrationMethod} ${hash}` };
}

/** Nothing for 8 bits, so that models that were made before there was anything else keep their hash. */
function describeWindow({ window }: ModelInput): Record<string, string | number> {
  return window ? { depth: 'uint16', windowLow: window.low, windowHigh: window.high } : {};
}

/** Who a model is, as every score says it. */
export function identityOf({ name, version, sha256, preprocessing }: ModelDescription): ModelIdentity {
  const hash = createHash('sha256').update(canonicalJson(preprocessing)).digest('hex');
  return { name, version, sha256, preprocessing: hash };
}

/** Probabilities with their names, in the order of model.json; null stands for one that is not finite. */
export function classScores({ classes }: ModelDescription, probabilities: readonly (number | null)[]): ClassScore[] {
  return (classes?.names ?? []).map((name, i) => {
    return { name, probability: probabilities[i] ?? Number.NaN, good: i === classes?.good };
  });
}

/** Checks a parsed model.json. Throws GP_MODEL_INVALID that names the field, what was expected and what came. */
export function parseModel(json: unknown): ModelDescription {
  const parsed = modelSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = ['model.json', ...issue.path].join('.');
    const received = shown(
      issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], json),
    );
    throw new GoodpartError('GP_MODEL_INVALID', `${issue.message} for ${field} but received ${received}`, {
      field,
      expected: issue.message,
      received,
    });
  }
  const model = parsed.data;
  const expected = describePreprocessing(model.input, model.registration);
  if (!isDeepStrictEqual({ ...model.preprocessing }, { ...expected })) {
    throw invalidParameter(
      'model.json.preprocessing',
      canonicalJson(expected),
      canonicalJson(model.preprocessing),
      'GP_MODEL_INVALID',
    );
  }
  if (model.input.type === 'uint8' && model.input.scale !== undefined) {
    throw invalidParameter('model.json.input.scale', 'no scale beside uint8', model.input.scale, 'GP_MODEL_INVALID');
  }
  if (model.input.type === 'uint8' && model.input.window !== undefined) {
    throw invalidParameter('model.json.input.window', 'float32 beside a window', 'uint8', 'GP_MODEL_INVALID');
  }
  return model;
}
