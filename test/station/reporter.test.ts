import assert from 'node:assert/strict';
import { StationReporter } from '../../lib/station/reporter.ts';
import type { ResultJson } from '../../lib/station/result-json.ts';
import type { StatusJson } from '../../lib/station/status-json.ts';
import { until } from '../kit/until.ts';
import { accept, inspect, openRig, type Rig } from './kit.ts';

const software = { package: 'p', version: '1', node: 'v24' };

describe('who reports of a station', () => {
  let reporter: StationReporter;
  afterEach(() => reporter.stop());

  const follow = (rig: Rig, o: { name?: string; limit?: number; calmMs?: number } = {}) => {
    const { name = 'r', ...more } = o;
    reporter = new StationReporter(name, { station: rig.station, clock: rig.time.clock, software, ...more });
    const results: ResultJson[] = [];
    const statuses: StatusJson[] = [];
    const taker = { result: (one: ResultJson) => results.push(one), status: (one: StatusJson) => statuses.push(one) };
    return { results, statuses, attach: () => reporter.attach(taker) };
  };
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
  const sequences = (results: ResultJson[]) => results.map(({ sequence }) => sequence);

  it('tells each closed inspection once and in order, the invalid ones without a message too, never within the station’s work', async () => {
    const rig = await openRig();
    const { results, attach } = follow(rig);
    attach();
    const [, second] = [accept(rig), accept(rig)];
    inspect(rig, second, 0);
    rig.time.pass(1_000);
    assert.deepEqual(results, []);
    await turn();
    assert.deepEqual(
      results.map(({ sequence, verdict }) => [sequence, verdict]),
      [
        [1, 'invalid'],
        [2, 'pass'],
      ],
    );
  });

  it('keeps for the taker that comes what was closed without one, or while held; the oldest go and are counted', async () => {
    const rig = await openRig();
    const { results, statuses, attach } = follow(rig, { limit: 3 });
    const detach = attach();
    await turn();
    detach();
    for (let i = 0; i < 2; i++) inspect(rig, accept(rig), 0);
    await turn();
    assert.deepEqual([results.length, reporter.waiting], [0, 2]);
    attach();
    await turn();
    reporter.hold(true);
    const before = statuses.length;
    for (let i = 0; i < 5; i++) inspect(rig, accept(rig), 0);
    await turn();
    assert.deepEqual([sequences(results), statuses.length, reporter.dropped], [[1, 2], before, 2]);
    reporter.hold(false);
    await turn();
    assert.deepEqual(sequences(results), [1, 2, 5, 6, 7]);
    assert.equal(statuses.length, before + 1);
  });

  it('tells once in a boot what a crash had left open, whoever comes when', async () => {
    const rig = await openRig();
    accept(rig);
    await rig.station.settled();
    const next = await openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
    const first = follow(next);
    first.attach();
    await turn();
    assert.deepEqual(
      first.results.map(({ sequence, reasons }) => [sequence, reasons[0].key]),
      [[1, 'restarted']],
    );
    reporter.stop();
    const again = follow(next);
    again.attach();
    await turn();
    assert.deepEqual(again.results, []);
    reporter.stop();
    const other = follow(next, { name: 'other' });
    other.attach();
    await turn();
    assert.deepEqual(sequences(other.results), [1]);
  });

  it('tells the status at once when it changes, not with every part, and the newest of a flutter', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig), 0); // limits fixed here are not validated: that is news, once
    const { statuses, attach } = follow(rig, { calmMs: 50 });
    attach();
    await turn();
    assert.deepEqual(
      statuses.map(({ state }) => state),
      ['ready'],
    );
    for (let i = 0; i < 3; i++) inspect(rig, accept(rig), 0);
    await turn();
    assert.equal(statuses.length, 1);
    rig.time.pass(100);
    rig.station.setHealth('cam', 'camera', false, 101, 'gone');
    await turn();
    assert.deepEqual([statuses.length, statuses[1].state, statuses[1].counters?.total], [2, 'fault', 4]);
    for (let i = 0; i < 20; i++) rig.station.setHealth('cam', 'camera', i % 2 === 1, 101, 'gone');
    rig.station.setMode('offline', 'anna', '');
    await turn();
    assert.equal(statuses.length, 2);
    rig.time.pass(100);
    await until('the newest', () => statuses[2]?.state === 'offline');
    assert.equal(statuses.length, 3);
  });
});
