import { GoodpartError } from '../../core/errors.ts';
import { failed } from '../failure.ts';
import { isStatic } from '../graph/embed.ts';
import { type FixedGraph, fixShapes } from '../graph/fixed-graph.ts';
import { type ForeignModel, fixedSize, type PictureInput, readForeignModel } from '../graph/foreign-model.ts';
import type { Value } from '../graph/graph-builder.ts';
import { operatorProblems } from '../graph/operators.ts';
import type { Size } from '../pictures/input-size.ts';
import { type NormalisationGuess, readNormalisation } from './normalisation.ts';
import { blockEnds, lastOfEachGrid, suggest } from './suggested-layers.ts';

/** `map`: [1,C,h,w] or [1,h,w,C]. `tokens`: [1,T,C], one per cell row by row, after a few that stand for the whole picture. */
export type LayerKind = 'map' | 'tokens';

/** A tensor of a backbone that says something about each place in the picture. */
export interface BackboneLayer {
  name: string;
  kind: LayerKind;
  shape: number[];
  /** Cells. */
  grid: Size;
  channels: number;
  /** Channels come last: [1,h,w,C]. */
  channelsLast: boolean;
  /** Tokens before the first cell's (class and register tokens); 0 for maps. */
  extraTokens: number;
  /** Pixels per cell, of the wider side; whole for most networks. */
  stride: number;
  /** True for an output of the file, false for a tensor inside it. */
  output: boolean;
  /** What learning takes where nothing is chosen. */
  suggested: boolean;
}

/** What a backbone file offers, for a picture of `size`. */
export interface BackboneLayers {
  input: PictureInput & { shape: number[] };
  /** Size that the file insists on; null where it takes others. */
  fixedSize: Size | null;
  size: Size;
  opset: number;
  normalisation: NormalisationGuess;
  /** In the order in which the network computes them. */
  layers: BackboneLayer[];
  /** What another engine may refuse, a sentence each. */
  warnings: string[];
}

/** Networks with open sizes take most sizes; those of patches of 14 pixels often only multiples of 14. */
const triedSizes: readonly Size[] = [256, 224].map((side) => ({ width: side, height: side }));

/**
 * Lists the layers of a backbone (bytes of an ONNX file) that can be features, with the shapes that one run gives. `size` is
 * ignored where the file fixes it; not given it is 256 x 256, else 224 x 224. Throws GP_LEARN_FAILED, GP_MODEL_INVALID.
 * Loads ONNX Runtime: for children and the command line only.
 */
export async function listLayers(model: Uint8Array, size?: Size): Promise<BackboneLayers> {
  const foreign = readForeignModel(model);
  const network = await runnable(foreign, size);
  const layers = findLayers(network);
  const { name, type, layout, channels, height, width, shape } = network.input;
  return {
    input: { name, type, layout, channels, height, width, shape },
    fixedSize: fixedSize(foreign.input),
    size: network.size,
    opset: network.opset,
    normalisation: readNormalisation(network),
    layers,
    warnings: operatorProblems(network.nodes, network.opset),
  };
}

