import { seededRandom } from '../../core/random.ts';
import { onnxTypes, type ValueInfoProto } from '../onnx-proto.ts';
import { Session, type TensorOutput } from '../session.ts';
import { fixedInput, picture } from './geometry.ts';
import { floatValue, type GraphEdit } from './graph-edit.ts';
import type { Size } from './metadata.ts';
import type { TrialOutput } from './outputs.ts';
import type { PictureInput } from './picture-input.ts';
import { unusable } from './refusals.ts';

/** An output of the file, and the float32 value of one picture that stands for it. */
interface Tapped {
  output: ValueInfoProto;
  /** Null where its numbers are no scores (bool, whole numbers, text) and nobody asked for them. */
  value: string | null;
}

export interface Trial {
  outputs: TrialOutput[];
  /** Of an output of the file: the value in the graph that holds it as float32, for one picture. */
  valueOf(output: string): string;
  /** What came for each trial picture. */
  runs(value: string): TensorOutput[];
}

const pictures = 3;

const typeNames = new Map<number, string>(Object.entries(onnxTypes).map(([name, code]) => [code, name]));

/**
 * Runs the whole model on a few pictures of noise to see what really comes out of it. `batch`: pictures that it takes at once;
 * `named`: outputs that are wanted whatever their type; `also`: float32 values within the graph. Throws GP_MODEL_INVALID.
 */
export async function tryOut(
  edit: GraphEdit,
  input: PictureInput,
  size: Size,
  o: { batch: number; scale: number; named: readonly (string | null | undefined)[]; also: readonly string[] },
): Promise<Trial> {
  const taps = edit.outputs.map((output): Tapped => ({ output, value: tap(edit, output, o) }));
  const values = [...new Set([...taps.flatMap(({ value }) => value ?? []), ...o.also])];
  const written = edit.write(
    fixedInput(input, size),
    values.map((name) => floatValue(name)),
  );
  const session = await Session.open(written);
  const results: Record<string, TensorOutput>[] = [];
  try {
    for (let i = 0; i < pictures; i++) {
      const random = seededRandom(i + 1);
      const noise = picture(input, size, () => random() * 255, o.scale);
      results.push(await session.run({ [input.name]: noise }, values));
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const expected = `a model that runs on one picture of ${size.width}x${size.height}`;
    throw unusable(
      'model.onnx',
      expected,
      why,
      'give the size that it was trained with, or export it for a fixed input size',
    );
  } finally {
    await session.dispose();
  }
  const found = new Map(taps.map(({ output, value }) => [output.name, value]));
  const outputs = taps.map(({ output, value }): TrialOutput => {
    const type = typeNames.get(output.type?.tensorType?.elemType ?? onnxTypes.float32) ?? 'unknown type';
    const declared = output.type?.tensorType?.shape?.dim?.map(({ dimValue }) => dimValue ?? 1) ?? [];
    const shape = value === null ? declared : results[0][value].shape;
    return { name: output.name, shape, type, usable: isFloat(output) };
  });
  return {
    outputs,
    valueOf: (output) => found.get(output) ?? output,
    runs: (value) => results.map((result) => result[value]),
  };
}

const isFloat = ({ type }: ValueInfoProto) => {
  const elemType = type?.tensorType?.elemType ?? onnxTypes.float32;
  return elemType === onnxTypes.float32 || elemType === onnxTypes.float16 || elemType === onnxTypes.float64;
};

function tap(
  edit: GraphEdit,
  output: ValueInfoProto,
  { batch, named }: { batch: number; named: readonly (string | null | undefined)[] },
): string | null {
  const { elemType = onnxTypes.float32, shape } = output.type?.tensorType ?? {};
  const wanted = isFloat(output) || (named.includes(output.name) && elemType !== onnxTypes.string);
  if (!wanted) return null;
  let value = output.name;
  if (elemType !== onnxTypes.float32) value = edit.append('Cast', [value], { to: onnxTypes.float32 });
  // all pictures of the batch are the same one
  if (batch > 1 && shape?.dim?.length !== 0) {
    value = edit.append('Slice', [value, edit.ints([0]), edit.ints([1]), edit.ints([0])]);
  }
  return value;
}

/** Throws GP_MODEL_INVALID for a value that is not finite on a picture of noise. */
export function refuseNoNumbers(trial: Trial, output: string): void {
  const value = trial.valueOf(output);
  if (trial.runs(value).every(({ data }) => data.every(Number.isFinite))) return;
  throw unusable(
    `output ${output} of model.onnx`,
    'finite numbers',
    'NaN or infinity on a trial picture',
    'its weights or its normalisation are broken; check it where it was trained and export it again',
  );
}
