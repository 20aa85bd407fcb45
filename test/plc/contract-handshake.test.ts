import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Station, type StationOptions } from '../../lib/station/station.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { draft } from '../station/kit.ts';
import { ModbusClient } from './modbus-client.ts';
import { WiredStation } from './wired-station.ts';

/** The folder of a station whose last result had this sequence, before an orderly end. */
async function folderAfter(lastSequence: number): Promise<string> {
  const dir = tempDir('station');
  const limits = { deadlineMs: 2000, maxOpen: 3, staleAfterMs: 0 };
  const station = await Station.open({ line: 'line', station: 'one', dir, mode: 'run', ...limits });
  await station.close();
  for (const name of ['state.json', 'state-copy.json']) {
    const state: Record<string, unknown> = JSON.parse(readFileSync(join(dir, name), 'utf8'));
    const numbers = { lastSequence, reservedThrough: lastSequence, lastPublished: lastSequence };
    writeFileSync(join(dir, name), JSON.stringify({ ...state, ...numbers }));
  }
  return dir;
}

/** The rules of PLC.md section 2 over a real socket, from the side of a PLC (jsmodbus). */
describe('the conversation with a PLC (PLC.md section 2)', () => {
  let wired: WiredStation;
  let plc: ModbusClient;

  afterEach(async () => {
    plc?.close();
    await wired?.close();
  });

  async function open(options: Partial<StationOptions> = {}): Promise<void> {
    wired = await WiredStation.open(options, { opcua: false });
    plc = await ModbusClient.connect(wired.modbusPort);
  }

  const one = async (address: number) => (await plc.read(address, 1))[0];
  const ready = async () => ((await one(2)) & 1) === 1;

  async function trigger(id: number, recipe = 0): Promise<'accepted' | 'refused'> {
    await plc.write(200, [id, recipe]);
    return until(`an answer to ${id}`, async () => {
      const [accepted, , refused] = await plc.read(13, 3);
      return accepted === id ? 'accepted' : refused === id ? 'refused' : undefined;
    });
  }

  async function part(id: number, value = 0): Promise<number> {
    assert.equal(await trigger(id), 'accepted');
    wired.judge(wired.taken.at(-1) ?? assert.fail('no part'), value);
    await until(`the result of ${id}`, async () => (await one(23)) === id);
    return one(22);
  }

  it('publishes several parts in flight in trigger order, whatever the order in which they are judged', async () => {
    await open();
    for (const id of [1, 2, 3]) assert.equal(await trigger(id), 'accepted');
    assert.equal(await one(12), 3);
    assert.equal(await trigger(4), 'refused', 'a fourth is too many');
    assert.equal(await one(16), 62);
    wired.judge(wired.taken[2], 0);
    wired.judge(wired.taken[1], 5);
    wired.judge(wired.taken[0], 1.5);
    const ring = await until('all three', async () => {
      const words = await plc.read(300, 15);
      return words[1] === 3 ? words : undefined;
    });
    assert.deepEqual([ring[1], ring[6], ring[11]], [3, 2, 1]);
    assert.deepEqual([ring[2], ring[7], ring[12]], [1, 3, 2]);
    assert.deepEqual([ring[0] - ring[5], ring[5] - ring[10]], [1, 1]);
  });

  it('holds every result in acknowledged mode until the PLC has taken it, and says why it is not ready', async () => {
    await open({ acknowledged: true });
    const sequences: number[] = [];
    for (let id = 1; id <= 8; id++) sequences.push(await part(id));
    await until('not ready', async () => !(await ready()));
    assert.equal(await one(6), 64);
    assert.equal(await trigger(9), 'refused');
    assert.equal(await one(16), 64);
    await plc.write(202, [sequences[2]]);
    await until('ready', ready);
    for (let id = 10; id <= 12; id++) await part(id);
    await until('full again', async () => !(await ready()));
    const ring = await plc.read(300, 40);
    assert.deepEqual(
      [7, 6, 5, 4, 3, 2, 1, 0].map((place) => ring[5 * place + 1]),
      [4, 5, 6, 7, 8, 10, 11, 12],
    );
    assert.deepEqual(await plc.read(92, 2), [0, 0], 'ResultsOverrun');
    await plc.write(202, [await one(22)]);
    await until('all taken', ready);
  });

  it('wraps TriggerId and Sequence past 0', async () => {
    await open({ dir: await folderAfter(65_533) });
    const sequences: number[] = [];
    for (const id of [65_534, 65_535, 1, 2]) sequences.push(await part(id));
    assert.deepEqual(sequences, [65_534, 65_535, 1, 2]);
    assert.deepEqual(await plc.read(22, 1), await plc.read(77, 1));
  });

  it('calls a part of another recipe invalid, and checks none where 0 is expected', async () => {
    await open();
    await wired.station.recipes.save(draft(wired.station));
    wired.station.recipes.activate(1);
    await trigger(1, 3);
    await until('its result', async () => (await one(23)) === 1);
    assert.deepEqual(await plc.read(24, 2), [4, 29]);
    await trigger(2, 1);
    wired.judge(wired.taken[1], 0);
    await until('its result', async () => (await one(23)) === 2);
    assert.equal(await one(24), 1);
  });

  it('takes no reconnection and no repeated write for a trigger', async () => {
    await open();
    await part(7);
    plc.close();
    plc = await ModbusClient.connect(wired.modbusPort);
    const block = await plc.read(200, 41);
    assert.equal(block[0], 7);
    for (let n = 0; n < 5; n++) await plc.write(200, block);
    await part(8);
    assert.equal(wired.taken.length, 2);
  });

  it('acts on a whole block at once: part id and trigger in one FC16, results taken before the part is asked for', async () => {
    await open({ acknowledged: true, maxOpen: 1 });
    let sequence = 0;
    for (let id = 1; id <= 8; id++) sequence = await part(id);
    const text = Buffer.alloc(64);
    text.write('in one');
    const words = Array.from({ length: 32 }, (_, n) => text.readUInt16BE(2 * n));
    await plc.write(200, [9, 0, sequence, 0, 0, 0, 8, 2, 6, ...words]);
    await until('accepted', async () => (await one(13)) === 9);
    assert.equal(wired.taken[8].part.id, 'in one');
  });

  it('reports what became of a part, once for each report', async () => {
    await open();
    const reports: unknown[] = [];
    wired.station.on('disposition', ({ triggerId, disposition }) => reports.push([triggerId, disposition]));
    for (const id of [1, 2]) await part(id);
    await plc.write(206, [1, 2]);
    await plc.write(206, [2, 1]);
    await until('both', () => reports.length === 2);
    await plc.write(206, [2, 1]);
    await part(3);
    assert.deepEqual(reports, [
      [1, 'ejected'],
      [2, 'accepted'],
    ]);
  });

  it('echoes slow commands, and refuses them while a person holds the station', async () => {
    await open();
    const command = async (code: number, arg = 0) => {
      await plc.write(203, [code, arg]);
      const status = await until('its answer', async () => {
        const [ack, said] = await plc.read(10, 2);
        return ack === code ? said : undefined;
      });
      await plc.write(203, [0]);
      await until('idle', async () => (await plc.read(10, 2)).join() === '0,0');
      return status;
    };
    assert.equal(await command(2), 2);
    assert.equal(await trigger(1), 'refused');
    assert.equal(await command(1), 2);
    assert.equal(await command(3, 77), 3, 'no such recipe');
    assert.equal(await command(7, 5), 2);
    await part(2);
    assert.deepEqual(await plc.read(78, 2), [0, 0], 'a challenge part is not counted');
    assert.equal(await command(8), 2);
    wired.station.setMode('commissioning', 'anna', '');
    assert.equal(await command(1), 3);
    assert.equal(await trigger(3), 'refused');
    assert.equal(await one(16), 63);
    assert.equal(((await one(3)) >> 7) & 1, 1, 'CommissioningHeld');
  });

  it('serves simple remote-I/O use: one coil triggers, one takes the result', async () => {
    await open({ acknowledged: true });
    for (let n = 1; n <= 9; n++) {
      await plc.setCoil(200, true);
      await until('accepted', async () => (await one(13)) === n);
      wired.judge(wired.taken[n - 1], 0);
      await until('its result', async () => (await one(23)) === n);
      assert.deepEqual((await plc.coils(0, 4)).slice(2), [true, true], 'ResultValid and Pass');
      await plc.setCoil(201, true);
      await plc.setCoil(200, false);
      await plc.setCoil(201, false);
    }
    assert.equal(await ready(), true, 'nine results in a ring of eight: each was taken');
  });
});
