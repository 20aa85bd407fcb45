import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { attributeTypes, encodeModel, type ModelProto, onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';
import { graph, meanModel, nanModel, value } from './tiny-models.ts';

const pixels = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => i);
const feeds = { image: { data: pixels, shape: [1, 6, 8, 3] } };

async function refused(model: ModelProto | Uint8Array, message: RegExp): Promise<void> {
  const bytes = ArrayBuffer.isView(model) ? model : encodeModel(model);
  await assert.rejects(Session.open(bytes), (error: Error & { code: string }) => {
    assert.equal(error.code, 'GP_MODEL_INVALID');
    assert.match(error.message, message);
    return true;
  });
}

describe('Session', () => {
  it('describes and runs a graph', async () => {
    const session = await Session.open(encodeModel(meanModel));
    assert.deepEqual(session.inputs, [{ name: 'image', type: 'uint8', shape: [1, 6, 8, 3] }]);
    assert.deepEqual(session.outputs, [
      { name: 'map', type: 'float32', shape: [1, 6, 8] },
      { name: 'score', type: 'float32', shape: [] },
    ]);
    const { map, score } = await session.run(feeds);
    assert.deepEqual([...map.shape], [1, 6, 8]);
    assert.deepEqual([...map.data.subarray(0, 3)], [1, 4, 7]);
    assert.ok(Math.abs(score.data[0] - 71.5) < 1e-4);
    assert.deepEqual(Object.keys(await session.run(feeds, ['score'])), ['score']);
    await session.dispose();
  });

  it('takes a Buffer as uint8, and open dimensions', async () => {
    const open = structuredClone(meanModel);
    open.graph = { ...open.graph, input: [value('image', onnxTypes.uint8, ['n', 6, 8, 3])] };
    const session = await Session.open(encodeModel(open), { threads: 2 });
    assert.deepEqual(session.inputs[0].shape, [null, 6, 8, 3]);
    const { map } = await session.run({ image: { data: Buffer.from(pixels), shape: [1, 6, 8, 3] } });
    assert.equal(map.data[1], 4);
    await session.dispose();
  });

  it('lets NaN through', async () => {
    const session = await Session.open(encodeModel(nanModel));
    const { map } = await session.run({ image: { data: new Uint8Array(144), shape: [1, 6, 8, 3] } });
    assert.ok(map.data.every(Number.isNaN));
    await session.dispose();
  });

  it('refuses bytes with another sha256', async () => {
    const bytes = encodeModel(meanModel);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const session = await Session.open(bytes, { sha256 });
    assert.equal(session.sha256, sha256);
    await session.dispose();
    await assert.rejects(Session.open(encodeModel(nanModel), { sha256 }), {
      code: 'GP_MODEL_INVALID',
      expected: sha256,
    });
  });

  it('refuses bytes that are no model, and models that ONNX Runtime cannot run', async () => {
    await refused(Buffer.alloc(0), /bytes for model\.onnx but received/);
    await refused(Buffer.from('no model'), /Expected an ONNX file/);
    await refused(encodeModel(meanModel).subarray(0, 60), /Expected an ONNX file/);
    await refused(
      graph([{ opType: 'NoSuchOperator', input: ['image'], output: ['map'] }], [value('map', 1, [1])]),
      /ONNX Runtime refused/,
    );
    await refused({ ...meanModel, opsetImport: [{ domain: '', version: 999 }] }, /ONNX Runtime refused/);
  });

  it('refuses data in other files wherever it hides', async () => {
    const outside = {
      name: 'w',
      dims: [4],
      dataType: onnxTypes.float32,
      dataLocation: 1,
      externalData: [{ key: 'location', value: '../../etc/passwd' }],
    };
    const constant = {
      opType: 'Constant',
      output: ['c'],
      attribute: [{ name: 'value', type: attributeTypes.tensor, t: outside }],
    };
    const nested = {
      opType: 'If',
      input: ['image'],
      output: ['c'],
      attribute: [{ name: 'then_branch', type: attributeTypes.graph, g: { name: 'inner', node: [constant] } }],
    };
    const initializer = { ...meanModel, graph: { ...meanModel.graph, initializer: [outside] } };
    const onlyPath = { ...meanModel, graph: { ...meanModel.graph, initializer: [{ ...outside, dataLocation: 0 }] } };
    for (const model of [initializer, onlyPath, graph([constant], []), graph([nested], [])]) {
      await refused(model, /Expected a model in one file .*external data of tensor "w"/);
    }
    await refused(graph([{ opType: 'EPContext', domain: 'com.microsoft' }], []), /operator EPContext/);
  });

  it('names a missing input, a wrong count, and an output that is not float32', async () => {
    const session = await Session.open(encodeModel(meanModel));
    await assert.rejects(session.run({}), { code: 'GP_INPUT_INVALID', field: 'input image' });
    await assert.rejects(session.run({ image: { data: pixels, shape: [1, 6, 8, 1] } }), { code: 'GP_INPUT_INVALID' });
    await assert.rejects(session.run({ image: { data: pixels, shape: [1, 8, 6, 3] } }), { code: 'GP_ENGINE_FAILED' });
    assert.equal((await session.run(feeds)).map.data[1], 4, 'it goes on');
    await session.dispose();
    const copy = graph([{ opType: 'Identity', input: ['image'], output: ['map'] }], [value('map', 2, [1, 6, 8, 3])]);
    const bytes = await Session.open(encodeModel(copy));
    await assert.rejects(bytes.run(feeds), { code: 'GP_MODEL_INVALID', received: '"uint8"' });
    await bytes.dispose();
  });
});
