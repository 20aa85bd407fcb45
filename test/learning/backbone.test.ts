import assert from 'node:assert/strict';
import { backboneFeatures, chooseBackbone, fixedInputSize } from '../../lib/learning/features/backbone.ts';
import { mobileNetSize } from '../../lib/learning/features/bench-backbone.ts';
import type { Normalisation } from '../../lib/learning/features/normalisation.ts';
import { checkOperators } from '../../lib/learning/graph/operators.ts';
import { decodeModel, type ModelProto, onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { value } from '../scoring/tiny-models.ts';
import { deviation, featuresOf, imagenet, noise, normalised, original } from './backbone-judge.ts';
import { bytesOf, cnn, int, ints, transformer, Writer } from './tiny-backbones.ts';

const size = { width: 96, height: 64 };
const choice = (model: ModelProto, layers: string[], normalisation: Normalisation = 'imagenet') => ({
  model: bytesOf(model),
  layers,
  normalisation,
});

describe('features of a network that somebody brings', () => {
  for (const opset of [11, 12, 13, 17, 18, 21]) {
    it(`are the network's own numbers, also in operator set ${opset}`, async () => {
      const chosen = choice(cnn({ opset }), ['layer1']);
      const pictures = noise(size, 3);
      const extractor = await backboneFeatures(chosen, pictures);
      const { features, onnx } = await featuresOf(extractor, pictures);
      const { mean, std } = imagenet;
      const { layer1 } = await original(chosen.model, normalised(pictures, mean, std), ['layer1']);
      assert.deepEqual(features.shape, [1, 8, 8, 12]);
      assert.ok(deviation(features.data, layer1.data) < 1e-5);
      assert.equal(decodeModel(onnx).opsetImport?.[0].version, opset);
    });
  }

  it('join layers on the grid of the finest, coarser ones interpolated between the centres of their cells', async () => {
    const chosen = choice(cnn({ maps: true }), ['layer1', 'layer2']);
    const pictures = noise(size, 1);
    const extractor = await backboneFeatures(chosen, pictures);
    assert.equal(extractor.stride, 8);
    assert.equal(extractor.channels, 20);
    const { features } = await featuresOf(extractor, pictures);
    const { mean, std } = imagenet;
    const { layer1, layer2 } = await original(chosen.model, normalised(pictures, mean, std), ['layer1', 'layer2']);
    const expected = [...layer1.data];
    for (let c = 0; c < 12; c++) {
      const at = (x: number, y: number) =>
        layer2.data[(c * 4 + Math.min(3, Math.max(0, y))) * 6 + Math.min(5, Math.max(0, x))];
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 12; x++) {
          const [sx, sy] = [x / 2 - 0.25, y / 2 - 0.25];
          const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
          const [fx, fy] = [sx - x0, sy - y0];
          const above = at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx;
          const below = at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx;
          expected.push(above * (1 - fy) + below * fy);
        }
      }
    }
    assert.ok(deviation(features.data, expected) < 1e-5);
  });

  it('are averaged where a layer is finer than 8 pixels', async () => {
    const chosen = choice(cnn(), ['stem2.relu']);
    const pictures = noise(size, 1);
    const extractor = await backboneFeatures(chosen, pictures);
    const { features } = await featuresOf(extractor, pictures);
    assert.deepEqual(features.shape, [1, 6, 8, 12]);
    const { mean, std } = imagenet;
    const own = (await original(chosen.model, normalised(pictures, mean, std), ['stem2.relu']))['stem2.relu'];
    const expected: number[] = [];
    for (let row = 0; row < 6 * 8; row++) {
      for (let x = 0; x < 12; x++) {
        const at = row * 2 * 24 + x * 2;
        expected.push((own.data[at] + own.data[at + 1] + own.data[at + 24] + own.data[at + 25]) / 4);
      }
    }
    assert.ok(deviation(features.data, expected) < 1e-5);
  });

  it('put tokens back in their places and leave out those that stand for the whole picture', async () => {
    const square = { width: 32, height: 32 };
    for (const extra of [0, 1, 5]) {
      const chosen = choice(transformer({ extra }), ['norm']);
      const pictures = noise(square, 3);
      const extractor = await backboneFeatures(chosen, pictures);
      const { features } = await featuresOf(extractor, pictures);
      assert.deepEqual(features.shape, [1, 16, 4, 4]);
      const { mean, std } = imagenet;
      const { norm } = await original(chosen.model, normalised(pictures, mean, std), ['norm']);
      const expected = Array.from({ length: 256 }, (_, i) => norm.data[((i % 16) + extra) * 16 + Math.floor(i / 16)]);
      assert.ok(deviation(features.data, expected) < 1e-5, `${extra} extra tokens`);
    }
  });

  it('normalise as chosen', async () => {
    const pictures = noise(size, 1);
    const cases: [Normalisation, number, number][] = [
      ['0..1', 0, 1],
      ['-1..1', 0.5, 0.5],
      ['0..255', 0, 1 / 255],
      [{ mean: [0.2, 0.2, 0.2], std: [0.3, 0.3, 0.3] }, 0.2, 0.3],
    ];
    for (const [normalisation, mean, std] of cases) {
      const chosen = choice(cnn(), ['layer2'], normalisation);
      const { features } = await featuresOf(await backboneFeatures(chosen, pictures), pictures);
      const pixels = normalised(pictures, [mean, mean, mean], [std, std, std]);
      const { layer2 } = await original(chosen.model, pixels, ['layer2']);
      assert.deepEqual(features.shape, layer2.shape);
      assert.ok(deviation(features.data, layer2.data) < 1e-5);
    }
  });

  it('come from networks with channels last, of uint8 pixels, of half precision, of one channel too', async () => {
    const pictures = noise(size, 3);
    const own = await featuresOf(await backboneFeatures(choice(cnn(), ['layer1'], '0..255'), pictures), pictures);
    const nhwc = cnn();
    nhwc.graph?.input?.splice(0, 1, value('pixels', onnxTypes.uint8, [1, 64, 96, 3]));
    nhwc.graph?.node?.unshift(
      { opType: 'Cast', input: ['pixels'], output: ['float'], attribute: [int('to', onnxTypes.float32)] },
      { opType: 'Transpose', input: ['float'], output: ['input'], attribute: [ints('perm', [0, 3, 1, 2])] },
    );
    const same = await featuresOf(await backboneFeatures(choice(nhwc, ['layer1'], '0..255'), pictures), pictures);
    assert.ok(deviation(same.features.data, own.features.data) < 1e-5);

    const half = cnn();
    half.graph?.input?.splice(0, 1, value('half', onnxTypes.float16, ['n', 3, 'h', 'w']));
    half.graph?.node?.unshift({
      opType: 'Cast',
      input: ['half'],
      output: ['input'],
      attribute: [int('to', onnxTypes.float32)],
    });
    const near = await featuresOf(await backboneFeatures(choice(half, ['layer1'], '0..255'), pictures), pictures);
    assert.ok(deviation(near.features.data, own.features.data) < 1e-2);

    const w = new Writer();
    w.node('Relu', [w.conv('input', 'first', [8, 1, 7], 8)], 'maps');
    const grey = w.model(13, value('input', onnxTypes.float32, [1, 1, 'h', 'w']), [{ name: 'maps' }]);
    const fromColour = await featuresOf(await backboneFeatures(choice(grey, ['maps'], '0..255'), pictures), pictures);
    const pixels = pictures.pixels(0);
    const luminance = Float32Array.from(
      { length: 64 * 96 },
      (_, i) => 0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2],
    );
    const { maps } = await original(bytesOf(grey), { data: luminance, shape: [1, 1, 64, 96] }, ['maps']);
    assert.ok(deviation(fromColour.features.data, maps.data) < 1e-5);
  });

  it('make a graph of fixed sizes in which nothing is computed from shapes, and without what no layer needs', async () => {
    const chosen = choice(cnn({ sides: ['height', 'width'] }), ['layer1']);
    const pictures = noise({ width: 128, height: 64 }, 1);
    const { onnx, features } = await featuresOf(await backboneFeatures(chosen, pictures), pictures);
    assert.deepEqual(features.shape, [1, 8, 8, 16]);
    const model = decodeModel(onnx);
    assert.deepEqual(checkOperators(model), []);
    const operators = model.graph?.node?.map(({ opType }) => opType) ?? [];
    for (const absent of ['Shape', 'Gather', 'Constant', 'GlobalAveragePool', 'MatMul']) {
      assert.ok(!operators.includes(absent), absent);
    }
    assert.ok(!model.graph?.initializer?.some(({ name }) => name?.includes('layer2')));
    const tokens = noise({ width: 32, height: 32 }, 1);
    const second = await featuresOf(await backboneFeatures(choice(transformer(), ['block1']), tokens), tokens);
    const written = decodeModel(second.onnx);
    assert.deepEqual(checkOperators(written), []);
    assert.ok(!written.graph?.node?.some(({ opType }) => opType === 'Constant'));
  });

  it('are the same bytes each time', async () => {
    const pictures = noise(size, 1);
    const [a, b] = await Promise.all(
      [1, 2].map(async () =>
        featuresOf(await backboneFeatures(choice(cnn(), ['layer1', 'layer2']), pictures), pictures),
      ),
    );
    assert.ok(a.onnx.equals(b.onnx));
  });

  it('are the same whatever order the file has its nodes in', async () => {
    const pictures = noise(size, 1);
    const sorted = choice(cnn(), ['layer1', 'layer2']);
    const model = cnn();
    model.graph?.node?.reverse();
    const mixed = { ...sorted, model: bytesOf(model) };
    const [a, b] = [await backboneFeatures(sorted, pictures), await backboneFeatures(mixed, pictures)];
    assert.deepEqual((await featuresOf(a, pictures)).features, (await featuresOf(b, pictures)).features);
  });

  it('can be added to more than one graph by the same extractor', async () => {
    const pictures = noise(size, 1);
    const extractor = await backboneFeatures(choice(cnn(), ['layer1']), pictures);
    const first = await featuresOf(extractor, pictures);
    const second = await featuresOf(extractor, pictures);
    assert.ok(first.onnx.equals(second.onnx));
  });

  it('come from the suggested layers and the file’s own normalisation where nothing was chosen', async () => {
    const model = bytesOf(cnn({ normalises: 'rescale' }));
    const chosen = await chooseBackbone(model);
    assert.deepEqual([chosen.layers, chosen.normalisation], [['layer1', 'layer2'], '0..255']);
    const other = await chooseBackbone(model, { layers: ['stem2.relu'], normalisation: '0..1' });
    assert.deepEqual([other.layers, other.normalisation], [['stem2.relu'], '0..1']);
    await assert.rejects(chooseBackbone(model, { normalisation: 'imagnet' }), /Expected 'imagenet'.*for normalisation/);
  });

  it('say the size that the file insists on', () => {
    assert.deepEqual(fixedInputSize(bytesOf(cnn())), { width: 96, height: 64 });
    assert.equal(fixedInputSize(bytesOf(cnn({ sides: ['height', 'width'] }))), null);
  });

  it('cost in the bench what MobileNet costs: 569 million multiply-adds at 224 x 224, 4.2 million weights', async () => {
    const model = mobileNetSize();
    assert.ok(model.equals(mobileNetSize()));
    const { initializer = [] } = decodeModel(model).graph ?? {};
    const count = (dims: number[] = []) => dims.reduce((a, b) => a * b, 1);
    const weights = initializer.reduce((sum, { dims }) => sum + count(dims), 0);
    assert.ok(Math.abs(weights - 4.2e6) < 0.1e6, `${weights}`);
    let side = 112;
    let work = 0;
    for (const { name, dims = [] } of initializer.filter(({ dims }) => dims?.length === 4)) {
      if (/^depthwise(2|4|6|12)\.w/.test(name ?? '')) side /= 2;
      work += count(dims) * side * side;
    }
    assert.ok(Math.abs(work + 1.024e6 - 569e6) < 3e6, `${work}`);
    const chosen = await chooseBackbone(model, {}, { width: 128, height: 128 });
    assert.deepEqual(chosen.layers, ['pointwise5', 'pointwise11']);
  });
});
