import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { Frame, sniffEncoding } from '../../lib/core/frame.ts';
import { benchModel } from '../../lib/scoring/bench-model.ts';
import { OnnxRuntimeEngine, type OnnxRuntimeOptions } from '../../lib/scoring/engine.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { addTiny, graph, meanModel, nanModel, value } from './tiny-models.ts';

let number = 0;
function frame(data: Buffer, raw?: { width: number; height: number; channels: number }): Frame {
  number += 1;
  return new Frame({
    data,
    encoding: raw ? 'raw' : sniffEncoding(data),
    width: raw?.width ?? null,
    height: raw?.height ?? null,
    channels: raw?.channels ?? null,
    bitDepth: raw ? 8 : null,
    source: 'test',
    number,
    exposedAt: systemClock.mono(),
    exposedUtc: systemClock.utc(),
    settings: {},
  });
}
const solid = (level: number, width = 8, height = 6) =>
  frame(Buffer.alloc(width * height * 3, level), { width, height, channels: 3 });
const big = () => solid(90, 640, 480);
const withScore = { outputs: { map: 'map', score: 'score' } };
const soon = { deadlineMs: 5_000 };

describe('OnnxRuntimeEngine', () => {
  const engines: OnnxRuntimeEngine[] = [];
  let store: ModelStore;
  const make = (options: Partial<OnnxRuntimeOptions> = {}) => {
    const engine = new OnnxRuntimeEngine({ name: 'test', ...options });
    engines.push(engine);
    return engine;
  };

  const root = tempDir('engine');
  beforeEach(() => {
    number += 1;
    store = new ModelStore(join(root, String(number)));
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  });

  it('loads a model and scores frames with it', async () => {
    const engine = make();
    assert.equal(engine.state, 'stopped');
    const model = await engine.load(await addTiny(store, meanModel, withScore));
    assert.deepEqual([model.identity.name, model.identity.version, model.provider], ['tiny', '1', 'cpu']);
    assert.ok(model.warmUpMs > 0);
    const result = await engine.score(model.key, solid(42), soon);
    assert.equal(result.score, 42);
    assert.deepEqual([result.map?.width, result.map?.height], [8, 6]);
    assert.ok(result.map?.values().every((cell) => cell === 42));
    assert.deepEqual(result.model, model.identity);
    assert.deepEqual([result.engine, result.provider], ['onnxruntime', 'cpu']);
    const { queue, decode, run, total } = result.timings;
    for (const part of [queue, decode, run]) assert.ok(part >= 0 && part <= total, `${part} of ${total}`);
    const jpeg = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#404040' } })
      .jpeg()
      .toBuffer();
    const second = await engine.score(model.key, frame(jpeg), soon);
    assert.deepEqual(second.image, { width: 320, height: 240 });
    assert.ok(Math.abs(second.score - 64) < 1);
    assert.equal(engine.stats().scored, 2);
  });

  it('carries NaN home as a result, and scores the next frame', async () => {
    const engine = make();
    const { key } = await engine.load(await addTiny(store, nanModel));
    const dark = await engine.score(key, solid(0), soon);
    assert.ok(Number.isNaN(dark.score));
    assert.ok(dark.map?.values().every(Number.isNaN));
    const part = Buffer.alloc(8 * 6 * 3, 9);
    part.fill(0, 30, 33);
    const partly = await engine.score(key, frame(part, { width: 8, height: 6, channels: 3 }), soon);
    assert.ok(Number.isNaN(partly.score), 'one NaN cell is not hidden by the maximum of the others');
    assert.equal((await engine.score(key, solid(5), soon)).score, 1);
    assert.equal(engine.stats().failures, 0);
  });

  it('answers each bad picture with one clear error and goes on', async () => {
    const engine = make();
    const { key } = await engine.load(await addTiny(store, meanModel));
    const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 31) >> 3));
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    const bomb = Buffer.from(jpeg);
    const header = bomb.indexOf(Buffer.from([0xff, 0xc0]));
    bomb.writeUInt16BE(65500, header + 5);
    bomb.writeUInt16BE(65500, header + 7);
    const flipped = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    flipped[flipped.length >> 1] ^= 0x10;
    for (const data of [
      Buffer.alloc(0),
      Buffer.from([0xff]),
      Buffer.from('text, no picture'),
      jpeg.subarray(0, jpeg.length / 2),
      bomb,
      flipped,
    ]) {
      await assert.rejects(engine.score(key, frame(data), soon), (error) => {
        assert.ok(GoodpartError.is(error));
        assert.equal(error.code, 'GP_IMAGE_UNREADABLE');
        assert.match(error.message, /^Expected .+ but received /);
        return true;
      });
      assert.equal((await engine.score(key, solid(3), soon)).score, 3);
    }
    const { starts, failures, failed } = engine.stats();
    assert.deepEqual([starts, failures, failed], [1, 0, 6]);
  });

  it('refuses models that do not fit, naming the field, and keeps the others', async () => {
    const engine = make();
    const good = await engine.load(await addTiny(store, meanModel));
    const wrongShape = { ...meanModel.graph, input: [value('image', onnxTypes.uint8, [1, 8, 8, 3])] };
    const bad = [
      [
        await addTiny(store, meanModel, { name: 'map', outputs: { map: 'nope', score: null } }),
        'model.json.outputs.map',
      ],
      [
        await addTiny(store, meanModel, { name: 'score', outputs: { map: null, score: 'map' } }),
        'model.json.outputs.score',
      ],
      [await addTiny(store, { ...meanModel, graph: wrongShape }, { name: 'shape' }), 'model.json.input'],
      [
        await addTiny(
          store,
          graph([{ opType: 'Identity', input: ['image'], output: ['map'] }], [value('map', 2, [1, 6, 8, 3])]),
          { name: 'type' },
        ),
        'model.json.outputs.map',
      ],
      [join(store.root, 'missing'), 'model.json'],
    ];
    for (const [dir, field] of bad) {
      await assert.rejects(engine.load(dir), { code: 'GP_MODEL_INVALID', field });
      await assert.rejects(engine.score(dir, solid(1), soon), { code: 'GP_MODEL_INVALID' });
    }
    assert.equal((await engine.score(good.key, solid(7), soon)).score, 7);
    assert.equal(engine.stats().starts, 1);
    assert.equal(engine.stats().models.length, 1);
  });

  it('loads a model once for several users and frees it with the last', async () => {
    const engine = make();
    const dir = await addTiny(store, meanModel);
    const [first, second] = await Promise.all([engine.load(dir), engine.load(dir)]);
    assert.equal(first, second);
    await engine.unload(first.key);
    assert.equal((await engine.score(first.key, solid(7), soon)).score, 7);
    await engine.unload(first.key);
    await assert.rejects(engine.score(first.key, solid(7), soon), { code: 'GP_MODEL_INVALID' });
    await engine.unload(first.key);
    const again = await engine.load(dir);
    assert.equal((await engine.score(again.key, solid(8), soon)).score, 8);
  });

  it('rejects what was pending when the child is killed, comes back with its models, and scores again', async () => {
    const engine = make();
    const { description, onnx } = benchModel();
    const slow = await engine.load(await store.add(description, onnx));
    const tiny = await engine.load(await addTiny(store, meanModel));
    const pending = assert.rejects(engine.score(slow.key, big(), soon), { code: 'GP_CHILD_EXITED' });
    process.kill(engine.stats().pid as number, 'SIGKILL');
    await pending;
    await assert.rejects(
      engine.score(tiny.key, solid(1), soon),
      { code: 'GP_CHILD_EXITED' },
      'refused at once while it is away',
    );
    await until('the engine runs again', () => engine.state === 'running');
    assert.equal((await engine.score(tiny.key, solid(6), soon)).score, 6);
    assert.ok(Number.isFinite((await engine.score(slow.key, big(), soon)).score));
    const { starts, failures, lastError, inFlight } = engine.stats();
    assert.deepEqual([starts, failures, inFlight], [2, 1, 0]);
    assert.match(lastError ?? '', /SIGKILL/);
  });

  it('gives a stopped child up at the deadline, kills it and comes back', async () => {
    const engine = make({ hungMs: 400 });
    const { key } = await engine.load(await addTiny(store, meanModel));
    const pid = engine.stats().pid as number;
    process.kill(pid, 'SIGSTOP');
    const began = systemClock.mono();
    await assert.rejects(engine.score(key, solid(1), { deadlineMs: 150 }), { code: 'GP_CHILD_DEADLINE' });
    const waited = systemClock.mono() - began;
    assert.ok(waited >= 145 && waited < 350, `${waited} ms`);
    await until('another child runs', () => engine.state === 'running' && engine.stats().pid !== pid);
    assert.equal((await engine.score(key, solid(6), soon)).score, 6);
    assert.equal(engine.stats().late, 1);
  });

  it('notices a stopped child although nobody asks it anything', async () => {
    const engine = make({ hungMs: 200 });
    const { key } = await engine.load(await addTiny(store, meanModel));
    const pid = engine.stats().pid as number;
    process.kill(pid, 'SIGSTOP');
    await until('another child runs', () => engine.state === 'running' && engine.stats().pid !== pid);
    assert.equal((await engine.score(key, solid(6), soon)).score, 6);
  });

  it('does not kill a child that is only slow: late frames are rejected, later ones scored', async () => {
    const engine = make();
    const { description, onnx } = benchModel();
    const { key } = await engine.load(await store.add(description, onnx));
    const late = await Promise.allSettled([1, 2, 3].map(() => engine.score(key, big(), { deadlineMs: 1 })));
    for (const result of late) {
      assert.equal(result.status, 'rejected');
      assert.equal((result as PromiseRejectedResult).reason.code, 'GP_CHILD_DEADLINE');
    }
    assert.ok(Number.isFinite((await engine.score(key, big(), soon)).score));
    const { starts, failed, scored } = engine.stats();
    assert.deepEqual([starts, late.length, failed, scored], [1, 3, 3, 1]);
  });

  it('refuses frames beyond its bound at once and counts them', async () => {
    const engine = make({ maxInFlight: 2 });
    const { key } = await engine.load(await addTiny(store, meanModel));
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => engine.score(key, big(), soon)));
    assert.deepEqual(results.map(({ status }) => status).sort(), [
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
    ]);
    const rejected = results.find((result) => result.status === 'rejected') as PromiseRejectedResult;
    assert.equal(rejected.reason.code, 'GP_CHILD_BUSY');
    assert.deepEqual([engine.stats().refused, engine.stats().inFlight], [3, 0]);
  });

  it('decodes the next frame while the one before runs', async () => {
    const engine = make();
    const { description, onnx } = benchModel();
    const { key } = await engine.load(await store.add(description, onnx));
    await engine.score(key, big(), soon);
    await until('a second frame that was decoded during the run of the first', async () => {
      const [first, second] = await Promise.all([engine.score(key, big(), soon), engine.score(key, big(), soon)]);
      // decoded after the run, it would not have waited for the thread at all
      return second.timings.queue > first.timings.run / 2;
    });
  });

  it('keeps the other models when one can no longer be loaded after a crash', async () => {
    const engine = make();
    const gone = await engine.load(await addTiny(store, meanModel, { name: 'gone' }));
    const kept = await engine.load(await addTiny(store, meanModel));
    rmSync(gone.key, { recursive: true });
    process.kill(engine.stats().pid as number, 'SIGKILL');
    await until('the engine runs again', () => engine.state === 'running' && engine.stats().starts === 2);
    assert.equal((await engine.score(kept.key, solid(4), soon)).score, 4);
    await assert.rejects(engine.score(gone.key, solid(4), soon), { code: 'GP_MODEL_INVALID', field: 'model.json' });
    const { models } = engine.stats();
    assert.deepEqual(
      models.map(({ name, error }) => [name, error === undefined]),
      [
        ['gone', false],
        ['tiny', true],
      ],
    );
    await addTiny(store, meanModel, { name: 'gone' });
    await engine.load(gone.key);
    assert.equal((await engine.score(gone.key, solid(4), soon)).score, 4);
  });

  it('ends its child when stopped, even in the middle of runs', async () => {
    const engine = make();
    const { description, onnx } = benchModel();
    const { key } = await engine.load(await store.add(description, onnx));
    const pid = engine.stats().pid as number;
    const running = Promise.allSettled([engine.score(key, big(), soon), engine.score(key, big(), soon)]);
    await engine.stop();
    await running;
    assert.equal(engine.state, 'stopped');
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.doesNotMatch(
      engine.stats().stderr.join('\n'),
      /terminate|abort/i,
      'a thread ended in mid-run aborts the process',
    );
  });
});
