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

/** The rows of PLC.md section 5, each seen by two clients that are none of ours: jsmodbus and asyncua. */
describe('what the tags say when things go wrong (PLC.md section 5)', function () {
  this.timeout(60_000);
  let wired: WiredStation;
  let modbus: ModbusClient;
  let peer: AsyncuaPeer;

  beforeEach(async function () {
    peer = new AsyncuaPeer(pythonWith(this, 'asyncua'));
  });

  afterEach(async () => {
    peer?.stop();
    modbus?.close();
    await wired?.close();
  });

  async function open(options: Parameters<typeof WiredStation.open>[0] = {}): Promise<void> {
    wired = await WiredStation.open(options);
    modbus = await ModbusClient.connect(wired.modbusPort);
    await peer.connect({ url: wired.url });
  }

  const words = () => modbus.read(0, 100);
  const tag = async (name: string) => (await peer.read([`${wired.station.id}.${name}`]))[0];

  async function trigger(id: number): Promise<void> {
    await modbus.write(200, [id]);
    await until('accepted', async () => (await words())[13] === id);
  }

  async function part(id: number, value = 0): Promise<void> {
    await trigger(id);
    wired.judge(wired.taken.at(-1) ?? assert.fail('no part'), value);
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
    await open();
    await shows({ code: 0, resultValid: false, ready: true, status: 'BadWaitingForInitialData' }, 'start');
    await heartbeat(true);
  });

  it('a good part, for comparison', async () => {
    await open();
    await part(1);
    await shows({ code: 1, resultValid: true, ready: true, status: 'Good' }, 'a pass');
  });

  it('camera lost, no trigger open: the last result stays', async () => {
    await open();
    await part(1);
    wired.station.setHealth('cam', 'camera', false, 101, 'lost');
    const now = await shows({ code: 1, resultValid: true, ready: false, status: 'Good' }, 'camera lost');
    assert.equal(now[7], 101);
    await heartbeat(true);
  });

  it('camera lost, trigger open: a result of its own', async () => {
    await open();
    await part(1);
    const [sequence] = await modbus.read(22, 1);
    await trigger(2);
    wired.station.setHealth('cam', 'camera', false, 101, 'lost');
    const id = wired.taken[1].id;
    wired.station.failView(id, 'main', { key: 'cameraLost', code: 21, text: 'The camera gave no picture' });
    const now = await shows({ code: 4, resultValid: true, ready: false, status: 'BadDeviceFailure' }, 'invalid');
    assert.deepEqual([now[22], now[23], now[25]], [sequence + 1, 2, 21]);
    await heartbeat(true);
  });

  it('inference failed', async () => {
    await open();
    await trigger(1);
    wired.station.failView(wired.taken[0].id, 'main', { key: 'engineFailed', code: 25, text: 'failed' });
    const now = await shows({ code: 4, resultValid: true, ready: true, status: 'BadDeviceFailure' }, 'invalid');
    assert.deepEqual([now[23], now[25]], [1, 25]);
  });

  it('inference late', async () => {
    await open({ deadlineMs: 150 });
    await trigger(1);
    const now = await shows({ code: 4, resultValid: true, ready: true, status: 'BadDeviceFailure' }, 'invalid');
    assert.deepEqual([now[23], now[25]], [1, 20]);
  });

  it('free-running result older than its limit', async () => {
    await open({ staleAfterMs: 200 });
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
    await open({ staleAfterMs: 200, acknowledged: true });
    await part(1);
    await until('old', async () => (await modbus.read(38, 1))[0] > 60);
    await shows({ code: 1, resultValid: true, ready: true, status: 'Good' }, 'still there');
  });

  it('decision loop hung: the PLC process says so, and says the same when it is back', async () => {
    await open();
    await part(1);
    await trigger(2);
    wired.hang();
    const hung = await shows({ code: 4, resultValid: true, ready: false, status: 'Bad' }, 'hung');
    assert.deepEqual([hung[23], hung[7], (hung[2] >> 8) & 1], [2, 501, 1]);
    await heartbeat(false);
    wired.wake();
    const back = await shows({ code: 4, resultValid: true, ready: true, status: 'BadDeviceFailure' }, 'back');
    assert.deepEqual([back[22], back[23]], [hung[22], 2]);
    await heartbeat(true);
    await part(3);
  });

  it('what is asked of a hung station is refused at once and counted', async () => {
    await open();
    await part(1);
    wired.hang();
    await until('hung', async () => (await words())[7] === 501);
    await modbus.write(200, [2]);
    await until('refused', async () => (await words())[15] === 2);
    assert.equal((await words())[16], 34);
    await modbus.write(203, [2]);
    assert.deepEqual(await modbus.read(10, 2), [2, 3]);
    assert.deepEqual(await modbus.read(88, 2), [0, 1]);
    wired.wake();
    await until('ready', async () => ((await words())[2] & 1) === 1);
    assert.deepEqual(await modbus.read(88, 2), [0, 1], 'counted once');
    assert.deepEqual(await modbus.read(10, 2), [2, 3]);
    assert.equal(wired.station.mode, 'run', 'a command that was refused is not done later');
    assert.equal(wired.taken.length, 1);
  });

  it('orderly shutdown', async () => {
    await open();
    await part(1);
    await peer.subscribe(`${wired.station.id}.Result.Code`);
    const closing = wired.close();
    const last = await until('0/0/0', async () => {
      const now = await words();
      return (now[2] & 0b101) === 0 && now[24] === 0 ? now : undefined;
    });
    assert.equal(last[24], 0);
    await until('Bad_Shutdown', async () => {
      const heard = await peer.heard();
      return JSON.stringify(heard).includes('BadShutdown');
    });
    await closing;
    await until('the connection ends', () => modbus.closed);
  });
});
