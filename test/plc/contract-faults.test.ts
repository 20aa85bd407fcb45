import assert from 'node:assert/strict';
import { pythonWith } from '../kit/python.ts';
import { until } from '../kit/until.ts';
import { AsyncuaPeer } from './asyncua-peer.ts';
import { ModbusClient } from './modbus-client.ts';
import { WiredStation } from './wired-station.ts';

/** One row of PLC.md section 5, as a PLC's programmer would check it. */
interface Row {
  code: number;
  resultValid: boolean;
  ready: boolean;
  /** OPC UA status of Result.*. */
  status: string;
}

const usual = { deadlineMs: 2000, maxOpen: 3, staleAfterMs: 0 };

/** The rows of PLC.md section 5, each seen by two clients that are none of ours: jsmodbus and asyncua. */
describe('what the tags say when things go wrong (PLC.md section 5)', () => {
  let wired: WiredStation;
  let modbus: ModbusClient;
  let peer: AsyncuaPeer;

  /** Each part has a TriggerId of its own. */
  let id = 0;

  before(async function () {
    peer = new AsyncuaPeer(pythonWith(this, 'asyncua'));
    wired = await WiredStation.open();
    modbus = await ModbusClient.connect(wired.modbusPort);
    await peer.connect({ url: wired.url });
  });

  afterEach(() => {
    wired.station.setHealth('cam', 'camera', true, 0, '');
    wired.station.configure(usual);
  });

  after(async () => {
    peer?.stop();
    modbus?.close();
    await wired?.close();
  });

  const words = () => modbus.read(0, 100);
  const tag = async (name: string) => (await peer.read([`${wired.station.id}.${name}`]))[0];

  async function trigger(): Promise<void> {
    id += 1;
    await modbus.write(200, [id]);
    await until('accepted', async () => (await words())[13] === id);
  }

  const newest = () => wired.taken.at(-1) ?? assert.fail('no part');

  async function part(): Promise<void> {
    await trigger();
    wired.judge(newest(), 0);
    await until('its result', async () => (await words())[23] === id);
  }

  /** The row over both protocols; answers the registers. */
  async function shows({ code, resultValid, ready, status }: Row, where: string): Promise<number[]> {
    const registers = await until(where, async () => {
      const now = await words();
      const same = now[24] === code && ((now[2] >> 2) & 1) === Number(resultValid) && (now[2] & 1) === Number(ready);
      return same ? now : undefined;
    });
    await until(`${where}, over OPC UA`, async () => {
      const [value, quality] = await tag('Result.Code');
      return value === code && quality === status;
    });
    assert.equal((await tag('Status.ResultValid'))[0], resultValid);
    assert.equal((await tag('Status.Ready'))[0], ready);
    return registers;
  }

  async function heartbeat(runs: boolean): Promise<void> {
    const [first] = await modbus.read(4, 1);
    if (runs) await until('the heartbeat', async () => (await modbus.read(4, 1))[0] !== first);
    else {
      // longer than two beats, by the station's own measure of time: the age of its newest result
      const [age] = await modbus.read(38, 1);
      await until('two beats’ time', async () => (await modbus.read(38, 1))[0] > age + 120);
      assert.equal((await modbus.read(4, 1))[0], first, 'the heartbeat stands');
    }
  }

  it('start, nothing inspected yet', async () => {
    await shows({ code: 0, resultValid: false, ready: true, status: 'BadWaitingForInitialData' }, 'start');
    await heartbeat(true);
  });

  it('a good part, for comparison', async () => {
    await part();
    await shows({ code: 1, resultValid: true, ready: true, status: 'Good' }, 'a pass');
  });

  it('camera lost, no trigger open: the last result stays', async () => {
    await part();
    wired.station.setHealth('cam', 'camera', false, 101, 'lost');
    const now = await shows({ code: 1, resultValid: true, ready: false, status: 'Good' }, 'camera lost');
    assert.equal(now[7], 101);
    await heartbeat(true);
  });

  it('camera lost, trigger open: a result of its own', async () => {
    await part();
    const [sequence] = await modbus.read(22, 1);
    await trigger();
    wired.station.setHealth('cam', 'camera', false, 101, 'lost');
    wired.station.failView(newest().id, 'main', { key: 'cameraLost', code: 21, text: 'The camera gave no picture' });
    const now = await shows({ code: 4, resultValid: true, ready: false, status: 'BadDeviceFailure' }, 'invalid');
    assert.deepEqual([now[22], now[23], now[25]], [sequence + 1, id, 21]);
    await heartbeat(true);
  });

  it('inference failed', async () => {
    await trigger();
    wired.station.failView(newest().id, 'main', { key: 'engineFailed', code: 25, text: 'failed' });
    // the row before left an invalid too
    await until('its result', async () => (await words())[23] === id);
    const now = await shows({ code: 4, resultValid: true, ready: true, status: 'BadDeviceFailure' }, 'invalid');
    assert.deepEqual([now[23], now[25]], [id, 25]);
  });

  it('inference late', async () => {
    wired.station.configure({ ...usual, deadlineMs: 150 });
    await trigger();
    await until('its result', async () => (await words())[23] === id);
    const now = await shows({ code: 4, resultValid: true, ready: true, status: 'BadDeviceFailure' }, 'invalid');
    assert.deepEqual([now[23], now[25]], [id, 20]);
  });

  it('free-running result older than its limit', async () => {
    wired.station.configure({ ...usual, staleAfterMs: 200 });
    const answer = wired.station.accept({
      ...{ triggerId: 0, partId: '', expectedRecipe: 0, source: 'timer', at: performance.now() },
    });
    wired.judge('inspection' in answer ? answer.inspection : assert.fail('refused'), 0);
    const row = { code: 0, resultValid: false, ready: true, status: 'UncertainLastUsableValue' };
    const now = await shows(row, 'stale');
    assert.equal((now[2] >> 11) & 1, 1, 'Stale');
    await heartbeat(true);
  });

  it('result not yet acknowledged: never stale', async () => {
    wired.station.configure({ ...usual, staleAfterMs: 200, acknowledged: true });
    await modbus.write(202, await modbus.read(22, 1)); // what came before is taken
    await part();
    await until('old', async () => (await modbus.read(38, 1))[0] > 60);
    await shows({ code: 1, resultValid: true, ready: true, status: 'Good' }, 'still there');
  });

  it('decision loop hung: the PLC process says so, and says the same when it is back', async () => {
    await part();
    await trigger();
    wired.hang();
    const hung = await shows({ code: 4, resultValid: true, ready: false, status: 'Bad' }, 'hung');
    assert.deepEqual([hung[23], hung[7], (hung[2] >> 8) & 1], [id, 501, 1]);
    await heartbeat(false);
    wired.wake();
    const back = await shows({ code: 4, resultValid: true, ready: true, status: 'BadDeviceFailure' }, 'back');
    assert.deepEqual([back[22], back[23]], [hung[22], id]);
    await heartbeat(true);
    await part();
  });

  it('what is asked of a hung station is refused at once and counted', async () => {
    await part();
    const [before] = await modbus.read(89, 1);
    const parts = wired.taken.length;
    wired.hang();
    await until('hung', async () => (await words())[7] === 501);
    id += 1;
    await modbus.write(200, [id]);
    await until('refused', async () => (await words())[15] === id);
    assert.equal((await words())[16], 34);
    await modbus.write(203, [2]);
    assert.deepEqual(await modbus.read(10, 2), [2, 3]);
    assert.deepEqual(await modbus.read(89, 1), [before + 1]);
    wired.wake();
    await until('ready', async () => ((await words())[2] & 1) === 1);
    assert.deepEqual(await modbus.read(89, 1), [before + 1], 'counted once');
    assert.deepEqual(await modbus.read(10, 2), [2, 3]);
    assert.equal(wired.station.mode, 'run', 'a command that was refused is not done later');
    assert.equal(wired.taken.length, parts);
  });

  it('orderly shutdown', async () => {
    await part();
    await peer.subscribe(`${wired.station.id}.Result.Code`);
    const closing = wired.close();
    const last = await until('0/0/0', async () => {
      const now = await words();
      return (now[2] & 0b101) === 0 && now[24] === 0 ? now : undefined;
    });
    assert.equal(last[24], 0);
    await until('Bad_Shutdown', async () => (await peer.qualities()).includes('BadShutdown'));
    await closing;
    await until('the connection ends', () => modbus.closed);
  });
});
