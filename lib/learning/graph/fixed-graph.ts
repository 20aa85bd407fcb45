import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { attributeTypes, encodeModel, type GraphProto, type NodeProto, onnxTypes } from '../../scoring/onnx-proto.ts';
import { failed } from '../failure.ts';
import type { Size } from '../pictures/input-size.ts';
import { type ForeignModel, type PictureInput, readBy } from './foreign-model.ts';
import type { Constant, DataType, Value } from './graph-builder.ts';
import { irVersionOf } from './write-graph.ts';

/** A network from elsewhere for pictures of one size: every value's type and shape known, what never changes computed. */
export interface FixedGraph {
  opset: number;
  input: PictureInput & Value;
  size: Size;
  /** Those that depend on the picture, in order. */
  nodes: NodeProto[];
  /** Weights, and values that a network with open sizes would compute anew for each picture. */
  constants: Map<string, Constant>;
  /** What the nodes make. */
  values: Map<string, Value>;
  outputs: string[];
}

type Runtime = typeof import('onnxruntime-node');

/** Folding these would change what they compute: random numbers, or weights that stay quantised. */
const neverFolded = /^(Random|Bernoulli|Multinomial|DequantizeLinear)/;

/**
 * Fixes the picture's size and lets ONNX Runtime tell all types and shapes in one run on a grey picture. What depends on
 * shapes and weights alone (an export with open sizes computes its Reshapes from Shape, Gather, Concat) becomes a constant.
 * Throws GP_LEARN_FAILED with ONNX Runtime's first line where the network does not run at this size.
 */
export async function fixShapes(model: ForeignModel, size: Size): Promise<FixedGraph> {
  const ort = await import('onnxruntime-node');
  const { layout, channels } = model.input;
  const { width, height } = size;
  const shape = layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  const input = { ...model.input, width, height, shape };
  const made = model.nodes.flatMap(({ output = [] }) => output.filter((name) => name !== ''));
  const constant = constantValues(model);
  const needed = model.nodes
    .filter(({ output = [] }) => output.some((name) => name !== '' && !constant.has(name)))
    .flatMap(readBy)
    .filter((name) => constant.has(name) && !model.constants.has(name));
  const folded = [...new Set([...needed, ...model.outputs.filter((name) => constant.has(name))])];
  const varying = made.filter((name) => !constant.has(name));
  const types = await typesOf(ort, model, input, made).catch((error) => {
    throw failed(
      'the backbone',
      `a network that ONNX Runtime loads for ${width} x ${height} pixels`,
      `its refusal: ${firstLine(error)}. Choose the picture size that it was trained with, or export it again with opset_version=17`,
    );
  });
  const { shapes, constants } = await runOnce(ort, model, input, varying, folded).catch((error) => {
    throw failed(
      'the backbone',
      `a network that runs on ${width} x ${height} pixels`,
      `ONNX Runtime’s refusal: ${firstLine(error)}. Choose the picture size that it was trained with (often 224), or export it for this one`,
    );
  });
  const values = new Map<string, Value>();
  for (const name of varying) {
    const type = types.get(name);
    const shapeOfValue = shapes.get(name);
    if (type !== undefined && shapeOfValue) values.set(name, { name, type, shape: shapeOfValue });
  }
  return {
    opset: model.opset,
    input,
    size,
    nodes: model.nodes.filter(({ output = [] }) => output.some((name) => values.has(name))),
    constants: new Map([...model.constants, ...constants]),
    values,
    outputs: model.outputs,
  };
}

/** ONNX Runtime's first line without the paths of its own sources. */
function firstLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0];
  return text
    .replace(/\/onnxruntime_src\/\S+\s/g, '')
    .replace(/\.*$/, '')
    .slice(0, 300);
}

/** Names of values that are the same for every picture. */
function constantValues(model: ForeignModel): Set<string> {
  const constant = new Set<string>(model.constants.keys());
  const known = new Set<string>([...constant, model.input.name]);
  for (const { output = [] } of model.nodes) for (const name of output) known.add(name);
  for (const node of model.nodes) {
    if (neverFolded.test(node.opType)) continue;
    const ofShape = node.opType === 'Shape' || node.opType === 'Size';
    // names that nothing here makes are inner to a node's own graphs
    if (!ofShape && !readBy(node).every((name) => constant.has(name) || !known.has(name))) continue;
    for (const name of node.output ?? []) if (name !== '') constant.add(name);
  }
  return constant;
}

/** Name of the picture where a network is only tried; no exporter writes such a one. */
const trialInput = 'goodpart trial picture';

/** The file again for float32 pictures of one size, with more nodes behind and other outputs. */
function trial(model: ForeignModel, input: Value, behind: NodeProto[], outputs: readonly string[]): Uint8Array {
  const cast: NodeProto = {
    opType: 'Cast',
    input: [trialInput],
    output: [input.name],
    attribute: [{ name: 'to', type: attributeTypes.int, i: onnxTypes[input.type] }],
  };
  const dim = input.shape.map((dimValue) => ({ dimValue }));
  const graph: GraphProto = {
    name: 'trial',
    node: [cast, ...model.nodes, ...behind],
    initializer: [...model.constants.values()].map(({ name, shape, type, data }) => ({
      name,
      dims: shape,
      dataType: onnxTypes[type],
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
    input: [{ name: trialInput, type: { tensorType: { elemType: onnxTypes.float32, shape: { dim } } } }],
    // without a type: ONNX Runtime infers it
    output: outputs.map((name) => ({ name })),
  };
  return encodeModel({
    irVersion: irVersionOf(model.opset),
    opsetImport: [{ domain: '', version: model.opset }],
    graph,
  });
}

const open = (ort: Runtime, bytes: Uint8Array) =>
  ort.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });

/** Types of all values, from a session in which each is an output; it is never run, so nothing is kept in memory. */
async function typesOf(
  ort: Runtime,
  model: ForeignModel,
  input: Value,
  made: string[],
): Promise<Map<string, DataType>> {
  const session = await open(ort, trial(model, input, [], made));
  const types = new Map<string, DataType>();
  for (const each of session.outputMetadata) if (each.isTensor) types.set(each.name, dataType(each));
  await session.release();
  return types;
}

const dataType = ({ type }: InferenceSession.TensorValueMetadata): DataType => type as DataType;

/** One run that gives the shapes of `varying` and the values of `folded`, and keeps no big value longer than it must. */
async function runOnce(ort: Runtime, model: ForeignModel, input: Value, varying: string[], folded: string[]) {
  // by number: a name of theirs could end in any word
  const shapeNames = varying.map((_, i) => `goodpart shape ${i}`);
  const behind = varying.map((name, i) => ({ opType: 'Shape', input: [name], output: [shapeNames[i]] }));
  const outputs = [...folded, ...shapeNames];
  const grey = new Float32Array(input.shape.reduce((a, b) => a * b, 1)).fill(0.5);
  const session = await open(ort, trial(model, input, behind, outputs));
  const results = await session.run({ [trialInput]: new ort.Tensor('float32', grey, input.shape) });
  await session.release();
  const shapes = new Map(varying.map((name, i) => [name, shapeIn(results[shapeNames[i]])]));
  const constants = new Map(folded.map((name) => [name, constantIn(name, results[name])]));
  return { shapes, constants };
}

const shapeIn = ({ data }: Tensor): number[] => Array.from(data as BigInt64Array, Number);

function constantIn(name: string, tensor: Tensor): Constant {
  const view = tensor.data as Exclude<Tensor['data'], string[]>;
  const data = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return { name, shape: [...tensor.dims], type: tensor.type as DataType, data };
}
