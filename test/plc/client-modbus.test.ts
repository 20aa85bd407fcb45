import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import type { EndpointKeeper } from '../../lib/plc/endpoint.ts';
import { type ModbusClientOptions, modbusClientSettings } from '../../lib/plc/settings.ts';
import { hasPythonModule, needs } from '../kit/needs.ts';
import { freePort } from '../kit/ports.ts';
import { until } from '../kit/until.ts';
import { ClientStation } from './client-station.ts';
import { FakePlc } from './fake-plc.ts';

interface Write {
  write: number;
  words: number[];
}

const host = '127.0.0.1';
const python = '/usr/bin/python3';
const script = 'fake_plc_modbus.py';

function client(station: ClientStation, options: Partial<ModbusClientOptions>, slot = 0): EndpointKeeper {
  const settings = modbusClientSettings.parse({ host, timeoutMs: 1000, ...options });
  return station.show({ kind: 'modbus client', options: settings }, slot);
}

/** The PLC's memory after each write, as a program would see it: Sequence, SequenceAgain, TriggerId, Code. */
function seen(writes: readonly Write[], base = 0) {
  const memory = new Uint16Array(1400);
  return writes.map(({ write, words }) => {
    memory.set(words, write);
    const at = (offset: number) => memory[base + offset];
    return { first: write - base, count: words.length, sequence: at(22), again: at(77), trigger: at(23), code: at(24) };
  });
}

