import assert from 'node:assert/strict';
import { join } from 'node:path';
import { GoodpartError } from '../../lib/core/errors.ts';
import { KServeEngine } from '../../lib/scoring/kserve/kserve-engine.ts';
import type { KServeSettings } from '../../lib/scoring/kserve/settings.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { FakeKServe } from '../kit/fake-kserve.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { fakeMean, solid } from './kserve-kit.ts';
import { addTiny, meanModel } from './tiny-models.ts';

const soon = { deadlineMs: 5_000 };

describe('KServeEngine with several replicas', () => {
  let engine: KServeEngine | undefined;
  let servers: FakeKServe[] = [];
  let dir: string;
  before(async () => {
    const store = new ModelStore(join(tempDir('replicas'), 'models'));
    dir = await addTiny(store, meanModel, { outputs: { map: 'map', score: 'score' } });
  });
  beforeEach(async () => {
    servers = await Promise.all([1, 2, 3].map(() => new FakeKServe(fakeMean).start()));
  });
  afterEach(async () => {
    await engine?.stop();
    for (const server of servers) {
      await server.stop();
      assert.deepEqual(server.violations, []);
    }
  });

  const start = async (settings: Partial<KServeSettings> = {}) => {
    const urls = servers.map(({ url }) => url).join(' ');
    engine = new KServeEngine({ name: 'test' }, { urls, timeoutMs: 3_000, idleMs: 100, ...settings });
    const { key } = await engine.load(dir);
    const used = engine;
    await until(
      'all replicas',
      () => servers.every(({ infers }) => infers >= 1) && used.stats().degraded === undefined,
    );
    return { engine: used, key };
  };

  it('gives each frame to the one with the least to do', async () => {
    const { engine, key } = await start();
    for (const server of servers) server.fault = { kind: 'held' };
    const first = Array.from({ length: 6 }, () => engine.score(key, solid(5), soon));
    await until('two on each', () => servers.every(({ atWork }) => atWork === 2));
    servers[1].release();
    servers[2].release();
    for (let i = 0; i < 6; i++) {
      const { provider } = await engine.score(key, solid(5), soon);
      assert.notEqual(provider, servers[0].url, 'it is still at work');
    }
    servers[0].release();
    await Promise.all(first);
    assert.equal(engine.stats().failed, 0);
  });

  it('scores a frame on another one when its own is killed in mid-request, and says that one is missing', async () => {
    const { engine, key } = await start();
    for (const server of servers) server.fault = { kind: 'held' };
    const frames = Array.from({ length: 3 }, () => engine.score(key, solid(33), soon));
    await until('one frame on each', () => servers.every(({ atWork }) => atWork === 1));
    await servers[1].stop();
    servers[0].release();
    servers[2].release();
    const results = await Promise.all(frames);
    for (const { score, provider } of results) assert.ok(score === 33 && provider !== servers[1].url);
    const degraded = await until('degraded', () => engine.stats().degraded);
    assert.match(degraded, /^2 of 3 inference servers can be used: The inference server http:.* gave no score: /);
    assert.ok(degraded.includes(servers[1].url));
    assert.equal(engine.state, 'running');
    servers[1].release();
    await servers[1].start();
    await until('the return', () => engine.stats().degraded === undefined);
    assert.equal(engine.stats().failed, 0);
  });

  it('finds out without any frame that one is gone, or not ready', async () => {
    const { engine } = await start();
    await servers[2].stop();
    servers[0].ready = false;
    const degraded = await until('both are left out', () => /^1 of 3/.exec(engine.stats().degraded ?? '')?.input);
    assert.match(degraded, /nobody listens there/);
    assert.match(degraded, /is not ready: it is not available \(HTTP 503\)/);
    servers[0].ready = true;
    await servers[2].start();
    await until('the return', () => engine.stats().degraded === undefined);
  });

  it('tries another one after its own was silent for the timeout, as long as the deadline allows', async () => {
    const { engine, key } = await start({ timeoutMs: 500 });
    servers[0].fault = { kind: 'silent' };
    const results = await Promise.all(Array.from({ length: 3 }, () => engine.score(key, solid(8), soon)));
    assert.ok(results.every(({ score }) => score === 8));
    await until('it is left out', () => /^2 of 3/.test(engine.stats().degraded ?? ''));
    for (const server of servers) server.fault = { kind: 'silent' };
    const began = performance.now();
    await assert.rejects(engine.score(key, solid(8), { deadlineMs: 700 }), (error: GoodpartError) => {
      assert.ok(['GP_SERVER_TIMEOUT', 'GP_CHILD_DEADLINE'].includes(error.code), error.message);
      return true;
    });
    assert.ok(performance.now() - began < 1_400, 'not three times the timeout');
  });

  it('says so when all are dead, and returns with the first that is back', async () => {
    const { engine, key } = await start();
    const states: string[] = [];
    engine.on('state', (state) => states.push(state));
    await Promise.all(servers.map((server) => server.stop()));
    await assert.rejects(engine.score(key, solid(8), soon), (error: unknown) => {
      assert.ok(GoodpartError.is(error) && error.code === 'GP_SERVER_FAILED');
      return true;
    });
    await until('the loss', () => engine.state === 'waiting');
    await assert.rejects(
      engine.score(key, solid(8), soon),
      /^GoodpartError: None of 3 inference servers can be used: /,
    );
    await servers[1].start();
    await until('the return', () => engine.state === 'running');
    assert.deepEqual([(await engine.score(key, solid(8), soon)).provider], [servers[1].url]);
    assert.match(engine.stats().degraded ?? '', /^1 of 3/);
    assert.ok(states.includes('waiting') && states.at(-1) === 'running', 'who waits for it is told');
  });

  it('begins with those that are there, and never uses one with another model', async () => {
    await servers[0].stop();
    servers[0] = await new FakeKServe({
      ...fakeMean,
      run: (bytes) => fakeMean.run(bytes.map((b) => 255 - b) as Buffer),
    }).start();
    await servers[2].stop();
    const urls = servers.map(({ url }) => url).join(',');
    const used = new KServeEngine({ name: 'test' }, { urls, timeoutMs: 3_000 });
    engine = used;
    const { key } = await used.load(dir);
    for (let i = 0; i < 4; i++) {
      const { score, provider } = await used.score(key, solid(20), soon);
      assert.deepEqual([score, provider], [20, servers[1].url]);
    }
    const degraded = await until('both', () => /^1 of 3/.exec(used.stats().degraded ?? '')?.input);
    assert.match(degraded, /Expected the scores of tiny version 1 from the model on /);
    assert.match(degraded, /nobody listens there/);
  });
});
