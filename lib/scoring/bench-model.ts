import { describePreprocessing, type ModelDescription, type ModelInput } from './model-schema.ts';
import { attributeTypes, encodeModel, type NodeProto, onnxTypes, type TensorProto } from './onnx-proto.ts';

const layers = [
  { channels: 32, stride: 2 },
  { channels: 64, stride: 2 },
  { channels: 128, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 128, stride: 1 },
  { channels: 128, stride: 1 },
];

/** A convolutional network of the size class of a small backbone, with made-up weights: for measuring time, not for scoring. */
export function benchModel(side = 256): { description: Omit<ModelDescription, 'sha256' | 'schema'>; onnx: Buffer } {
  const input: ModelInput = {
    name: 'image',
    width: side,
    height: side,
    channels: 3,
    layout: 'NHWC',
    type: 'uint8',
    resize: 'stretch',
  };
  const initializer: TensorProto[] = [];
  const node: NodeProto[] = [
    {
      opType: 'Cast',
      input: ['image'],
      output: ['float'],
      attribute: [{ name: 'to', type: attributeTypes.int, i: onnxTypes.float32 }],
    },
    {
      opType: 'Transpose',
      input: ['float'],
      output: ['layer0'],
      attribute: [{ name: 'perm', type: attributeTypes.ints, ints: [0, 3, 1, 2] }],
    },
  ];
  let channels = 3;
  layers.forEach((layer, at) => {
    const dims = [layer.channels, channels, 3, 3];
    const weights = Float32Array.from({ length: layer.channels * channels * 9 }, (_, i) => Math.sin(i * 12.9898) / 40);
    initializer.push({ name: `w${at}`, dims, dataType: onnxTypes.float32, rawData: new Uint8Array(weights.buffer) });
    const output = `conv${at}`;
    const attribute = [
      { name: 'kernel_shape', type: attributeTypes.ints, ints: [3, 3] },
      { name: 'pads', type: attributeTypes.ints, ints: [1, 1, 1, 1] },
      { name: 'strides', type: attributeTypes.ints, ints: [layer.stride, layer.stride] },
    ];
    node.push({ opType: 'Conv', input: [`layer${at}`, `w${at}`], output: [output], attribute });
    node.push({ opType: 'Relu', input: [output], output: [`layer${at + 1}`] });
    channels = layer.channels;
  });
  node.push({
    opType: 'ReduceMax',
    input: [`layer${layers.length}`],
    output: ['map'],
    attribute: [
      { name: 'axes', type: attributeTypes.ints, ints: [1] },
      { name: 'keepdims', type: attributeTypes.int, i: 1 },
    ],
  });
  const tensor = (elemType: number, dims: number[]) => ({
    tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
  });
  const onnx = encodeModel({
    irVersion: 8,
    producerName: 'goodpart bench',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'bench',
      node,
      initializer,
      input: [{ name: 'image', type: tensor(onnxTypes.uint8, [1, side, side, 3]) }],
      output: [{ name: 'map', type: tensor(onnxTypes.float32, [1, 1, side / 8, side / 8]) }],
    },
  });
  return {
    onnx,
    description: {
      name: 'bench',
      version: '1',
      input,
      preprocessing: describePreprocessing(input),
      outputs: { map: 'map', score: null },
      units: 'none',
      trainingSet: { images: 0, digest: '' },
      calibration: { median: 0, warn: 1, fail: 2, scores: [], method: 'none' },
      createdAt: '2026-01-01T00:00:00.000Z',
      tool: 'goodpart bench',
    },
  };
}
