import assert from 'node:assert/strict';
import type { FeatureExtractor } from '../../lib/learning/features/extractor.ts';
import { bankFeatures, featureChannels, filterBank } from '../../lib/learning/features/fixed-bank.ts';
import { GraphBuilder } from '../../lib/learning/graph/graph-builder.ts';
import { writeGraph } from '../../lib/learning/graph/write-graph.ts';
import type { GraphDistance } from '../../lib/learning/heads/head.ts';
import { featureGraph, type ModelParts, modelGraph } from '../../lib/learning/model-graph.ts';
import { decodeModel } from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';

const size = { width: 96, height: 64 };
const extractor: FeatureExtractor = bankFeatures(1, { seed: 1, strides: [1, 1, 1] });

/** Distance 5 wherever the two projected features are 3 and 4. */
const length: Pick<GraphDistance, 'addDistance'> = {
  addDistance: (graph, z, grid) => {
    const square = graph.reduceSum(graph.binary('Mul', z, z), [1]);
    return graph.reshape(graph.unary('Sqrt', square), [1, 1, grid.height, grid.width]);
  },
};

/** A model whose two projected features are constant. */
function plainModel(bias = new Float32Array(2)): ModelParts & { projection: object } {
  const weights = new Float32Array(2 * featureChannels);
  const projection = { channels: featureChannels, dimensions: 2, weights, bias, explained: 1 };
  const [spread, deviation] = [new Float32Array(96).fill(1), new Float32Array(96).fill(1)];
  const calibration = { spread, mean: new Float32Array(96), deviation };
  return { size, channels: 1, extractor, projection, head: length, calibration };
}

describe('the learned graph', () => {
  it('takes uint8 NHWC and gives a map of the whole frame and its maximum', async () => {
    const session = await Session.open(writeGraph(modelGraph(plainModel())));
    assert.deepEqual(session.inputs, [{ name: 'image', type: 'uint8', shape: [1, 64, 96, 1] }]);
    assert.deepEqual(session.outputs, [
      { name: 'map', type: 'float32', shape: [1, 1, 8, 12] },
      { name: 'score', type: 'float32', shape: [1] },
    ]);
    await session.dispose();
  });

  it('computes the distance, its calibration, the smoothing and the maximum', async () => {
    // Both features constant 3 and 4: distance 5 everywhere, 10 in units of its spread, but at one position 20.
    const model = plainModel(Float32Array.of(3, 4));
    model.calibration.spread.fill(0.5);
    const odd = 3 * 12 + 9; // row 3, column 9
    model.calibration.spread[odd] /= 2;
    model.calibration.mean.fill(6);
    model.calibration.deviation.fill(2);
    model.calibration.mean[0] = -2;
    model.calibration.deviation[0] = 4;
    const session = await Session.open(writeGraph(modelGraph(model)));
    const { map, score } = await session.run({ image: { data: Buffer.alloc(64 * 96, 128), shape: [1, 64, 96, 1] } });
    assert.ok(Math.abs(map.data[0] - 3) < 1e-5 && Math.abs(map.data[95] - 2) < 1e-5);
    assert.equal(map.data.indexOf(score.data[0]), odd);
    assert.ok(score.data[0] > 3 && score.data[0] < 7, `${score.data[0]}`);
    const sum = map.data.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - (94 * 2 + 7 + 3)) < 1e-3, 'smoothing keeps the sum');
    await session.dispose();
  });

  it('has features that a change of brightness and contrast leaves alone', async () => {
    const session = await Session.open(writeGraph(featureGraph({ size, channels: 1, extractor })));
    const picture = Buffer.from(
      Uint8Array.from({ length: 64 * 96 }, (_, i) => 60 + ((i * 7919) % 53) + (i % 96 > 40 ? 30 : 0)),
    );
    const brighter = picture.map((value) => value * 1.5 + 20);
    const run = async (data: Uint8Array) =>
      (await session.run({ image: { data, shape: [1, 64, 96, 1] } })).features.data;
    const [a, b] = [await run(picture), await run(brighter)];
    const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    assert.equal(a.length, featureChannels * 8 * 12);
    assert.ok(worst < 0.1, `differs by ${worst}`);
    const flat = await run(new Uint8Array(64 * 96).fill(77));
    assert.ok(flat.every(Number.isFinite));
    await session.dispose();
  });

  it('has zero-mean unit filters that depend on the seed alone', () => {
    const bank = filterBank(5);
    for (let at = 0; at < bank.length; at += 49) {
      const filter = bank.subarray(at, at + 49);
      assert.ok(Math.abs(filter.reduce((a, b) => a + b, 0)) < 1e-5);
      assert.ok(Math.abs(filter.reduce((a, b) => a + b * b, 0) - 1) < 1e-5);
    }
    assert.deepEqual(filterBank(5), bank);
    assert.notDeepEqual(filterBank(6), bank);
    assert.ok(featureChannels <= 260);
  });

  it('writes reductions as the operator set of what it took over wants them', async () => {
    for (const [opset, operators] of [
      [11, []],
      [13, ['ReduceSum']],
      [18, ['ReduceSum', 'ReduceMean', 'ReduceMax']],
    ] as const) {
      const graph = new GraphBuilder('reductions');
      const input = graph.input('in', [1, 2, 1, 2], 'float32');
      const outputs = {
        mean: graph.reduce('ReduceMean', input, [1, 3]),
        most: graph.reduce('ReduceMax', input, [3]),
        sum: graph.reduceSum(input, [1]),
      };
      graph.adopt({ opset, nodes: [], constants: [], values: [] });
      const onnx = writeGraph(graph.finish(outputs));
      const nodes = decodeModel(onnx).graph?.node ?? [];
      const byInput = nodes.filter(({ input }) => input?.length === 2).map(({ opType }) => opType);
      assert.deepEqual(byInput.sort(), [...operators].sort());
      const session = await Session.open(onnx);
      const results = await session.run({ in: { data: Float32Array.of(1, 2, 3, 6), shape: [1, 2, 1, 2] } });
      assert.deepEqual([...results.mean.data, ...results.most.data, ...results.sum.data], [3, 2, 6, 4, 8]);
      assert.deepEqual(results.most.shape, [1, 2, 1, 1]);
      await session.dispose();
    }
  });

  it('fails while building where sizes do not fit', () => {
    const graph = new GraphBuilder('wrong');
    const a = graph.input('a', [1, 2, 6, 6], 'float32');
    const b = graph.constant([1, 3, 1, 1], new Float32Array(3));
    assert.throws(() => graph.binary('Add', a, b), /Add/);
    assert.throws(() => graph.reshape(a, [5]), /Reshape/);
    assert.throws(() => graph.pool('MaxPool', a, 4), /MaxPool/);
    assert.throws(() => graph.convolve(a, graph.constant([1, 3, 1, 1], new Float32Array(3)), null), /Conv/);
    assert.throws(() => graph.constant([2], new Float32Array(3)), /constant/);
    assert.throws(() => graph.finish({ out: a }), /no node/);
    graph.adopt({ opset: 13, nodes: [], constants: [], values: [] });
    assert.throws(() => graph.adopt({ opset: 13, nodes: [], constants: [], values: [] }), /one part/);
  });
});
