import { seededRandom } from '../../core/random.ts';
import {
  type AttributeProto,
  attributeTypes,
  encodeModel,
  type NodeProto,
  onnxTypes,
  type TensorProto,
} from '../../scoring/onnx-proto.ts';

/** Output channels and stride of the thirteen depthwise separable blocks. */
const blocks = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;

const ints = (name: string, values: number[]): AttributeProto => ({ name, type: attributeTypes.ints, ints: values });

/**
 * A network with the layers and multiply-adds of MobileNet v1 1.0 (Howard et al. 2017, table 1) and seeded random weights:
 * what somebody's backbone costs, not what it finds. float32 [1,3,height,width], both open, in; logits out.
 */
export function mobileNetSize(): Buffer {
  const random = seededRandom(1);
  const node: NodeProto[] = [];
  const initializer: TensorProto[] = [];
  const weights = (name: string, dims: number[], fanIn: number): string => {
    const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
    const width = Math.sqrt(24 / fanIn); // keeps the variance through a ReLU (He et al. 2015)
    for (let i = 0; i < values.length; i++) values[i] = (random() - 0.5) * width;
    initializer.push({ name, dims, dataType: onnxTypes.float32, rawData: new Uint8Array(values.buffer) });
    return name;
  };
  const limit = (name: string, value: number) => {
    const rawData = new Uint8Array(Float32Array.of(value).buffer);
    initializer.push({ name, dims: [], dataType: onnxTypes.float32, rawData });
  };
  limit('zero', 0);
  limit('six', 6);
  let last = 'image';
  const layer = (name: string, dims: number[], stride: number, group: number) => {
    const bias = new Float32Array(dims[0]);
    const border = (dims[2] - 1) / 2;
    initializer.push({
      name: `${name}.b`,
      dims: [dims[0]],
      dataType: onnxTypes.float32,
      rawData: new Uint8Array(bias.buffer),
    });
    node.push({
      opType: 'Conv',
      input: [last, weights(`${name}.w`, dims, dims[1] * dims[2] * dims[3]), `${name}.b`],
      output: [`${name}.conv`],
      attribute: [
        ints('kernel_shape', [dims[2], dims[3]]),
        ints('pads', [border, border, border, border]),
        ints('strides', [stride, stride]),
        { name: 'group', type: attributeTypes.int, i: group },
      ],
    });
    node.push({ opType: 'Clip', input: [`${name}.conv`, 'zero', 'six'], output: [name] });
    last = name;
  };
  layer('conv', [32, 3, 3, 3], 2, 1);
  let channels = 32;
  for (const [i, [filters, stride]] of blocks.entries()) {
    layer(`depthwise${i + 1}`, [channels, 1, 3, 3], stride, channels);
    layer(`pointwise${i + 1}`, [filters, channels, 1, 1], 1, 1);
    channels = filters;
  }
  node.push({ opType: 'GlobalAveragePool', input: [last], output: ['pooled'] });
  node.push({ opType: 'Flatten', input: ['pooled'], output: ['flat'] });
  node.push({ opType: 'MatMul', input: ['flat', weights('classes', [channels, 1000], channels)], output: ['logits'] });
  const value = (name: string, sides: (number | string)[]) => {
    const dim = sides.map((side) => (typeof side === 'number' ? { dimValue: side } : { dimParam: side }));
    return { name, type: { tensorType: { elemType: onnxTypes.float32, shape: { dim } } } };
  };
  return encodeModel({
    irVersion: 7,
    producerName: 'goodpart bench',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'MobileNet v1 1.0 in size',
      node,
      initializer,
      input: [value('image', [1, 3, 'height', 'width'])],
      output: [value('logits', [1, 1000])],
    },
  });
}
