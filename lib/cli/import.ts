import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { ModelRunner } from '../learning/evaluation/model-runner.ts';
import { type Limit, proposeThresholds, type Thresholds } from '../learning/limits/thresholds.ts';
import { filesIn, loadFile } from '../learning/pictures/files.ts';
import { fewestPictures } from '../learning/pictures/picture-set.ts';
import { type ImportedModel, type ImportOverrides, importModel } from '../scoring/import/import-model.ts';
import { recalibrated, refuseClamped } from '../scoring/import/recalibrate.ts';
import { ModelStore } from '../scoring/model-store.ts';
import { keepReferenceFrames, mostReferenceFrames } from '../scoring/reference-frames.ts';
import {
  type Answer,
  type CommandSpec,
  exitCodes,
  exitCodesHelp,
  type Given,
  type OptionTable,
  refused,
} from './command.ts';
import { goalOf, nameOf } from './learn-options.ts';
import { OutputFolder } from './output-folder.ts';
import { ProgressBar } from './progress.ts';
import { percent, shownScore } from './table.ts';

const usage = `goodpart import --onnx FILE --out DIR [options]

Makes a model of ours of one that was trained elsewhere: exports of anomalib 0.7, 1.x and 2.x, any
graph with an anomaly map and/or a score, classifiers. The folder of --out becomes the model:
model.onnx, one static graph, and model.json.

  --onnx FILE              weights in a file beside it are read in
  --out DIR                new or empty
  --metadata FILE          anomalib's metadata.json; default: the one beside the model
  --good DIR               find limits from these good pictures, which the model must not have been
                           trained on; without them they are the file's own, or nothing passes.
                           Some are kept with the model: TensorRT needs them to be compared
  --warn-rate X            wanted share of good parts above the warn limit; default 5%
  --fail-rate X            wanted share of good parts above the fail limit; default 1%
  --name NAME              default: the name of the folder
  --json                   one JSON object: model, kind, notes, limits

where the file does not say it
  --kind KIND              anomalib-0, anomalib-1, anomalib-2, generic, classifier
  --size N|WxH             of the input
  --map NAME               output that is the map; none: there is none
  --score NAME             output that is the score; none: the map's maximum is it
  --good-class NAME        classifiers: name or number of the class of good parts; none: all classes
                           are defects, and the model can only name them
  --classes A,B            classifiers: names of the classes in the order of the output
  --layout NCHW|NHWC
  --mean R,G,B             normalisation of 0..1 pixels that the graph expects; default: none
  --std R,G,B
  --scale X                what one grey level of 0..255 is to the graph; default 1/255

${exitCodesHelp}`;

const options: OptionTable = Object.fromEntries(
  [
    ...['onnx', 'out', 'metadata', 'good', 'kind', 'name', 'size', 'map', 'score', 'good-class', 'classes', 'layout'],
    ...['mean', 'std', 'scale', 'warn-rate', 'fail-rate'],
  ].map((name) => [name, { type: 'string' as const }]),
);

export const importCommand: CommandSpec = { name: 'import', usage, options, run };

const kinds = ['anomalib-0', 'anomalib-1', 'anomalib-2', 'generic', 'classifier'] as const;

async function run(given: Given, signal: AbortSignal): Promise<Answer> {
  const onnx = resolve(given.needed('onnx', 'an ONNX file'));
  const out = resolve(given.needed('out', 'a new or empty folder'));
  const metadata = given.text('metadata');
  const good = given.text('good');
  const overrides = overridesOf(given);
  const goal = goalOf(given) ?? { warn: 0.05, fail: 0.01 };
  if (good === undefined && (given.has('warn-rate') || given.has('fail-rate'))) {
    throw refused('good', 'a folder of good pictures beside a rate', undefined);
  }
  const files = good === undefined ? null : await goodFiles(resolve(good));
  const output = await OutputFolder.open(out);
  const bar = new ProgressBar();
  try {
    const request = { onnx, name: nameOf(given, out), version: '1', overrides };
    bar.show('importing', 0, 1);
    const imported = await importModel({ ...request, ...(metadata && { metadata: resolve(metadata) }) });
    let { description } = imported;
    let statement = description.calibration.method;
    let skipped: Skipped[] = [];
    let usable: string[] = [];
    if (files !== null) {
      const scored = await scoreGood(imported, files, join(output.staging, 'trial'), (done) => {
        signal.throwIfAborted();
        bar.show('scoring', done, files.length);
      });
      skipped = scored.skipped;
      usable = files.filter((path) => !skipped.some((one) => one.path === path));
      const found = limitsFrom(description, scored, goal);
      statement = found.statement;
      const { median, warn, fail } = found.thresholds;
      const limits = { median, warn: warn.value, fail: fail.value, method: statement };
      description = recalibrated(description, scored.scores, limits);
    }
    const dir = await new ModelStore(join(output.staging, 'models')).add(description, imported.onnx);
    // by these another engine is compared with the processor before it may judge parts
    const kept = evenly(usable, mostReferenceFrames).map(loadFile);
    await keepReferenceFrames(dir, await Promise.all(kept), description.input);
    const names = await output.publish(dir);
    bar.end();
    const { median, warn, fail, source } = description.calibration;
    const { name, version, imported: origin, input, units, outputs } = description;
    const facts = { name, version, kind: origin?.kind ?? null, input, outputs, units };
    const notes = { notes: imported.notes, limits: { median, warn, fail, source: source ?? null }, statement, skipped };
    return {
      json: { ok: true, dir: out, files: names, ...facts, ...notes },
      text: asText(description, { ...notes, dir: out, names }),
      code: exitCodes.done,
    };
  } finally {
    bar.end();
    await output.discard();
  }
}