async function runnable(foreign: ForeignModel, size: Size | undefined): Promise<FixedGraph> {
  const fixed = fixedSize(foreign.input);
  const sizes = fixed ? [fixed] : size ? [size] : triedSizes;
  let refusal: unknown;
  for (const each of sizes) {
    try {
      return await fixShapes(foreign, each);
    } catch (error) {
      if (!GoodpartError.is(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** The layers of a network of known shapes, `wanted` ones among them. Throws GP_LEARN_FAILED where there is none. */
export function findLayers(network: FixedGraph, wanted: readonly string[] = []): BackboneLayer[] {
  const found: BackboneLayer[] = [];
  const maps = new Set<string>();
  const usable = staticValues(network);
  for (const value of usable) {
    const map = asMap(value, network);
    if (map) {
      found.push(map);
      maps.add(`${map.grid.width} ${map.grid.height}`);
    }
  }
  const grids = [...maps].map((text) => text.split(' ').map(Number)).map(([width, height]) => ({ width, height }));
  for (const value of usable) {
    const tokens = asTokens(value, network, grids);
    if (tokens) found.push(tokens);
  }
  const counts = new Set(found.filter(({ kind }) => kind === 'tokens').map(({ shape }) => shape[1]));
  // attention weights [1, heads, T, T] look like a map of T x T cells
  const real = found.filter(
    ({ kind, grid }) => kind === 'tokens' || !(grid.width === grid.height && counts.has(grid.width)),
  );
  const order = new Map([...network.values.keys()].map((name, i) => [name, i]));
  real.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  const joined = blockEnds(network, real);
  const last = lastOfEachGrid(real);
  const layers = real.filter(
    ({ name, output }) => output || joined.has(name) || last.has(name) || wanted.includes(name),
  );
  if (layers.length === 0) {
    throw failed(
      'the backbone',
      'layers that describe places of the picture: [1, channels, height, width] or [1, tokens, channels]',
      'none; export the feature extractor without its classifier, as the README of lib/learning shows',
    );
  }
  suggest(layers, joined);
  return layers;
}

/** Values that do not depend on operators which no static graph can hold. */
function staticValues(network: FixedGraph): Value[] {
  const lost = new Set<string>();
  const values: Value[] = [];
  for (const node of network.nodes) {
    const reachable = isStatic(node) && !(node.input ?? []).some((name) => lost.has(name));
    for (const name of node.output ?? []) {
      const value = network.values.get(name);
      if (!reachable) lost.add(name);
      else if (value && (value.type === 'float32' || value.type === 'float16')) values.push(value);
    }
  }
  return values;
}

/** More cells than half the pixels on a side are no features; fewer than three on the shorter side say nothing of places. */
const largestStride = 64;
const fewestCells = 3;

/** Pixels per cell where `cells` is what a network with borders makes of `pixels`; undefined where it cannot be that. */
function strideOf(pixels: number, cells: number): number | undefined {
  const ratio = pixels / cells;
  const whole = Math.round(ratio);
  if (whole < 2 || whole > largestStride || cells < fewestCells) return undefined;
  if (Math.abs(pixels / whole - cells) < 1) return whole;
  // convolutions without borders lose some cells: 299 pixels, stride 8, 35 cells
  const power = 2 ** Math.round(Math.log2(ratio));
  return Math.abs(pixels / power - cells) <= 0.08 * cells ? power : undefined;
}

function gridOf({ width, height }: Size, columns: number, rows: number): { grid: Size; stride: number } | undefined {
  const x = strideOf(width, columns);
  const y = strideOf(height, rows);
  if (x === undefined || y === undefined || Math.max(x, y) > Math.min(x, y) * 1.3) return undefined;
  return { grid: { width: columns, height: rows }, stride: Math.max(x, y) };
}

function asMap({ name, shape }: Value, { size, outputs }: FixedGraph): BackboneLayer | undefined {
  if (shape.length !== 4 || shape[0] !== 1) return undefined;
  const first = gridOf(size, shape[3], shape[2]);
  const last = first ? undefined : gridOf(size, shape[2], shape[1]);
  const channels = first ? shape[1] : shape[3];
  const place = first ?? last;
  if (!place || channels < 2) return undefined;
  const output = outputs.includes(name);
  const channelsLast = first === undefined;
  return { name, kind: 'map', shape, ...place, channels, channelsLast, extraTokens: 0, output, suggested: false };
}

const mostExtraTokens = 16;

/** Cells of a token tensor: the grid of a map before it (the patches) where one fits, else the one of the picture's aspect. */
function asTokens({ name, shape }: Value, { size, outputs }: FixedGraph, grids: Size[]): BackboneLayer | undefined {
  if (shape.length !== 3 || shape[0] !== 1 || shape[2] < 8) return undefined;
  const [, tokens, channels] = shape;
  const candidates = grids.length > 0 ? grids : aspectGrids(size);
  const fitting = candidates
    .map((grid) => ({ grid, extra: tokens - grid.width * grid.height }))
    .filter(({ extra }) => extra >= 0 && extra <= mostExtraTokens)
    .sort((a, b) => a.extra - b.extra)[0];
  const place = fitting && gridOf(size, fitting.grid.width, fitting.grid.height);
  if (!place) return undefined;
  const output = outputs.includes(name);
  const extraTokens = fitting.extra;
  return { name, kind: 'tokens', shape, ...place, channels, channelsLast: true, extraTokens, output, suggested: false };
}

function aspectGrids({ width, height }: Size): Size[] {
  return Array.from({ length: largestStride - 1 }, (_, i) => i + 2).map((stride) => ({
    width: Math.floor(width / stride),
    height: Math.floor(height / stride),
  }));
}
