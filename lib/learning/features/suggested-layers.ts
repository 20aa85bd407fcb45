import type { FixedGraph } from '../graph/fixed-graph.ts';
import type { BackboneLayer } from './backbone-layers.ts';

/**
 * A network of 50 layers has hundreds of such tensors. Those worth choosing end a block: sums of two branches (with the
 * activation behind) and joined branches.
 */
export function blockEnds(network: FixedGraph, found: readonly BackboneLayer[]): Set<string> {
  const ends = new Set<string>();
  const layers = new Set(found.map(({ name }) => name));
  for (const { opType, input = [], output = [] } of network.nodes) {
    const varying = input.filter((name) => network.values.has(name));
    const joins = (opType === 'Add' || opType === 'Concat' || opType === 'Sum') && varying.length >= 2;
    if (!joins || !layers.has(output[0])) continue;
    const readers = network.nodes.filter((node) => node.input?.includes(output[0]));
    const activation = readers.length === 1 && /^(Relu|Clip|LeakyRelu|PRelu|HardSwish|Elu)$/.test(readers[0].opType);
    ends.add(activation ? (readers[0].output?.[0] ?? output[0]) : output[0]);
  }
  return ends;
}

/** A plain chain of convolutions has no sums: there a grid's last tensor ends its stage. */
export function lastOfEachGrid(found: readonly BackboneLayer[]): Set<string> {
  const last = new Map<string, string>();
  for (const { name, kind, grid, channelsLast } of found) {
    // a map with its channels last is mostly the same map once more
    if (kind === 'tokens' || !channelsLast) last.set(`${kind} ${grid.width} ${grid.height}`, name);
  }
  return new Set(last.values());
}

/**
 * Of a network with maps the last block of stride 8 and of 16, as PatchCore and PaDiM take the middle stages of a ResNet; of
 * a transformer the last tokens and those after two thirds of its blocks. What the file itself gives out comes first.
 */
export function suggest(layers: readonly BackboneLayer[], joined: ReadonlySet<string>): void {
  const tokens = layers.filter(({ kind }) => kind === 'tokens');
  const maps = layers.filter(({ kind }) => kind === 'map');
  const chosen = tokens.length > maps.length ? suggestedTokens(layers, tokens, joined) : suggestedMaps(maps, joined);
  for (const layer of chosen.length > 0 ? chosen : layers.slice(-1)) layer.suggested = true;
}

function suggestedTokens(
  layers: readonly BackboneLayer[],
  tokens: readonly BackboneLayer[],
  joined: ReadonlySet<string>,
): readonly BackboneLayer[] {
  // an export may already have put its tokens back as maps
  const outputs = layers.filter(({ output }) => output);
  if (outputs.length > 1) return outputs.slice(-2);
  const sums = tokens.filter(({ name }) => joined.has(name));
  // a block has two sums, behind attention and behind its perceptron
  const inner = sums.at(-1 - 2 * Math.round(sums.length / 6));
  return [...(inner ? [inner] : []), ...(outputs.length > 0 ? outputs : tokens.slice(-1))];
}

function suggestedMaps(maps: readonly BackboneLayer[], joined: ReadonlySet<string>): readonly BackboneLayer[] {
  const pools = [maps.filter(({ output }) => output), maps.filter(({ name }) => joined.has(name)), maps];
  for (const pool of pools) {
    const at = (least: number, most: number) =>
      pool.findLast(({ stride, channels }) => stride >= least && stride <= most && channels >= 8);
    const found = [at(6, 11), at(12, 20)].filter((layer) => layer !== undefined);
    if (found.length > 0) return found;
  }
  // nothing of stride 8 or 16: the finest that is no longer nearly the picture itself
  return maps.filter(({ stride }) => stride >= 4).slice(0, 1);
}
