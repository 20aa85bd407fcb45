import {
  type AttributeProto,
  attributeTypes,
  encodeModel,
  onnxTypes,
  type ValueInfoProto,
} from '../../scoring/onnx-proto.ts';
import type { Attribute, Constant, Graph, Value } from './graph-builder.ts';

/** Operator set of every graph written here; engines of 2020 and later know it. */
export const opset = 13;

/** The graph as the bytes of an ONNX file (IR version 7). The same graph gives the same bytes: no instant, no host name. */
export function writeGraph(graph: Graph): Buffer {
  return encodeModel({
    irVersion: 7,
    producerName: 'goodpart',
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ operator, inputs, output, attributes }) => ({
        name: output,
        opType: operator,
        input: inputs,
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => describeAttribute(name, value)),
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
