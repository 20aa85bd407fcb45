import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import type { FeatureKind } from '../learning/features/extractor.ts';
import type { BackboneFile, Declared, LearningOptions, PictureSource } from '../learning/options.ts';
import { filesIn } from '../learning/pictures/files.ts';
import { type Given, type OptionTable, refused, UsageError } from './command.ts';
import { candidates, readLabels } from './labels.ts';

export const learnOptions: OptionTable = {
  good: { type: 'string', multiple: true },
  out: { type: 'string' },
  name: { type: 'string' },
  most: { type: 'string' },
  features: { type: 'string' },
  backbone: { type: 'string' },
  layers: { type: 'string' },
  'list-layers': { type: 'boolean' },
  normalisation: { type: 'string' },
  head: { type: 'string' },
  size: { type: 'string' },
  seed: { type: 'string' },
  aspect: { type: 'string' },
  register: { type: 'boolean' },
  'max-shift': { type: 'string' },
  'max-rotation': { type: 'string' },
  exclude: { type: 'string', multiple: true },
  defects: { type: 'string', multiple: true },
  repeats: { type: 'string', multiple: true },
  'warn-rate': { type: 'string' },
  'fail-rate': { type: 'string' },
  'miss-cost': { type: 'string' },
  'false-reject-cost': { type: 'string' },
  'defect-share': { type: 'string' },
  labels: { type: 'string' },
  declare: { type: 'string', multiple: true },
  'add-to': { type: 'string' },
  'no-sensitivity': { type: 'boolean' },
};

const featureKinds = ['bank', 'filters', 'thorough', 'backbone'] as const satisfies readonly FeatureKind[];
const heads = ['auto', 'gaussian', 'nearest'] as const satisfies readonly LearningOptions['head'][];
const aspects = { auto: 'auto', keep: true, stretch: false } as const;
const usualRegistration = { maxShift: 0.05, maxRotation: 3 };
/** What a model that is added to has already: given again it would change nothing. */
const ofTheModel = [
  ...['features', 'backbone', 'layers', 'normalisation', 'head', 'size', 'aspect'],
  ...['register', 'max-shift', 'max-rotation'],
];
const usualRates = { warn: 0.05, fail: 0.01 };

/** Everything but where the model goes and what it is called. Throws UsageError, and GP_INPUT_INVALID for what is not there. */
export async function optionsOf(given: Given): Promise<Omit<LearningOptions, 'modelsRoot' | 'name'>> {
  const folders = given.texts('good').map((folder) => resolve(folder));
  const extend = given.text('add-to');
  const stays = extend === undefined ? undefined : ofTheModel.find((name) => given.has(name));
  if (stays !== undefined) {
    throw new UsageError(`Expected no --${stays} beside --add-to: the model that is added to keeps its own`);
  }
  if (folders.length === 0 && extend === undefined) throw refused('good', 'a folder of good pictures', undefined);
  const files = await goodFiles(folders);
  const features = given.choice('features', featureKinds);
  const options = {
    images: await sourcesOf(given, files, folders),
    most: given.whole('most', 1, 1_000_000),
    seed: given.whole('seed', 0, 0xffffffff),
    keepAspect: aspects[given.choice('aspect', ['auto', 'keep', 'stretch']) ?? 'auto'],
    size: given.whole('size', 1, 1_000_000),
    features: features ?? (given.has('backbone') ? 'backbone' : undefined),
    backbone: backboneOf(given, features),
    head: given.choice('head', heads),
    registration: registrationOf(given),
    exclude: given.texts('exclude').map((entry) => excluded(entry, files, folders, extend)),
    declared: declaredOf(given),
    goal: goalOf(given),
    defects: existing(given, 'defects').map(withoutGood),
    repeats: existing(given, 'repeats'),
    sensitivity: !given.flag('no-sensitivity'),
    extend: extend === undefined ? undefined : resolve(extend),
  };
  // what is not given takes the default of learning, not of this command
  const known = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as typeof options;
}

/** The files of the good folders. A wrong folder is said before anything starts. */
async function goodFiles(folders: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    if (!existsSync(folder)) throw absent('good', 'a folder of good pictures', `${folder}, which does not exist`);
    const found = await filesIn(folder);
    if (found.length === 0) {
      const inside = ['train/good', 'good'].find((name) => existsSync(join(folder, name)));
      const hint = inside === undefined ? '' : `: did you mean ${join(folder, inside)}?`;
      throw absent('good', 'a folder of good pictures', `${folder}, which holds no file${hint}`);
    }
    files.push(...found);
  }
  return files;
}

async function sourcesOf(given: Given, files: string[], folders: string[]): Promise<PictureSource[]> {
  const path = given.text('labels');
  if (path === undefined) return files.map((file) => ({ path: file }));
  const labels = await readLabels(resolve(path), files, folders);
  return files.map((file) => ({ path: file, ...labels.get(file) }));
}

