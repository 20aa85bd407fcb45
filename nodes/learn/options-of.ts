import { resolve } from 'node:path';
import { invalidParameter } from '../../lib/core/errors.ts';
import type { LearningOptions, PictureAttributes } from '../../lib/learning/options.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { Message } from '../../lib/node-red/messages.ts';
import type { config } from './config.ts';

type Values = ValuesOf<typeof config>;

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

function backboneOf({ backbone, layers, normalisation }: Values): LearningOptions['backbone'] {
  return {
    path: resolve(backbone),
    layers: list(layers),
    normalisation: normalisation === 'auto' ? undefined : normalisation,
  };
}

/** What a message says of the part in its picture: `msg.shift`, `msg.lot`, `msg.nest`, texts or numbers. */
export function attributesOf(message: Message): PictureAttributes {
  const attributes: PictureAttributes = {};
  for (const key of ['shift', 'lot', 'nest'] as const) {
    const value = message[key];
    if (value === undefined || value === null || value === '') continue;
    const usable = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
    if (!usable || String(value).length > 100) throw invalidParameter(`msg.${key}`, 'a short text or a number', value);
    attributes[key] = String(value);
  }
  return attributes;
}
