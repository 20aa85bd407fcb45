import { systemClock } from '../../lib/core/clock.ts';
import type { ModelIdentity, Roi } from '../../lib/core/inspection.ts';
import {
  describePreprocessing,
  identityOf,
  type ModelInput,
  type RegistrationReference,
} from '../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { attributeTypes, encodeModel, type NodeProto, onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';

const side = 64;
const cell = 8;

/**
 * A real ONNX model small enough to load at once: its map is the mean brightness (0..255) of each 8x8 block of the frame,
 * its score the brightest block's. `nan` divides nothing by nothing.
 */
export async function writeTestModel(
  modelsRoot: string,
  o: { name?: string; version?: string; nan?: boolean; registration?: RegistrationReference } = {},
): Promise<ModelIdentity> {
  const { name = 'brightness', version = '1', nan = false, registration } = o;
  const ints = (key: string, values: number[]) => ({ name: key, type: attributeTypes.ints, ints: values });
  const int = (key: string, value: number) => ({ name: key, type: attributeTypes.int, i: value });
  const nodes: NodeProto[] = [
    { opType: 'Cast', input: ['image'], output: ['floats'], attribute: [int('to', onnxTypes.float32)] },
    { opType: 'Transpose', input: ['floats'], output: ['planes'], attribute: [ints('perm', [0, 3, 1, 2])] },
    {
      opType: 'AveragePool',
      input: ['planes'],
      output: [nan ? 'blocks' : 'map'],
      attribute: [ints('kernel_shape', [cell, cell]), ints('strides', [cell, cell])],
    },
  ];
  if (nan) {
    nodes.push({ opType: 'Sub', input: ['blocks', 'blocks'], output: ['nothing'] });
    nodes.push({ opType: 'Div', input: ['nothing', 'nothing'], output: ['map'] });
  }
  const shape = (dims: number[], elemType: number) => ({
    tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
  });
  const onnx = encodeModel({
    irVersion: 8,
    producerName: 'goodpart test',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name,
      node: nodes,
      input: [{ name: 'image', type: shape([1, side, side, 1], onnxTypes.uint8) }],
      output: [{ name: 'map', type: shape([1, 1, side / cell, side / cell], onnxTypes.float32) }],
    },
  });
  const input: ModelInput = {
    name: 'image',
    width: side,
    height: side,
    channels: 1,
    layout: 'NHWC',
    type: 'uint8',
    resize: 'stretch',
  };
  const store = new ModelStore(modelsRoot);
  await store.add(
    {
      name,
      version,
      input,
      preprocessing: describePreprocessing(input, registration),
      ...(registration && { registration }),
      outputs: { map: 'map', score: null },
      units: 'brightness',
      trainingSet: { images: 0, digest: '' },
      calibration: { ...testLimits, scores: [], method: 'set by the test' },
      createdAt: systemClock.utc(),
      tool: 'goodpart test',
    },
    onnx,
  );
  return identityOf(await store.read(name, version));
}

/**
 * A real classifier of three classes by the mean brightness of the frame: `dull` below 80, `good` between, `glare` above 120; its score
 * is the mean brightness.
 */
export async function writeTestClassifier(modelsRoot: string, name = 'namer'): Promise<ModelIdentity> {
  const int = (key: string, value: number) => ({ name: key, type: attributeTypes.int, i: value });
  const ints = (key: string, values: number[]) => ({ name: key, type: attributeTypes.ints, ints: values });
  const floats = (key: string, values: number[]) => {
    const rawData = new Uint8Array(Float32Array.from(values).buffer);
    return { name: key, dims: [1, values.length], dataType: onnxTypes.float32, rawData };
  };
  const value = (key: string, elemType: number, dims: number[]) => ({
    name: key,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const onnx = encodeModel({
    irVersion: 8,
    producerName: 'goodpart test',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name,
      node: [
        { opType: 'Cast', input: ['image'], output: ['floats'], attribute: [int('to', onnxTypes.float32)] },
        {
          opType: 'ReduceMean',
          input: ['floats'],
          output: ['mean'],
          attribute: [ints('axes', [1, 2]), int('keepdims', 0)],
        },
        { opType: 'Mul', input: ['mean', 'gains'], output: ['scaled'] },
        { opType: 'Add', input: ['scaled', 'offsets'], output: ['logits'] },
        { opType: 'Softmax', input: ['logits'], output: ['classes'], attribute: [int('axis', 1)] },
      ],
      // logits of the mean m: 80 - m, 0, m - 120
      initializer: [floats('gains', [-1, 0, 1]), floats('offsets', [80, 0, -120])],
      input: [value('image', onnxTypes.uint8, [1, side, side, 1])],
      output: [value('mean', onnxTypes.float32, [1, 1]), value('classes', onnxTypes.float32, [1, 3])],
    },
  });
  const input: ModelInput = {
    ...{ name: 'image', width: side, height: side, channels: 1 },
    ...{ layout: 'NHWC', type: 'uint8', resize: 'stretch' },
  };
  const store = new ModelStore(modelsRoot);
  await store.add(
    {
      ...{ name, version: '1', input, preprocessing: describePreprocessing(input) },
      outputs: { map: null, score: 'mean' },
      classes: { output: 'classes', names: ['dull', 'good', 'glare'], good: 1 },
      ...{ units: 'brightness', trainingSet: { images: 0, digest: '' } },
      calibration: { ...testLimits, scores: [], method: 'set by the test' },
      ...{ createdAt: systemClock.utc(), tool: 'goodpart test' },
    },
    onnx,
  );
  return identityOf(await store.read(name, '1'));
}

/** Up to 150 passes, up to 200 warns, above fails; severity 1 is 200. */
export const testLimits = { median: 50, warn: 150, fail: 200 };

/** Makes a validated recipe for these views the active one. */
export async function activateTestRecipe(
  station: Station,
  model: ModelIdentity,
  views = ['main'],
  rois: Roi[] = [],
  limits: typeof testLimits = testLimits,
): Promise<void> {
  const { number } = await saveTestRecipe(station, model, { views, rois, limits });
  station.recipes.activate(number, { by: 'test', why: 'test' });
}

/** Saves a validated recipe for these views, which changes nothing that runs. */
export async function saveTestRecipe(
  station: Station,
  model: ModelIdentity,
  o: { number?: number; views?: string[]; rois?: Roi[]; limits?: typeof testLimits } = {},
): Promise<Recipe> {
  const { number = 1, views = ['main'], rois = [], limits: given = testLimits } = o;
  const { median, warn, fail } = given;
  const limits = { median, warn, fail, rois };
  const at = systemClock.utc();
  const view = (name: string) => {
    const fingerprint = station.fingerprint(name, { model, ...limits });
    return { model, ...limits, validation: { fingerprint, by: 'test', at, basis: 'set by the test' } };
  };
  return station.recipes.save({
    number,
    name: 'test',
    author: 'test',
    reason: 'test',
    warnAccepted: true,
    views: Object.fromEntries(views.map((name) => [name, view(name)])),
  });
}

/** A raw grey picture of one brightness, with one brighter spot where `spot` is given. */
export function greyPicture(brightness: number, spot?: number) {
  const data = Buffer.alloc(side * side, brightness);
  if (spot !== undefined) {
    for (let y = 16; y < 32; y++) data.fill(spot, y * side + 16, y * side + 32);
  }
  return { data, width: side, height: side, channels: 1 };
}
