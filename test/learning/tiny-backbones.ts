import { gaussian, seededRandom } from '../../lib/core/random.ts';
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
import { value } from '../scoring/tiny-models.ts';

export const int = (name: string, i: number): AttributeProto => ({ name, type: attributeTypes.int, i });
export const ints = (name: string, values: number[]): AttributeProto => ({
  name,
  type: attributeTypes.ints,
  ints: values,
});

const raw = (values: Float32Array | BigInt64Array) => new Uint8Array(values.buffer);

/** Collects nodes and weights as an exporter writes them. */
export class Writer {
  readonly nodes: NodeProto[] = [];
  readonly weights: TensorProto[] = [];
  readonly #random = seededRandom(3);

  /** Seeded weights as an initialiser. */
  draw(name: string, dims: number[], scale = 0.3): string {
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => gaussian(this.#random) * scale);
    this.weights.push({ name, dims, dataType: onnxTypes.float32, rawData: raw(values) });
    return name;
  }

  floats(name: string, dims: number[], values: number[]): string {
    this.weights.push({ name, dims, dataType: onnxTypes.float32, rawData: raw(Float32Array.from(values)) });
    return name;
  }

  /** A list of whole numbers as a Constant node, as TorchScript writes them. */
  list(name: string, values: number[]): string {
    const rawData = raw(BigInt64Array.from(values, BigInt));
    const t: TensorProto = { dims: [values.length], dataType: onnxTypes.int64, rawData };
    this.nodes.push({
      opType: 'Constant',
      output: [name],
      attribute: [{ name: 'value', type: attributeTypes.tensor, t }],
    });
    return name;
  }

  node(opType: string, input: string[], output: string, attribute: AttributeProto[] = []): string {
    this.nodes.push({ opType, input, output: [output], attribute });
    return output;
  }

  conv(from: string, name: string, [filters, channels, kernel]: number[], stride: number): string {
    const border = (kernel - 1) >> 1;
    return this.node('Conv', [from, this.draw(`${name}.w`, [filters, channels, kernel, kernel])], name, [
      ints('kernel_shape', [kernel, kernel]),
      ints('strides', [stride, stride]),
      ints('pads', [border, border, border, border]),
    ]);
  }

  model(opset: number, input: ValueInfoProto, outputs: ValueInfoProto[]): ModelProto {
    return {
      irVersion: 8,
      producerName: 'test',
      opsetImport: [{ domain: '', version: opset }],
      graph: { name: 'backbone', node: this.nodes, initializer: this.weights, input: [input], output: outputs },
    };
  }
}

export interface CnnOptions {
  opset?: number;
  /** Sides of the input; strings are open. */
  sides?: [number | string, number | string];
  /** Give out the two maps as well as the logits. */
  maps?: boolean;
  /** What the file does to its pixels first. */
  normalises?: 'subtract and divide' | 'rescale' | 'multiply and add';
}

/** Two residual stages of 8 and 12 channels at stride 8 and 16, behind two plain ones, before a classifier. */
export function cnn({ opset = 13, sides = [64, 96], maps = false, normalises }: CnnOptions = {}): ModelProto {
  const w = new Writer();
  const relu = (from: string) => w.node('Relu', [from], `${from}.relu`);
  let last = 'input';
  if (normalises === 'subtract and divide') {
    last = w.node('Sub', [last, w.floats('mean', [1, 3, 1, 1], [0.485, 0.456, 0.406])], 'centred');
    last = w.node('Div', [last, w.floats('std', [1, 3, 1, 1], [0.229, 0.224, 0.225])], 'normalised');
  } else if (normalises === 'rescale') {
    last = w.node('Mul', [last, w.floats('scale', [], [1 / 127.5])], 'scaled');
    last = w.node('Add', [last, w.floats('offset', [], [-1])], 'normalised');
  } else if (normalises === 'multiply and add') {
    last = w.node('Mul', [last, w.floats('scale', [1], [2])], 'scaled');
    last = w.node('Sub', [last, w.floats('offset', [1], [1])], 'normalised');
  }
  last = relu(w.conv(last, 'stem1', [4, 3, 3], 2));
  last = relu(w.conv(last, 'stem2', [6, 4, 3], 2));
  let channels = 6;
  for (const [stage, filters] of [
    ['layer1', 8],
    ['layer2', 12],
  ] as const) {
    const entry = relu(w.conv(last, `${stage}.0`, [filters, channels, 3], 2));
    const branch = w.conv(
      relu(w.conv(entry, `${stage}.1`, [filters, filters, 3], 1)),
      `${stage}.2`,
      [filters, filters, 3],
      1,
    );
    last = w.node('Relu', [w.node('Add', [branch, entry], `${stage}.sum`)], stage);
    channels = filters;
  }
  w.node('GlobalAveragePool', [last], 'pooled');
  // as exporters with open sizes flatten: by the batch that Shape tells
  w.node('Shape', ['pooled'], 'shape');
  w.node('Gather', ['shape', w.list('zeroth', [0])], 'batch');
  w.node('Concat', ['batch', w.list('rest', [-1])], 'flat shape', [int('axis', 0)]);
  w.node('Reshape', ['pooled', 'flat shape'], 'flat');
  w.node('MatMul', ['flat', w.draw('classes', [12, 5])], 'logits');
  const outputs = [value('logits', onnxTypes.float32, [1, 5])];
  if (maps) for (const name of ['layer1', 'layer2']) outputs.push({ name });
  return w.model(opset, value('input', onnxTypes.float32, ['batch', 3, ...sides]), outputs);
}

export interface TransformerOptions {
  opset?: number;
  extra?: number;
  /** Its tokens as output, else only the class token's logits. */
  tokens?: boolean;
  side?: number;
}

/** Patches of 8 pixels, 16 channels, a few extra tokens before them, two blocks of two residual sums, a norm. */
export function transformer({ opset = 17, extra = 1, tokens = false, side = 32 }: TransformerOptions = {}): ModelProto {
  const w = new Writer();
  const width = 16;
  const patches = w.conv('input', 'patches', [width, 3, 8], 8);
  // the convolution's border would add a cell: patches have none
  w.nodes[0].attribute = [ints('kernel_shape', [8, 8]), ints('strides', [8, 8])];
  const count = (side / 8) ** 2;
  const flat = w.node('Reshape', [patches, w.list('flat', [1, width, -1])], 'flattened');
  let last = w.node('Transpose', [flat], 'cells', [ints('perm', [0, 2, 1])]);
  last = w.node('Concat', [w.draw('extra tokens', [1, extra, width]), last], 'joined', [int('axis', 1)]);
  last = w.node('Add', [last, w.draw('places', [1, count + extra, width])], 'placed');
  for (const block of ['block1', 'block2']) {
    const transposed = w.node('Transpose', [last], `${block}.keys`, [ints('perm', [0, 2, 1])]);
    const scores = w.node('MatMul', [last, transposed], `${block}.scores`);
    const weights = w.node('Softmax', [scores], `${block}.weights`, [int('axis', -1)]);
    const mixed = w.node('MatMul', [weights, last], `${block}.mixed`);
    last = w.node('Add', [last, mixed], `${block}.attention`);
    const hidden = w.node(
      'Tanh',
      [w.node('MatMul', [last, w.draw(`${block}.w`, [width, width])], `${block}.hidden`)],
      `${block}.active`,
    );
    last = w.node('Add', [last, hidden], block);
  }
  const square = w.node('Sqrt', [w.node('ReduceMean', [w.node('Mul', [last, last], 'squares')], 'power')], 'deviation');
  w.nodes[w.nodes.length - 2].attribute = [int('keepdims', 1)];
  last = w.node('Div', [last, square], 'norm');
  if (tokens) return w.model(opset, value('input', onnxTypes.float32, [1, 3, side, side]), [{ name: 'norm' }]);
  w.node('Gather', [last, w.list('first', [0])], 'class', [int('axis', 1)]);
  w.node('MatMul', ['class', w.draw('classes', [width, 5])], 'logits');
  return w.model(opset, value('input', onnxTypes.float32, [1, 3, side, side]), [
    value('logits', onnxTypes.float32, [1, 1, 5]),
  ]);
}

export const bytesOf = (model: ModelProto): Buffer => encodeModel(model);
