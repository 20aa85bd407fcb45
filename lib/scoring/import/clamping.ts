import type { NodeProto, TensorProto } from '../onnx-proto.ts';
import type { GraphEdit } from './graph-edit.ts';
import type { Trial } from './trial.ts';

/** They hand a value on, or one of several. */
const passing = new Set([
  'Where',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Cast',
  'Slice',
  'Min',
  'Max',
  'Clip',
]);

/** Values shortly before `output` that were just cut off at 0 and 1. */
export function clampsBefore(edit: GraphEdit, output: string): string[] {
  const found: string[] = [];
  const visit = (value: string, depth: number): void => {
    const node = edit.producer(value);
    if (node === undefined || depth > 8 || !passing.has(node.opType)) return;
    if (cutsAtOneAndZero(edit, node)) found.push(value);
    for (const name of node.input ?? []) if (name !== '') visit(name, depth + 1);
  };
  visit(output, 0);
  return [...new Set(found)];
}

/**
 * Whether an output is cut off at 0 and 1. A clamp in the graph is not enough: an export that has seen no validation carries the
 * normalisation and a switch that passes it by, so what comes out decides.
 */
export function isClamped(edit: GraphEdit, output: string, trial: Trial): boolean {
  const result = trial.runs(trial.valueOf(output));
  return clampsBefore(edit, output).some((clamp) =>
    trial.runs(clamp).every(({ data }, i) => {
      const shown = result[i].data;
      return data.length >= shown.length && shown.every((value, at) => value === data[at]);
    }),
  );
}

function cutsAtOneAndZero(edit: GraphEdit, { opType, input = [], attribute = [] }: NodeProto): boolean {
  if (opType !== 'Clip') return false;
  const bound = (at: number, name: string) =>
    attribute.find((each) => each.name === name)?.f ?? (input[at] ? scalar(edit, input[at]) : undefined);
  return bound(1, 'min') === 0 && bound(2, 'max') === 1;
}

function scalar(edit: GraphEdit, name: string): number | undefined {
  const node = edit.producer(name);
  if (node?.opType === 'Identity' || node?.opType === 'Cast') return scalar(edit, node.input?.[0] ?? '');
  const tensor = edit.initializer(name) ?? node?.attribute?.find(({ t }) => t)?.t;
  return tensor && firstOf(tensor);
}

/** Of float32 and the whole numbers; enough for the bounds 0 and 1. */
function firstOf({ rawData, floatData, int64Data, doubleData, dataType }: TensorProto): number | undefined {
  if (!rawData?.length) return floatData?.[0] ?? int64Data?.[0] ?? doubleData?.[0];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  if (dataType === 1) return view.getFloat32(0, true);
  if (dataType === 7) return Number(view.getBigInt64(0, true));
  return dataType === 11 ? view.getFloat64(0, true) : undefined;
}
