import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { freePort } from '../kit/ports.ts';
import { until } from '../kit/until.ts';
import { exceptionOf, ModbusClient } from './modbus-client.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const host = '127.0.0.1';

/** A request frame; `body` is function code and data. */
function frame(transaction: number, body: number[], unitId = 1): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(body.length + 1, 4);
  head[6] = unitId;
  return Buffer.concat([head, Buffer.from(body)]);
}

const word = (value: number) => [value >> 8, value & 255];
const writeWords = (at: number, words: number[]) => [
  16,
  ...word(at),
  ...word(words.length),
  words.length * 2,
  ...words.flatMap(word),
];

/** A client that sends whatever bytes, and the answers it got: transaction, then the body behind the unit id. */
class RawClient {
  readonly socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect(port, host).on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
  }

  answers(): { transaction: number; body: number[] }[] {
    const found: { transaction: number; body: number[] }[] = [];
    for (let at = 0; at + 6 <= this.#bytes.length; ) {
      const length = this.#bytes.readUInt16BE(at + 4);
      if (at + 6 + length > this.#bytes.length) break;
      found.push({
        transaction: this.#bytes.readUInt16BE(at),
        body: [...this.#bytes.subarray(at + 7, at + 6 + length)],
      });
      at += 6 + length;
    }
    return found;
  }

  async ask(body: number[], unitId = 1): Promise<number[]> {
    const before = this.answers().length;
    this.socket.write(frame(before + 1, body, unitId));
    return (await until(`an answer to ${body}`, () => this.answers()[before])).body;
  }
}

describe('the Modbus server, against clients of every kind', () => {
  const link = new PlcLink();
  const told: { triggerId: number; partId: string }[] = [];
  let port = 0;
  let timer: NodeJS.Timeout;
  let good: ModbusClient;
  let raw: RawClient;

  before(async () => {
    port = await freePort();
    timer = setInterval(() => link.alive(), 250);
    link.on('command', (_, command) => {
      if (command.kind === 'trigger') told.push(command);
    });
    link.openModbus('main', { host, port, maxClients: 8 });
    link.openModbus('pinned', { host, port: await freePort(), unitId: 9 });
    link.attach('main', 'st1', 0);
    link.publish(makeSnapshot(makeResult(41)));
    await until('it is open', () => link.endpointState('main')?.state === 'open');
    good = await ModbusClient.connect(port);
  });
  beforeEach(() => {
    raw = new RawClient(port);
    told.length = 0;
  });
  afterEach(async () => {
    raw.socket.destroy();
    assert.deepEqual(await good.read(22, 1), [41], 'others are served');
  });
  after(async () => {
    clearInterval(timer);
    good?.close();
    await link.stop();
  });

  it('refuses values out of their range with exception 3 and changes nothing', async () => {
    const before = await good.read(200, 41);
    const block = [...before];
    block[0] = 77; // TriggerId
    for (const [at, value] of [
      [7, 6],
      [8, 65],
    ]) {
      const wrong = [...block];
      wrong[at] = value;
      assert.equal(await exceptionOf(good.write(200, wrong)), 3);
      assert.equal(await exceptionOf(good.write(200 + at, [value])), 3);
      assert.deepEqual(await raw.ask([6, ...word(200 + at), ...word(value)]), [0x86, 3]);
    }
    assert.deepEqual(await good.read(200, 41), before);
    assert.deepEqual(told, []);
    block[7] = 5;
    block[8] = 64;
    await good.write(200, block);
    await until('the trigger', () => told.length === 1);
    await good.write(200, before);
  });

  it('answers what comes in one TCP segment in its order: what was written is read', async () => {
    const asked = [5, 6, 7, 8].flatMap((value, n) => [
      frame(2 * n + 1, [6, ...word(204), ...word(value)]),
      frame(2 * n + 2, [3, ...word(204), ...word(1)]),
    ]);
    raw.socket.write(Buffer.concat([frame(100, [3, ...word(22), ...word(1)]), ...asked]));
    await until('all answers', () => raw.answers().length === 9);
    const answers = raw.answers();
    assert.deepEqual(
      answers.map(({ transaction }) => transaction),
      [100, 1, 2, 3, 4, 5, 6, 7, 8],
    );
    assert.deepEqual(
      answers.filter(({ body }) => body[0] === 3).map(({ body }) => body.slice(2)),
      [41, 5, 6, 7, 8].map(word),
    );
  });

  it('evaluates two requests of one TCP segment each by itself', async () => {
    const part = (letter: number) => [2, letter * 257];
    raw.socket.write(
      Buffer.concat([
        frame(1, writeWords(208, part(0x41))),
        frame(2, writeWords(200, [301])),
        frame(3, writeWords(208, part(0x42))),
        frame(4, writeWords(200, [302])),
      ]),
    );
    await until('both triggers', () => told.length === 2);
    assert.deepEqual(
      told.map(({ triggerId, partId }) => `${triggerId} ${partId}`),
      ['301 AA', '302 BB'],
    );
  });

  it('answers functions that it does not have with exception 1, however short they are', async () => {
    for (const code of [7, 8, 11, 12, 17, 20, 22, 23, 24, 99, 127]) {
      assert.deepEqual(await raw.ask([code]), [code | 0x80, 1]);
      assert.deepEqual(await raw.ask([code, 0, 200, 0, 0, 0, 1]), [code | 0x80, 1]);
    }
    assert.deepEqual(await raw.ask([43, 13, 1, 0]), [0xab, 1]);
  });

  it('answers requests whose lengths and counts do not fit with exception 3', async () => {
    for (const code of [1, 2, 3, 4, 5, 6]) {
      assert.deepEqual(await raw.ask([code]), [code | 0x80, 3]);
      assert.deepEqual(await raw.ask([code, 0, 0, 0]), [code | 0x80, 3]);
      assert.deepEqual(await raw.ask([code, 0, 0, 0, 1, 0]), [code | 0x80, 3]);
    }
    for (const code of [1, 2, 3, 4]) {
      assert.deepEqual(await raw.ask([code, 0, 0, 0, 0]), [code | 0x80, 3], 'none');
      assert.deepEqual(await raw.ask([code, 0, 0, 255, 255]), [code | 0x80, 3], 'too many');
    }
    assert.deepEqual(await raw.ask([16, 0, 200, 0, 2, 2, 0, 5]), [0x90, 3]);
    assert.deepEqual(await raw.ask([16, 0, 200, 0, 0, 0]), [0x90, 3]);
    assert.deepEqual(await raw.ask([15, 0, 200, 0, 9, 1, 1]), [0x8f, 3]);
    assert.equal((await good.read(200, 1))[0] === 5, false);
  });

  it('writes several coils as a whole or not at all', async () => {
    assert.deepEqual(await raw.ask([15, ...word(200), ...word(3), 1, 0b111]), [0x8f, 2]);
    assert.deepEqual(await raw.ask([15, ...word(199), ...word(2), 1, 0b11]), [0x8f, 2]);
    assert.deepEqual(told, []);
    assert.deepEqual(await raw.ask([15, ...word(200), ...word(2), 1, 0b01]), [15, 0, 200, 0, 2]);
    await until('the simple trigger', () => told.length === 1);
    await raw.ask([15, ...word(200), ...word(2), 1, 0]);
  });

  it('puts requests together that come byte by byte, and closes streams that are no Modbus', async () => {
    const request = frame(9, [3, 0, 22, 0, 1]);
    for (const byte of request) {
      raw.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual((await until('the answer', () => raw.answers()[0])).body, [3, 2, 0, 41]);
    for (const junk of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0, 1, 0, 0, 0, 1, 1]),
      frame(1, Array(300).fill(3)),
    ]) {
      const other = new RawClient(port);
      await once(other.socket, 'connect');
      other.socket.write(junk);
      await until('it is closed', () => other.socket.destroyed);
    }
  });

  it('serves others while one floods it, and drops one that never reads', async () => {
    const requests = Buffer.concat(Array.from({ length: 4000 }, (_, n) => frame(n, [3, 0, 0, 0, 100])));
    raw.socket.pause();
    const flood = setInterval(() => raw.socket.destroyed || raw.socket.write(requests), 5);
    try {
      for (let n = 0; n < 20; n++) assert.deepEqual(await good.read(22, 1), [41]);
      await until('the flooding one is dropped', () => raw.socket.destroyed, { timeoutMs: 20_000 });
    } finally {
      clearInterval(flood);
    }
  });

  it('does not answer other unit ids where one is set, and every one where none is', async () => {
    assert.deepEqual(await raw.ask([3, 0, 22, 0, 1], 77), [3, 2, 0, 41]);
    const text = link.endpointState('pinned')?.text ?? '';
    const pinned = new RawClient(Number(text.split(':').at(-1)));
    pinned.socket.write(Buffer.concat([frame(1, [7], 3), frame(2, [3, 0, 22, 0, 1], 3), frame(3, [7], 9)]));
    const [first] = await until('an answer', () => (pinned.answers().length > 0 ? pinned.answers() : null));
    assert.deepEqual(first, { transaction: 3, body: [0x87, 1] });
    pinned.socket.destroy();
  });
});
