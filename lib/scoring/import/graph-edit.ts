import {
  type AttributeProto,
  attributeTypes,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  onnxTypes,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx-proto.ts';

type AttributeValue = number | number[] | string;

/** Changes to the graph of an ONNX file that was read: nodes before its first and after its last, constants, inputs and outputs. */
export class GraphEdit {
  readonly model: ModelProto;
  readonly graph: GraphProto;
  readonly #names: Set<string>;

  constructor(model: ModelProto) {
    this.model = model;
    this.graph = model.graph as GraphProto;
    this.#names = new Set(namesIn(this.graph));
  }

  /** Version of the standard operators. */
  get opset(): number {
    return this.model.opsetImport?.find(({ domain }) => isStandard(domain))?.version ?? 1;
  }

  get nodes(): NodeProto[] {
    this.graph.node ??= [];
    return this.graph.node;
  }

  /** Inputs that are no weights. */
  get inputs(): ValueInfoProto[] {
    const weights = new Set(this.graph.initializer?.map(({ name }) => name));
    return (this.graph.input ?? []).filter(({ name }) => !weights.has(name));
  }

  get outputs(): ValueInfoProto[] {
    return this.graph.output ?? [];
  }

  /** A name that nothing in the graph has, beginning with `wanted`. */
  newName(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    return name;
  }

  floats(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const data = Float32Array.from(values);
    return this.tensor({ dims: [...dims], dataType: onnxTypes.float32, rawData: new Uint8Array(data.buffer) });
  }

  ints(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.tensor({ dims: [values.length], dataType: onnxTypes.int64, rawData: new Uint8Array(data.buffer) });
  }

  /** A constant under a new name. */
  tensor(tensor: TensorProto): string {
    const name = this.newName('goodpart_constant');
    this.graph.initializer ??= [];
    this.graph.initializer.push({ ...tensor, name });
    return name;
  }

  /** A node behind all others; returns the value that it makes. */
  append(opType: string, input: string[], attributes: Record<string, AttributeValue> = {}): string {
    const output = this.newName(`goodpart_${opType.toLowerCase()}`);
    this.nodes.push(nodeOf(opType, input, output, attributes));
    return output;
  }

  /** Nodes before all others, in their order. */
  prepend(nodes: NodeProto[]): void {
    this.nodes.unshift(...nodes);
  }

  producer(name: string): NodeProto | undefined {
    return this.nodes.find(({ output }) => output?.includes(name));
  }

  initializer(name: string): TensorProto | undefined {
    return this.graph.initializer?.find((tensor) => tensor.name === name);
  }

  /** Nodes that read a value, in inner graphs too. */
  consumers(name: string): NodeProto[] {
    return this.nodes.filter((node) => readBy(node).includes(name));
  }

  /**
   * The part of the model that makes `outputs` from `input`, as bytes of an ONNX file. Outputs without a type get theirs from
   * whoever loads it. What is not needed stays out, what the file said of inner values too: it may name sizes that are open.
   */
  write(input: ValueInfoProto, outputs: readonly ValueInfoProto[]): Buffer {
    const wanted = new Set(outputs.map(({ name }) => name));
    const node: NodeProto[] = [];
    for (const each of this.nodes.toReversed()) {
      if (!each.output?.some((name) => name !== '' && wanted.has(name))) continue;
      for (const name of readBy(each)) wanted.add(name);
      node.unshift(each);
    }
    const { initializer = [], sparseInitializer, name } = this.graph;
    return encodeModel({
      ...this.model,
      graph: {
        name,
        sparseInitializer,
        node,
        initializer: initializer.filter((tensor) => wanted.has(tensor.name ?? '')),
        input: [input],
        output: [...outputs],
      },
    });
  }
}

export function isStandard(domain: string | undefined): boolean {
  return !domain || domain === 'ai.onnx';
}

export function nodeOf(
  opType: string,
  input: string[],
  output: string,
  attributes: Record<string, AttributeValue> = {},
): NodeProto {
  return { name: output, opType, input, output: [output], attribute: Object.entries(attributes).map(attributeOf) };
}

function attributeOf([name, value]: [string, AttributeValue]): AttributeProto {
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: Buffer.from(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  return { name, type: attributeTypes.ints, ints: value };
}

/** A float32 input or output; without `dims` its shape is left to who loads it. */
export function floatValue(
  name: string,
  dims?: readonly number[],
  elemType: number = onnxTypes.float32,
): ValueInfoProto {
  if (dims === undefined) return { name };
  return { name, type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } } };
}

/** All that a node reads: its inputs, and what its inner graphs take from outside. */
export function readBy({ input = [], attribute = [] }: NodeProto): string[] {
  const names = input.filter((name) => name !== '');
  for (const graph of innerGraphs(attribute)) {
    names.push(...(graph.node ?? []).flatMap(readBy), ...(graph.output ?? []).map(({ name }) => name));
  }
  return names;
}

export function innerGraphs(attributes: readonly AttributeProto[]): GraphProto[] {
  return attributes.flatMap(({ g, graphs = [] }) => (g ? [g, ...graphs] : graphs));
}

function namesIn({ node = [], initializer = [], input = [], output = [] }: GraphProto): string[] {
  return [
    ...[...input, ...output].map(({ name }) => name),
    ...initializer.map(({ name }) => name ?? ''),
    ...node.flatMap(({ output = [], attribute = [] }) => [...output, ...innerGraphs(attribute).flatMap(namesIn)]),
  ];
}
