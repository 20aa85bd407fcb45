import { shownShape } from '../fit.ts';
import type { ImportedKind } from '../model-schema.ts';
import { unusable } from './refusals.ts';

/** An output as it came in a trial run on one picture (of several in a batch: the first). */
export interface TrialOutput {
  name: string;
  shape: readonly number[];
  /** The file's own type, as ONNX Runtime calls it. */
  type: string;
  /** False for bool, whole numbers and text: never taken unless named. */
  usable: boolean;
}

export interface ChosenOutputs {
  kind: ImportedKind;
  map: string | null;
  score: string | null;
  /** Class scores [1, K]. */
  classes: string | null;
}

export interface OutputChoice {
  kind?: ImportedKind;
  map?: string | null;
  score?: string | null;
}

const elements = ({ shape }: TrialOutput) => shape.reduce((product, side) => product * side, 1);
/** Sides longer than 1. */
const long = ({ shape }: TrialOutput) => shape.filter((side) => side !== 1);

const isScore = (output: TrialOutput) => elements(output) === 1;
const isMap = (output: TrialOutput) =>
  long(output).length === 2 && output.shape.length >= 2 && output.shape.length <= 4;
const isClasses = (output: TrialOutput) =>
  long(output).length === 1 && output.shape.length >= 2 && output.shape.length <= 4;

/**
 * Tells what a graph is by its outputs' names (facts of anomalib's exporters: 2.x names `pred_score` and `anomaly_map`, 0.7 and 1.x only
 * the first one, `output`), else by their shapes. Throws GP_MODEL_INVALID with the list of outputs where that is not clear.
 */
export function chooseOutputs(
  outputs: readonly TrialOutput[],
  choice: OutputChoice,
  /** What metadata.json beside the model says, if anything. */
  metadata: 'anomalib-0' | 'anomalib-1' | null,
): ChosenOutputs {
  const kind = choice.kind ?? kindOf(outputs, metadata);
  const named = namedOutputs(outputs, choice);
  if (named) return { kind: kind === 'classifier' ? 'generic' : kind, ...named, classes: null };
  if (kind === 'anomalib-2') {
    const find = (name: string) => outputs.find((output) => output.name === name && output.usable) ?? null;
    const map = find('anomaly_map');
    const score = find('pred_score');
    if ((map && !isMap(map)) || (score && !isScore(score)) || (!map && !score)) throw unclear(outputs);
    return { kind, map: map?.name ?? null, score: score?.name ?? null, classes: null };
  }
  if (kind === 'anomalib-0' || kind === 'anomalib-1') {
    // anomalib's own inferencers take the first output and nothing else
    const [first] = outputs;
    if (!first?.usable || !(isScore(first) || isMap(first))) throw unclear(outputs);
    return { kind, map: isScore(first) ? null : first.name, score: isScore(first) ? first.name : null, classes: null };
  }
  const usable = outputs.filter((output) => output.usable);
  const maps = usable.filter((output) => output.shape.length === 4 && isMap(output));
  const scores = usable.filter(isScore);
  const classes = usable.filter(isClasses);
  if (kind === 'classifier') {
    if (classes.length !== 1) throw unclear(outputs);
    return { kind, map: null, score: null, classes: classes[0].name };
  }
  if (maps.length > 1 || scores.length > 1 || maps.length + scores.length === 0) throw unclear(outputs);
  return { kind, map: maps[0]?.name ?? null, score: scores[0]?.name ?? null, classes: null };
}

function kindOf(outputs: readonly TrialOutput[], metadata: 'anomalib-0' | 'anomalib-1' | null): ImportedKind {
  if (outputs.some(({ name }) => name === 'pred_score' || name === 'anomaly_map')) return 'anomalib-2';
  if (metadata && outputs[0]?.name === 'output') return metadata;
  const usable = outputs.filter((output) => output.usable);
  const others = usable.some((output) => isScore(output) || (output.shape.length === 4 && isMap(output)));
  return !others && usable.filter(isClasses).length === 1 ? 'classifier' : 'generic';
}

function namedOutputs(
  outputs: readonly TrialOutput[],
  choice: OutputChoice,
): { map: string | null; score: string | null } | null {
  if (choice.map == null && choice.score == null) return null;
  const find = (
    field: string,
    name: string | null | undefined,
    fits: (output: TrialOutput) => boolean,
    expected: string,
  ) => {
    if (name == null) return null;
    const found = outputs.find((output) => output.name === name);
    if (found && fits(found) && found.type !== 'string') return name;
    const received = found ? `${name} ${shownShape(found.shape)}` : name;
    throw unusable(field, expected, received, `the outputs are ${list(outputs)}`);
  };
  return {
    map: find('map', choice.map, isMap, 'an output [1, 1, height, width]'),
    score: find('score', choice.score, isScore, 'an output of one value'),
  };
}

function unclear(outputs: readonly TrialOutput[]) {
  return unusable(
    'the outputs of model.onnx',
    'one map [1, 1, height, width], one score of one value, or one list of classes [1, K]',
    list(outputs),
    'name the output that is the map and the one that is the score, or export the model with those outputs alone',
  );
}

export function list(outputs: readonly TrialOutput[]): string {
  return outputs.map(({ name, shape, type }) => `${name} ${shownShape(shape)} (${type})`).join(', ') || 'none';
}
