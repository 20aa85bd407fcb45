import { invalidParameter } from '../core/errors.ts';
import type { Levels } from '../imaging/levels.ts';
import type { MapArea, ModelDescription, ModelInput } from './model-schema.ts';
import type { TensorInfo, TensorInput, TensorOutput } from './session.ts';

const maxCells = 16 * 1024 * 1024;

/** The outputs that a run must give for a score, its map and its classes. */
export function wantedOutputs({ outputs, classes }: ModelDescription): string[] {
  const names = [outputs.map, outputs.score, classes?.output].filter((name) => name != null);
  return [...new Set(names)];
}

/** Says whether a graph is what model.json says. Throws GP_MODEL_INVALID that names the field, what was expected and what came. */
export function checkGraph(
  model: ModelDescription,
  inputs: readonly TensorInfo[],
  outputs: readonly TensorInfo[],
): void {
  const refuse = (field: string, expected: string, received: string) =>
    invalidParameter(`model.json.${field}`, expected, received, 'GP_MODEL_INVALID');
  const { input } = model;
  const names = inputs.map(({ name }) => name).join(', ');
  const found = inputs.find(({ name }) => name === input.name);
  if (found === undefined) throw refuse('input.name', `one of the graph's inputs (${names})`, input.name);
  if (inputs.length > 1) throw refuse('input', 'the only input of the graph', names);
  if (found.type !== input.type) throw refuse('input.type', `the graph's ${found.type}`, input.type);
  const shape = inputShape(input);
  const fits =
    found.shape.length === 4 && found.shape.every((length, axis) => length === null || length === shape[axis]);
  if (!fits) throw refuse('input', `the graph's shape ${shownShape(found.shape)}`, shownShape(shape));
  const { map, score } = model.outputs;
  const named = { 'outputs.map': map, 'outputs.score': score, 'classes.output': model.classes?.output ?? null };
  for (const [field, name] of Object.entries(named)) {
    if (name === null) continue;
    const output = outputs.find((candidate) => candidate.name === name);
    const known = outputs.map((candidate) => candidate.name).join(', ');
    if (output === undefined) throw refuse(field, `one of the graph's outputs (${known})`, name);
    if (output.type !== 'float32') throw refuse(field, 'a float32 output', output.type);
  }
}

/** Row-major shape of the input tensor, batch of one. */
export function inputShape({
  layout,
  width,
  height,
  channels,
}: Pick<ModelInput, 'layout' | 'width' | 'height' | 'channels'>): [number, number, number, number] {
  return layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
}

/**
 * Pixels (HWC, of the input's size; floats for float32 inputs only) as the graph's tensor, in one pass; in the memory of `into` where given,
 * else in the pixels' own where they are the tensor already.
 */
export function toTensor(pixels: Levels, input: ModelInput, into?: TensorInput): TensorInput {
  const shape = inputShape(input);
  const { layout, type, channels, scale = 1 } = input;
  if (type === 'uint8' && (layout === 'NHWC' || channels === 1)) {
    if (into === undefined) return { data: pixels, shape };
    into.data.set(pixels);
    return into;
  }
  const data = into?.data ?? (type === 'uint8' ? new Uint8Array(pixels.length) : new Float32Array(pixels.length));
  const factor = type === 'uint8' ? 1 : scale;
  const plane = input.width * input.height;
  const planar = layout === 'NCHW' && channels > 1;
  for (let pixel = 0, at = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < channels; channel++, at++) {
      data[planar ? channel * plane + pixel : at] = pixels[at] * factor;
    }
  }
  return { data, shape };
}

export interface RawScore {
  /** May be non-finite. */
  score: number;
  map: { width: number; height: number; values: Float32Array } | null;
  /** Probabilities, for a classifier that names its classes; may be non-finite. */
  classes?: Float32Array;
}

/** Reads score, map and class probabilities from what a graph gave. Throws GP_MODEL_INVALID where a shape is not as promised. */
export function readOutputs(model: ModelDescription, outputs: Record<string, TensorOutput>): RawScore {
  const { map: mapName, score: scoreName, mapArea } = model.outputs;
  const covered = mapName === null ? null : readMap(mapName, outputs[mapName]);
  const map = covered && mapArea ? overFrame(covered, mapArea) : covered;
  const classes = model.classes && { classes: readClasses(model.classes, outputs[model.classes.output]) };
  if (scoreName === null) return { score: highest(covered?.values ?? new Float32Array([Number.NaN])), map, ...classes };
  const { data, shape } = outputs[scoreName];
  if (data.length !== 1) {
    throw invalidParameter('model.json.outputs.score', 'an output of one value', shownShape(shape), 'GP_MODEL_INVALID');
  }
  return { score: data[0], map, ...classes };
}

function readClasses({ names }: NonNullable<ModelDescription['classes']>, { data, shape }: TensorOutput): Float32Array {
  if (data.length === names.length) return data;
  const expected = `as many names as the output has values (${shownShape(shape)})`;
  throw invalidParameter('model.json.classes.names', expected, `${names.length}`, 'GP_MODEL_INVALID');
}

function readMap(name: string, { data, shape }: TensorOutput): NonNullable<RawScore['map']> {
  const [height, width] = shape.slice(-2);
  const rank = shape.length;
  if (rank < 2 || rank > 4 || width * height !== data.length || data.length === 0 || data.length > maxCells) {
    const expected = 'a map of rank 2 to 4, height and width last, everything before 1';
    throw invalidParameter('model.json.outputs.map', expected, `${name} ${shownShape(shape)}`, 'GP_MODEL_INVALID');
  }
  return { width, height, values: data };
}

/**
 * A map that covers a part of the frame (a graph that crops the middle) as one over the whole frame with cells of the same size; NaN
 * where nothing was inspected. What a map says of padding beyond the frame is dropped.
 */
function overFrame(
  map: NonNullable<RawScore['map']>,
  [left, top, right, bottom]: MapArea,
): NonNullable<RawScore['map']> {
  const width = Math.max(1, Math.round(map.width / (right - left)));
  const height = Math.max(1, Math.round(map.height / (bottom - top)));
  if (width * height > maxCells) {
    throw invalidParameter(
      'model.json.outputs.mapArea',
      'a larger part',
      `${width}x${height} cells`,
      'GP_MODEL_INVALID',
    );
  }
  // a hair, so that a cell's centre on a border by rounding belongs to one side
  const cells = (count: number, length: number, from: number, to: number) =>
    Int32Array.from({ length: count }, (_, i) =>
      Math.floor((((i + 0.5) / count - from) / (to - from)) * length + 1e-6),
    );
  const columns = cells(width, map.width, left, right);
  const rows = cells(height, map.height, top, bottom);
  const values = new Float32Array(width * height).fill(Number.NaN);
  for (const [y, row] of rows.entries()) {
    if (row < 0 || row >= map.height) continue;
    for (const [x, column] of columns.entries()) {
      if (column >= 0 && column < map.width) values[y * width + x] = map.values[row * map.width + column];
    }
  }
  return { width, height, values };
}

/** The maximum; a value that is not finite wins, because every comparison with NaN is false and would hide it. */
function highest(values: Float32Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) return value;
    if (value > top) top = value;
  }
  return top;
}

export function shownShape(shape: readonly (number | null)[]): string {
  return shape.map((length) => length ?? '?').join('x') || 'scalar';
}
