import assert from 'node:assert/strict';
import { checkGraph } from '../../lib/scoring/fit.ts';
import { parseModel } from '../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import {
  decodeModel,
  type NodeProto,
  onnxTypes,
  type TensorProto,
  type ValueInfoProto,
} from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';
import { tempDir } from '../kit/temp.ts';
import {
  bool,
  float16,
  float32,
  float64,
  floats,
  imported,
  int64,
  ints,
  model,
  node,
  pixelsFor,
  scoredBy,
  uint8,
  written,
} from './import-graphs.ts';
import { value } from './tiny-models.ts';

const picture = (sides: (number | string)[], type: number = float32) => [value('image', type, sides)];
const mean = node('ReduceMean', ['image'], 'heat', { axes: [1], keepdims: 1 });
const top = node('ReduceMax', ['heat'], 'top', { axes: [1, 2, 3], keepdims: 0 });
const generic = (
  nodes: NodeProto[],
  outputs: ValueInfoProto[],
  inputs = picture([1, 3, 6, 8]),
  tensors: TensorProto[] = [],
) => model({ nodes, outputs, inputs, tensors });
const heat = value('heat', float32, [1, 1, 6, 8]);

/** The brightest pixel is at (5, 2): 200 of 255, the rest 100. */
const level = (x: number, y: number) => (x === 5 && y === 2 ? 200 : 100);

async function check(got: Awaited<ReturnType<typeof imported>>, scale = 255) {
  const { score, map } = await scoredBy(got, pixelsFor(got, level));
  assert.ok(Math.abs(score * scale - 200) < 0.2, `score ${score * scale}`);
  if (map) {
    assert.ok(Math.abs(map.values[2 * map.width + 5] * scale - 200) < 0.2);
    assert.ok(Math.abs(map.values[2 * map.width + 4] * scale - 100) < 0.2);
  }
  return map;
}

