import { readFile, stat } from 'node:fs/promises';
import { systemClock } from '../../core/clock.ts';
import { describePreprocessing, type ImportedKind, type ModelDescription, type ModelInput } from '../model-schema.ts';
import { decodeModel } from '../onnx-proto.ts';
import { clampsBefore, isClamped } from './clamping.ts';
import {
  addClassScore,
  addProbabilities,
  addSureness,
  areProbabilities,
  classNames,
  goodClassOf,
} from './classifier.ts';
import { inlineExternalData } from './external-data.ts';
import { foldSizes } from './fold.ts';
import { findGeometry, fixedInput } from './geometry.ts';
import { floatValue, GraphEdit } from './graph-edit.ts';
import { type ExportMetadata, labelsInModel, readMetadata, type Size } from './metadata.ts';
import { notesOf } from './notes.ts';
import { type ChosenOutputs, chooseOutputs } from './outputs.ts';
import { adaptInput, type InputChanges, type PictureInput, readInput } from './picture-input.ts';
import { calibrationOf } from './recalibrate.ts';
import { refuseBadWeights, refuseCustomOperators, unusable } from './refusals.ts';
import { refuseNoNumbers, type Trial, tryOut } from './trial.ts';

export interface ImportOverrides {
  kind?: ImportedKind;
  /** For files that leave height and width open and do not resize by themselves. */
  size?: Size;
  /** Names of outputs; null for none. */
  map?: string | null;
  score?: string | null;
  /** Classifiers: names of the classes in the order of the output, and which one is a good part. */
  labels?: string[];
  goodClass?: string | number;
  layout?: PictureInput['layout'];
  /** Of 0..1, one for each channel or one for all, where the graph wants a normalised picture and no metadata says so. */
  mean?: number[];
  std?: number[];
  /** What one grey level of 0..255 is to the graph, default 1/255. */
  scale?: number;
}

export interface ImportRequest {
  /** Path of the ONNX file; weights in a file beside it are read in. */
  onnx: string;
  /** Path of anomalib's metadata.json (0.7, 1.x) or of a JSON with class names. Default: metadata.json or meta_data.json beside the model. */
  metadata?: string;
  /** Of the new model. */
  name: string;
  version: string;
  overrides?: ImportOverrides;
}

export interface ImportedModel {
  /** For ModelStore.add, together with `onnx`. */
  description: Omit<ModelDescription, 'schema' | 'sha256'>;
  /** The model as one static graph for one picture. */
  onnx: Buffer;
  /** Sentences for people: what was recognised, what was changed, what is not known. */
  notes: string[];
}

const maxFileBytes = 1024 * 1024 * 1024;

/**
 * Makes a Goodpart model of an anomaly model trained elsewhere: exports of anomalib 0.7, 1.x and 2.x, any graph with one map
 * and/or one score, classifiers. What can be said in the graph is put into it (normalisation, crop, batch, element type, class
 * score), so that pixels go in as for any model and every engine gets one static graph. Runs the model a few times, so it
 * belongs into a child process or the command line. Throws GP_MODEL_INVALID: one sentence that says what to do next.
 */
