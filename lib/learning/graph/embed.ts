import type { NodeProto } from '../../scoring/onnx-proto.ts';
import { failed } from '../failure.ts';
import type { FixedGraph } from './fixed-graph.ts';
import { readBy } from './foreign-model.ts';
import type { Constant, GraphBuilder, GraphNode, GraphPart, Value } from './graph-builder.ts';

const sizedByData = new Set(['NonZero', 'Unique', 'Compress', 'NonMaxSuppression']);

/** What no static graph can hold: inner graphs, and results whose size depends on the picture. */
export function isStatic({ opType, attribute = [] }: NodeProto): boolean {
  return !sizedByData.has(opType) && !attribute.some(({ g, graphs }) => g || graphs?.length);
}

/** The nodes that `layers` need, from `input` on, under names of their own: "`prefix`name". */
export function partOf(network: FixedGraph, layers: readonly string[], input: Value, prefix: string): GraphPart {
  const used = new Set<string>(layers);
  const kept: FixedGraph['nodes'] = [];
  for (const node of [...network.nodes].reverse()) {
    if (!node.output?.some((name) => used.has(name))) continue;
    if (!isStatic(node)) {
      throw failed(
        'the backbone',
        'a graph without loops, branches and sizes that depend on the picture',
        `operator ${node.opType}; choose layers before it, or export the network for a fixed input size`,
      );
    }
    for (const name of readBy(node)) used.add(name);
    kept.unshift(node);
  }
  const renamed = (name: string) => {
    if (name === '') return '';
    return name === network.input.name ? input.name : prefix + name;
  };
  const nodes = kept.map(({ opType, input: inputs = [], output = [], attribute = [] }): GraphNode => {
    const outputs = output.map(renamed);
    return {
      operator: opType,
      inputs: inputs.map(renamed),
      output: outputs.find((name) => name !== '') ?? '',
      outputs: outputs.length > 1 ? outputs : undefined,
      attributes: {},
      foreignAttributes: attribute,
    };
  });
  const named = <T extends Value>(value: T): T => ({ ...value, name: renamed(value.name) });
  const constants: Constant[] = [...network.constants.values()].filter(({ name }) => used.has(name)).map(named);
  const made = new Set(kept.flatMap(({ output = [] }) => output));
  const values = [...network.values.values()].filter(({ name }) => made.has(name)).map(named);
  for (const name of used) {
    if (network.values.has(name) || network.constants.has(name) || name === network.input.name) continue;
    throw failed('the backbone', 'tensors of known type and shape', `${name}, which is none; choose layers before it`);
  }
  return { opset: network.opset, nodes, constants, values };
}

/**
 * Makes a network from elsewhere part of `graph`: `input` takes the place of its picture (same type and shape), the values of
 * `layers` come back in their order. Nodes that no layer needs stay out. Throws GP_LEARN_FAILED for a layer that is not there
 * and for operators that no static graph can hold.
 */
export function embed(
  graph: GraphBuilder,
  network: FixedGraph,
  input: Value,
  layers: readonly string[],
  prefix = 'backbone/',
): Value[] {
  const { shape, type } = network.input;
  if (type !== input.type || shape.join() !== input.shape.join()) {
    throw new Error(`a network for ${type} [${shape}] got ${input.type} [${input.shape}]`);
  }
  const wanted = layers.map((name) => {
    const value = network.values.get(name);
    if (value === undefined) throw failed('backbone layers', 'names of layers that the file has', name);
    return value;
  });
  graph.adopt(partOf(network, layers, input, prefix));
  return wanted.map((value) => ({ ...value, name: prefix + value.name }));
}