describe('the Modbus client', () => {
  let port = 0;
  let plc: FakePlc<Write>;
  let station: ClientStation;

  before(function () {
    needs(this, 'pymodbus', hasPythonModule('pymodbus'));
  });

  beforeEach(async () => {
    port = await freePort();
    plc = await FakePlc.start<Write>(python, script, [port, 1400]);
    station = new ClientStation();
  });

  afterEach(async () => {
    await station.close(false);
    await plc.kill();
  });

  const open = () => until('connected', () => station.states.at(-1)?.state === 'open');
  const memory = (first: number, count: number) => plc.order<number[]>({ get: [first, count] });
  const told = (sequence: number) => until(`result ${sequence}`, async () => (await memory(22, 1))[0] === sequence);

  it('writes a whole picture, the payload first, Sequence alone last', async () => {
    station.publish({ partId: 'Teil-Ä1', severity: 0.75, verdict: 'warn' });
    client(station, { port });
    await open();
    const block = await memory(0, 340);
    assert.deepEqual(block.slice(0, 2), [0x0100, 4711]);
    assert.deepEqual(block.slice(18, 29), [0x1234, 0x5678, 0x3f80, 0, 1, 4001, 2, 0, 1, 750, 0x3f40]);
    assert.equal(block[77], 1);
    assert.deepEqual(block.slice(300, 305), [1, 4001, 2, 0, 750]);
    assert.equal(
      Buffer.from(Uint16Array.from(block.slice(45, 77)).buffer)
        .swap16()
        .toString('utf8', 0, block[44]),
      'Teil-Ä1',
    );
    const mapped = plc.events.map(({ write, words }) => [write, write + words.length - 1]);
    assert.deepEqual(mapped, [
      ...[
        [18, 21],
        [23, 145],
        [146, 163],
        [300, 339],
        [0, 21],
        [22, 22],
      ],
    ]);
  });

  it('tells each new result so that its number is the last word, and never touches the command block', async () => {
    client(station, { port });
    await open();
    for (let n = 1; n <= 30; n++) {
      station.publish({ verdict: n % 2 ? 'pass' : 'fail' });
      if (n % 5) await told(n);
    }
    await told(30);
    for (const { first, count, sequence, again, trigger, code } of seen(plc.events)) {
      assert.ok(first + count <= 200 || first >= 300, `wrote ${first}, ${count} registers`);
      if (first === 22) {
        assert.equal(count, 1);
        assert.equal(sequence, again);
        assert.deepEqual([trigger, code], [sequence && 4000 + sequence, sequence && (sequence % 2 ? 1 : 3)]);
      } else {
        assert.ok(first > 22 || first + count <= 22, 'Sequence is written by itself');
      }
      if (sequence === again && sequence !== 0)
        assert.equal(trigger, 4000 + sequence, 'equal numbers mean a whole result');
    }
    const ring = await memory(300, 40);
    assert.deepEqual(
      [0, 5, 10, 15, 20, 25, 30, 35].map((at) => ring[at]),
      [30, 29, 28, 27, 26, 25, 24, 23],
    );
  });

  it('keeps heartbeats cheap', async () => {
    station.publish();
    client(station, { port });
    await open();
    const before = plc.events.length;
    for (let beat = 1; beat <= 5; beat++) {
      station.heartbeat = beat;
      await until('the heartbeat', async () => (await memory(4, 1))[0] === beat);
    }
    const writes = plc.events.slice(before).map(({ write, words }) => `${write}+${words.length}`);
    assert.deepEqual([...new Set(writes)].sort(), ['0+22', '38+1'], 'status, and the age of the result');
  });

  it('reads the command block: what stands there first is only stored', async () => {
    await plc.order({ set: [200, [77, 7]] });
    client(station, { port, textOrder: 'low' });
    await until('the first read', () => station.commands.length > 2);
    assert.deepEqual(station.commands.map(({ first }) => first).slice(0, 3), [true, false, false]);
    assert.deepEqual(station.commands[0].words.slice(0, 3), [77, 7, 0]);
    assert.equal(station.commands[0].words.length, 41);
    await plc.order({ set: [200, [78, 7, 0, 0, 0, 0, 0, 0, 3, 0x4241, 0x0043]] });
    const read = await until('the trigger', () => station.commands.find(({ words }) => words[0] === 78));
    assert.deepEqual(read.words.slice(8, 11), [3, 0x4142, 0x4300], 'texts come high byte first');
  });

  it('parks nothing while the PLC is away, and begins again with one picture of now', async () => {
    station.publish({ verdict: 'pass' });
    client(station, { port });
    await open();
    await plc.kill();
    await until('it is noticed', () => station.states.at(-1)?.state === 'failed');
    assert.match(
      station.states.at(-1)?.text ?? '',
      /^cannot reach 127\.0\.0\.1:\d+: connection refused$|closed the connection$/,
    );
    for (let n = 2; n <= 12; n++) station.publish({ verdict: n === 12 ? 'fail' : 'pass' });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    station.publish({ verdict: 'fail' });
    plc = await FakePlc.start<Write>(python, script, [port, 1400]);
    await plc.order({ set: [200, [501]] });
    await open();
    await told(13);
    station.publish({ verdict: 'fail' });
    await told(14);
    const numbers = seen(plc.events).filter(({ first }) => first === 22);
    assert.deepEqual(
      numbers.map(({ sequence, code }) => [sequence, code]),
      [
        [13, 3],
        [14, 3],
      ],
    );
    assert.deepEqual(
      new Set(seen(plc.events).map(({ code }) => code)),
      new Set([0, 3]),
      'no pass of before was ever seen',
    );
    const again = station.commands.findLastIndex(({ first }) => first);
    assert.ok(again > 0);
    assert.equal(
      station.commands.slice(0, again).every(({ words }) => words[0] === 0),
      true,
    );
    assert.match(
      station.states.at(-1)?.text ?? '',
      /connected to .*; 12 results came while the PLC was away; 4 results never reached it/,
    );
  });

  it('ends a connection whose PLC falls silent, and tells nothing of it later', async () => {
    station.publish({ verdict: 'fail' });
    client(station, { port, timeoutMs: 300, pollMs: 5000 });
    await open();
    plc.freeze();
    station.publish({ verdict: 'pass' });
    await until('it is noticed', () => /did not answer within 300 ms$/.test(station.states.at(-1)?.text ?? ''));
    station.publish({ verdict: 'fail' });
    const before = plc.events.length;
    plc.thaw();
    await open();
    await told(3);
    const later = seen(plc.events).slice(before);
    assert.ok(!later.some(({ sequence }) => sequence === 2), 'the pass of result 2 was never told');
    for (const { code, sequence, again } of later)
      assert.ok(code !== 1 || sequence !== again, 'and never looked whole');
  });

  it('says that registers which forget are not memory', async () => {
    await plc.order({ rom: true });
    client(station, { port });
    const state = await until('the refusal', () => station.states.find(({ state }) => state === 'failed'));
    assert.match(
      state.text,
      /registers 18\.\.21 \(1234 5678 3f80 0000 became 0000 0000 0000 0000\): they are not writable memory/,
    );
    await plc.order({ rom: false });
    await open();
  });

  it('says which registers a PLC refuses', async () => {
    await plc.kill();
    plc = await FakePlc.start<Write>(python, script, [port, 200]);
    client(station, { port });
    const state = await until('the refusal', () => station.states.find(({ state }) => state === 'failed'));
    assert.match(state.text, /refused to write registers 300\.\.339: exception 2 \(no such register\)/);
  });

  it('gives a slow PLC the newest picture, and the ring brings what it missed', async () => {
    client(station, { port });
    await open();
    await plc.order({ slow: 60 });
    for (let n = 1; n <= 6; n++) {
      station.publish();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await told(6);
    const numbers = seen(plc.events)
      .filter(({ first }) => first === 22)
      .map(({ sequence }) => sequence);
    assert.equal(numbers.at(-1), 6);
    assert.ok(numbers.length < 7, `told ${numbers}`);
    const ring = await memory(300, 40);
    assert.deepEqual(
      [0, 5, 10, 15, 20, 25].map((at) => ring[at]),
      [6, 5, 4, 3, 2, 1],
    );
  });

  it('leaves no connection behind over fifty outages', async () => {
    client(station, { port });
    for (let n = 0; n < 50; n++) {
      await open();
      const count = station.commands.filter(({ first }) => first).length;
      await plc.order({ drop: true });
      await until('it is back', () => station.commands.filter(({ first }) => first).length > count);
    }
    await until('one connection', async () => (await plc.order<{ connections: number }>({})).connections === 1);
  });

  it('says 0/0/0 before it goes, and a station that leaves others leaves nothing that looks alive', async () => {
    const other = new ClientStation('st2');
    station.publish({ verdict: 'pass' });
    other.publish({ verdict: 'pass' });
    const keeper = client(station, { port, base: 10 });
    keeper.server.attach(other.view, 1);
    await open();
    await until('both are told', async () => (await memory(10 + 1022, 1))[0] === 1);
    assert.equal((await memory(1010 + 24, 1))[0], 1);
    keeper.server.detach('st2');
    await until('the second is off', async () => {
      const [status, ...result] = [...(await memory(1010 + 2, 1)), ...(await memory(1010 + 24, 3))];
      return status === 0 && result.join() === '0,0,0';
    });
    assert.equal((await memory(10 + 24, 1))[0], 1);
    await station.close(true);
    assert.deepEqual(await memory(10 + 24, 3), [0, 0, 0]);
    assert.equal((await memory(10 + 2, 1))[0] & 1, 0);
    assert.equal((await memory(10 + 22, 1))[0], 1);
  });
});

describe('the Modbus client without a PLC', () => {
  let station: ClientStation;

  beforeEach(() => {
    station = new ClientStation();
  });
  afterEach(() => station.close(false));

  it('says what cannot be reached, and goes on trying', async () => {
    const port = await freePort();
    client(station, { port });
    const state = await until('the failure', () => station.states.find(({ state }) => state === 'failed'));
    assert.equal(state.text, `cannot reach 127.0.0.1:${port}: connection refused`);
    assert.equal(state.clients, 0);
  });

  it('gives up a server that accepts and never answers', async () => {
    const sockets: Socket[] = [];
    const ends: string[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('end', () => ends.push('end'));
      socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
      socket.resume();
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    client(station, { port, timeoutMs: 200 });
    await until('it was tried again', () => sockets.length > 2);
    assert.equal(
      station.states.find(({ state }) => state === 'failed')?.text,
      `127.0.0.1:${port} did not answer within 200 ms`,
    );
    assert.ok(!station.states.some(({ state }) => state === 'open'));
    await station.close(true);
    await until('all are closed', () => sockets.every((socket) => socket.destroyed));
    assert.deepEqual(
      new Set(ends),
      new Set(['ECONNRESET']),
      'a reset: the system does not go on delivering what was written',
    );
    server.close();
  });
});
