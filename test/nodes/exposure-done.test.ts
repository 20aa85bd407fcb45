import assert from 'node:assert/strict';
import { onEachNodeRed } from '../kit/flows.ts';
import { freePort } from '../kit/ports.ts';
import { startStations, stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';
import { ModbusClient } from '../plc/modbus-client.ts';

const z = 'station1-tab';
const station = 'station1-station';
const tags = { status: 2, accepted: 13, exposureDone: 14, sequence: 22, resultTrigger: 23 } as const;
const exposureDoneBit = 1 << 10;
const busyBit = 1 << 1;

onEachNodeRed('a PLC that moves the part on when it has been exposed', (runner) => {
  it('reads ExposureDone with the trigger’s id before the result, and the result with the same id after it', async () => {
    const port = await freePort();
    const camera = (view: string) => ({
      ...{
        id: `camera-${view}`,
        z,
        type: 'goodpart-camera',
        name: view,
        station,
        view,
        run: 'triggered',
        source: 'simulator',
      },
      ...{ simWidth: 64, simHeight: 64, timeoutMs: 5_000 },
    });
    const [{ station: heart }] = await startStations(
      runner(),
      [
        ...stationNodes('station1', { deadlineMs: 15_000 }),
        {
          ...{ id: 'trigger', z, type: 'goodpart-trigger', station, source: 'message', triggerIdProperty: 'id' },
          wires: [['camera-top'], []],
        },
        { ...camera('top'), wires: [['between']] },
        // the test holds the message between the two cameras and before the score, as a slow model would
        { id: 'between', z, type: 'helper', wires: [] },
        { ...camera('side'), wires: [['taken']] },
        { id: 'taken', z, type: 'helper', wires: [] },
        { id: 'score', z, type: 'goodpart-score', station, model: 'station1-model', view: 'side', wires: [['rules']] },
        { id: 'rules', z, type: 'goodpart-rules', station, thresholds: 'recipe', final: true, wires: [['modbus']] },
        { id: 'server', type: 'goodpart-modbus-endpoint', host: '127.0.0.1', port, unitId: 255 },
        { id: 'modbus', z, type: 'goodpart-modbus-output', station, endpoint: 'server', slot: 0, wires: [[]] },
      ],
      { views: ['top', 'side'] },
    );
    const between = runner().collect('between');
    const taken = runner().collect('taken');
    const plc = await until('the endpoint', () => ModbusClient.connect(port).catch(() => null), { timeoutMs: 20_000 });
    const read = async () => {
      const words = await plc.read(0, 24);
      return Object.fromEntries(Object.entries(tags).map(([name, at]) => [name, words[at]])) as Record<
        keyof typeof tags,
        number
      >;
    };
    try {
      await until('the station in the registers', async () => (await plc.read(1, 1))[0] === heart.bootId);
      const before = await read();
      runner().node('trigger').receive({ id: 4711 });
      await until('the first picture', () => between.length === 1);
      await until('it is accepted', async () => (await read()).accepted === 4711);
      const half = await read();
      assert.notEqual(half.exposureDone, 4711, 'the second camera has not seen the part');
      assert.equal(half.status & exposureDoneBit, 0);
      runner().node('camera-side').receive(between[0]);
      await until('the second picture', () => taken.length === 1);
      const done = await until('exposure done', async () => {
        const now = await read();
        return now.exposureDone === 4711 ? now : null;
      });
      assert.equal(done.sequence, before.sequence, 'there is no result yet');
      assert.deepEqual([done.status & exposureDoneBit, done.status & busyBit], [exposureDoneBit, busyBit]);
      heart.failView((taken[0].inspection as { id: string }).id, 'top', { key: 'noPart', code: 39, text: 'taken out' });
      runner().node('score').receive(taken[0]);
      const result = await until('the result', async () => {
        const now = await read();
        return now.sequence === before.sequence ? null : now;
      });
      assert.deepEqual([result.resultTrigger, result.exposureDone], [4711, 4711]);
    } finally {
      plc.close();
    }
  });
});
