import { resolve } from 'node:path';
import { invalidParameter } from '../../lib/core/errors.ts';
import { type LearningOptions, mostPictures, type PictureAttributes } from '../../lib/learning/options.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { Message } from '../../lib/node-red/messages.ts';
import type { config } from './config.ts';

type Values = ValuesOf<typeof config>;

/** How a run begins: from nothing, from the pictures of a version and more, or from those without some. */
export type Beginning = Pick<LearningOptions, 'extend' | 'exclude' | 'most'>;

const list = (text: string) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
const folders = (text: string) => (text ? [{ path: resolve(text) }] : []);

/** What the node's dialog says, as a learning run takes it. */
export function optionsOf(values: Values): Omit<LearningOptions, 'images' | 'modelsRoot'> {
  const { model: name, count: most, keepAspect, features, head, size, seed, sensitivity } = values;
  const { registration, maxShift, maxRotation, goal, warnRate, failRate } = values;
  const { missCost, falseRejectCost, defectShare, shifts, lots, nests, defects, repeats } = values;
  return {
    name,
    most,
    keepAspect: keepAspect === 'auto' ? 'auto' : keepAspect === 'camera',
    features: features === 'usual' ? undefined : features,
    backbone: features === 'backbone' ? backboneOf(values) : undefined,
    head,
    size,
    seed,
    sensitivity,
    registration: registration ? { maxShift, maxRotation } : null,
    goal: goal === 'rates' ? { warn: warnRate, fail: failRate } : { missCost, falseRejectCost, defectShare },
    declared: { shifts: list(shifts), lots: list(lots), nests: list(nests) },
    defects: folders(defects),
    repeats: folders(repeats),
  };
}

/** Words of the dialog, which may hold no dots, as learning calls them. */
const normalisations = {
  auto: undefined,
  imagenet: 'imagenet',
  unit: '0..1',
  signed: '-1..1',
  bytes: '0..255',
} as const satisfies Record<Values['normalisation'], string | undefined>;

function backboneOf({ backbone, layers, normalisation }: Values): LearningOptions['backbone'] {
  return {
    path: resolve(backbone),
    layers: list(layers),
    normalisation: normalisations[normalisation],
  };
}

/** What a message says of the part in its picture, or of all that it asks for: `msg.shift`, `msg.lot`, `msg.nest`, texts or numbers. */
export function attributesOf(message: Message): PictureAttributes {
  const attributes: PictureAttributes = {};
  for (const key of ['shift', 'lot', 'nest'] as const) {
    const value = message[key];
    if (value === undefined || value === null || value === '') continue;
    const usable = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
    if (!usable || String(value).length > 100) throw invalidParameter(`msg.${key}`, 'a short text or a number', value);
    const text = String(value).trim();
    if (text !== '') attributes[key] = text;
  }
  return attributes;
}

const mostExcluded = 5000;

/** `msg.payload` of "exclude". */
export function excludedBy({ payload }: Message): string[] {
  const usable = Array.isArray(payload) && payload.length > 0 && payload.length <= mostExcluded;
  if (!usable || !payload.every((entry) => typeof entry === 'string')) {
    throw invalidParameter('msg.payload', 'a list of the digests or file names of pictures to leave out', payload);
  }
  return payload as string[];
}

/** `msg.count` of "add": how many pictures; undefined where it is not given. */
export function countOf({ count }: Message): number | undefined {
  if (count === undefined) return undefined;
  if (Number.isInteger(count) && (count as number) >= 1 && (count as number) <= mostPictures) return count as number;
  throw invalidParameter('msg.count', `a whole number from 1 to ${mostPictures}`, count);
}
