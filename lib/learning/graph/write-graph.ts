import {
  type AttributeProto,
  attributeTypes,
  encodeModel,
  onnxTypes,
  type ValueInfoProto,
} from '../../scoring/onnx-proto.ts';
import { type Attribute, type Constant, defaultOpset, type Graph, type Value } from './graph-builder.ts';

/** Operator set of a graph that holds nothing from elsewhere. */
export const opset = defaultOpset;

/** The file format that came with each operator set (github.com/onnx/onnx, docs/Versioning.md). */
const irVersions: readonly (readonly [opset: number, irVersion: number])[] = [
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
];

export const irVersionOf = (version: number): number => irVersions.find(([first]) => version >= first)?.[1] ?? 7;

/** The graph as the bytes of an ONNX file. The same graph gives the same bytes: no instant, no host name. */
export function writeGraph(graph: Graph): Buffer {
  return encodeModel({
    irVersion: irVersionOf(graph.opset),
    producerName: 'goodpart',
    opsetImport: [{ domain: '', version: graph.opset }],
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ operator, inputs, output, outputs, attributes, foreignAttributes = [] }) => ({
        name: output,
        opType: operator,
        input: inputs,
        output: outputs ?? [output],
        attribute: [
          ...foreignAttributes,
          ...Object.entries(attributes).map(([name, value]) => describeAttribute(name, value)),
        ],
      })),
      initializer: graph.constants.map((constant) => ({
        name: constant.name,
        dims: constant.shape,
        dataType: onnxTypes[constant.type],
        rawData: bytesOf(constant),
      })),
      input: graph.inputs.map(describe),
      output: graph.outputs.map(describe),
      valueInfo: graph.values.map(describe),
    },
  });
}

function bytesOf({ data }: Constant): Uint8Array {
  // ONNX is little endian, and so is every machine that this runs on (x64, arm64).
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function describe({ name, shape, type }: Value): ValueInfoProto {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: onnxTypes[type], shape: { dim } } } };
}

function describeAttribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: Buffer.from(value) };
  return { name, type: attributeTypes.ints, ints: value };
}
