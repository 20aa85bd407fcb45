import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import { NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

describe('a trigger that a PLC writes before the station can take triggers from it', () => {
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  const plc = new ModbusRTU();

  after(async () => {
    plc.close(() => {});
    await red.stop();
  });

  it('is refused at once with a reason, counted once and recorded, and the line goes on', async () => {
    const port = await freePort();
    await prepareStation(red.userDir);
    await red.start();
    await red.deploy(lineFlow(port));
    plc.setTimeout(2_000);
    await until('Modbus answers', () => plc.connectTCP('127.0.0.1', { port }).then(() => true));
    plc.setID(1);
    const read = async (at: number, count = 1) => (await plc.readHoldingRegisters(at, count)).data;
    await until('the line runs', async () => (await read(22))[0] > 3);
    await plc.writeRegisters(200, [77, 0, 0]);
    await until('the refusal', async () => (await read(15))[0] === 77);
    assert.notEqual((await read(16))[0], 0, 'with a reason');
    const missed = async () => {
      const [high, low] = await read(88, 2);
      return high * 65_536 + low;
    };
    await until('Missed', async () => (await missed()) === 1);
    const [before] = await read(22);
    await until('more results', async () => (await read(22))[0] > before + 2);
    assert.equal(await missed(), 1, 'counted once');
    const log = join(red.userDir, 'goodpart/stations/line1/station1/evidence/refusals/newest.ndjson');
    const record = await until(
      'its record',
      () => readFileSync(log, 'utf8').includes('"triggerId":77') && readFileSync(log, 'utf8'),
    );
    assert.doesNotMatch(String(record), /"sequence"/, 'no sequence is used');
  });
});
