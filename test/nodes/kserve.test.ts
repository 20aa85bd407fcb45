import assert from 'node:assert/strict';
import { findStation } from '../../lib/node-red/stations.ts';
import { FakeKServe, type FakeModel } from '../kit/fake-kserve.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

/** The brightness model of test/kit/models.ts in plain arithmetic. */
const brightness: FakeModel = {
  name: 'brightness',
  inputs: [{ name: 'image', datatype: 'UINT8', shape: [1, 64, 64, 1] }],
  outputs: [{ name: 'map', datatype: 'FP32', shape: [1, 1, 8, 8] }],
  run: (bytes) => {
    const map = Array.from({ length: 64 }, () => 0);
    bytes.forEach((level, i) => {
      map[8 * Math.floor(i / 512) + Math.floor((i % 64) / 8)] += level / 64;
    });
    return { map };
  },
};

onEachNodeRed('a station whose model runs on inference servers', (runner) => {
  let servers: FakeKServe[] = [];
  beforeEach(async () => {
    servers = await Promise.all([1, 2].map(() => new FakeKServe(brightness).start()));
  });
  afterEach(async () => {
    for (const server of servers) await server.stop();
  });

  const flow = (more: object = {}) =>
    imageFlow().map((node) =>
      (node as { type: string }).type === 'goodpart-model'
        ? {
            ...node,
            engine: 'kserve',
            kserveUrls: servers.map(({ url }) => url).join(', '),
            kserveTimeoutMs: 2_000,
            ...more,
          }
        : node,
    );
  const inspect = (spot: number) =>
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, spot) });

  it('judges, says which server scored, and that it is degraded while one is missing', async () => {
    const [{ station, closed }] = await startStations(runner(), flow());
    await until('both servers', () => servers.every(({ infers }) => infers > 0) && !station.snapshot().health.degraded);
    inspect(60);
    inspect(250);
    await until('verdicts', () => closed.length === 2);
    assert.deepEqual(closed.map(({ verdict }) => verdict).sort(), ['fail', 'pass']);
    const used = closed.map(({ views: [{ score }] }) => [score?.engine, score?.provider]);
    assert.deepEqual(used.sort(), servers.map(({ url }) => ['kserve', url]).sort());
    let refused = false;
    station.on('snapshot', ({ status }: ReturnType<typeof station.snapshot>) => {
      refused ||= !status.ready;
    });
    await servers[0].stop();
    await until('degraded', () => station.snapshot().health.degraded);
    inspect(60);
    await until('a verdict of the other one', () => closed.length === 3);
    assert.deepEqual([closed[2].verdict, closed[2].views[0].score?.provider], ['pass', servers[1].url]);
    await servers[0].start();
    await until('both again', () => !station.snapshot().health.degraded);
    assert.equal(refused, false, 'no trigger was refused for that');
  });

  it('says invalid with the reason when all are lost, is not ready, and returns by itself', async () => {
    const [{ station, closed }] = await startStations(runner(), flow());
    for (const server of servers) server.fault = { kind: 'held' };
    inspect(60);
    await until('a frame under way', () => servers.some(({ atWork }) => atWork > 0));
    await Promise.all(servers.map((server) => server.stop()));
    await until('its verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'invalid');
    assert.equal(closed[0].reasons[0].key, 'engineFailed');
    assert.match(closed[0].reasons[0].text, /inference server/);
    const fault = await until('the fault', () => station.faults().find(({ code }) => code === 201));
    assert.match(fault.text, /nobody listens there|it closed the connection/);
    assert.equal(station.credit(), 0);
    for (const server of servers) {
      server.release();
      await server.start();
    }
    await until('the return', () => station.credit() > 0);
    assert.equal(station.faults().length, 0);
    inspect(60);
    await until('a verdict', () => closed.length === 2);
    assert.equal(closed[1].verdict, 'pass');
  });

  it('says invalid when servers are silent or give no number', async () => {
    const [{ closed }] = await startStations(runner(), flow());
    for (const server of servers) server.fault = { kind: 'nan' };
    inspect(60);
    await until('a verdict', () => closed.length === 1);
    assert.deepEqual([closed[0].verdict, closed[0].reasons[0].key], ['invalid', 'scoreNotFinite']);
    for (const server of servers) server.fault = { kind: 'silent' };
    inspect(60);
    await until('its verdict', () => closed.length === 2);
    assert.deepEqual([closed[1].verdict, closed[1].reasons[0].key], ['invalid', 'engineTimeout']);
  });

  it('becomes ready when servers that were not there at the start come', async () => {
    await Promise.all(servers.map((server) => server.stop()));
    const started = startStations(runner(), flow());
    started.catch(() => {});
    const station = await until('the station', () => findStation('line1', 'station1'));
    await until('the fault', () => station.faults().find(({ text }) => /nobody listens there/.test(text)));
    await servers[1].start();
    const [{ closed }] = await started;
    inspect(60);
    await until('a verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'pass');
  });

  it('sends the token of its credentials, and tells it to nobody', async () => {
    for (const server of servers) server.token = 'the-right-token';
    const told: string[] = [];
    const tell = (kind: string) => (call: { args?: unknown[] }) => told.push(`${kind} ${JSON.stringify(call.args)}`);
    const watch = () => {
      for (const id of ['station1-score', 'station1-model']) {
        for (const kind of ['status', 'error', 'warn', 'log'])
          runner()
            .node(id)
            .on(`call:${kind}` as 'call:status', tell(kind) as never);
      }
    };
    const wrong = startStations(runner(), flow(), {
      credentials: { 'station1-model': { kserveToken: 'my-wrong-token' } },
    });
    wrong.catch(() => {});
    const station = await until('the station', () => findStation('line1', 'station1'));
    watch();
    const fault = await until('the fault', () => station.faults().find(({ text }) => /token/.test(text)));
    assert.match(fault.text, /wants another token \(HTTP 401\)/);
    inspect(60);
    for (const server of servers) server.token = 'my-wrong-token';
    const [{ closed }] = await wrong;
    closed.length = 0;
    inspect(60);
    await until('a verdict', () => closed.length > 0);
    assert.equal(closed[0].verdict, 'pass');
    assert.doesNotMatch(JSON.stringify([told, closed, station.snapshot(), fault]), /my-wrong/);
    assert.ok(told.length > 0);
  });
});
