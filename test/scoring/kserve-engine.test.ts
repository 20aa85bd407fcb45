import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type ErrorCode, GoodpartError } from '../../lib/core/errors.ts';
import { KServeEngine } from '../../lib/scoring/kserve/kserve-engine.ts';
import type { KServeSettings } from '../../lib/scoring/kserve/settings.ts';
import type { ModelDescription } from '../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { FakeKServe, type FakeModel, type Fault } from '../kit/fake-kserve.ts';
import { freePort } from '../kit/ports.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { fakeMean, solid } from './kserve-kit.ts';
import { addTiny, meanModel } from './tiny-models.ts';

const withScore: Partial<ModelDescription> = { outputs: { map: 'map', score: 'score' } };
const soon = { deadlineMs: 5_000 };

/** Rejects with this code and a sentence that matches. */
const refusing = (code: ErrorCode, pattern: RegExp) => (error: unknown) => {
  assert.ok(GoodpartError.is(error), String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, pattern);
  return true;
};

describe('KServeEngine', () => {
  const engines: KServeEngine[] = [];
  const servers: FakeKServe[] = [];
  let dir: string;
  before(async () => {
    dir = await addTiny(new ModelStore(join(tempDir('kserve'), 'models')), meanModel, withScore);
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
    for (const server of servers.splice(0)) {
      await server.stop();
      assert.deepEqual(server.violations, []);
    }
  });

  const serve = async (model: Partial<FakeModel> = {}) => {
    const server = await new FakeKServe({ ...fakeMean, ...model }).start();
    servers.push(server);
    return server;
  };
  const make = (at: FakeKServe[] | string, settings: Partial<KServeSettings> = {}) => {
    const urls = typeof at === 'string' ? at : at.map(({ url }) => url).join(', ');
    const engine = new KServeEngine({ name: 'test' }, { urls, timeoutMs: 3_000, idleMs: 100, ...settings });
    engines.push(engine);
    return engine;
  };

  it('scores frames on a server, over connections that are kept', async () => {
    const server = await serve();
    const engine = make([server]);
    const { key, provider, identity } = await engine.load(dir);
    assert.equal(provider, server.url);
    for (const level of [0, 42, 255]) {
      const result = await engine.score(key, solid(level), soon);
      assert.equal(result.score, level);
      assert.deepEqual([result.map?.width, result.map?.height], [8, 6]);
      assert.ok(result.map?.values().every((cell) => cell === level));
      assert.deepEqual([result.engine, result.provider], ['kserve', server.url]);
      assert.deepEqual(result.model, identity);
    }
    assert.equal((await engine.score(key, solid(90, 640, 480), soon)).score, 90);
    assert.ok(server.connections <= 2, `${server.connections} connections`);
    assert.deepEqual([engine.state, engine.stats().degraded], ['running', undefined]);
  });

  it('carries NaN home as a result', async () => {
    const server = await serve();
    const engine = make([server]);
    const { key } = await engine.load(dir);
    server.fault = { kind: 'nan' };
    const { score, map } = await engine.score(key, solid(9), soon);
    assert.ok(Number.isNaN(score));
    assert.ok(Number.isNaN(map?.values()[0]));
    server.fault = { kind: 'none' };
    assert.equal((await engine.score(key, solid(9), soon)).score, 9);
  });

  it('sends numbers as JSON to a server that refuses binary tensors, and says so', async () => {
    const server = await serve();
    server.jsonOnly = true;
    const engine = make([server]);
    const { key } = await engine.load(dir);
    const result = await engine.score(key, solid(42), soon);
    assert.deepEqual([result.score, result.provider], [42, `${server.url} (JSON)`]);
  });

  describe('refuses at loading, in one sentence,', () => {
    const [input] = fakeMean.inputs;
    const [map, score] = fakeMean.outputs;
    const cases: [string, Partial<FakeModel>, RegExp][] = [
      ['another input', { inputs: [{ ...input, name: 'x' }] }, /^Expected only image for the inputs .* received x$/],
      ['a second input', { inputs: [input, { ...input, name: 'x' }] }, /for the inputs .* received image, x$/],
      ['another input type', { inputs: [{ ...input, datatype: 'FP32' }] }, /^Expected UINT8 for the datatype of input/],
      ['another input size', { inputs: [{ ...input, shape: [1, 8, 6, 3] }] }, /^Expected 1x6x8x3 .* received 1x8x6x3$/],
      ['another rank', { inputs: [{ ...input, shape: [6, 8, 3] }] }, /^Expected 1x6x8x3 .* received 6x8x3$/],
      ['a missing output', { outputs: [map] }, /^Expected score for the outputs .* received map$/],
      ['another output type', { outputs: [map, { ...score, datatype: 'FP16' }] }, /^Expected FP32 .* received FP16$/],
      ['another output size', { outputs: [{ ...map, shape: [1, 3, 4] }, score] }, /^Expected 1x6x8 .* received 1x3x4$/],
      [
        'other scores',
        { run: (bytes) => fakeMean.run(Buffer.from(bytes.map((level) => level * 0.9))) },
        /^Expected the scores of tiny version 1 .* score 9\d\.\d+ instead of 10\d\.\d+ on the same picture$/,
      ],
    ];
    for (const [what, model, pattern] of cases) {
      it(`${what} of the server’s model`, async () => {
        const server = await serve(model);
        await assert.rejects(make([server]).load(dir), refusing('GP_MODEL_INVALID', pattern));
      });
    }

    it('but takes shapes that the server leaves open, and a server that states none', async () => {
      const open = await serve({ inputs: [{ ...input, shape: [-1, 6, 8, 3] }] });
      const mute = await serve();
      mute.mute = true;
      await make([open]).load(dir);
      await make([mute]).load(dir);
    });

    it('a model that the server does not have', async () => {
      const engine = make([await serve()], { model: 'other-{name}', version: '{version}' });
      await assert.rejects(
        engine.load(dir),
        refusing('GP_SERVER_FAILED', /does not have this model or version.*other-tiny\/versions\/1/),
      );
    });

    it('a wrong token, which is not shown even where the server shows it', async () => {
      const server = await serve();
      server.token = 'the-right-one';
      const engine = make([server], { token: 'my-secret-token' });
      await assert.rejects(engine.load(dir), (error: GoodpartError) => {
        refusing('GP_SERVER_FAILED', /wants another token \(HTTP 401\)/)(error);
        assert.doesNotMatch(JSON.stringify([error, engine.stats()]), /my-secret/);
        return true;
      });
      await make([server], { token: 'the-right-one' }).load(dir);
    });

    it('a server that is not there', async () => {
      const engine = make(`http://127.0.0.1:${await freePort()}`);
      await assert.rejects(engine.load(dir), refusing('GP_SERVER_FAILED', /gave no score: nobody listens there$/));
    });
  });

  describe('makes no score of', () => {
    const faults: [string, Fault, RegExp][] = [
      ['a refusal', { kind: 'status', status: 503, text: 'busy' }, /it is not available \(HTTP 503\), "busy"$/],
      ['a failure', { kind: 'status', status: 500 }, /HTTP 500, "injected"$/],
      ['a redirection', { kind: 'status', status: 307 }, /HTTP 307/],
      ['an answer that is cut off', { kind: 'cut' }, /its answer was cut off$/],
      ['half a tensor', { kind: 'short' }, /its answer ends within output score$/],
      ['a wrong length in the header', { kind: 'header', value: '7' }, /not JSON where JSON was due$/],
      ['an impossible length in the header', { kind: 'header', value: '99999999' }, /does not fit its \d+ bytes$/],
      ['a header that is no number', { kind: 'header', value: '-1' }, /does not fit its \d+ bytes$/],
      [
        'a shape that the values do not fill',
        { kind: 'shape', shape: [1, 6, 9] },
        /has 48 values and not those of its shape 1x6x9$/,
      ],
      ['the answer to another request', { kind: 'other-id' }, /it answered another request$/],
      ['what is no JSON', { kind: 'garbage' }, /not JSON where JSON was due$/],
    ];
    for (const [what, fault, pattern] of faults) {
      it(`${what}, and returns by itself`, async () => {
        const server = await serve();
        const engine = make([server]);
        const { key } = await engine.load(dir);
        server.fault = fault;
        await assert.rejects(engine.score(key, solid(5), soon), refusing('GP_SERVER_FAILED', pattern));
        await until('the loss is shown', () => engine.state === 'waiting');
        assert.match(engine.stats().lastError ?? '', pattern);
        server.fault = { kind: 'none' };
        await until('the return', () => engine.state === 'running');
        assert.equal((await engine.score(key, solid(5), soon)).score, 5);
        assert.equal(engine.stats().starts, 1, 'the child went on');
      });
    }
  });

  it('gives up a silent server at the deadline, closes the connection, and leaves a server that hangs out', async () => {
    const server = await serve();
    const engine = make([server]);
    const { key } = await engine.load(dir);
    server.fault = { kind: 'silent' };
    for (let i = 0; i < 3; i++) {
      const began = performance.now();
      await assert.rejects(engine.score(key, solid(5), { deadlineMs: 150 }), (error: GoodpartError) =>
        ['GP_SERVER_TIMEOUT', 'GP_CHILD_DEADLINE'].includes(error.code),
      );
      assert.ok(performance.now() - began < 1_000, 'by the deadline');
    }
    await until('the connections are closed', () => server.givenUp === 3 && server.atWork === 0);
    await until('it is left out', () => engine.state === 'waiting');
    server.fault = { kind: 'none' };
    await until('the return', () => engine.state === 'running');
    assert.equal((await engine.score(key, solid(5), soon)).score, 5);
    assert.equal(engine.stats().late, 3);
  });

  it('refuses frames beyond what may be under way', async () => {
    const server = await serve();
    const engine = make([server]);
    const { key } = await engine.load(dir);
    server.fault = { kind: 'held' };
    const sent = Promise.allSettled(Array.from({ length: 12 }, () => engine.score(key, solid(5), soon)));
    await until('all that may be there', () => server.atWork === 8);
    server.release();
    const all = await sent;
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 8);
    assert.equal(engine.stats().refused, 4);
    assert.ok(server.mostAtWork <= 8);
  });

  it('comes back with its models when its process is killed, also while no server is there', async () => {
    const server = await serve();
    const engine = make([server]);
    const { key } = await engine.load(dir);
    await server.stop();
    await until('the loss', () => engine.state === 'waiting');
    const { pid } = engine.stats();
    process.kill(pid ?? 0, 'SIGKILL');
    await until('another process', () => engine.stats().pid !== undefined && engine.stats().pid !== pid);
    await server.start();
    await until('a score', () => engine.score(key, solid(7), soon).then(({ score }) => score === 7));
    assert.equal(engine.stats().failures, 1);
  });

  it('checks its settings at once', () => {
    const urls = 'https://inference.example:8443/gateway';
    const wrong: [Partial<KServeSettings>, RegExp][] = [
      [{ urls: '' }, /^Expected 1 to 16 different http or https addresses .* for urls/],
      [{ urls: 'inference:8000' }, /for urls/],
      [{ urls: 'http://user:pw@host' }, /for urls/],
      [{ urls: `${urls}, ${urls}/` }, /different/],
      [{ token: 'two words' }, /^Expected a bearer token .* received "something else"$/],
      [{ token: 'secret', urls: 'http://inference.example:8000' }, /^Expected https addresses where a token is sent/],
      [{ timeoutMs: 0 }, /for timeoutMs/],
    ];
    for (const [settings, pattern] of wrong) {
      assert.throws(
        () => new KServeEngine({ name: 'test' }, { urls, ...settings }),
        refusing('GP_CONFIG_INVALID', pattern),
      );
    }
    assert.ok(new KServeEngine({ name: 'test' }, { urls, token: 'secret' }));
  });
});