export async function importModel({
  onnx,
  metadata,
  name,
  version,
  overrides = {},
}: ImportRequest): Promise<ImportedModel> {
  const bytes = await readOnnx(onnx);
  const model = decodeModel(bytes);
  refuseCustomOperators(model);
  const files = await inlineExternalData(model, onnx);
  refuseBadWeights(model);
  const said = await readMetadata(onnx, metadata);
  const edit = new GraphEdit(model);
  const found = readInput(edit, overrides.layout);
  const changes = inputChanges(found, said, overrides);
  const scale = overrides.scale ?? 1 / 255;
  const input = adaptInput(edit, found, changes);
  const geometry = await findGeometry(edit, input, overrides.size);
  await foldSizes(edit, fixedInput(input, geometry.size));
  const also = edit.outputs.flatMap((output) => clampsBefore(edit, output.name));
  const trial = await tryOut(edit, input, geometry.size, {
    batch: found.batch,
    scale: input.type === 'uint8' ? 1 : scale,
    named: [overrides.map, overrides.score],
    also: [...new Set(also)],
  });
  const chosen = chooseOutputs(trial.outputs, overrides, said && versionOf(said));
  for (const output of [chosen.map, chosen.score, chosen.classes]) if (output !== null) refuseNoNumbers(trial, output);
  const classes = chosen.classes === null ? null : classScore(edit, trial, chosen.classes, { said, overrides });
  const outputs = {
    map: chosen.map === null ? null : mapValue(edit, trial, chosen.map),
    score: classes?.value ?? (chosen.score === null ? null : trial.valueOf(chosen.score)),
  };
  const scaleOf = classes ? classes.scale : scaleOfScores(edit, trial, chosen);
  const written = edit.write(fixedInput(input, geometry.size), [
    ...(outputs.map === null ? [] : [floatValue(outputs.map, mapShape(trial, chosen.map))]),
    ...(outputs.score === null ? [] : [floatValue(outputs.score, scoreShape(trial, chosen))]),
    ...(classes === null ? [] : [floatValue(classes.named.output, [1, classes.named.names.length])]),
  ]);
  const modelInput: ModelInput = {
    name: input.name,
    ...geometry.size,
    channels: input.channels,
    layout: input.layout,
    type: input.type,
    resize: 'stretch',
    ...(input.type === 'float32' && { scale }),
  };
  const description: ImportedModel['description'] = {
    name,
    version,
    input: modelInput,
    preprocessing: describePreprocessing(modelInput),
    outputs: { ...outputs, ...(outputs.map !== null && geometry.area && { mapArea: geometry.area }) },
    ...(classes && { classes: classes.named }),
    units: units[scaleOf],
    trainingSet: { images: 0, digest: '' },
    calibration: calibrationOf(chosen.kind, scaleOf, said),
    imported: { kind: chosen.kind, producer: producerOf(model), scale: scaleOf },
    createdAt: systemClock.utc(),
    tool: 'goodpart import',
  };
  const notes = notesOf({ description, chosen, geometry, files, said, changes, found, trial });
  if (classes) notes.push(classes.note);
  return { description, onnx: written, notes };
}

const units = {
  raw: 'raw score of the model',
  normalised: 'normalised score, 0 to 1, limit of the training at 0.5',
  'log-odds': 'log-odds of not being good',
} as const;

async function readOnnx(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size === 0 || size > maxFileBytes) throw new Error(`${size} bytes`);
    return await readFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unusable(
      'model.onnx',
      `a readable ONNX file of at most ${maxFileBytes} bytes`,
      why,
      'give the path of the .onnx file',
    );
  }
}

function versionOf({ transform, imageThreshold, pixelThreshold }: ExportMetadata): 'anomalib-0' | 'anomalib-1' | null {
  if (transform) return 'anomalib-0';
  return imageThreshold === null && pixelThreshold === null ? null : 'anomalib-1';
}

/** What has to happen to a picture of 0..1 before the graph. */
function inputChanges(input: PictureInput, said: ExportMetadata | null, overrides: ImportOverrides): InputChanges {
  const transform = overrides.kind === undefined || overrides.kind === 'anomalib-0' ? (said?.transform ?? null) : null;
  const mean = overrides.mean ?? transform?.mean ?? null;
  const std = overrides.std ?? transform?.std ?? null;
  for (const [field, values] of Object.entries({ mean, std })) {
    const fits = values === null || values.length === 1 || values.length === input.channels;
    if (fits && (field === 'mean' || values === null || values.every((value) => value > 0))) continue;
    const expected = `${input.channels} numbers${field === 'std' ? ' above 0' : ''}`;
    throw unusable(field, expected, values.join(', '), 'give one for each channel');
  }
  if ((mean || std) && input.type === 'uint8') {
    throw unusable(
      'mean and std',
      'none beside a uint8 input',
      'some',
      'the graph normalises whole pixels by itself; leave them out',
    );
  }
  const seen = {
    width: transform?.crop?.width ?? transform?.resize?.width,
    height: transform?.crop?.height ?? transform?.resize?.height,
  };
  if (
    seen.width &&
    seen.height &&
    input.width &&
    input.height &&
    (seen.width !== input.width || seen.height !== input.height)
  ) {
    throw unusable(
      `transform in ${said?.file}`,
      `the graph's input of ${input.width}x${input.height}`,
      `${seen.width}x${seen.height}`,
      'give the metadata.json that was exported with this model',
    );
  }
  const crop = transform?.crop && transform.resize ? { from: transform.resize, to: transform.crop } : null;
  return { mean, std, crop };
}

