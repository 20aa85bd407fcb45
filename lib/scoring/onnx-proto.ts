import { type INamespace, Root } from 'protobufjs/light';
import { GoodpartError } from '../core/errors.ts';

/** Element types of TensorProto that this project writes (onnx.proto, TensorProto.DataType). */
export const onnxTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint16: 4,
  int16: 5,
  uint32: 12,
  uint64: 13,
} as const;

/** Attribute types (onnx.proto, AttributeProto.AttributeType). */
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7 } as const;

export interface TensorProto {
  dims?: number[];
  dataType?: number;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: number[];
  doubleData?: number[];
  uint64Data?: number[];
  name?: string;
  /** Little endian, row major. */
  rawData?: Uint8Array;
  externalData?: { key?: string; value?: string }[];
  /** 0 in the file, 1 external (refused everywhere). */
  dataLocation?: number;
}

export interface AttributeProto {
  name: string;
  /** One of attributeTypes; must be set, ONNX Runtime does not guess it. */
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
}

export interface NodeProto {
  input?: string[];
  output?: string[];
  name?: string;
  opType: string;
  domain?: string;
  attribute?: AttributeProto[];
}

export interface ValueInfoProto {
  name: string;
  type?: {
    tensorType?: { elemType?: number; shape?: { dim?: { dimValue?: number; dimParam?: string }[] } };
  };
}

export interface GraphProto {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
  sparseInitializer?: { dims?: number[] }[];
}

/** A whole ONNX file as a plain object. Field names are those of onnx.proto in camel case. */
export interface ModelProto {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: number;
  docString?: string;
  graph?: GraphProto;
  opsetImport?: { domain?: string; version?: number }[];
  metadataProps?: { key?: string; value?: string }[];
  functions?: FunctionProto[];
}

/** Operators that the file defines itself, of other operators. */
export interface FunctionProto {
  name?: string;
  domain?: string;
  node?: NodeProto[];
}

type FieldSpec = [type: string, id: number, rule?: 'repeated'];

const message = (fields: Record<string, FieldSpec>) => ({
  // onnx.proto's syntax: a zero that was set is written, as ONNX checkers want it
  edition: 'proto2',
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [name, rule ? { rule, type, id } : { type, id }]),
  ),
});

/**
 * The part of onnx.proto (github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR version 10) that reaches any tensor, so that
 * external data is found wherever it hides. Fields that are not listed are skipped when reading.
 */
const schema: INamespace = {
  nested: {
    StringStringEntry: message({ key: ['string', 1], value: ['string', 2] }),
    OperatorSetId: message({ domain: ['string', 1], version: ['int64', 2] }),
    Tensor: message({
      dims: ['int64', 1, 'repeated'],
      dataType: ['int32', 2],
      floatData: ['float', 4, 'repeated'],
      int32Data: ['int32', 5, 'repeated'],
      stringData: ['bytes', 6, 'repeated'],
      int64Data: ['int64', 7, 'repeated'],
      name: ['string', 8],
      rawData: ['bytes', 9],
      doubleData: ['double', 10, 'repeated'],
      uint64Data: ['uint64', 11, 'repeated'],
      externalData: ['StringStringEntry', 13, 'repeated'],
      dataLocation: ['int32', 14],
    }),
    SparseTensor: message({ values: ['Tensor', 1], indices: ['Tensor', 2], dims: ['int64', 3, 'repeated'] }),
    Attribute: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['bytes', 4],
      t: ['Tensor', 5],
      g: ['Graph', 6],
      floats: ['float', 7, 'repeated'],
      ints: ['int64', 8, 'repeated'],
      strings: ['bytes', 9, 'repeated'],
      tensors: ['Tensor', 10, 'repeated'],
      graphs: ['Graph', 11, 'repeated'],
      type: ['int32', 20],
      refAttrName: ['string', 21],
      sparseTensor: ['SparseTensor', 22],
      sparseTensors: ['SparseTensor', 23, 'repeated'],
    }),
    Node: message({
      input: ['string', 1, 'repeated'],
      output: ['string', 2, 'repeated'],
      name: ['string', 3],
      opType: ['string', 4],
      attribute: ['Attribute', 5, 'repeated'],
      domain: ['string', 7],
      overload: ['string', 8],
    }),
    Dimension: message({ dimValue: ['int64', 1], dimParam: ['string', 2] }),
    Shape: message({ dim: ['Dimension', 1, 'repeated'] }),
    TensorType: message({ elemType: ['int32', 1], shape: ['Shape', 2] }),
    ValueType: message({ tensorType: ['TensorType', 1] }),
    ValueInfo: message({ name: ['string', 1], type: ['ValueType', 2] }),
    Graph: message({
      node: ['Node', 1, 'repeated'],
      name: ['string', 2],
      initializer: ['Tensor', 5, 'repeated'],
      input: ['ValueInfo', 11, 'repeated'],
      output: ['ValueInfo', 12, 'repeated'],
      valueInfo: ['ValueInfo', 13, 'repeated'],
      sparseInitializer: ['SparseTensor', 15, 'repeated'],
    }),
    TrainingInfo: message({ initialization: ['Graph', 1], algorithm: ['Graph', 2] }),
    Function: message({
      name: ['string', 1],
      input: ['string', 4, 'repeated'],
      output: ['string', 5, 'repeated'],
      attribute: ['string', 6, 'repeated'],
      node: ['Node', 7, 'repeated'],
      opsetImport: ['OperatorSetId', 9, 'repeated'],
      domain: ['string', 10],
      attributeProto: ['Attribute', 11, 'repeated'],
      valueInfo: ['ValueInfo', 12, 'repeated'],
      overload: ['string', 13],
    }),
    Model: message({
      irVersion: ['int64', 1],
      producerName: ['string', 2],
      producerVersion: ['string', 3],
      domain: ['string', 4],
      modelVersion: ['int64', 5],
      docString: ['string', 6],
      graph: ['Graph', 7],
      opsetImport: ['OperatorSetId', 8, 'repeated'],
      metadataProps: ['StringStringEntry', 14, 'repeated'],
      trainingInfo: ['TrainingInfo', 20, 'repeated'],
      functions: ['Function', 25, 'repeated'],
    }),
  },
};

const modelType = Root.fromJSON(schema).lookupType('Model');

/** Writes a model; big weights belong in `rawData`. */
export function encodeModel(model: ModelProto): Buffer {
  const bytes = modelType.encode(modelType.fromObject(model)).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads a model; `rawData` shares memory with `bytes`. Throws GP_MODEL_INVALID for anything that is no ONNX file. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  let model: ModelProto;
  try {
    model = modelType.toObject(modelType.decode(bytes), { longs: Number }) as ModelProto;
  } catch (error) {
    throw new GoodpartError(
      'GP_MODEL_INVALID',
      `Expected an ONNX file for model.onnx but received ${bytes.length} bytes that are none`,
      { field: 'model.onnx', expected: 'an ONNX file', received: `${bytes.length} bytes`, cause: error },
    );
  }
  if (!model.graph?.node) {
    throw new GoodpartError('GP_MODEL_INVALID', 'Expected a graph for model.onnx but received none', {
      field: 'model.onnx',
      expected: 'a graph',
      received: 'none',
    });
  }
  return model;
}
