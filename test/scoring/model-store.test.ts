import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../lib/core/canonical-json.ts';
import { identityOf, modelJsonSchema, parseModel } from '../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { encodeModel } from '../../lib/scoring/onnx-proto.ts';
import { tempDir } from '../kit/temp.ts';
import { addTiny, describeTiny, meanModel, nanModel, tinyInput } from './tiny-models.ts';

const valid = () => ({ schema: 1, ...describeTiny(), sha256: 'ab'.repeat(32) });

function refusedField(change: (json: Record<string, never>) => unknown): string {
  const json = structuredClone(valid()) as never;
  change(json);
  try {
    parseModel(json);
  } catch (error) {
    const { code, field, message } = error as { code: string; field: string; message: string };
    assert.equal(code, 'GP_MODEL_INVALID');
    assert.ok(message.includes('but received'), message);
    return field;
  }
  return 'nothing refused';
}

describe('model.json', () => {
  it('is taken when it is right', () => {
    assert.deepEqual(parseModel(valid()), valid());
  });

  it('is refused with the field, what was expected and what came', () => {
    const set = (path: string, to: unknown) =>
      refusedField((json) => {
        const keys = path.split('.');
        const last = keys.pop() as string;
        (keys.reduce((part, key) => part[key], json) as Record<string, unknown>)[last] = to;
      });
    assert.equal(set('schema', 2), 'model.json.schema');
    assert.equal(set('sha256', 'x'), 'model.json.sha256');
    assert.equal(set('input.width', 0), 'model.json.input.width');
    assert.equal(set('input.width', 1e9), 'model.json.input.width');
    assert.equal(set('input.channels', 2), 'model.json.input.channels');
    assert.equal(set('calibration.fail', Number.NaN), 'model.json.calibration.fail');
    assert.equal(set('calibration.fail', null), 'model.json.calibration.fail');
    assert.equal(set('outputs', { map: null, score: null }), 'model.json.outputs');
    assert.equal(set('createdAt', 'yesterday'), 'model.json.createdAt');
    assert.equal(set('surprise', 1), 'model.json');
    for (const nothing of [null, 5, 'text', []]) assert.throws(() => parseModel(nothing), { code: 'GP_MODEL_INVALID' });
  });

  it('is refused when its preprocessing is not what this version does', () => {
    const changes: Record<string, string | number>[] = [
      { kernel: 'lanczos3' },
      { version: 2 },
      { width: 9 },
      { extra: 1 },
    ];
    for (const change of changes) {
      const json = valid();
      json.preprocessing = { ...json.preprocessing, ...change };
      assert.throws(() => parseModel(json), { code: 'GP_MODEL_INVALID', field: 'model.json.preprocessing' });
    }
  });

  it('gives an identity whose preprocessing hash follows every part of the preprocessing', () => {
    const base = identityOf(parseModel(valid()));
    assert.match(base.preprocessing, /^[0-9a-f]{64}$/);
    const hashes = new Set([base.preprocessing]);
    for (const change of [{ width: 9 }, { channels: 1 }, { layout: 'NCHW' }, { type: 'float32' }] as const) {
      const described = describeTiny({ input: { ...tinyInput, ...change } });
      hashes.add(identityOf(parseModel({ ...valid(), ...described })).preprocessing);
    }
    assert.equal(hashes.size, 5);
    const json = valid();
    const reversed = { ...json, preprocessing: Object.fromEntries(Object.entries(json.preprocessing).reverse()) };
    assert.deepEqual(identityOf(parseModel(reversed)), base, 'the order of keys does not count');
    assert.equal(canonicalJson({ b: 1, a: [{ d: 1, c: null }] }), '{"a":[{"c":null,"d":1}],"b":1}');
  });

  it('has a JSON Schema', () => {
    const { properties, required } = modelJsonSchema() as { properties: Record<string, unknown>; required: string[] };
    assert.deepEqual(properties.schema, { type: 'number', const: 1 });
    assert.ok(required.includes('sha256') && required.includes('preprocessing'));
  });
});