describe('importing any model with a map or a score', () => {
  it('takes one output with four sides as the map and one of a single value as the score', async () => {
    const got = await imported(written(generic([mean, top], [heat, value('top', float32, [1])])));
    assert.equal(got.description.imported?.kind, 'generic');
    assert.deepEqual(got.description.outputs, { map: 'heat', score: 'top' });
    assert.ok(await check(got));
    assert.equal(got.description.calibration.source, 'none');
  });

  it('takes a map alone, or a score alone, of any of the shapes [], [1] and [1, 1]', async () => {
    assert.ok(await check(await imported(written(generic([mean], [heat])))));
    for (const [attributes, dims] of [
      [{ keepdims: 0 }, []],
      [{ axes: [1, 2, 3], keepdims: 0 }, [1]],
      [{ axes: [2, 3], keepdims: 0 }, [1, 1]],
    ] as const) {
      const got = await imported(
        written(generic([mean, node('ReduceMax', ['heat'], 'top', attributes)], [value('top', float32, [...dims])])),
      );
      assert.equal(got.description.outputs.map, null);
      assert.equal(await check(got), null);
    }
  });

  it('takes a named map of rank two or three, and one whose sides come before a single channel', async () => {
    for (const dims of [
      [6, 8],
      [1, 6, 8],
      [1, 6, 8, 1],
    ]) {
      const nodes = [mean, node('Reshape', ['heat', 'sides'], 'shown')];
      const file = written(generic(nodes, [value('shown', float32, dims)], undefined, [ints('sides', dims)]));
      const got = await imported(file, { map: 'shown' });
      const map = await check(got);
      assert.deepEqual([map?.width, map?.height], [8, 6]);
    }
  });

  it('casts float16 and float64 on the way in and out, and leaves bool and whole numbers alone', async () => {
    for (const type of [float16, float64]) {
      const nodes = [
        mean,
        node('Greater', ['heat', 'limit'], 'mask'),
        node('ArgMax', ['heat'], 'row', { axis: 2, keepdims: 1 }),
      ];
      const limit: TensorProto =
        type === float16
          ? { name: 'limit', dims: [], dataType: type, int32Data: [0x3800] }
          : { name: 'limit', dims: [], dataType: type, doubleData: [0.5] };
      const outputs = [
        value('mask', bool, [1, 1, 6, 8]),
        value('row', int64, [1, 1, 1, 8]),
        value('heat', type, [1, 1, 6, 8]),
      ];
      const got = await imported(written(generic(nodes, outputs, picture([1, 3, 6, 8], type), [limit])));
      assert.equal(got.description.input.type, 'float32');
      assert.ok(await check(got));
    }
  });

  it('takes a bool output as a map where it is named', async () => {
    const nodes = [mean, node('Greater', ['heat', 'limit'], 'mask')];
    const got = await imported(
      written(generic(nodes, [value('mask', bool, [1, 1, 6, 8])], undefined, [floats('limit', [0.5], [])])),
      { map: 'mask' },
    );
    const { score, map } = await scoredBy(got, pixelsFor(got, level));
    assert.deepEqual([score, map?.values.reduce((sum, each) => sum + each, 0)], [1, 1]);
  });

  it('takes whole pixels, one channel, and channels last, without guessing at the scale', async () => {
    const cast = node('Cast', ['image'], 'pixels', { to: float32 });
    const last = node('ReduceMean', ['pixels'], 'heat', { axes: [3], keepdims: 0 });
    const whole = await imported(
      written(generic([cast, last], [value('heat', float32, [1, 6, 8])], picture([1, 6, 8, 3], uint8))),
      { map: 'heat' },
    );
    assert.deepEqual(
      [whole.description.input.layout, whole.description.input.type, whole.description.input.scale],
      ['NHWC', 'uint8', undefined],
    );
    assert.ok(await check(whole, 1));
    const grey = await imported(
      written(generic([node('Identity', ['image'], 'heat')], [heat], picture([1, 1, 6, 8]))),
      { scale: 1 },
    );
    assert.equal(grey.description.input.channels, 1);
    assert.ok(await check(grey, 1));
  });

  it('puts mean and deviation into the graph where they are given', async () => {
    const got = await imported(written(generic([mean], [heat])), { mean: [0.5], std: [0.1, 0.2, 0.4] });
    const { score } = await scoredBy(got, pixelsFor(got, level));
    const pixel = 200 / 255 - 0.5;
    assert.ok(Math.abs(score - (pixel / 0.1 + pixel / 0.2 + pixel / 0.4) / 3) < 1e-5);
    await assert.rejects(imported(written(generic([mean], [heat])), { std: [0.1, 0.2] }), /3 numbers above 0 for std/);
    await assert.rejects(imported(written(generic([mean], [heat])), { std: [0] }), /above 0 for std/);
  });

  it('fixes open sizes to the size that is given, and asks for one where nothing tells it', async () => {
    const open = generic([mean], [value('heat', float32, ['n', 1, 'h', 'w'])], picture(['n', 3, 'h', 'w']));
    await assert.rejects(imported(written(open)), /give the size that the model was trained with/);
    const got = await imported(written(open), { size: { width: 8, height: 6 } });
    assert.ok(await check(got));
    const { graph } = decodeModel(got.onnx);
    const sides = [...(graph?.input ?? []), ...(graph?.output ?? [])].map(({ type }) => type?.tensorType?.shape?.dim);
    assert.deepEqual(
      sides.map((dims) => dims?.map(({ dimValue, dimParam }) => dimParam || dimValue)),
      [
        [1, 3, 6, 8],
        [1, 1, 6, 8],
      ],
    );
    await assert.rejects(
      imported(written(generic([mean], [heat])), { size: { width: 9, height: 6 } }),
      /the model's own 8x6/,
    );
  });

  it('computes what hangs on sizes alone beforehand, so that an engine gets a static graph', async () => {
    const nodes = [
      node('Shape', ['image'], 'shape'),
      node('Slice', ['shape', 'two', 'four', 'nought'], 'sides'),
      node('Concat', ['ones', 'sides'], 'target', { axis: 0 }),
      mean,
      node('Reshape', ['heat', 'target'], 'shown'),
    ];
    const tensors = [ints('two', [2]), ints('four', [4]), ints('nought', [0]), ints('ones', [1, 1])];
    const open = generic(nodes, [value('shown', float32, ['n', 1, 'h', 'w'])], picture(['n', 3, 'h', 'w']), tensors);
    const got = await imported(written(open), { size: { width: 8, height: 6 } });
    assert.ok(await check(got));
    assert.deepEqual(
      decodeModel(got.onnx).graph?.node?.map(({ opType }) => opType),
      ['ReduceMean', 'Reshape'],
    );
  });

  it('does not take for a size what hangs on the picture: how many pixels are bright', async () => {
    const cut: TensorProto = floats('cut', [0.6]);
    const nodes = [
      mean,
      node('Greater', ['heat', 'cut'], 'bright'),
      node('NonZero', ['bright'], 'places'),
      node('Shape', ['places'], 'shape'),
      node('Slice', ['shape', 'one', 'two', 'nought'], 'count'),
      node('Cast', ['count'], 'weight', { to: float32 }),
      node('Mul', ['heat', 'weight'], 'shown'),
    ];
    const tensors = [cut, ints('one', [1]), ints('two', [2]), ints('nought', [0])];
    const found = generic(nodes, [value('shown', float32, [1, 1, 6, 8])], undefined, tensors);
    assert.ok(await check(await imported(written(found))));
  });

  it('gives the store a model that loads as described', async () => {
    const got = await imported(written(generic([mean, top], [heat, value('top', float32, [1])])));
    const store = new ModelStore(tempDir('models'));
    await store.add(got.description, got.onnx);
    const read = await store.read('part', '1');
    const session = await Session.open(got.onnx, { sha256: read.sha256 });
    checkGraph(read, session.inputs, session.outputs);
    await session.dispose();
    assert.equal(parseModel(read).tool, 'goodpart import');
  });

  it('keeps “to the end” of a Slice, the largest whole number, through reading and writing', async () => {
    const end: TensorProto = {
      name: 'end',
      dims: [1],
      dataType: onnxTypes.int64,
      rawData: new Uint8Array(BigInt64Array.of(2n ** 63n - 1n).buffer),
    };
    const constant: NodeProto = {
      opType: 'Constant',
      input: [],
      output: ['last'],
      attribute: [{ name: 'value_ints', type: 7, ints: [2 ** 63] }],
    };
    const nodes = [
      constant,
      mean,
      node('Slice', ['heat', 'from', 'end', 'rows'], 'a'),
      node('Slice', ['a', 'from', 'last', 'rows'], 'shown'),
    ];
    const got = await imported(
      written(
        generic(nodes, [value('shown', float32, [1, 1, 6, 8])], undefined, [end, ints('from', [0]), ints('rows', [2])]),
      ),
    );
    assert.ok(await check(got));
  });
});