function overridesOf(given: Given): ImportOverrides {
  const named = (name: string) => {
    const text = given.text(name);
    return text === undefined ? undefined : text === 'none' ? null : text;
  };
  const overrides: ImportOverrides = {
    kind: given.choice('kind', kinds),
    size: sizeOf(given),
    map: named('map'),
    score: named('score'),
    labels: given.has('classes') ? given.list('classes') : undefined,
    goodClass: given.text('good-class'),
    layout: given.choice('layout', ['NCHW', 'NHWC']),
    mean: numbersOf(given, 'mean'),
    std: numbersOf(given, 'std'),
    scale: given.number('scale', 'a number above 0', (value) => value > 0),
  };
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

function sizeOf(given: Given): ImportOverrides['size'] {
  const text = given.text('size');
  if (text === undefined) return undefined;
  const [, width, height] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text) ?? [];
  if (width === undefined || Number(width) < 1) throw refused('size', 'pixels as N or WIDTHxHEIGHT', text);
  return { width: Number(width), height: Number(height ?? width) };
}

function numbersOf(given: Given, name: string): number[] | undefined {
  if (!given.has(name)) return undefined;
  const numbers = given.list(name).map(Number);
  const usable = (numbers.length === 1 || numbers.length === 3) && numbers.every(Number.isFinite);
  if (!usable) throw refused(name, 'one number, or three with commas between', given.text(name));
  return numbers;
}

async function goodFiles(folder: string): Promise<string[]> {
  const files = existsSync(folder) ? await filesIn(folder) : [];
  if (files.length >= fewestPictures) return files;
  const received = existsSync(folder) ? `${files.length} files in ${folder}` : `${folder}, which does not exist`;
  throw tooFew(received);
}

function tooFew(received: string): GoodpartError {
  const expected = `a folder of at least ${fewestPictures} good pictures`;
  const text = `Expected ${expected} for --good but received ${received}`;
  return new GoodpartError('GP_INPUT_INVALID', text, { field: 'good', expected, received });
}

/** So many of them, from the first to the last. */
function evenly<T>(all: readonly T[], count: number): T[] {
  return all.filter((_, n) => Math.floor((n * count) / all.length) !== Math.floor(((n - 1) * count) / all.length));
}

interface Skipped {
  path: string;
  reason: string;
}

interface GoodScores {
  scores: number[];
  skipped: Skipped[];
}

/** Scores by the imported model as a station will run it. */
async function scoreGood(
  { description, onnx }: ImportedModel,
  files: string[],
  root: string,
  progress: (done: number) => void,
): Promise<GoodScores> {
  const runner = await ModelRunner.open(await new ModelStore(root).add(description, onnx));
  const scores: number[] = [];
  const skipped: Skipped[] = [];
  try {
    for (const path of files) {
      const { result, reason } = await runner.inspect(path);
      if (result === null) skipped.push({ path, reason: reason ?? 'not a picture' });
      else scores.push(result.score);
      progress(scores.length + skipped.length);
    }
  } finally {
    await runner.close();
  }
  return { scores, skipped };
}

function limitsFrom(
  description: ImportedModel['description'],
  { scores, skipped }: GoodScores,
  goal: Parameters<typeof proposeThresholds>[1],
): { thresholds: Thresholds; statement: string } {
  if (scores.length < fewestPictures) {
    const first = skipped[0] ? ` (first ${skipped[0].path}: ${skipped[0].reason})` : '';
    throw tooFew(`${scores.length} that could be scored${first}`);
  }
  refuseClamped(description, scores);
  // The models' scales differ by powers of ten: between limits lies at least a thousandth of what good scores spread.
  const gap = Math.max(1e-9, (Math.max(...scores) - Math.min(...scores)) / 1000);
  const thresholds = proposeThresholds(scores, goal, gap);
  return { thresholds, statement: statementOf(thresholds, scores.length) };
}

function statementOf({ warn, fail }: Thresholds, pictures: number): string {
  const say = (name: string, { value, expected, bound, extrapolated }: Limit) =>
    `${name} limit ${shownScore(value)}: expected above it ${percent(expected)} of good parts` +
    `${extrapolated ? ' (extrapolated: too few pictures to know)' : ''}, with 95 % confidence at most ${percent(bound)}.`;
  return [
    `Limits from ${pictures} good pictures, which the model must not have been trained on.`,
    say('Warn', warn),
    say('Fail', fail),
    'The miss rate is unknown until defects were shown.',
  ].join(' ');
}

function asText(
  { name, version, imported, units, input }: ImportedModel['description'],
  about: {
    notes: string[];
    limits: Record<string, unknown>;
    statement: string;
    skipped: Skipped[];
    dir: string;
    names: string[];
  },
): string {
  const { median, warn, fail } = about.limits as { median: number; warn: number; fail: number };
  return [
    `Imported ${name} ${version}: ${imported?.kind ?? 'a model'}, input ${input.width} x ${input.height}, scores in ${units}.`,
    ...about.notes,
    '',
    about.statement,
    `Limits: median ${shownScore(median)}, warn ${shownScore(warn)}, fail ${shownScore(fail)}.`,
    ...about.skipped.map(({ path, reason }) => `Not usable: ${path}: ${reason}`),
    `Written to ${about.dir}: ${about.names.join(', ')}`,
  ].join('\n');
}
