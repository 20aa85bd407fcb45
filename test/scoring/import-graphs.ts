import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOutputs, toTensor, wantedOutputs } from '../../lib/scoring/fit.ts';
import { type ImportedModel, type ImportOverrides, importModel } from '../../lib/scoring/import/import-model.ts';
import { parseModel } from '../../lib/scoring/model-schema.ts';
import {
  type AttributeProto,
  attributeTypes,
  encodeModel,
  type ModelProto,
  type NodeProto,
  onnxTypes,
  type TensorProto,
  type ValueInfoProto,
} from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';
import { tempDir } from '../kit/temp.ts';
import { value } from './tiny-models.ts';

export const { float32, float16, float64, uint8, int64, bool } = onnxTypes;

export function node(
  opType: string,
  input: string[],
  output: string,
  attributes: Record<string, unknown> = {},
): NodeProto {
  return { opType, input, output: [output], attribute: Object.entries(attributes).map(attributeOf) };
}

function attributeOf([name, given]: [string, unknown]): AttributeProto {
  if (typeof given === 'string') return { name, type: attributeTypes.string, s: Buffer.from(given) };
  if (typeof given === 'number') return { name, type: attributeTypes.int, i: given };
  return { name, type: attributeTypes.ints, ints: given as number[] };
}

export function floats(name: string, values: number[], dims: number[] = [values.length]): TensorProto {
  return { name, dims, dataType: float32, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

export function ints(name: string, values: number[], dims: number[] = [values.length]): TensorProto {
  return { name, dims, dataType: int64, rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) };
}

export function model(o: {
  nodes: NodeProto[];
  inputs?: ValueInfoProto[];
  outputs: ValueInfoProto[];
  tensors?: TensorProto[];
  opset?: number;
  more?: Partial<ModelProto>;
}): ModelProto {
  return {
    irVersion: 8,
    producerName: 'pytorch',
    producerVersion: '2.4.0',
    opsetImport: [{ domain: '', version: o.opset ?? 14 }],
    graph: {
      name: 'main_graph',
      node: o.nodes,
      input: o.inputs ?? [value('input', float32, ['batch_size', 3, 'height', 'width'])],
      output: o.outputs,
      initializer: o.tensors ?? [],
    },
    ...o.more,
  };
}

/** Writes model.onnx, and metadata.json where given, into a folder of their own; returns the model's path. */
export function written(proto: ModelProto, metadata?: unknown, more: Record<string, Uint8Array> = {}): string {
  const dir = tempDir('import');
  const path = join(dir, 'model.onnx');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeModel(proto));
  if (metadata !== undefined) {
    writeFileSync(join(dir, 'metadata.json'), typeof metadata === 'string' ? metadata : JSON.stringify(metadata));
  }
  for (const [name, bytes] of Object.entries(more)) writeFileSync(join(dir, name), bytes);
  return path;
}

export function imported(onnx: string, overrides?: ImportOverrides, metadata?: string): Promise<ImportedModel> {
  return importModel({
    onnx,
    name: 'part',
    version: '1',
    ...(overrides && { overrides }),
    ...(metadata && { metadata }),
  });
}

/** What the engine's child makes of pixels (uint8 HWC of the input's size): the same steps on the same session. */
export async function scoredBy({ description, onnx }: ImportedModel, pixels: Uint8Array) {
  const described = parseModel({ schema: 1, ...description, sha256: '0'.repeat(64) });
  const session = await Session.open(onnx);
  try {
    const wanted = wantedOutputs(described);
    return readOutputs(
      described,
      await session.run({ [described.input.name]: toTensor(pixels, described.input) }, wanted),
    );
  } finally {
    await session.dispose();
  }
}

/** Pixels of the model's input size from a function of column, row and channel. */
export function pixelsFor(
  { description }: ImportedModel,
  level: (x: number, y: number, c: number) => number,
): Uint8Array {
  const { width, height, channels } = description.input;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < pixels.length; i++) {
    const at = Math.floor(i / channels);
    pixels[i] = level(at % width, Math.floor(at / width), i % channels);
  }
  return pixels;
}

/**
 * The preprocessing that anomalib 1.x and 2.x put into their graphs, on [N, 3, H, W] of any size: Resize to `side`, optionally the
 * centre crop (Slice on both axes, as torch writes it), Normalize. Ends in `seen`.
 */
export function inGraph(side: number, crop = side) {
  const at = (side - crop) / 2;
  const nodes = [
    node('Shape', ['input'], 'shape'),
    node('Slice', ['shape', 'zero', 'two', 'zero'], 'batch and channels'),
    node('Concat', ['batch and channels', 'side'], 'sizes', { axis: 0 }),
    node('Resize', ['input', '', '', 'sizes'], 'resized', {
      mode: 'linear',
      coordinate_transformation_mode: 'pytorch_half_pixel',
    }),
    node('Slice', ['resized', 'from', 'to', 'rows axis'], 'rows'),
    node('Slice', ['rows', 'from', 'to', 'columns axis'], 'cropped'),
    node('Sub', ['cropped', 'mean'], 'centred'),
    node('Div', ['centred', 'std'], 'seen'),
  ];
  const tensors = [
    ints('zero', [0]),
    ints('two', [2]),
    ints('side', [side, side]),
    ints('from', [at]),
    ints('to', [at + crop]),
    ints('rows axis', [2]),
    ints('columns axis', [3]),
    floats('mean', [0.485, 0.456, 0.406], [1, 3, 1, 1]),
    floats('std', [0.229, 0.224, 0.225], [1, 3, 1, 1]),
  ];
  return { nodes, tensors };
}

/** A network of one step behind `seen`: distance of each pixel from the mean colour. */
export const network = [
  node('Abs', ['seen'], 'distance'),
  node('ReduceMean', ['distance'], 'heat', { axes: [1], keepdims: 1 }),
];