interface ClassScoring {
  value: string;
  named: NonNullable<ModelDescription['classes']>;
  scale: keyof typeof units;
  note: string;
}

function classScore(
  edit: GraphEdit,
  trial: Trial,
  output: string,
  { said, overrides }: { said: ExportMetadata | null; overrides: ImportOverrides },
): ClassScoring {
  const value = trial.valueOf(output);
  const rows = trial.runs(value).map(({ data }) => data);
  const count = rows[0].length;
  const labels = overrides.labels ?? said?.labels ?? labelsInModel(edit.model.metadataProps ?? []);
  const good = goodClassOf(count, labels, overrides.goodClass);
  const probabilities = areProbabilities(rows);
  const row = addProbabilities(edit, { output: value, count, probabilities });
  const named = { output: row, names: classNames(count, labels), good };
  const what = `A classifier of ${count} classes (${probabilities ? 'probabilities' : 'logits'}); `;
  const stage =
    ' As a stage "classify" it names the defect: its classes are numbered from 1 in the order of the output.';
  if (good === null) {
    const note = 'none of them is a good part, so its score only says how sure it is and no limit can be found for it.';
    return { value: addSureness(edit, row), named, scale: 'raw', note: what + note + stage };
  }
  const score = addClassScore(edit, { output: value, count, good, probabilities });
  const label = labels ? `${good} "${labels[good]}"` : `${good}`;
  const note =
    `class ${label} is the good one. Its score here is the log-odds of not being good, ln((1 - P(good)) / P(good)): 0 where P(good) is ` +
    'one half, higher is worse. It gives no map, so only the whole frame is judged.';
  return { value: score, named, scale: 'log-odds', note: what + note + stage };
}

/** The value of a map as [1, 1, height, width] where its sides do not come last. */
function mapValue(edit: GraphEdit, trial: Trial, output: string): string {
  const value = trial.valueOf(output);
  const shape = mapShape(trial, output);
  const same = trial.runs(value)[0].shape.slice(-2).join() === shape.slice(-2).join();
  return same ? value : edit.append('Reshape', [value, edit.ints(shape)]);
}

function mapShape(trial: Trial, output: string | null): number[] {
  const shape = [...trial.runs(trial.valueOf(output ?? ''))[0].shape];
  const [height, width] = shape.filter((side) => side !== 1);
  return shape.at(-2) === height && shape.at(-1) === width ? shape : [1, 1, height, width];
}

function scoreShape(trial: Trial, { score }: ChosenOutputs): number[] {
  return score === null ? [1, 1] : [...trial.runs(trial.valueOf(score))[0].shape];
}

function scaleOfScores(edit: GraphEdit, trial: Trial, chosen: ChosenOutputs): keyof typeof units {
  const decisive = chosen.score ?? chosen.map;
  return decisive !== null && isClamped(edit, decisive, trial) ? 'normalised' : 'raw';
}

function producerOf({ producerName, producerVersion }: { producerName?: string; producerVersion?: string }): string {
  return [producerName, producerVersion].filter(Boolean).join(' ').slice(0, 200);
}
