import assert from 'node:assert/strict';
import { featureChannels, filterBank } from '../../lib/learning/features/fixed-bank.ts';
import { GraphBuilder } from '../../lib/learning/graph/graph-builder.ts';
import { opset, writeGraph } from '../../lib/learning/graph/write-graph.ts';
import { featureGraph, gridOf, modelGraph } from '../../lib/learning/model-graph.ts';
import { decodeModel } from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';

/** What TensorRT 8.5 to 10 parse at FP32 with static shapes. */
const basic = [
  'Abs',
  'Add',
  'AveragePool',
  'Cast',
  'Concat',
  'Conv',
  'Div',
  'Log',
  'MatMul',
  'MaxPool',
  'Mul',
  'Neg',
  'Pad',
  'ReduceMax',
  'ReduceMean',
  'ReduceSum',
  'Relu',
  'Reshape',
  'Sqrt',
  'Sub',
  'Transpose',
];

const size = { width: 96, height: 64 };

/** A model whose first two axes pass through, with a Gaussian of unit covariance about zero at each position. */
function plainModel(bias: Float32Array = new Float32Array(2)) {
  const grid = gridOf(size);
  const positions = grid.width * grid.height;
  const projection = {
    channels: featureChannels,
    dimensions: 2,
    weights: new Float32Array(2 * featureChannels),
    bias,
    explained: 1,
  };
  const whitening = new Float32Array(positions * 4);
  for (let p = 0; p < positions; p++) whitening.set([1, 0, 0, 1], p * 4);
  const mean = new Float32Array(positions * 2);
  const calibration = { mean: new Float32Array(positions), deviation: new Float32Array(positions).fill(1) };
  return { projection, field: { mean, whitening }, calibration };
}

describe('the learned graph', () => {
  it('uses basic operators of opset 13 only, with every size known', () => {
    const { projection, field, calibration } = plainModel();
    const model = decodeModel(writeGraph(modelGraph(size, 1, projection, field, calibration)));
    assert.deepEqual(model.opsetImport, [{ domain: '', version: opset }]);
    assert.ok(opset >= 13 && opset <= 17);
    const graph = model.graph;
    assert.ok(graph?.node && graph.valueInfo && graph.input && graph.output);
    for (const node of graph.node) {
      assert.ok(basic.includes(node.opType), `${node.opType} is not a basic operator`);
      assert.equal(node.domain ?? '', '');
    }
    const described = new Set<string>();
    for (const value of [...graph.valueInfo, ...graph.input, ...graph.output]) {
      const dims = value.type?.tensorType?.shape?.dim;
      assert.ok(dims && dims.length > 0, `${value.name} has no shape`);
      for (const dim of dims) assert.ok((dim.dimValue ?? 0) > 0 && !dim.dimParam, `${value.name} has an open side`);
      described.add(value.name);
    }
    for (const node of graph.node)
      for (const name of node.output ?? []) assert.ok(described.has(name), `${name} unsaid`);
  });

  it('takes uint8 NHWC and gives a map of the whole frame and its maximum', async () => {
    const { projection, field, calibration } = plainModel();
    const session = await Session.open(writeGraph(modelGraph(size, 1, projection, field, calibration)));
    assert.deepEqual(session.inputs, [{ name: 'image', type: 'uint8', shape: [1, 64, 96, 1] }]);
    assert.deepEqual(session.outputs, [
      { name: 'map', type: 'float32', shape: [1, 1, 8, 12] },
      { name: 'score', type: 'float32', shape: [1] },
    ]);
    await session.dispose();
  });

  it('computes the distance, its calibration, the smoothing and the maximum', async () => {
    // Both axes constant 3 and 4: distance 5 everywhere, calibrated (5 - 1) / 2 = 2 but at one position, where it is 12.
    const { projection, field, calibration } = plainModel(Float32Array.of(3, 4));
    calibration.mean.fill(1);
    calibration.deviation.fill(2);
    const odd = 3 * 12 + 9; // row 3, column 9
    calibration.mean[odd] = -19;
    const session = await Session.open(writeGraph(modelGraph(size, 1, projection, field, calibration)));
    const { map, score } = await session.run({ image: { data: Buffer.alloc(64 * 96, 128), shape: [1, 64, 96, 1] } });
    assert.ok(Math.abs(map.data[0] - 2) < 1e-5 && Math.abs(map.data[95] - 2) < 1e-5);
    assert.equal(map.data.indexOf(score.data[0]), odd);
    assert.ok(score.data[0] > 4 && score.data[0] < 12, `${score.data[0]}`);
    const sum = map.data.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - (95 * 2 + 12)) < 1e-3, 'smoothing keeps the sum');
    await session.dispose();
  });

  it('has features that a change of brightness and contrast leaves alone', async () => {
    const session = await Session.open(writeGraph(featureGraph(size, 1)));
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
  });
});
