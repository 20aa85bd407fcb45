import type { ModelDescription, ModelInput } from '../../lib/scoring/model-schema.ts';
import { describePreprocessing } from '../../lib/scoring/model-schema.ts';
import type { ModelStore } from '../../lib/scoring/model-store.ts';
import {
  attributeTypes,
  encodeModel,
  type ModelProto,
  type NodeProto,
  onnxTypes,
  type ValueInfoProto,
} from '../../lib/scoring/onnx-proto.ts';

export const tinyInput: ModelInput = {
  name: 'image',
  width: 8,
  height: 6,
  channels: 3,
  layout: 'NHWC',
  type: 'uint8',
  resize: 'stretch',
};

export function value(name: string, elemType: number, dims: (number | string)[]): ValueInfoProto {
  const dim = dims.map((side) => (typeof side === 'number' ? { dimValue: side } : { dimParam: side }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

const cast: NodeProto = {
  opType: 'Cast',
  input: ['image'],
  output: ['pixels'],
  attribute: [{ name: 'to', type: attributeTypes.int, i: onnxTypes.float32 }],
};

const reduce = (opType: string, input: string, output: string, axes: number[]): NodeProto => ({
  opType,
  input: [input],
  output: [output],
  attribute: [
    { name: 'axes', type: attributeTypes.ints, ints: axes },
    { name: 'keepdims', type: attributeTypes.int, i: 0 },
  ],
});

export function graph(node: NodeProto[], outputs: ValueInfoProto[], input = tinyInput): ModelProto {
  const { width, height, channels } = input;
  const dims = input.layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  return {
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ domain: '', version: 13 }],
    graph: { name: 'tiny', node, input: [value('image', onnxTypes[input.type], dims)], output: outputs },
  };
}

const map = value('map', onnxTypes.float32, [1, 6, 8]);

/** The mean of a pixel's channels as map, and its mean over the picture as score. */
export const meanModel = graph(
  [cast, reduce('ReduceMean', 'pixels', 'map', [3]), reduce('ReduceMean', 'map', 'score', [0, 1, 2])],
  [map, value('score', onnxTypes.float32, [])],
);

/** 0/0 where the mean of the channels is 0: NaN; else 1. */
export const nanModel = graph(
  [cast, reduce('ReduceMean', 'pixels', 'mean', [3]), { opType: 'Div', input: ['mean', 'mean'], output: ['map'] }],
  [map],
);

export function describeTiny(changes: Partial<ModelDescription> = {}): Omit<ModelDescription, 'sha256' | 'schema'> {
  const input = changes.input ?? tinyInput;
  return {
    name: 'tiny',
    version: '1',
    input,
    preprocessing: describePreprocessing(input),
    outputs: { map: 'map', score: null },
    units: 'grey values',
    trainingSet: { images: 3, digest: 'none' },
    calibration: { median: 1, warn: 2, fail: 3, scores: [1, 1.5], method: 'made up' },
    createdAt: '2026-11-01T00:00:00.000Z',
    tool: 'test',
    ...changes,
  };
}

/** Stores a model and returns its folder. */
export function addTiny(
  store: ModelStore,
  model: ModelProto,
  changes: Partial<ModelDescription> = {},
): Promise<string> {
  return store.add(describeTiny(changes), encodeModel(model));
}
