import { type AttributeProto, onnxTypes } from '../../scoring/onnx-proto.ts';

export type DataType = Exclude<keyof typeof onnxTypes, 'string'>;

export interface Value {
  name: string;
  shape: number[];
  type: DataType;
}

export type Attribute = number | number[] | string;

export interface GraphNode {
  operator: string;
  inputs: string[];
  output: string;
  attributes: Record<string, Attribute>;
  /** All outputs in order where there are several, `output` among them; '' where one is not wanted. */
  outputs?: string[];
  /** Attributes of a node from elsewhere, as they came. */
  foreignAttributes?: AttributeProto[];
  /** Axes of a reduction: attribute or input, as the operator set wants it. */
  axes?: number[];
}

export interface Constant extends Value {
  /** Row-major elements; a Uint8Array holds the little-endian bytes of any type. */
  data: Float32Array | BigInt64Array | Uint8Array;
}

/** A graph before it is written: plain data with every value's shape known. */
export interface Graph {
  name: string;
  /** Operator set that all its nodes are written for. */
  opset: number;
  inputs: Value[];
  outputs: Value[];
  nodes: GraphNode[];
  constants: Constant[];
  values: Value[];
}

/** What a graph made elsewhere brings along: nodes in order, each value's shape known, every name unique. */
export type GraphPart = Pick<Graph, 'opset' | 'nodes' | 'constants' | 'values'>;

/** Operator set of a graph that holds nothing from elsewhere; engines of 2020 and later know it. */
export const defaultOpset = 13;

const product = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/**
 * Writes a static graph of basic operators, one node at a time; every method returns the value it made. Shapes are
 * computed here, so a wrong size fails while building and never in an engine. Operators have the form that is the same in
 * ONNX opsets 11 to 21, or the one of the graph's own opset: that of an adopted part, else `defaultOpset`.
 */
export class GraphBuilder {
  readonly #graph: Graph;
  #next = 0;
  #adopted = false;

  constructor(name: string) {
    this.#graph = { name, opset: defaultOpset, inputs: [], outputs: [], nodes: [], constants: [], values: [] };
  }

