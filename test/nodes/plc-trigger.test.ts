import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { ModbusPlc } from '../kit/plc-modbus.ts';
import { freePort } from '../kit/ports.ts';
import { prepareStation, triggeredFlow } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

const at = {
  bootId: 1,
  notReady: 6,
  commandAck: 10,
  accepted: 13,
  exposureDone: 14,
  rejected: 15,
  result: 22,
  partIdLength: 44,
  partId: 45,
  missed: 88,
} as const;

for (const release of releases) {
  describe(`a PLC that triggers in ${release}`, function () {
    this.timeout(120_000);
    let red: NodeRed;
    let plc: ModbusPlc;
    let port = 0;

    before(async () => {
      port = await freePort();
      const userDir = userDirWithCheckout();
      await prepareStation(userDir);
      red = await new NodeRed({ release, userDir }).start();
      await red.deploy(triggeredFlow(port));
      plc = new ModbusPlc(port);
      await plc.connect();
      await until('ready', async () => (await plc.one(2)) & 1);
    });

    after(async () => {
      plc.client.close();
      await red.stop();
    });

    afterEach(function () {
      if (this.currentTest?.state === 'failed') console.log(red.log.slice(-3000));
    });

    it('gets for each trigger its echo, the word that the part may move, and one result with its number and part', async () => {
      for (const id of [65_534, 65_535, 1, 2]) {
        await plc.trigger(id, `Teil-${id}`);
        await until('accepted', async () => (await plc.one(at.accepted)) === id);
        await until('exposed', async () => (await plc.one(at.exposureDone)) === id);
        const words = await plc.result(id);
        assert.ok([1, 2, 3].includes(words[24]), `Code ${words[24]}`);
        const text = Buffer.alloc(64);
        for (let n = 0; n < 32; n++) text.writeUInt16BE(words[at.partId + n], 2 * n);
        assert.equal(text.toString('utf8', 0, words[at.partIdLength]), `Teil-${id}`);
      }
    });

    it('is refused while it has taken the station offline, and served again online', async () => {
      assert.equal(await plc.command(2), 2);
      await plc.trigger(10, 'no');
      await until('refused', async () => (await plc.one(at.rejected)) === 10);
      assert.equal(await plc.one(at.rejected + 1), 60);
      assert.equal(await plc.command(1), 2);
      await plc.trigger(11, 'yes');
      await plc.result(11);
    });

    // 50 deploys take their time: the release that most people will have shows it
    if (release === releases[0])
      it('keeps its connection over 50 deploys of an unchanged endpoint, and what it asks for in between is answered', async () => {
        const missed = async () => (await plc.client.read(at.missed, 2))[1];
        const [bootId, missedBefore] = [await plc.one(at.bootId), await missed()];
        let answered = 0;
        let refused = 0;
        for (let n = 0; n < 50; n++) {
          const note: FlowNode = { id: 'note', z: 'tab', type: 'comment', name: `${n}`, info: '', wires: [] };
          // every tenth is a full deploy; the others restart the trigger node only
          const flow = triggeredFlow(port, [note]).map((one) =>
            one.id === 'trigger' ? { ...one, name: `${n}` } : one,
          );
          const deployed = red.deploy(flow, n % 10 === 9 ? 'full' : 'nodes');
          await plc.trigger(100 + n, `P${n}`);
          await until('an answer', async () => {
            const words = await plc.client.read(0, 100);
            if (words[at.rejected] === 100 + n) refused += 1;
            else if (words[at.result + 1] === 100 + n) answered += 1;
            else return false;
            return true;
          });
          await deployed;
        }
        assert.equal(plc.client.closed, false);
        assert.equal(await plc.one(at.bootId), bootId);
        assert.equal(answered + refused, 50);
        assert.equal((await missed()) - missedBefore, refused);
        assert.ok(answered > 0, 'not all may fall into a gap');
      });

    it('sees another BootId and a higher Sequence after SIGKILL, the latch kept, and what it had written asks for nothing', async () => {
      const before = await plc.inspect(200);
      const sequence = before[22];
      const last = before[at.result + 1];
      // written behind: killed before that, the station comes back offline, as the test before this one had left it for a while
      const state = join(red.userDir, 'goodpart/stations/line1/station1/state.json');
      await until('online is on the disk', () => JSON.parse(readFileSync(state, 'utf8')).mode === 'run');
      await red.kill();
      await until('the heartbeat’s end is told', async () => (await plc.one(7)) === 501);
      await red.start();
      await plc.reconnect(before[1]);
      await plc.client.write(200, [last]);
      const after = await plc.inspect(1000);
      assert.notEqual(after[22], sequence);
      assert.equal((await plc.client.read(78, 2))[1] > 0, true, 'counters are kept');
      assert.deepEqual(await plc.client.read(301, 1), [after[at.result + 1]]);
      assert.deepEqual(await plc.client.read(305, 2), [0, 0], 'one result since the start');
    });
  });
}
