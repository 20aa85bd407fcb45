import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import type { FeatureExtractor } from '../../lib/learning/features/extractor.ts';
import { type FeatureChoice, prepareFeatures } from '../../lib/learning/features/features.ts';
import type { Projection } from '../../lib/learning/features/projection.ts';
import { GraphBuilder } from '../../lib/learning/graph/graph-builder.ts';
import { checkOperators, tensorRtOperators, tensorRtOpsets } from '../../lib/learning/graph/operators.ts';
import { opset, writeGraph } from '../../lib/learning/graph/write-graph.ts';
import { assignFolds, fitHead } from '../../lib/learning/heads/cross-fit.ts';
import type { HeadFit } from '../../lib/learning/heads/head.ts';
import { featureGraph, gridOf, modelGraph, projectionGraph } from '../../lib/learning/model-graph.ts';
import { decodeModel, type ModelProto, onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';
import { value } from '../scoring/tiny-models.ts';
import { deviation, noise } from './backbone-judge.ts';
import { randomSamples } from './head-samples.ts';
import { bytesOf, cnn, int, transformer } from './tiny-backbones.ts';

const size = { width: 64, height: 64 };
const dimensions = 5;
const tools = { threads: 1, progress: async () => {} };
/** Few filters from few patches: which operators they become does not depend on it. */
const few = { filters: { patches: 300, centroids: 6 } };
const heads = ['gaussian', 'nearest'] as const;

function someProjection({ channels }: FeatureExtractor): Projection {
  const random = seededRandom(4);
  const weights = Float32Array.from({ length: dimensions * channels }, () => gaussian(random) / channels);
  return { channels, dimensions, weights, bias: new Float32Array(dimensions).fill(3), explained: 1 };
}

/** Both kinds of head for a grid of 8 x 8 cells, fitted to made-up features. */
async function fittedHeads(extractor: FeatureExtractor): Promise<HeadFit[]> {
  const grid = gridOf(size, extractor);
  const samples = randomSamples(20, dimensions * (extractor.surroundings ? 2 : 1), grid.width * grid.height, 5);
  const fits: HeadFit[] = [];
  for (const kind of heads) {
    const fit = await fitHead(kind, samples, assignFolds(20, 1), grid, { seed: 1, pause: async () => {} });
    assert.ok(fit);
    fits.push(fit);
  }
  return fits;
}

const backbone = (model: ModelProto, ...layers: string[]): FeatureChoice => ({
  kind: 'backbone',
  backbone: { model: bytesOf(model), layers, normalisation: 'imagenet' },
});

describe('every graph that learning writes', () => {
  const choices: [string, FeatureChoice, 1 | 3][] = [
    ...(['bank', 'filters', 'thorough'] as const).flatMap((kind): [string, FeatureChoice, 1 | 3][] => [
      [`${kind}, grey`, { kind }, 1],
      [`${kind}, colour`, { kind }, 3],
    ]),
    ['a convolutional backbone', backbone(cnn({ sides: ['h', 'w'] }), 'layer1', 'layer2'), 3],
    ['a transformer', backbone(transformer({ side: 64 }), 'block1', 'norm'), 1],
  ];
  for (const [title, choice, channels] of choices) {
    it(`is static and of operators that TensorRT 10 takes: ${title}`, async () => {
      const extractor = await prepareFeatures(choice, noise(size, channels, 4), 1, tools, few);
      const parts = { size, channels, extractor };
      const projection = someProjection(extractor);
      const graphs = [featureGraph(parts), projectionGraph({ ...parts, projection })];
      for (const head of await fittedHeads(extractor)) {
        graphs.push(modelGraph({ ...parts, projection, head, calibration: head.calibration }));
      }
      for (const graph of graphs) assert.deepEqual(checkOperators(decodeModel(writeGraph(graph))), []);
    });
  }

  it('has the operator set that engines of 2020 know, but where a backbone brings its own', async () => {
    assert.equal(opset, 13);
    assert.ok(tensorRtOpsets.oldest <= opset && opset <= tensorRtOpsets.newest);
    const model = decodeModel(
      writeGraph(await wholeModel(backbone(cnn({ opset: 18, sides: ['h', 'w'] }), 'layer1'), 'gaussian')),
    );
    assert.deepEqual(model.opsetImport, [{ domain: '', version: 18 }]);
    assert.equal(model.irVersion, 8);
  });

  it('computes the same in each operator set that a backbone may bring', async () => {
    const picture = { data: noise(size, 3).pixels(0), shape: [1, 64, 64, 3] };
    for (const kind of heads) {
      const maps: Float32Array[] = [];
      for (const version of [11, 12, 13, 17, 18, 20]) {
        const choice = backbone(cnn({ opset: version, sides: ['h', 'w'] }), 'layer1', 'layer2');
        const session = await Session.open(writeGraph(await wholeModel(choice, kind)));
        const { map, score } = await session.run({ image: picture });
        assert.ok(Number.isFinite(score.data[0]));
        maps.push(map.data);
        await session.dispose();
      }
      for (const map of maps) assert.ok(deviation(map, maps[0]) < 1e-5, kind);
    }
  });
});

async function wholeModel(choice: FeatureChoice, kind: (typeof heads)[number]) {
  const extractor = await prepareFeatures(choice, noise(size, 3, 4), 1, tools);
  const head = (await fittedHeads(extractor))[heads.indexOf(kind)];
  return modelGraph({
    size,
    channels: 3,
    extractor,
    projection: someProjection(extractor),
    head,
    calibration: head.calibration,
  });
}

describe('the check of operators', () => {
  const plain = (): ModelProto => {
    const graph = new GraphBuilder('plain');
    const input = graph.input('image', [1, 2, 4, 4], 'float32');
    return decodeModel(writeGraph(graph.finish({ out: graph.unary('Relu', graph.unary('Neg', input)) })));
  };

  it('has nothing to say of a plain graph', () => assert.deepEqual(checkOperators(plain()), []));

  it('knows neither control flow, nor TopK, nor results whose size the picture decides', () => {
    for (const operator of ['TopK', 'Loop', 'If', 'Scan', 'NonZero', 'NonMaxSuppression', 'Unique', 'FusedConv']) {
      assert.ok(!tensorRtOperators.has(operator), operator);
      const model = plain();
      if (model.graph?.node) model.graph.node[0].opType = operator;
      assert.deepEqual(checkOperators(model), [`TensorRT may refuse operator ${operator}`]);
    }
  });

  it('finds operators of other domains and ways of resizing that TensorRT lacks', () => {
    const custom = plain();
    if (custom.graph?.node) custom.graph.node[0].domain = 'com.microsoft';
    assert.deepEqual(checkOperators(custom), ['TensorRT may refuse operator Neg']);
    const cubic = plain();
    if (cubic.graph?.node) {
      cubic.graph.node[0].opType = 'Resize';
      cubic.graph.node[0].attribute = [{ name: 'mode', type: 3, s: Buffer.from('cubic') }];
    }
    assert.deepEqual(checkOperators(cubic), ['TensorRT may refuse operator Resize (cubic)']);
    const smoothed = plain();
    if (smoothed.graph?.node) {
      smoothed.graph.node[0].opType = 'Resize';
      smoothed.graph.node[0].attribute = [int('antialias', 1)];
    }
    assert.deepEqual(checkOperators(smoothed), ['TensorRT may refuse operator Resize (antialias)']);
  });

  it('finds sizes that are open or not written, and operator sets that are too old or too new', () => {
    const open = plain();
    open.graph?.input?.splice(0, 1, value('image', onnxTypes.float32, ['batch', 2, 4, 4]));
    assert.deepEqual(checkOperators(open), ['image has an open size']);
    const unsaid = plain();
    if (unsaid.graph) unsaid.graph.valueInfo = [];
    assert.match(checkOperators(unsaid).join(), /^v\d+ has no shape$/);
    for (const version of [8, 21]) {
      const model = { ...plain(), opsetImport: [{ domain: '', version }] };
      assert.match(checkOperators(model).join(), new RegExp(`operator set ${version}`));
    }
  });
});
