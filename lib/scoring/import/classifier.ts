import type { GraphEdit } from './graph-edit.ts';
import { unusable } from './refusals.ts';

const goodNames = /^(good|ok|okay|normal|pass|passed|io|i\.o\.|no[ _-]?defect|defect[ _-]?free)$/i;

/** Index of the class of good parts; null where `none` is wished: all classes are defects. Throws GP_MODEL_INVALID that lists the classes where it is not clear. */
export function goodClassOf(
  count: number,
  labels: readonly string[] | null,
  wished: string | number | undefined,
): number | null {
  const shown = labels?.map((label, i) => `${i} ${label}`).join(', ') ?? `0 to ${count - 1}, without names`;
  if (labels && labels.length !== count) {
    throw unusable(
      'labels',
      `${count} names`,
      `${labels.length}`,
      'give one name for each class, in the order of the output',
    );
  }
  const byName = (name: string) => labels?.findIndex((label) => label.toLowerCase() === name.toLowerCase()) ?? -1;
  if (wished !== undefined) {
    const named = typeof wished === 'string' ? byName(wished) : -1;
    if (named < 0 && wished === 'none') return null;
    const index = named >= 0 ? named : Number(wished);
    if (Number.isInteger(index) && index >= 0 && index < count) return index;
    throw unusable(
      'the good class',
      `one of the classes (${shown})`,
      String(wished),
      'give its name or its number, or none',
    );
  }
  const found = (labels ?? []).flatMap((label, i) => (goodNames.test(label.trim()) ? [i] : []));
  if (found.length === 1) return found[0];
  const toDo = 'name the good class, or none if it only tells defects apart';
  throw unusable('the good class', 'to know which class is a good part', `classes ${shown}`, toDo);
}

/**
 * Adds the score of a classifier to its graph: log-odds of not being good, ln((1 − P(good)) / P(good)). Unlike 1 − P(good) they do not
 * run into 0 and 1, so limits can be found from good parts. 0 is where P(good) is one half. From logits z that is
 * logsumexp(z of the others) − z of the good class; a softmax at the end is left out, probabilities go through their logarithm.
 */
export function addClassScore(
  edit: GraphEdit,
  { output, count, good, probabilities }: { output: string; count: number; good: number; probabilities: boolean },
): string {
  const end = edit.producer(output);
  let logits = output;
  if (end && (end.opType === 'Softmax' || end.opType === 'LogSoftmax') && end.input) [logits] = end.input;
  else if (probabilities) {
    // the smallest that a normal float16 holds, so that an exact 0 stays a number in every precision
    const bounded = edit.append('Max', [output, edit.floats([6.2e-5], [1])]);
    logits = edit.append('Log', [bounded]);
  }
  const row = edit.append('Reshape', [logits, edit.ints([1, count])]);
  const others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== good);
  const pick = (indices: number[]) => edit.append('Gather', [row, edit.ints(indices)], { axis: 1 });
  const rest = pick(others);
  let sum = rest;
  if (count > 2) {
    sum =
      edit.opset < 18
        ? edit.append('ReduceLogSumExp', [rest], { axes: [1], keepdims: 1 })
        : edit.append('ReduceLogSumExp', [rest, edit.ints([1])], { keepdims: 1 });
  }
  return edit.append('Sub', [sum, pick([good])]);
}

/** Adds the probabilities of the classes as a row [1, count]: the output itself, or the softmax of its logits. */
export function addProbabilities(
  edit: GraphEdit,
  { output, count, probabilities }: { output: string; count: number; probabilities: boolean },
): string {
  const row = edit.append('Reshape', [output, edit.ints([1, count])]);
  return probabilities ? row : edit.append('Softmax', [row], { axis: 1 });
}

/** Adds the score of a classifier that knows no good parts: the highest probability, which says how sure it is, not how bad a part. */
export function addSureness(edit: GraphEdit, probabilities: string): string {
  return edit.opset < 18
    ? edit.append('ReduceMax', [probabilities], { axes: [1], keepdims: 1 })
    : edit.append('ReduceMax', [probabilities, edit.ints([1])], { keepdims: 1 });
}

/** Names for model.json: those given, cut, each once; without any the number as the PLC reads it. */
export function classNames(count: number, labels: readonly string[] | null): string[] {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const label = labels?.[i]?.trim().slice(0, 60) || `class ${i + 1}`;
    names.push(names.includes(label) ? `${label} ${i + 1}`.slice(-64) : label);
  }
  return names;
}

/** Whether rows of class scores are probabilities: within 0..1 and adding up to 1, for every picture tried. */
export function areProbabilities(rows: readonly Float32Array[]): boolean {
  return rows.every((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return Math.abs(sum - 1) < 1e-3 && row.every((value) => value >= 0 && value <= 1 + 1e-6);
  });
}
