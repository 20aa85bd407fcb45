import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvidenceStore } from '../../lib/evidence/evidence-store.ts';
import { type EvidenceRecord, recordSchema } from '../../lib/evidence/record.ts';
import { NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { ModbusPlc } from '../kit/plc-modbus.ts';
import { freePort } from '../kit/ports.ts';
import { prepareStation, triggeredFlow } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

interface Overview {
  stations: { notes: { text: string }[] }[];
}

describe('a PLC that says what became of its parts', function () {
  this.timeout(120_000);
  let red: NodeRed;
  let plc: ModbusPlc;

  before(async () => {
    const port = await freePort();
    const userDir = userDirWithCheckout();
    await prepareStation(userDir);
    red = await new NodeRed({ userDir }).start();
    await red.deploy(triggeredFlow(port));
    plc = new ModbusPlc(port);
    await plc.connect();
    await until('ready', async () => (await plc.one(2)) & 1);
  });
  after(() => red.stop());

  /** What the room hands out, once Node-RED has let go of the folder. */
  async function records(): Promise<EvidenceRecord[]> {
    const store = new EvidenceStore();
    const dir = join(red.userDir, 'goodpart/stations/line1/station1/evidence');
    try {
      await store.openStore('s', { dir, line: 'line1', station: 'station1' });
      return await store.list('s', { limit: 500 });
    } finally {
      await store.stop();
    }
  }

  it('finds it in the part’s record, over a SIGKILL of Node-RED too; a challenge part says that it is one', async () => {
    const one = (await plc.inspect(10))[23];
    await plc.dispose(one, 5);
    await plc.dispose(one, 4);
    const two = (await plc.inspect(one + 1))[23];
    assert.equal(await plc.command(7, 3), 2);
    const three = (await plc.inspect(two + 1))[23];
    const told = await until('the console tells of the challenge part', async () => {
      const [{ notes }] = (await red.json<Overview>('goodpart/overview.json')).stations;
      return notes.find(({ text }) => text.startsWith('Challenge part'));
    });
    assert.equal(told.text, 'Challenge part 3: kept out of counters and alarms');
    await plc.dispose(three, 2);
    const evidence = join(red.userDir, 'goodpart/stations/line1/station1/evidence');
    const lines = (folder: string) =>
      readdirSync(join(evidence, folder)).flatMap((name) =>
        readFileSync(join(evidence, folder, name), 'utf8')
          .trim()
          .split('\n'),
      ).length;
    await until('all are on the disk', () => lines('dispositions') === 3 && lines('journal') === 3);
    const bootId = await plc.one(1);
    await red.kill();
    await red.start();
    await plc.reconnect(bootId);
    await plc.dispose(two, 1);
    const four = (await plc.inspect(three + 1))[23];
    plc.client.close();
    await red.stop();
    const found = new Map((await records()).map((record) => [record.trigger.triggerId, record]));
    for (const record of found.values()) assert.deepEqual(recordSchema.parse(record), record);
    const fate = (id: number) => found.get(id)?.disposition?.what;
    assert.deepEqual([fate(one), fate(two), fate(three), fate(four)], ['scrap', 'accepted', 'ejected', undefined]);
    assert.deepEqual(
      found.get(one)?.dispositions?.map(({ what }) => what),
      ['ejectFailed', 'scrap'],
    );
    assert.deepEqual([found.get(two)?.challenge, found.get(three)?.challenge], [undefined, 3]);
  });
});
