import assert from 'node:assert/strict';
import sharp from 'sharp';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { Frame } from '../../lib/core/frame.ts';
import { decodeTo } from '../../lib/imaging/decode.ts';
import { benchModel } from '../../lib/scoring/bench-model.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { readOutputs, toTensor, wantedOutputs } from '../../lib/scoring/fit.ts';
import { InOrder } from '../../lib/scoring/in-order.ts';
import type { ModelInput } from '../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { encodeModel, type ModelProto } from '../../lib/scoring/onnx-proto.ts';
import { Session } from '../../lib/scoring/session.ts';
import { TensorPool } from '../../lib/scoring/tensor-pool.ts';
import { tempDir } from '../kit/temp.ts';
import { describeTiny, graph, meanModel, tinyInput, value } from './tiny-models.ts';

let number = 0;
function frame(data: Buffer, raw?: { width: number; height: number }): Frame {
  number += 1;
  return new Frame({
    ...{ data, encoding: raw ? 'raw' : 'jpeg', width: raw?.width ?? null, height: raw?.height ?? null },
    ...{ channels: raw ? 3 : null, bitDepth: raw ? 8 : null, source: 'test', number, settings: {} },
    ...{ exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() },
  });
}
const solid = (level: number, side = 8) => frame(Buffer.alloc(side * side * 3, level), { width: side, height: side });
const soon = { deadlineMs: 10_000 };

/** The mean of each pixel's channels for a graph that takes floats, planes one after the other: every byte is converted and moved. */
const planes: ModelInput = { ...tinyInput, layout: 'NCHW', type: 'float32', scale: 2 };
const planesModel = (input: ModelInput): ModelProto =>
  graph(
    [
      {
        opType: 'ReduceMean',
        input: ['image'],
        output: ['map'],
        attribute: [
          { name: 'axes', type: 7, ints: [1] },
          { name: 'keepdims', type: 2, i: 0 },
        ],
      },
    ],
    [value('map', 1, [1, input.height, input.width])],
    input,
  );
/** Its map of 120 kB is too large for the run thread to answer with. */
const large: ModelInput = { ...planes, width: 200, height: 150 };

