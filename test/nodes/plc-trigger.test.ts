import assert from 'node:assert/strict';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';
import { ModbusClient } from '../plc/modbus-client.ts';

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

/** The line of `lineFlow`, triggered by the PLC instead of running by itself. */
function triggeredFlow(port: number, more: FlowNode[] = []): FlowNode[] {
  const nodes = lineFlow(port).map((node) => (node.id === 'camera' ? { ...node, run: 'triggered' } : node));
  const trigger = {
    ...{ id: 'trigger', z: 'tab', type: 'goodpart-trigger', station: 'the-station', source: 'plc' },
    wires: [['camera'], []],
  };
  return [...nodes, trigger, ...more];
}

/** What a PLC's programmer would write: part id first, then the trigger, then wait for the result with its number. */
class Plc {
  client!: ModbusClient;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async connect(): Promise<void> {
    this.client = await until('Modbus answers', () => ModbusClient.connect(this.#port).catch(() => undefined));
  }

  async one(address: number): Promise<number> {
    return (await this.client.read(address, 1))[0];
  }

  async trigger(id: number, part: string): Promise<void> {
    const text = Buffer.alloc(64);
    text.write(part);
    const words = Array.from({ length: 32 }, (_, n) => text.readUInt16BE(2 * n));
    await this.client.write(208, [Buffer.byteLength(part), ...words]);
    await this.client.write(200, [id]);
  }

  async result(id: number): Promise<number[]> {
    return until(`the result of ${id}`, async () => {
      const words = await this.client.read(0, 100);
      return words[at.result + 1] === id && words[77] === words[22] ? words : undefined;
    });
  }

  /** Triggers with ever new numbers until one is not refused: right after a deploy the trigger node may not be there yet. */
  async inspect(from: number): Promise<number[]> {
    for (let id = from; ; id++) {
      await this.trigger(id, `P${id}`);
      const accepted = await until('an answer', async () => {
        const [taken, , refused] = await this.client.read(at.accepted, 3);
        return taken === id ? 'accepted' : refused === id ? 'refused' : undefined;
      });
      if (accepted === 'accepted') return this.result(id);
    }
  }

  async command(code: number): Promise<number> {
    await this.client.write(203, [code]);
    await until('its echo', async () => (await this.one(at.commandAck)) === code);
    const [, status] = await this.client.read(at.commandAck, 2);
    await this.client.write(203, [0]);
    await until('idle', async () => (await this.one(at.commandAck)) === 0);
    return status;
  }
}

for (const release of releases) {
  describe(`a PLC that triggers in ${release}`, function () {
    this.timeout(120_000);
    let red: NodeRed;
    let plc: Plc;
    let port = 0;

    before(async () => {
      port = await freePort();
      const userDir = userDirWithCheckout();
      await prepareStation(userDir);
      red = await new NodeRed({ release, userDir }).start();
      await red.deploy(triggeredFlow(port));
      plc = new Plc(port);
      await plc.connect();
      await until('ready', async () => (await plc.one(2)) & 1);
    });

    after(async () => {
      plc.client.close();
      await red.stop();
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
      await red.kill();
      await until('the heartbeat’s end is told', async () => (await plc.one(7)) === 501);
      await red.start();
      await until('ready again', async () => {
        // the PLC process of the killed one answers for a while, then its connections end
        if (plc.client.closed) await plc.connect();
        return ((await plc.one(2)) & 1) === 1 && (await plc.one(at.bootId)) !== before[1];
      });
      await plc.client.write(200, [last]);
      const after = await plc.inspect(1000);
      assert.notEqual(after[22], sequence);
      assert.equal((await plc.client.read(78, 2))[1] > 0, true, 'counters are kept');
      assert.deepEqual(await plc.client.read(301, 1), [after[at.result + 1]]);
      assert.deepEqual(await plc.client.read(305, 2), [0, 0], 'one result since the start');
    });
  });
}
