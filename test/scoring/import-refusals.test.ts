import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TensorProto } from '../../lib/scoring/onnx-proto.ts';
import { tempDir } from '../kit/temp.ts';
import { float32, floats, imported, model, node, pixelsFor, scoredBy, uint8, written } from './import-graphs.ts';
import { value } from './tiny-models.ts';

const image = [value('image', float32, [1, 3, 6, 8])];
const heat = [value('heat', float32, [1, 1, 6, 8])];
const mean = node('ReduceMean', ['image'], 'grey', { axes: [1], keepdims: 1 });
const scaled = (tensor: TensorProto) =>
  model({ nodes: [mean, node('Mul', ['grey', 'gain'], 'heat')], inputs: image, outputs: heat, tensors: [tensor] });

async function refused(work: Promise<unknown>, ...sentences: RegExp[]) {
  await assert.rejects(work, (error: Record<string, string>) => {
    assert.equal(error.code, 'GP_MODEL_INVALID', error.message);
    assert.ok(error.field && error.expected && error.received, error.message);
    for (const sentence of sentences) assert.match(error.message, sentence);
    return true;
  });
}

describe('importing a model whose weights lie in another file', () => {
  const external = (location: string, more: { key: string; value: string }[] = []): TensorProto => ({
    name: 'gain',
    dims: [2],
    dataType: float32,
    dataLocation: 1,
    externalData: [{ key: 'location', value: location }, ...more],
  });
  const double = { ...floats('gain', [0, 2], [2]) };
  const two = (tensor: TensorProto) =>
    model({
      nodes: [mean, node('Gather', ['gain', 'index'], 'picked', { axis: 0 }), node('Mul', ['grey', 'picked'], 'heat')],
      inputs: image,
      outputs: heat,
      tensors: [tensor, { name: 'index', dims: [1], dataType: 7, int64Data: [1] }],
    });

  it('reads them in where the file lies beside the model', async () => {
    const weights = Buffer.concat([Buffer.alloc(64), Buffer.from(double.rawData ?? [])]);
    const at = [
      { key: 'offset', value: '64' },
      { key: 'length', value: '8' },
    ];
    const got = await imported(
      written(two(external('model.onnx.data', at)), undefined, { 'model.onnx.data': weights }),
    );
    const { score } = await scoredBy(
      got,
      pixelsFor(got, () => 51),
    );
    assert.ok(Math.abs(score - 0.4) < 1e-6);
    assert.match(got.notes.join(' '), /model\.onnx\.data/);
  });

  it('says what to do where it is missing or shorter than the model says', async () => {
    await refused(
      imported(written(two(external('model.onnx.data')))),
      /model\.onnx\.data/,
      /put the weights file beside/,
      /onnx\.save/,
    );
    const at = [
      { key: 'offset', value: '4' },
      { key: 'length', value: '8' },
    ];
    await refused(imported(written(two(external('w', at)), undefined, { w: Buffer.alloc(8) })), /bytes within w/);
    const negative = [
      { key: 'offset', value: '-4' },
      { key: 'length', value: '8' },
    ];
    await refused(imported(written(two(external('w', negative)), undefined, { w: Buffer.alloc(8) })), /bytes within w/);
  });

  it('opens no other file: no path, no way up, no link', async () => {
    const secret = join(tempDir('secret'), 'secret');
    writeFileSync(secret, Buffer.from(double.rawData ?? []));
    for (const location of [secret, '../secret', 'a/b', 'a\\b', '..', '.', '']) {
      await refused(imported(written(two(external(location)))), /a file name in the model's folder/);
    }
    const path = written(two(external('w')));
    symlinkSync(secret, join(dirname(path), 'w'));
    await refused(imported(path), /the weights file w beside the model/);
  });
});

describe('importing a model that cannot work', () => {
  it('names a custom operator and its domain', async () => {
    const custom = { ...node('MyOp', ['grey'], 'heat'), domain: 'com.example', name: 'node 7' };
    const file = written(
      model({
        nodes: [mean, custom],
        inputs: image,
        outputs: heat,
        more: {
          opsetImport: [
            { domain: '', version: 14 },
            { domain: 'com.example', version: 1 },
          ],
        },
      }),
    );
    await refused(imported(file), /MyOp/, /"com\.example"/, /node 7/, /without custom operators/);
  });

  it('names the tensor that holds NaN or infinity', async () => {
    await refused(imported(written(scaled(floats('gain', [1, Number.NaN], [2, 1, 1])))), /"gain"/, /NaN/);
    await refused(
      imported(written(scaled(floats('gain', [1, Number.POSITIVE_INFINITY], [2, 1, 1])))),
      /"gain"/,
      /Infinity/,
    );
    const half: TensorProto = {
      name: 'gain',
      dims: [2],
      dataType: 10,
      rawData: new Uint8Array(Uint16Array.of(0x3c00, 0x7e00).buffer),
    };
    await refused(imported(written(scaled(half))), /"gain"/, /NaN/);
  });

  it('refuses a single NaN only where it reaches the result', async () => {
    await refused(
      imported(written(scaled(floats('gain', [Number.NaN], [])))),
      /output heat/,
      /NaN or infinity on a trial picture/,
    );
    const idle = scaled(floats('gain', [1], []));
    idle.graph?.initializer?.push(floats('threshold never computed', [Number.NaN], []));
    await imported(written(idle));
  });

  it('takes the mask of an attention, 0 and minus infinity', async () => {
    const masked = scaled(floats('gain', [1], []));
    masked.graph?.initializer?.push(floats('mask', [0, Number.NEGATIVE_INFINITY, 0, 0], [2, 2]));
    await imported(written(masked));
  });

  it('lists the outputs with their shapes where none is usable, and says what to do', async () => {
    const features = model({
      nodes: [node('Concat', ['image', 'image'], 'features', { axis: 1 })],
      inputs: image,
      outputs: [value('features', float32, [1, 6, 6, 8])],
    });
    await refused(imported(written(features)), /features 1x6x6x8 \(float32\)/, /name the output that is the map/);
    const twoMaps = model({
      nodes: [mean, node('Neg', ['grey'], 'other')],
      inputs: image,
      outputs: [value('grey', float32, [1, 1, 6, 8]), value('other', float32, [1, 1, 6, 8])],
    });
    await refused(imported(written(twoMaps)), /grey 1x1x6x8.*other 1x1x6x8/);
    await imported(written(twoMaps), { map: 'other' });
    await refused(imported(written(twoMaps), { map: 'nothing' }), /for map but received "?nothing/, /the outputs are/);
    await refused(imported(written(twoMaps), { score: 'grey' }), /an output of one value for score/);
  });

  it('refuses several inputs, other ranks, other types and other numbers of channels, each in one sentence', async () => {
    const identity = [node('Identity', ['image'], 'heat')];
    const two = [...image, value('prompt', float32, [1, 77])];
    await refused(imported(written(model({ nodes: identity, inputs: two, outputs: heat }))), /image, prompt/);
    for (const [sides, type] of [
      [[1, 48], float32],
      [[1, 5, 6, 8], float32],
      [[1, 3, 6, 8], 7],
    ] as const) {
      await refused(
        imported(written(model({ nodes: identity, inputs: [value('image', type, [...sides])], outputs: heat }))),
        /the input of model\.onnx/,
      );
    }
    assert.ok(uint8);
  });

  it('refuses what is no ONNX file, what is empty and what is not there', async () => {
    const path = written(scaled(floats('gain', [1], [])));
    writeFileSync(path, 'this is no model');
    await refused(imported(path), /an ONNX file/);
    writeFileSync(path, '');
    await refused(imported(path), /a readable ONNX file/);
    await refused(imported(join(dirname(path), 'none.onnx')), /a readable ONNX file/);
    await refused(
      imported(written(scaled(floats('gain', [1], []))), {}, join(dirname(path), 'none.json')),
      /a readable none\.json/,
    );
    await refused(imported(written(scaled(floats('gain', [1], [])), 'no json')), /JSON for metadata\.json/);
  });
});
