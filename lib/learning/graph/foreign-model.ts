import { decodeModel, type GraphProto, type ModelProto, type NodeProto } from '../../scoring/onnx-proto.ts';
import { failed } from '../failure.ts';
import type { Size } from '../pictures/input-size.ts';
import type { Constant, DataType } from './graph-builder.ts';
import { constantOf, floatsOf, typeOf } from './tensors.ts';

/** The picture that a network from elsewhere wants. Null where its file leaves a side open. */
export interface PictureInput {
  name: string;
  type: Extract<DataType, 'float32' | 'float16' | 'uint8'>;
  layout: 'NCHW' | 'NHWC';
  channels: 1 | 3;
  height: number | null;
  width: number | null;
}

/** A network from elsewhere, read and checked, its sizes still open. Nodes are in an order in which they can run. */
export interface ForeignModel {
  opset: number;
  input: PictureInput;
  nodes: NodeProto[];
  constants: Map<string, Constant>;
  outputs: string[];
  /** Hints in the file, for people. */
  producer: string;
}

/** Operators before 11 have other forms of Pad, Resize, Clip and Slice than the nodes written here. */
export const oldestOpset = 11;

const exportAgain = 'torch.onnx.export(…, opset_version=17)';

/**
 * Reads an ONNX file that somebody brought. Throws GP_MODEL_INVALID for what is no ONNX file and GP_LEARN_FAILED with what to
 * do for what cannot be a part of one static graph: weights in other files, operators of other domains, weights that are no
 * numbers, more than one picture, an operator set older than 11.
 */
export function readForeignModel(bytes: Uint8Array): ForeignModel {
  const model = decodeModel(bytes);
  const graph = model.graph as GraphProto;
  refuseExternalData(model);
  const opset = defaultDomain(model);
  const nodes = graph.node ?? [];
  refuseOtherDomains(nodes, model);
  if (graph.sparseInitializer?.length) {
    throw failed('the backbone', 'dense weights', 'sparse ones; export it without sparsity');
  }
  const constants = new Map<string, Constant>();
  for (const tensor of graph.initializer ?? []) addConstant(constants, tensor.name ?? '', tensor);
  const kept: NodeProto[] = [];
  for (const node of nodes) {
    const value = node.opType === 'Constant' ? node.attribute?.find(({ name }) => name === 'value')?.t : undefined;
    const output = node.output?.[0];
    if (value && output) addConstant(constants, output, value);
    else kept.push(node);
  }
  return {
    opset,
    input: pictureInput(graph, constants),
    nodes: inOrder(kept),
    constants,
    outputs: (graph.output ?? []).map(({ name }) => name),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
  };
}

/** Makers before readers. ONNX wants files so, ONNX Runtime does not insist and not every writer cares. */
function inOrder(nodes: readonly NodeProto[]): NodeProto[] {
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) for (const name of node.output ?? []) if (name !== '') makers.set(name, node);
  const placed = new Set<NodeProto>();
  const ordered: NodeProto[] = [];
  for (const last of nodes) {
    const waiting = [last];
    const opened = new Set<NodeProto>();
    for (let node = waiting.at(-1); node; node = waiting.at(-1)) {
      const before = opened.has(node) ? [] : readBy(node).flatMap((name) => makers.get(name) ?? []);
      const missing = before.filter((maker) => !placed.has(maker) && !opened.has(maker));
      opened.add(node);
      if (missing.length > 0) {
        waiting.push(...missing.reverse());
        continue;
      }
      waiting.pop();
      if (!placed.has(node)) ordered.push(node);
      placed.add(node);
    }
  }
  return ordered;
}

/** Everything a node reads, what its inner graphs take from outside among it. */
export function readBy({ input = [], attribute = [] }: NodeProto): string[] {
  const names = input.filter((name) => name !== '');
  for (const { g, graphs = [] } of attribute) {
    for (const inner of g ? [g, ...graphs] : graphs) names.push(...(inner.node ?? []).flatMap(readBy));
  }
  return names;
}

function addConstant(constants: Map<string, Constant>, name: string, tensor: Parameters<typeof constantOf>[0]): void {
  const constant = constantOf(tensor, name);
  if (floatsOf(constant)?.some(Number.isNaN)) {
    throw failed(
      `weights ${name} of the backbone`,
      'numbers',
      'NaN; the training or the export went wrong: export the network again from good weights',
    );
  }
  constants.set(name, constant);
}

