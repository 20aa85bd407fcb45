import { Session } from '../../scoring/session.ts';
import { failed } from '../failure.ts';
import { embed } from '../graph/embed.ts';
import { type FixedGraph, fixShapes } from '../graph/fixed-graph.ts';
import { fixedSize, readForeignModel } from '../graph/foreign-model.ts';
import { GraphBuilder, type Value } from '../graph/graph-builder.ts';
import { writeGraph } from '../graph/write-graph.ts';
import type { Size } from '../pictures/input-size.ts';
import { type BackboneLayer, findLayers, listLayers } from './backbone-layers.ts';
import type { FeatureExtractor, Pictures } from './extractor.ts';
import { asNormalisation, describeNormalisation, type Normalisation, pixelScale } from './normalisation.ts';
import { resample } from './resample.ts';

/** A network that somebody brings, as ONNX, and what of it is to be features. */
export interface BackboneChoice {
  /** Bytes of the ONNX file, weights inside. */
  model: Buffer;
  /** Names of tensors, from `listLayers`. */
  layers: string[];
  normalisation: Normalisation;
}

/** The picture size that the file insists on; null where it takes others. Reads only, loads nothing native. */
export function fixedInputSize(model: Uint8Array): Size | null {
  return fixedSize(readForeignModel(model).input);
}

/** A complete choice from what was said: no layers means the suggested ones, no normalisation what the file says. */
export async function chooseBackbone(
  model: Buffer,
  said: { layers?: readonly string[]; normalisation?: unknown } = {},
  size?: Size,
): Promise<BackboneChoice> {
  const { layers = [], normalisation } = said;
  const given = normalisation === undefined || normalisation === '' ? undefined : asNormalisation(normalisation);
  if (layers.length > 0 && given !== undefined) return { model, layers: [...layers], normalisation: given };
  const listed = await listLayers(model, size);
  const suggested = listed.layers.filter(({ suggested }) => suggested).map(({ name }) => name);
  return {
    model,
    layers: layers.length > 0 ? [...layers] : suggested,
    normalisation: given ?? listed.normalisation.guess,
  };
}

/** Cells finer than this cost time in every head and are averaged: the grid of the built-in features. */
const finestStride = 8;

/**
 * Features of a network's layers on one grid: that of the finest layer, at the finest 8 pixels a cell and dividing the
 * picture. Coarser layers are interpolated, finer ones averaged, tokens put back in their places, as PatchCore (Roth et al.
 * 2021) joins the stages of a ResNet. Throws GP_LEARN_FAILED for layers that are not there, a picture size that the file does
 * not take, features that are not finite. Loads ONNX Runtime.
 */
export async function backboneFeatures(choice: BackboneChoice, pictures: Pictures): Promise<FeatureExtractor> {
  const foreign = readForeignModel(choice.model);
  const { size, channels } = pictures;
  const fixed = fixedSize(foreign.input);
  if (fixed && (fixed.width !== size.width || fixed.height !== size.height)) {
    throw failed('the picture size', `${sides(fixed)} pixels, which the backbone insists on`, sides(size));
  }
  const network = await fixShapes(foreign, size);
  const layers = chosenLayers(network, choice.layers);
  const stride = strideFor(layers, size);
  const grid = { width: size.width / stride, height: size.height / stride };
  const normalisation = asNormalisation(choice.normalisation);
  const features = layers.reduce((sum, layer) => sum + layer.channels, 0);
  const list = layers.map(({ name, channels, stride }) => `${name} (${channels} at stride ${stride})`).join(', ');
  const extractor: FeatureExtractor = {
    kind: 'backbone',
    description: `backbone layers ${list}, pixels ${describeNormalisation(normalisation)}, stride ${stride}`,
    channels: features,
    stride,
    add(graph, picture, wanted) {
      if (wanted.width !== size.width || wanted.height !== size.height) {
        throw new Error(`a backbone for ${sides(size)} got ${sides(wanted)}`);
      }
      const input = addInput(graph, picture, network, normalisation);
      const values = embed(
        graph,
        network,
        input,
        layers.map(({ name }) => name),
      );
      const maps = values.map((value, i) => resample(graph, asMap(graph, value, layers[i]), grid));
      return maps.length === 1 ? maps[0] : graph.concatChannels(maps);
    },
  };
  await tryOut(extractor, size, channels, pictures);
  return extractor;
}