describe('ModelStore', () => {
  it('stores a version and reads it back', async () => {
    const store = new ModelStore(join(tempDir('models'), 'not yet there'));
    assert.deepEqual(await store.list(), []);
    assert.equal(await store.latest('tiny'), null);
    const dir = await addTiny(store, meanModel);
    assert.equal(dir, store.dirOf('tiny', '1'));
    const model = await store.read('tiny', '1');
    assert.equal(model.schema, 1);
    assert.deepEqual(readFileSync(join(dir, 'model.onnx')), encodeModel(meanModel));
    assert.deepEqual(await store.list(), [{ name: 'tiny', version: '1', dir }]);
  });

  it('never changes a version and leaves nothing half behind', async () => {
    const store = new ModelStore(tempDir('models'));
    const dir = await addTiny(store, meanModel);
    await assert.rejects(addTiny(store, nanModel), { code: 'GP_MODEL_INVALID', field: 'model version' });
    assert.deepEqual(readFileSync(join(dir, 'model.onnx')), encodeModel(meanModel));
    await assert.rejects(store.add({ ...describeTiny(), version: '' }, encodeModel(meanModel)), {
      code: 'GP_MODEL_INVALID',
    });
    assert.deepEqual(readdirSync(join(store.root, 'tiny')), ['1']);
  });

  it('counts versions up and knows the newest by its date', async () => {
    const store = new ModelStore(tempDir('models'));
    assert.equal(await store.nextVersion('tiny'), '1');
    for (const [version, day] of [
      ['2', '03'],
      ['10', '02'],
      ['9', '01'],
    ]) {
      await addTiny(store, meanModel, { version, createdAt: `2026-11-${day}T00:00:00.000Z` });
    }
    await addTiny(store, meanModel, { name: 'other', createdAt: '2026-12-01T00:00:00.000Z' });
    assert.deepEqual(
      (await store.list()).map(({ name, version }) => `${name} ${version}`),
      ['other 1', 'tiny 9', 'tiny 10', 'tiny 2'],
    );
    assert.equal(await store.latest('tiny'), '2');
    assert.equal(await store.nextVersion('tiny'), '11');
  });

  it('says what is wrong with a damaged or missing model', async () => {
    const store = new ModelStore(tempDir('models'));
    await assert.rejects(store.read('tiny', '1'), { code: 'GP_MODEL_INVALID', field: 'model.json' });
    const dir = await addTiny(store, meanModel);
    const onnx = join(dir, 'model.onnx');
    const json = join(dir, 'model.json');
    const bytes = readFileSync(onnx);
    bytes[20] ^= 1;
    writeFileSync(onnx, bytes);
    await assert.rejects(store.read('tiny', '1'), { code: 'GP_MODEL_INVALID', field: 'model.onnx sha256' });
    rmSync(onnx);
    await assert.rejects(store.read('tiny', '1'), { code: 'GP_MODEL_INVALID', field: 'model.onnx' });
    writeFileSync(json, '{"half": ');
    await assert.rejects(store.read('tiny', '1'), {
      code: 'GP_MODEL_INVALID',
      message: /Expected JSON for model\.json/,
    });
    assert.deepEqual(await store.list(), []);
    writeFileSync(json, JSON.stringify({ ...valid(), name: 'impostor' }));
    await assert.rejects(store.read('tiny', '1'), { code: 'GP_MODEL_INVALID', expected: 'tiny 1' });
  });

  it('keeps hostile names inside its folder', async () => {
    const root = join(tempDir('models'), 'root');
    const store = new ModelStore(root);
    for (const name of ['../../up', 'a/b', '.', '..', 'C:\\x', 'NUL\0', 'ünïcode 検', '-rf', '.hidden']) {
      const dir = await addTiny(store, meanModel, { name });
      assert.ok(dir.startsWith(`${root}/`) && !dir.slice(root.length).includes('..'), dir);
      assert.equal((await store.read(name, '1')).name, name);
    }
    assert.equal((await store.list()).length, 9);
    mkdirSync(join(root, 'empty', '1'), { recursive: true });
    assert.equal((await store.list()).length, 9);
  });
});