function defaultDomain(model: ModelProto): number {
  const entry = model.opsetImport?.find(({ domain }) => isDefault(domain));
  const opset = entry?.version ?? 1;
  if (opset >= oldestOpset) return opset;
  throw failed(
    'the operator set of the backbone',
    `${oldestOpset} or newer`,
    `${opset}; export it with ${exportAgain}`,
  );
}

const isDefault = (domain: string | undefined) => domain === undefined || domain === '' || domain === 'ai.onnx';

function refuseOtherDomains(nodes: readonly NodeProto[], model: ModelProto): void {
  for (const { opType, domain, attribute = [] } of nodes) {
    const own = model.functions?.some((each) => each.name === opType && (each.domain ?? '') === (domain ?? ''));
    if (own || !isDefault(domain)) {
      throw failed(
        'the backbone',
        'operators of standard ONNX only',
        `operator ${opType} of domain "${domain ?? ''}"; export it again without custom operators or ONNX functions, ` +
          `for example with ${exportAgain}`,
      );
    }
    for (const { g, graphs = [] } of attribute) {
      for (const inner of g ? [g, ...graphs] : graphs) refuseOtherDomains(inner.node ?? [], model);
    }
  }
}

/** Says what to do, where Session.open would only refuse. Looks where ONNX keeps tensors: initialisers and attributes. */
function refuseExternalData(model: ModelProto): void {
  const visit = ({ initializer = [], node = [] }: GraphProto): void => {
    const inner = node.flatMap(({ attribute = [] }) => attribute);
    const tensors = [...initializer, ...inner.flatMap(({ t, tensors = [] }) => (t ? [t, ...tensors] : tensors))];
    for (const { name, dataLocation, externalData } of tensors) {
      if (dataLocation !== 1 && !externalData?.length) continue;
      throw failed(
        'the backbone',
        'one file with its weights inside',
        `one whose weights (${name || 'a constant'}) are in another file; export it with external_data=False, or in Python: ` +
          "onnx.save(onnx.load('model.onnx'), 'one-file.onnx')",
      );
    }
    for (const { g, graphs = [] } of inner) for (const each of g ? [g, ...graphs] : graphs) visit(each);
  };
  visit(model.graph as GraphProto);
}

function pictureInput(graph: GraphProto, constants: ReadonlyMap<string, Constant>): PictureInput {
  const inputs = (graph.input ?? []).filter(({ name }) => !constants.has(name));
  const wanted = 'one picture [1, 3 or 1, height, width]';
  if (inputs.length !== 1) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw failed(
      'the input of the backbone',
      wanted,
      `${inputs.length} inputs (${names}); export the image encoder alone`,
    );
  }
  const [{ name, type: declared }] = inputs;
  const type = typeOf(declared?.tensorType?.elemType, `input ${name} of the backbone`);
  const sides = declared?.tensorType?.shape?.dim?.map(({ dimValue }) => (dimValue ? dimValue : null)) ?? [];
  const shape = `${type} [${sides.map((side) => side ?? '?').join(', ')}]`;
  if (type !== 'float32' && type !== 'float16' && type !== 'uint8') {
    throw failed('the input of the backbone', 'float32, float16 or uint8', shape);
  }
  if (sides.length !== 4) throw failed('the input of the backbone', wanted, shape);
  if (sides[0] !== null && sides[0] !== 1) {
    throw failed(
      'the input of the backbone',
      wanted,
      `${shape}; export it for one picture at a time or with an open batch`,
    );
  }
  const isColour = (side: number | null): side is 1 | 3 => side === 3 || side === 1;
  const layout = !isColour(sides[1]) && isColour(sides[3]) ? 'NHWC' : 'NCHW';
  const channels = layout === 'NHWC' ? sides[3] : (sides[1] ?? 3);
  if (!isColour(channels)) throw failed('the input of the backbone', wanted, shape);
  const [height, width] = layout === 'NHWC' ? [sides[1], sides[2]] : [sides[2], sides[3]];
  return { name, type, layout, channels, height, width };
}

/** The size that the file fixes; null where it leaves height or width open. */
export function fixedSize({ height, width }: PictureInput): Size | null {
  return height && width ? { width, height } : null;
}