  /** The finished graph; `outputs` are renamed to what the model file promises. */
  finish(outputs: Record<string, Value>): Graph {
    for (const [name, value] of Object.entries(outputs)) {
      const node = this.#graph.nodes.find((candidate) => candidate.output === value.name);
      if (node === undefined) throw new Error(`no node makes ${name}`);
      for (const other of this.#graph.nodes) {
        other.inputs = other.inputs.map((input) => (input === value.name ? name : input));
      }
      node.output = name;
      if (node.outputs) node.outputs = node.outputs.map((output) => (output === value.name ? name : output));
      this.#graph.values = this.#graph.values.filter((each) => each.name !== value.name);
      this.#graph.outputs.push({ name, shape: value.shape, type: value.type });
    }
    for (const node of this.#graph.nodes) this.#placeAxes(node);
    return this.#graph;
  }

  /** Reductions took their axes as attribute until opset 12 (ReduceSum) and 17 (the others), and as input since. */
  #placeAxes(node: GraphNode): void {
    if (node.axes === undefined) return;
    if (this.#graph.opset < (node.operator === 'ReduceSum' ? 13 : 18)) node.attributes.axes = node.axes;
    else node.inputs.push(this.constant([node.axes.length], BigInt64Array.from(node.axes, BigInt)).name);
    node.axes = undefined;
  }

  /** Takes over what was made elsewhere; the whole graph is then written for its operator set. One part at most. */
  adopt(part: GraphPart): void {
    if (this.#adopted) throw new Error('a graph takes over one part only');
    this.#adopted = true;
    this.#graph.opset = part.opset;
    for (const node of part.nodes) this.#graph.nodes.push({ ...node });
    for (const constant of part.constants) this.#graph.constants.push(constant);
    for (const value of part.values) this.#graph.values.push({ ...value });
  }

  /** Gives an inner value a name of its own, by which it is found in the written file. Before any node reads it. */
  named(value: Value, name: string): Value {
    const node = this.#graph.nodes.find((candidate) => candidate.output === value.name);
    const known = this.#graph.values.find((candidate) => candidate.name === value.name);
    if (node === undefined || known === undefined) throw new Error(`no node makes ${value.name}`);
    if (node.outputs) node.outputs = node.outputs.map((output) => (output === value.name ? name : output));
    node.output = name;
    known.name = name;
    return { ...value, name };
  }

  input(name: string, shape: number[], type: DataType): Value {
    const value: Value = { name, shape, type };
    this.#graph.inputs.push(value);
    return value;
  }

  constant(shape: number[], data: Float32Array | BigInt64Array): Constant {
    if (data.length !== product(shape)) throw new Error(`constant of ${data.length} elements for [${shape}]`);
    const constant: Constant = {
      name: `c${this.#next++}`,
      shape,
      type: data instanceof Float32Array ? 'float32' : 'int64',
      data,
    };
    this.#graph.constants.push(constant);
    return constant;
  }

  scalar(value: number): Value {
    return this.constant([], new Float32Array([value]));
  }

  node(
    operator: string,
    inputs: Value[],
    shape: number[],
    attributes: Record<string, Attribute> = {},
    type: DataType = 'float32',
  ): Value {
    const value: Value = { name: `v${this.#next++}`, shape, type };
    this.#graph.nodes.push({ operator, inputs: inputs.map((input) => input.name), output: value.name, attributes });
    this.#graph.values.push(value);
    return value;
  }

  /** Elementwise with a value of the same shape, or one that broadcasts into `a`. */
  binary(operator: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max', a: Value, b: Value): Value {
    const offset = a.shape.length - b.shape.length;
    const fits = b.shape.every((size, i) => size === 1 || size === a.shape[i + offset]);
    if (offset < 0 || !fits) throw new Error(`${operator} of [${a.shape}] and [${b.shape}]`);
    return this.node(operator, [a, b], a.shape);
  }

  unary(operator: 'Abs' | 'Log' | 'Neg' | 'Relu' | 'Sqrt', a: Value): Value {
    return this.node(operator, [a], a.shape);
  }

  cast(a: Value, type: DataType = 'float32'): Value {
    return this.node('Cast', [a], a.shape, { to: onnxTypes[type] }, type);
  }

  reshape(a: Value, shape: number[]): Value {
    if (product(shape) !== product(a.shape)) throw new Error(`Reshape of [${a.shape}] to [${shape}]`);
    const target = this.constant([shape.length], BigInt64Array.from(shape, BigInt));
    return this.node('Reshape', [a, target], shape);
  }

  transpose(a: Value, perm: number[]): Value {
    const shape = perm.map((axis) => a.shape[axis]);
    return this.node('Transpose', [a], shape, { perm });
  }

  /** Elements `from` up to but without `to` of one axis. */
  slice(a: Value, axis: number, from: number, to: number): Value {
    const one = (value: number) => this.constant([1], BigInt64Array.of(BigInt(value)));
    const shape = a.shape.map((size, i) => (i === axis ? to - from : size));
    return this.node('Slice', [a, one(from), one(to), one(axis)], shape);
  }

  /** Mean, maximum or sum over `axes`, which stay as size 1. */
  reduce(operator: 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceSum', a: Value, axes: number[]): Value {
    const shape = a.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const value = this.node(operator, [a], shape, { keepdims: 1 });
    this.#graph.nodes[this.#graph.nodes.length - 1].axes = axes;
    return value;
  }

  reduceSum(a: Value, axes: number[]): Value {
    return this.reduce('ReduceSum', a, axes);
  }

  /** Convolution of [1,C,H,W] with weights [O,C,kh,kw]; `pad` zero rows and columns on each side, every `stride`-th cell. */
  convolve(a: Value, weights: Value, bias: Value | null, pad: [number, number] = [0, 0], stride = 1): Value {
    const [, channels, height, width] = a.shape;
    const [filters, depth, kh, kw] = weights.shape;
    if (depth !== channels) throw new Error(`Conv of [${a.shape}] with [${weights.shape}]`);
    const reach = (side: number, kernel: number, border: number) =>
      Math.floor((side + 2 * border - kernel) / stride) + 1;
    const shape = [1, filters, reach(height, kh, pad[0]), reach(width, kw, pad[1])];
    return this.node('Conv', bias ? [a, weights, bias] : [a, weights], shape, {
      kernel_shape: [kh, kw],
      pads: [pad[0], pad[1], pad[0], pad[1]],
      strides: [stride, stride],
    });
  }

  /**
   * Sum over the channels times `weight`: [1,C,H,W] → [1,1,H,W]. A convolution of 1 x 1, because engines walk through memory
   * in order for it, and with a stride for a reduction over the second axis (ONNX Runtime on a CPU: a sixth of the time).
   */
  sumChannels(a: Value, weight = 1): Value {
    const channels = a.shape[1];
    return this.convolve(a, this.constant([1, channels, 1, 1], new Float32Array(channels).fill(weight)), null);
  }

  /** Maximum over the channels: [1,C,H,W] → [1,1,H,W], by halves for the same reason; those of an odd number overlap. */
  maxOfChannels(a: Value): Value {
    const channels = a.shape[1];
    if (channels === 1) return a;
    const half = Math.ceil(channels / 2);
    const [first, second] = [this.slice(a, 1, 0, half), this.slice(a, 1, channels - half, channels)];
    return this.maxOfChannels(this.binary('Max', first, second));
  }

  /** Pooling over `kernel` x `kernel` cells without padding, `kernel` apart. */
  pool(operator: 'AveragePool' | 'MaxPool', a: Value, kernel: number): Value {
    const [, channels, height, width] = a.shape;
    if (height % kernel || width % kernel) throw new Error(`${operator} ${kernel} of [${a.shape}]`);
    const size = [kernel, kernel];
    return this.node(operator, [a], [1, channels, height / kernel, width / kernel], {
      kernel_shape: size,
      strides: size,
    });
  }

  /** Mean of each channel under every `stride`-th place of a `kernel` x `kernel` window that lies inside. */
  averageUnder(a: Value, kernel: number, stride: number): Value {
    const [, channels, height, width] = a.shape;
    const reach = (side: number) => Math.floor((side - kernel) / stride) + 1;
    return this.node('AveragePool', [a], [1, channels, reach(height), reach(width)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
    });
  }

  /** Mean over the cells up to `reach` away on each axis; at the border over those that exist. */
  averageAround(a: Value, reach: number): Value {
    return this.node('AveragePool', [a], a.shape, {
      kernel_shape: [2 * reach + 1, 2 * reach + 1],
      strides: [1, 1],
      pads: [reach, reach, reach, reach],
      count_include_pad: 0,
    });
  }

  /** Repeats the border cells outwards by `rows` and `columns`. */
  padEdge(a: Value, rows: number, columns: number): Value {
    const [, channels, height, width] = a.shape;
    const pads = this.constant([8], BigInt64Array.from([0, 0, rows, columns, 0, 0, rows, columns], BigInt));
    return this.node('Pad', [a, pads], [1, channels, height + 2 * rows, width + 2 * columns], { mode: 'edge' });
  }

  concatChannels(parts: Value[]): Value {
    const [, , height, width] = parts[0].shape;
    const channels = parts.reduce((sum, part) => sum + part.shape[1], 0);
    return this.node('Concat', parts, [1, channels, height, width], { axis: 1 });
  }
}