function backboneOf(given: Given, features: FeatureKind | undefined): BackboneFile | undefined {
  const path = given.text('backbone');
  if (path === undefined) {
    if (features === 'backbone') throw refused('backbone', 'an ONNX file', undefined);
    const stray = ['layers', 'normalisation'].find((name) => given.has(name));
    if (stray) throw new UsageError(`Expected --backbone FILE beside --${stray} but received none`);
    return undefined;
  }
  if (features !== undefined && features !== 'backbone') {
    throw refused('features', 'backbone, or nothing, beside --backbone', features);
  }
  return { path: resolve(path), layers: given.list('layers'), normalisation: normalisationOf(given) };
}

/** A name, or `r,g,b/r,g,b`: mean and deviation. */
function normalisationOf(given: Given): BackboneFile['normalisation'] {
  const text = given.text('normalisation');
  if (text === undefined || !text.includes('/')) return text;
  const [mean, std] = text.split('/').map((part) => part.split(',').map(Number));
  const usable = [mean, std].every((values) => values.length === 3 && values.every(Number.isFinite));
  if (!usable) throw refused('normalisation', 'a name, or mean and deviation as r,g,b/r,g,b', text);
  return { mean: mean as [number, number, number], std: std as [number, number, number] };
}

function registrationOf(given: Given): LearningOptions['registration'] {
  const limits = {
    maxShift: shareOf(given, 'max-shift') ?? usualRegistration.maxShift,
    maxRotation: given.number('max-rotation', 'degrees', (value) => value >= 0) ?? usualRegistration.maxRotation,
  };
  const wanted = ['register', 'max-shift', 'max-rotation'].some((name) => given.has(name));
  return wanted ? limits : undefined;
}

/** A digest as findings name it, or one of the good pictures; a name that fits nothing would leave a bad picture in. */
function excluded(entry: string, files: string[], folders: string[], extend: string | undefined): string {
  if (/^[0-9a-f]{64}$/i.test(entry)) return entry.toLowerCase();
  const found = candidates(entry, folders).find((candidate) => files.includes(candidate));
  if (found !== undefined) return found;
  if (extend !== undefined) return entry; // a picture of the model that is extended, by its label
  throw absent('exclude', 'one of the good pictures or its digest', entry);
}

function declaredOf(given: Given): Declared | undefined {
  const declared: Declared = {};
  for (const entry of given.texts('declare')) {
    const [, attribute, values] = /^(shift|lot|nest)s?=(.+)$/.exec(entry) ?? [];
    if (values === undefined) throw refused('declare', 'shift=a,b or lot=... or nest=...', entry);
    const key = `${attribute}s` as keyof Declared;
    const names = values.split(',').map((value) => value.trim());
    declared[key] = [...(declared[key] ?? []), ...names.filter((name) => name !== '')];
  }
  return Object.keys(declared).length > 0 ? declared : undefined;
}

export function goalOf(given: Given): LearningOptions['goal'] {
  const rates = { warn: shareOf(given, 'warn-rate'), fail: shareOf(given, 'fail-rate') };
  const byRate = rates.warn !== undefined || rates.fail !== undefined;
  const names = ['miss-cost', 'false-reject-cost', 'defect-share'];
  const [missCost, falseRejectCost] = names
    .slice(0, 2)
    .map((name) => given.number(name, 'a cost above 0', (cost) => cost > 0));
  const defectShare = shareOf(given, 'defect-share');
  if (missCost === undefined && falseRejectCost === undefined && defectShare === undefined) {
    if (!byRate) return undefined;
    const warn = rates.warn ?? Math.max(usualRates.warn, rates.fail ?? 0);
    return { warn, fail: rates.fail ?? Math.min(usualRates.fail, warn) };
  }
  if (byRate) throw new UsageError('Expected either rates or costs but received both');
  if (missCost === undefined || falseRejectCost === undefined || defectShare === undefined) {
    const lacking = names.find((name) => !given.has(name)) ?? '';
    throw new UsageError(
      `Expected --miss-cost, --false-reject-cost and --defect-share together but --${lacking} is not given`,
    );
  }
  return { missCost, falseRejectCost, defectShare };
}

/** `0.05` or `5%`. */
function shareOf(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const [, number, sign] = /^([\d.]+)\s*(%?)$/.exec(text.trim()) ?? [];
  const value = Number(number) / (sign === '%' ? 100 : 1);
  if (!(value > 0 && value < 1)) throw refused(name, 'a share between 0 and 1, or per cent with %', text);
  return value;
}

function existing(given: Given, name: string): { path: string }[] {
  return given.texts(name).map((folder) => {
    const path = resolve(folder);
    if (!existsSync(path) || !statSync(path).isDirectory()) throw absent(name, 'a folder', `${path}, which is none`);
    return { path };
  });
}

/** The `test` folder of a labelled set would make its good pictures defects that are missed. */
function withoutGood({ path }: { path: string }): { path: string } {
  if (!existsSync(join(path, 'good'))) return { path };
  throw absent('defects', 'a folder of defects', `${path}, which holds good pictures in its folder good`);
}

function absent(name: string, expected: string, received: string): GoodpartError {
  const text = `Expected ${expected} for --${name} but received ${received}`;
  return new GoodpartError('GP_INPUT_INVALID', text, { field: name, expected, received });
}

/** What a model is called where nobody said: as its folder. */
export function nameOf(given: Given, out: string): string {
  const name = given.text('name') ?? basename(out).slice(0, 64);
  return name === '' ? 'model' : name;
}
