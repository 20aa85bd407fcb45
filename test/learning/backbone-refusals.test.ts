import assert from 'node:assert/strict';
import { backboneFeatures } from '../../lib/learning/features/backbone.ts';
import { listLayers } from '../../lib/learning/features/backbone-layers.ts';
import { attributeTypes, type ModelProto, onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { value } from '../scoring/tiny-models.ts';
import { noise } from './backbone-judge.ts';
import { bytesOf, cnn, int, Writer } from './tiny-backbones.ts';

const refused = (model: ModelProto, ...words: RegExp[]) =>
  assert.rejects(listLayers(bytesOf(model)), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'GP_LEARN_FAILED');
    for (const word of words) assert.match(error.message, word);
    assert.ok(!error.message.includes('\n'), 'one sentence');
    return true;
  });

describe('a backbone that cannot be used', () => {
  it('is told so when it is no ONNX file', async () => {
    await assert.rejects(listLayers(Buffer.from('no network at all')), /Expected an ONNX file/);
    await assert.rejects(listLayers(Buffer.alloc(0)), /Expected/);
  });

  it('is told how to put its weights inside', async () => {
    const model = cnn();
    const weights = model.graph?.initializer?.[0];
    assert.ok(weights);
    weights.rawData = undefined;
    weights.dataLocation = 1;
    weights.externalData = [{ key: 'location', value: '/etc/passwd' }];
    await refused(model, /stem1\.w/, /external_data=False/);
  });

  it('is told the operator and its domain when it is no standard one', async () => {
    const model = cnn();
    model.opsetImport?.push({ domain: 'com.example', version: 1 });
    const node = model.graph?.node?.find(({ opType }) => opType === 'Relu');
    assert.ok(node);
    node.domain = 'com.example';
    node.opType = 'FancyRelu';
    await refused(model, /FancyRelu/, /com\.example/, /export it again/);
  });

  it('is told which weights are no numbers, wherever the file keeps them', async () => {
    const half = Uint8Array.from([0, 0x7e]);
    const cases = [
      { dims: [1], dataType: onnxTypes.float32, rawData: new Uint8Array(Float32Array.of(Number.NaN).buffer) },
      { dims: [2], dataType: onnxTypes.float32, floatData: [1, Number.NaN] },
      { dims: [1], dataType: onnxTypes.float64, doubleData: [Number.NaN] },
      { dims: [1], dataType: onnxTypes.float16, rawData: half },
    ];
    for (const tensor of cases) {
      const model = cnn();
      model.graph?.initializer?.push({ name: 'spoilt', ...tensor });
      await refused(model, /spoilt/, /NaN/, /export the network again/);
      const inside = cnn();
      const attribute = [{ name: 'value', type: attributeTypes.tensor, t: tensor }];
      inside.graph?.node?.unshift({ opType: 'Constant', output: ['spoilt'], attribute });
      await refused(inside, /spoilt/, /NaN/);
    }
  });

  it('is told when its weights are cut off', async () => {
    const model = cnn();
    const weights = model.graph?.initializer?.[0];
    assert.ok(weights?.rawData);
    weights.rawData = weights.rawData.subarray(0, 8);
    await refused(model, /stem1\.w/, /damaged/);
  });

  it('is told to be exported with a newer operator set', () =>
    refused(cnn({ opset: 9 }), /11 or newer/, /opset_version=17/));

  it('is told when its operator set is newer than ONNX Runtime', () =>
    refused(cnn({ opset: 99 }), /ONNX Runtime/, /export it/));

  it('is told when it wants more than one picture, none, or several at a time', async () => {
    const two = cnn();
    two.graph?.input?.push(value('mask', onnxTypes.float32, [1, 1, 64, 96]));
    await refused(two, /one picture/, /input, mask/);
    const batch = cnn();
    batch.graph?.input?.splice(0, 1, value('input', onnxTypes.float32, [4, 3, 64, 96]));
    await refused(batch, /one picture/, /\[4, 3, 64, 96\]/);
    const text = cnn();
    text.graph?.input?.splice(0, 1, value('input', onnxTypes.int64, [1, 77]));
    await refused(text, /float32, float16 or uint8/);
  });

  it('is told when none of its tensors says anything of places', async () => {
    const w = new Writer();
    w.node('GlobalAveragePool', ['input'], 'pooled');
    w.node('Flatten', ['pooled'], 'flat');
    w.node('MatMul', ['flat', w.draw('classes', [3, 5])], 'logits');
    const model = w.model(13, value('input', onnxTypes.float32, [1, 3, 64, 64]), [{ name: 'logits' }]);
    await refused(model, /layers that describe places/, /without its classifier/);
  });

  it('is told when it does not run at this size', async () => {
    const w = new Writer();
    w.conv('input', 'first', [8, 3, 7], 8);
    w.node('Reshape', ['first', w.list('fixed', [1, 8, 49])], 'flat');
    const model = w.model(13, value('input', onnxTypes.float32, [1, 3, 'h', 'w']), [{ name: 'flat' }]);
    await refused(model, /256 x 256/, /often 224/);
  });

  it('is told when a loop lies before the layer, and offers those before the loop', async () => {
    const w = new Writer();
    w.node('Relu', [w.conv('input', 'first', [8, 3, 7], 8)], 'before');
    const inner = new Writer();
    inner.node('Add', ['state', 'before'], 'next');
    inner.node('Identity', ['go'], 'on');
    const body = {
      name: 'body',
      node: inner.nodes,
      input: [
        value('turn', onnxTypes.int64, []),
        value('go', onnxTypes.bool, []),
        value('state', onnxTypes.float32, [1, 8, 8, 8]),
      ],
      output: [value('on', onnxTypes.bool, []), value('next', onnxTypes.float32, [1, 8, 8, 8])],
    };
    w.node('ReduceMax', ['before'], 'top', [int('keepdims', 0)]);
    w.node('Cast', ['top'], 'turns', [int('to', onnxTypes.int64)]);
    w.node('Loop', ['turns', '', 'before'], 'looped', [{ name: 'body', type: attributeTypes.graph, g: body }]);
    w.node('Relu', ['looped'], 'after');
    const model = w.model(13, value('input', onnxTypes.float32, [1, 3, 64, 64]), [{ name: 'after' }]);
    const { layers, warnings } = await listLayers(bytesOf(model));
    assert.deepEqual(
      layers.map(({ name }) => name),
      ['before'],
    );
    assert.match(warnings.join(), /Loop/);
  });

  it('is told which layer it has not, and what it has', async () => {
    const pictures = noise({ width: 96, height: 64 }, 1);
    const choose = (layers: string[]) =>
      backboneFeatures({ model: bytesOf(cnn()), layers, normalisation: 'imagenet' }, pictures);
    await assert.rejects(choose(['layer9']), /layer1 and layer2 for example.*layer9/);
    await assert.rejects(choose([]), /at least one layer/);
    await assert.rejects(choose(['logits']), /logits/);
  });

  it('is told when the pictures have another size than it insists on', async () => {
    const choice = { model: bytesOf(cnn()), layers: ['layer1'], normalisation: 'imagenet' as const };
    await assert.rejects(backboneFeatures(choice, noise({ width: 64, height: 64 }, 1)), /96 x 64 pixels.*64 x 64/);
  });

  it('is told when its features are no finite numbers', async () => {
    const w = new Writer();
    const maps = w.conv('input', 'first', [8, 3, 7], 8);
    w.node('Div', [maps, w.floats('nothing', [1], [0])], 'infinite');
    const model = w.model(13, value('input', onnxTypes.float32, [1, 3, 64, 64]), [{ name: 'infinite' }]);
    const choice = { model: bytesOf(model), layers: ['infinite'], normalisation: 'imagenet' as const };
    await assert.rejects(backboneFeatures(choice, noise({ width: 64, height: 64 }, 1)), /finite numbers/);
  });
});