const sides = ({ width, height }: Size) => `${width} x ${height}`;

function chosenLayers(network: FixedGraph, names: readonly string[]): BackboneLayer[] {
  const listed = findLayers(network, names);
  const unique = [...new Set(names)];
  if (unique.length === 0)
    throw failed('backbone layers', 'at least one layer', 'none; choose some of the listed ones');
  return unique.map((name) => {
    const layer = listed.find((each) => each.name === name);
    if (layer) return layer;
    const offered = listed.filter(({ suggested }) => suggested).map((each) => each.name);
    throw failed('backbone layers', `layers that the file has, ${offered.join(' and ')} for example`, name);
  });
}

function strideFor(layers: readonly BackboneLayer[], { width, height }: Size): number {
  const finest = Math.min(...layers.map(({ grid }) => Math.min(width / grid.width, height / grid.height)));
  for (let stride = Math.max(finestStride, Math.ceil(finest - 0.05)); stride <= Math.min(width, height) / 2; stride++) {
    if (width % stride === 0 && height % stride === 0) return stride;
  }
  throw failed(
    'the picture size',
    'sides that cells of 8 pixels or more divide',
    `${sides({ width, height })}; multiples of 32 do`,
  );
}

/** [1,H,W,c] → what the network takes, normalised; grey becomes three equal channels, colour luminance where one is wanted. */
function addInput(graph: GraphBuilder, picture: Value, { input }: FixedGraph, normalisation: Normalisation): Value {
  const [, height, width, channels] = picture.shape;
  let value = graph.cast(picture);
  if (channels === 1) value = graph.reshape(value, [1, 1, height, width]);
  else value = graph.transpose(value, [0, 3, 1, 2]);
  if (channels === 3 && input.channels === 1) {
    // ITU-R BT.601, as pictures are made grey elsewhere
    value = graph.convolve(value, graph.constant([1, 3, 1, 1], Float32Array.of(0.299, 0.587, 0.114)), null);
  }
  if (channels === 1 && input.channels === 3) value = graph.concatChannels([value, value, value]);
  const { scale, offset } = pixelScale(normalisation, input.channels);
  const list = (numbers: number[]) => graph.constant([1, numbers.length, 1, 1], Float32Array.from(numbers));
  if (scale.some((each) => each !== 1)) value = graph.binary('Mul', value, list(scale));
  if (offset.some((each) => each !== 0)) value = graph.binary('Add', value, list(offset));
  if (input.layout === 'NHWC') value = graph.transpose(value, [0, 2, 3, 1]);
  return input.type === 'float32' ? value : graph.cast(value, input.type);
}

/** A layer as float32 [1,C,h,w]. */
function asMap(graph: GraphBuilder, value: Value, layer: BackboneLayer): Value {
  const { grid, channels, extraTokens } = layer;
  let map = value.type === 'float32' ? value : graph.cast(value);
  if (layer.kind === 'map') return layer.channelsLast ? graph.transpose(map, [0, 3, 1, 2]) : map;
  if (extraTokens > 0) map = graph.slice(map, 1, extraTokens, map.shape[1]);
  return graph.reshape(graph.transpose(map, [0, 2, 1]), [1, channels, grid.height, grid.width]);
}

const blank = (length: number, { window }: Pictures) =>
  window ? new Float32Array(length).fill(128) : Buffer.alloc(length, 128);

/** Runs the joined graph once: what ONNX Runtime or the numbers have against it is said before anything is learned. */
async function tryOut(extractor: FeatureExtractor, size: Size, channels: 1 | 3, pictures: Pictures): Promise<void> {
  const graph = new GraphBuilder('goodpart backbone');
  const shape = [1, size.height, size.width, channels];
  const features = extractor.add(graph, graph.input('image', shape, pictures.window ? 'float32' : 'uint8'), size);
  const session = await Session.open(writeGraph(graph.finish({ features })));
  try {
    const data = pictures.count > 0 ? pictures.pixels(0) : blank(size.width * size.height * channels, pictures);
    const results = await session.run({ image: { data, shape } });
    if (results.features.data.every(Number.isFinite)) return;
    throw failed(
      'the features of the backbone',
      'finite numbers',
      'some that are not; choose other layers or normalisation, or export it as float32',
    );
  } finally {
    await session.dispose();
  }
}
