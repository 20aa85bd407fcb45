import assert from 'node:assert/strict';
import { findStation } from '../../lib/node-red/stations.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { PlcWatch } from '../kit/plc-watch.ts';
import { freePort } from '../kit/ports.ts';
import { refusal } from '../kit/refusal.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { makeSnapshot } from '../plc/snapshots.ts';

const z = 'tab';
const tab = { id: z, type: 'tab', label: 'one of each' };
const station = (id: string, name: string) => ({
  ...{ id, type: 'goodpart-station', line: 'line1', station: name, mode: 'run' },
  ...{ deadlineMs: 1000, maxOpen: 2 },
});
const trigger = (id: string, to: string) => [
  { id, z, type: 'goodpart-trigger', station: to, source: 'message', wires: [[`${id}-out`], [`${id}-out`]] },
  { id: `${id}-out`, z, type: 'helper', wires: [] },
];

onEachNodeRed('what there can be only one of', (runner) => {
  it('is a station’s name: the second of two nodes that start together is refused in one sentence', async () => {
    await runner().start([tab, station('A', 'one'), station('B', 'one'), ...trigger('a', 'A'), ...trigger('b', 'B')]);
    const out = runner().collect('a-out');
    runner().node('a').receive({});
    await until('the first one answers', () => out.length === 1);
    assert.match(await refusal(runner().node('b'), {}), /station: Expected one station node for line1\/one/);
  });

  it('is a station’s name, which another node may have once its owner has another one', async () => {
    await runner().start([tab, station('A', 'one'), ...trigger('a', 'A')]);
    const before = await until('the station', () => findStation('line1', 'one'));
    await runner().deploy([tab, station('A', 'two'), station('B', 'one'), ...trigger('a', 'A'), ...trigger('b', 'B')]);
    const [a, b] = [runner().collect('a-out'), runner().collect('b-out')];
    runner().node('a').receive({});
    runner().node('b').receive({});
    await until('both answer', () => a.length === 1 && b.length === 1);
    assert.equal(findStation('line1', 'one'), before, 'it lived on under its new node');
    assert.notEqual(findStation('line1', 'two'), before);
  });

  it('is a camera for a view: nobody could say for whose settings the recipe is valid', async () => {
    const camera = (id: string, run: string) => ({
      ...{ id, z, type: 'goodpart-camera', station: 'A', view: 'main', run },
      ...{ source: 'simulator', simWidth: 64, simHeight: 64, wires: [['out']] },
    });
    const out = { id: 'out', z, type: 'helper', wires: [] };
    const cameras = ['first', 'second'].map((id) => camera(id, 'triggered'));
    await runner().start([tab, station('A', 'one'), ...cameras, camera('collects', 'collect'), out]);
    const expected = /a view that no other camera of this station gives for view but received "main"/;
    assert.match(await refusal(runner().node('second'), {}), expected);
    const pictures = runner().collect('out');
    await until(
      'a camera that only collects is no other one',
      () => {
        // until its process runs it gives none
        runner().node('collects').receive({});
        return pictures[0]?.payload ?? null;
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
  });

  it('is an evidence node’s policy for a station', async () => {
    const evidence = (id: string, passPercent: number) => ({
      ...{ id, z, type: 'goodpart-evidence', station: 'A', passPercent, wires: [[]] },
    });
    await runner().start([tab, station('A', 'one'), evidence('x', 1), evidence('same', 1), evidence('other', 2)]);
    assert.match(await refusal(runner().node('other'), {}), /the same settings as the other evidence node/);
    assert.match(await refusal(runner().node('same'), {}), /msg.inspection/);
  });
});

onEachNodeRed('stations on one Modbus endpoint', (runner) => {
  it('change places in one deploy', async () => {
    const port = await freePort();
    const flow = (one: number, two: number) => [
      ...[tab, station('A', 'one'), station('B', 'two')],
      { id: 'modbus', type: 'goodpart-modbus-endpoint', host: '127.0.0.1', port, unitId: 255 },
      { id: 'a', z, type: 'goodpart-modbus-output', station: 'A', endpoint: 'modbus', slot: one, wires: [[]] },
      { id: 'b', z, type: 'goodpart-modbus-output', station: 'B', endpoint: 'modbus', slot: two, wires: [[]] },
    ];
    await runner().start(flow(0, 1));
    const bootIdOf = (name: string) => findStation('line1', name)?.bootId ?? 0;
    const plc = new PlcWatch(port);
    plc.start();
    try {
      await until('the first station in slot 0', () => plc.last?.bootId === bootIdOf('one'), { timeoutMs: 20_000 });
      await runner().deploy(flow(1, 0));
      await until('the second one in slot 0', () => plc.last?.bootId === bootIdOf('two'));
    } finally {
      await plc.stop();
    }
  });
});

describe('stations on one OPC UA endpoint', () => {
  it('need no slots: their names tell them apart', async () => {
    const link = new PlcLink();
    try {
      link.openOpcUa('opcua', { host: '127.0.0.1', port: await freePort(), pkiDir: tempDir('pki') });
      for (const id of ['one', 'two']) {
        link.publish(makeSnapshot(null, { id, station: id }));
        link.attach('opcua', id);
      }
      await until('it is open', () => link.endpointState('opcua')?.state === 'open', { timeoutMs: 30_000 });
    } finally {
      await link.stop();
    }
  }).timeout(40_000);
});
