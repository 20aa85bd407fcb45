import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError, invalidParameter } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { inputShape } from '../fit.ts';
import type { ModelDescription } from '../model-schema.ts';
import { missing, readDescription } from '../model-store.ts';
import type { TensorOutput } from '../session.ts';
import { probeOf } from './probe.ts';

const tritonTypes = { uint8: 'TYPE_UINT8', float32: 'TYPE_FP32' } as const;

/** A string of protobuf's text format. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&');
  const octal = (char: string) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `"${[...escaped].map((char) => (char < ' ' || char === '\u007f' ? octal(char) : char)).join('')}"`;
}

const tensor = (name: string, type: string, shape: readonly number[]) =>
  `  {\n    name: ${quoted(name)}\n    data_type: ${type}\n    dims: [ ${shape.join(', ')} ]\n  }`;

/** Inputs and outputs, the part of config.pbtxt that has to be the same for all versions of a model. */
function signature({ input }: ModelDescription, outputs: Record<string, Pick<TensorOutput, 'shape'>>): string {
  const listed = Object.entries(outputs).map(([name, { shape }]) => tensor(name, tritonTypes.float32, shape));
  const taken = tensor(input.name, tritonTypes[input.type], inputShape(input));
  return `input [\n${taken}\n]\noutput [\n${listed.join(',\n')}\n]\n`;
}

/**
 * config.pbtxt of a model as NVIDIA Triton reads it (protobuf text format of its ModelConfig): whole shapes, no batching by Triton, all
 * versions served, so that a recipe can go back to an earlier one. Throws GP_MODEL_INVALID for an output without dimensions.
 */
export function tritonConfig(
  name: string,
  model: ModelDescription,
  outputs: Record<string, Pick<TensorOutput, 'shape'>>,
): string {
  const scalar = Object.entries(outputs).find(([, { shape }]) => shape.length === 0);
  if (scalar) {
    throw invalidParameter(`output ${scalar[0]}`, 'a shape that Triton can state', 'a scalar', 'GP_MODEL_INVALID');
  }
  return (
    `name: ${quoted(name)}\nbackend: "onnxruntime"\nmax_batch_size: 0\n` +
    `${signature(model, outputs)}version_policy { all { } }\n`
  );
}

export interface TritonModel {
  /** As Triton knows it: the folder's name, and the number of the version. */
  name: string;
  version: string;
  /** Relative to the repository. */
  files: string[];
}

/**
 * Adds a version to a Triton model repository: `<name>/config.pbtxt` and `<name>/<version>/model.onnx`, the very file that was learned. A
 * version appears complete or not at all. The model is run once here, for the shapes of its outputs. A config.pbtxt that is there is kept
 * (instance groups belong to who runs the servers). Throws GP_INPUT_INVALID and GP_MODEL_INVALID.
 */
export async function addToTriton(
  repository: string,
  dir: string,
  as: { name?: string; version?: string } = {},
): Promise<TritonModel> {
  const model = await readDescription(dir);
  const { name = model.name, version = model.version } = as;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) {
    throw invalidParameter('the name in Triton', 'letters, digits, _, - and .', name);
  }
  if (!/^[1-9]\d{0,8}$/.test(version)) {
    throw invalidParameter('the version in Triton', 'a whole number of 1 or more', version);
  }
  const onnx = await readFile(join(dir, 'model.onnx')).catch((error) => {
    throw missing('model.onnx', dir, error);
  });
  const { outputs } = await probeOf(model, onnx);
  const config = tritonConfig(name, model, outputs);
  const folder = join(repository, name);
  const target = join(folder, version);
  if (existsSync(target)) throw invalidParameter(`the version in ${folder}`, 'a new one', version);
  const known = await readFile(join(folder, 'config.pbtxt'), 'utf8').catch(() => undefined);
  if (known !== undefined && !words(known).includes(words(signature(model, outputs)))) {
    const text =
      `Expected the inputs and outputs of ${model.name} version ${model.version} in ${join(folder, 'config.pbtxt')} ` +
      'but received others: give it another name';
    throw new GoodpartError('GP_INPUT_INVALID', text, { field: 'the name in Triton', received: name });
  }
  // Triton takes folders only whose names are numbers
  const staging = join(folder, `.${newId()}`);
  try {
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, 'model.onnx'), onnx);
    if (known === undefined) {
      await writeFile(join(folder, '.config.pbtxt'), config);
      await rename(join(folder, '.config.pbtxt'), join(folder, 'config.pbtxt'));
    }
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => {});
    const why = error instanceof Error ? error.message.split(',')[0] : String(error);
    throw invalidParameter('the Triton repository', 'a folder that can be written', `${repository} (${why})`);
  }
  return { name, version, files: [join(name, 'config.pbtxt'), join(name, version, 'model.onnx')] };
}

const words = (text: string) => text.replace(/\s+/g, ' ');
