import assert from 'node:assert/strict';
import { listLayers } from '../../lib/learning/features/backbone-layers.ts';
import { onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { value } from '../scoring/tiny-models.ts';
import { bytesOf, cnn, int, ints, transformer, Writer } from './tiny-backbones.ts';

describe('the layers that a backbone file offers', () => {
  it('are found inside a classifier that gives out nothing but logits', async () => {
    const { layers, input, fixedSize, size, opset } = await listLayers(bytesOf(cnn({ opset: 11 })));
    assert.deepEqual(
      layers.map(({ name, kind, shape, stride, channels, output }) => [
        name,
        kind,
        shape.join(),
        stride,
        channels,
        output,
      ]),
      [
        ['stem1.relu', 'map', '1,4,32,48', 2, 4, false],
        ['stem2.relu', 'map', '1,6,16,24', 4, 6, false],
        ['layer1', 'map', '1,8,8,12', 8, 8, false],
        ['layer2', 'map', '1,12,4,6', 16, 12, false],
      ],
    );
    assert.deepEqual(input.shape, [1, 3, 64, 96]);
    assert.equal(input.layout, 'NCHW');
    assert.deepEqual(fixedSize, size);
    assert.equal(opset, 11);
  });

  it('suggest the blocks of stride 8 and 16', async () => {
    const { layers } = await listLayers(bytesOf(cnn()));
    assert.deepEqual(
      layers.filter(({ suggested }) => suggested).map(({ name }) => name),
      ['layer1', 'layer2'],
    );
  });

  it('put what the file gives out first', async () => {
    const model = cnn();
    model.graph?.output?.push({ name: 'layer1.0.relu' }, { name: 'layer2.0' });
    const { layers } = await listLayers(bytesOf(model));
    const suggested = layers.filter(({ suggested }) => suggested);
    assert.deepEqual(
      suggested.map(({ name, output }) => [name, output]),
      [
        ['layer1.0.relu', true],
        ['layer2.0', true],
      ],
    );
  });

  it('follow the picture where the file leaves its size open', async () => {
    const model = bytesOf(cnn({ sides: ['height', 'width'] }));
    const small = await listLayers(model, { width: 160, height: 128 });
    assert.equal(small.fixedSize, null);
    assert.deepEqual(small.layers.at(-1)?.shape, [1, 12, 8, 10]);
    const usual = await listLayers(model);
    assert.deepEqual(usual.size, { width: 256, height: 256 });
    assert.deepEqual(usual.layers.at(-1)?.grid, { width: 16, height: 16 });
  });

  it('are tokens in a transformer, with those that stand for the whole picture counted', async () => {
    for (const [extra, tokens] of [
      [1, true],
      [5, false],
      [0, false],
    ] as const) {
      const { layers } = await listLayers(bytesOf(transformer({ extra, tokens })));
      const norm = layers.find(({ name }) => name === 'norm');
      assert.ok(norm, `no norm with ${extra}`);
      assert.deepEqual(norm.shape, [1, 16 + extra, 16]);
      assert.equal(norm.kind, 'tokens');
      assert.equal(norm.extraTokens, extra);
      assert.deepEqual(norm.grid, { width: 4, height: 4 });
      assert.equal(norm.output, tokens);
      assert.deepEqual(
        layers.filter(({ suggested }) => suggested).map(({ name }) => name),
        ['block1', 'norm'],
      );
      assert.ok(!layers.some(({ name }) => name.includes('scores') || name.includes('weights')));
    }
  });

  it('suggest maps that a transformer gives out before its inner tokens', async () => {
    const model = transformer({ extra: 0 });
    for (const [from, flipped, map] of [
      ['block1', 'flipped1', 'map1'],
      ['norm', 'flipped2', 'map2'],
    ]) {
      model.graph?.node?.push(
        { opType: 'Transpose', input: [from], output: [flipped], attribute: [ints('perm', [0, 2, 1])] },
        { opType: 'Reshape', input: [flipped, 'map shape'], output: [map] },
      );
      model.graph?.output?.push({ name: map });
    }
    const dims = new Uint8Array(BigInt64Array.of(1n, 16n, 4n, 4n).buffer);
    model.graph?.initializer?.push({ name: 'map shape', dims: [4], dataType: onnxTypes.int64, rawData: dims });
    const { layers } = await listLayers(bytesOf(model));
    const suggested = layers.filter(({ suggested }) => suggested);
    assert.deepEqual(
      suggested.map(({ name, kind, extraTokens }) => [name, kind, extraTokens]),
      [
        ['map1', 'map', 0],
        ['map2', 'map', 0],
      ],
    );
  });

  it('say when TensorRT may refuse an operator', async () => {
    const w = new Writer();
    w.conv('input', 'first', [8, 3, 7], 8);
    w.node('Elu', ['first'], 'fine');
    w.nodes.push({
      opType: 'TopK',
      input: ['fine', w.list('k', [2])],
      output: ['top', 'where'],
      attribute: [int('axis', 1)],
    });
    const model = w.model(13, value('input', onnxTypes.float32, [1, 3, 64, 64]), [{ name: 'top' }]);
    assert.deepEqual((await listLayers(bytesOf(model))).warnings, ['TensorRT may refuse operator TopK']);
    const young = await listLayers(bytesOf(cnn({ opset: 21 })));
    assert.match(young.warnings.join(), /operator set 21/);
    assert.deepEqual((await listLayers(bytesOf(cnn()))).warnings, []);
  });
});

describe('the normalisation of a backbone', () => {
  it('is ImageNet’s where the file does none', async () => {
    const { normalisation } = await listLayers(bytesOf(cnn()));
    assert.equal(normalisation.guess, 'imagenet');
    assert.match(normalisation.why, /does not normalise by itself/);
  });

  it('is a plain range where the file does it', async () => {
    const cases = [
      ['subtract and divide', '0..1'],
      ['rescale', '0..255'],
      ['multiply and add', '0..1'],
    ] as const;
    for (const [normalises, expected] of cases) {
      const { normalisation } = await listLayers(bytesOf(cnn({ normalises })));
      assert.equal(normalisation.guess, expected, normalises);
      assert.match(normalisation.why, /normalises by itself/);
    }
  });
});