describe('The hot path', () => {
  const engines: OnnxRuntimeEngine[] = [];
  const store = new ModelStore(tempDir('hot-path'));
  const make = (maxInFlight?: number) => {
    const engine = new OnnxRuntimeEngine({ name: 'hot', ...(maxInFlight && { maxInFlight }) });
    engines.push(engine);
    return engine;
  };
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  });

  it('gives the very bits that decoding and running one after the other give', async () => {
    const { description, onnx } = benchModel(64);
    const dir = await store.add(description, onnx);
    const engine = make();
    const { key, description: model } = await engine.load(dir);
    const session = await Session.open(onnx);
    const noise = Buffer.from(Uint8Array.from({ length: 320 * 200 * 3 }, (_, i) => (i * i * 31) >> 5));
    for (const quality of [50, 90]) {
      const raw = { width: 320, height: 200, channels: 3 as const };
      const jpeg = await sharp(noise, { raw }).jpeg({ quality }).toBuffer();
      const image = frame(jpeg);
      const { data } = await decodeTo({ data: jpeg, info: image.info }, model.input);
      const outputs = await session.run({ [model.input.name]: toTensor(data, model.input) }, wantedOutputs(model));
      const expected = readOutputs(model, outputs);
      const got = await engine.score(key, image, soon);
      assert.equal(got.score, expected.score);
      assert.deepEqual(got.map?.values(), expected.map?.values);
      assert.deepEqual(got.image, { width: 320, height: 200 });
    }
  });

  for (const [name, model, input, factor] of [
    ['bytes as they are', meanModel, tinyInput, 1],
    ['floats in planes', planesModel(planes), planes, 2],
    ['a map as large as the picture', planesModel(large), large, 2],
  ] as const) {
    it(`never mixes frames that are under way together: ${name}`, async () => {
      const version = `${input.layout} ${input.type} ${input.width}`;
      const described = describeTiny({ name: 'mixed', version, input });
      const engine = make(12);
      const { key } = await engine.load(await store.add(described, encodeModel(model)));
      const levels = Array.from({ length: 120 }, (_, i) => (i * 97) % 251);
      let next = 0;
      const lane = async () => {
        while (next < levels.length) {
          const level = levels[next++];
          // sizes differ, so that decodes take differently long
          const { score, map } = await engine.score(key, solid(level, next % 5 === 0 ? 900 : 8 + (next % 40)), soon);
          assert.equal(score, level * factor);
          assert.ok(map?.values().every((cell) => cell === level * factor));
        }
      };
      await Promise.all(Array.from({ length: 12 }, lane));
      assert.equal(engine.stats().scored, levels.length);
    });
  }

  it('lets no frame that came too late touch the one that uses its memory next', async () => {
    const { description, onnx } = benchModel(512);
    const slow = make();
    const dir = await store.add({ ...description, name: 'slow' }, onnx);
    const { key } = await slow.load(dir);
    const alone = [
      (await slow.score(key, solid(40, 64), soon)).score,
      (await slow.score(key, solid(200, 64), soon)).score,
    ];
    assert.notEqual(alone[0], alone[1]);
    let late = 0;
    const running = Array.from({ length: 8 }, async (_, i) => {
      const which = i % 2;
      const deadlineMs = i % 4 < 2 ? 10_000 : 1;
      try {
        const { score } = await slow.score(key, solid(which === 0 ? 40 : 200, 64), { deadlineMs });
        assert.equal(score, alone[which]);
      } catch (error) {
        assert.ok(GoodpartError.is(error) && error.code === 'GP_CHILD_DEADLINE', String(error));
        late += 1;
      }
    });
    await Promise.all(running);
    assert.ok(late > 0, 'none was late');
    for (const which of [0, 1]) {
      assert.equal((await slow.score(key, solid(which === 0 ? 40 : 200, 64), soon)).score, alone[which]);
    }
    assert.equal(slow.stats().failures, 0);
  });

  it('runs frames of a model in the order they came, the large before the small', async () => {
    const engine = make();
    const { key } = await engine.load(await store.add(describeTiny({ name: 'order' }), encodeModel(meanModel)));
    const order: number[] = [];
    const sides = [1800, 8, 1400, 8, 8, 900];
    await Promise.all(
      sides.map(async (side, i) => {
        await engine.score(key, solid(i, side), soon);
        order.push(i);
      }),
    );
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });
});

describe('InOrder', () => {
  it('holds work back until what came before is over, also where that fails', async () => {
    const order = new InOrder();
    const said: string[] = [];
    const [first, second, third] = [1, 2, 3].map(() => Promise.withResolvers<string>());
    const results = [first, second, third].map(({ promise }) =>
      order.next(promise).then(
        (text) => said.push(text),
        (error: Error) => said.push(error.message),
      ),
    );
    third.resolve('third');
    second.reject(new Error('second failed'));
    await new Promise(setImmediate);
    assert.deepEqual(said, []);
    first.resolve('first');
    await Promise.all(results);
    assert.deepEqual(said, ['first', 'second failed', 'third']);
  });
});

describe('TensorPool', () => {
  it('gives memory that threads share, never twice at once, and the same again once it is given back', () => {
    const pool = new TensorPool(planes);
    const [a, b, c] = [pool.take(), pool.take(), pool.take()];
    assert.equal(new Set([a.data.buffer, b.data.buffer, c.data.buffer]).size, 3);
    assert.ok(a.data instanceof Float32Array && a.data.buffer instanceof SharedArrayBuffer);
    assert.deepEqual([a.shape, a.data.length], [[1, 3, 6, 8], 144]);
    pool.give(b);
    pool.give(a);
    assert.deepEqual([pool.take(), pool.take()], [a, b]);
    for (const tensor of [a, b, c]) pool.give(tensor);
    assert.notEqual(pool.take(), c);
  });
});
