import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { EndpointKeeper } from '../../lib/plc/endpoint.ts';
import { type OpcUaClientOptions, opcUaClientSettings } from '../../lib/plc/settings.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { ClientStation } from './client-station.ts';
import { FakePlc } from './fake-plc.ts';
import { type OpcUaWrite, plcTags, siemensTemplate, type TagSpec } from './opcua-plc.ts';

const host = '127.0.0.1';
const script = 'fake_plc_opcua.py';
const pkiDir = join(tempDir('pki'), 'client');

function client(station: ClientStation, port: number, options: Partial<OpcUaClientOptions> = {}): EndpointKeeper {
  const url = `opc.tcp://${host}:${port}`;
  const settings = opcUaClientSettings.parse({ url, pkiDir, template: siemensTemplate, ...options });
  return station.show({ kind: 'opcua client', options: settings });
}

describe('the OPC UA client', () => {
  let python = '';
  let port = 0;
  let plc: FakePlc<OpcUaWrite>;
  let station: ClientStation;

  before(function () {
    python = pythonWith(this, 'asyncua');
  });

  beforeEach(async () => {
    port = await freePort();
    station = new ClientStation();
  });

  afterEach(async () => {
    await station.close(false);
    await plc?.kill();
  });

  const start = async (tags: TagSpec[] = plcTags(), more: object = {}) => {
    plc = await FakePlc.start<OpcUaWrite>(python, script, [JSON.stringify({ port, tags, ...more })]);
  };
  const open = () => until('connected', () => station.states.at(-1)?.state === 'open', { timeoutMs: 20_000 });
  const get = (...names: string[]) => plc.order<unknown[]>({ get: names });
  const told = (sequence: number) =>
    until(`result ${sequence}`, async () => (await get('Result.Sequence'))[0] === sequence, { timeoutMs: 20_000 });
  const failure = () =>
    until('the failure', () => station.states.find(({ state }) => state === 'failed')?.text, { timeoutMs: 20_000 });
  /** Sequence and Code as a program sees them after each Write request. */
  const seen = () => {
    const memory = new Map<string, unknown>();
    return plc.events.map(({ write }) => {
      for (const [name, value] of write) memory.set(name, value);
      return {
        names: write.map(([name]) => name),
        sequence: memory.get('Result.Sequence'),
        code: memory.get('Result.Code'),
      };
    });
  };

  it('writes every tag in its type, the payload first, Sequence alone last', async () => {
    station.publish({ partId: 'Teil-Ä1', severity: 0.75, verdict: 'warn' });
    await start();
    client(station, port);
    await open();
    await told(1);
    const names = [
      'Status.BootId',
      'Status.ProofWord',
      'Status.Ready',
      'Status.Warn',
      'Health.CameraOk',
      'Result.Code',
      'Result.Severity',
    ];
    assert.deepEqual(await get(...names), [4711, 0x12345678, true, true, true, 2, 0.75]);
    assert.deepEqual(await get('Result.PartId', 'Result.Time'), ['Teil-Ä1', '2026-01-01 12:00:00.345000+00:00']);
    assert.deepEqual(await get('Ring.Sequence', 'Counters.Total', 'Roi.Code'), [
      [1, ...Array(7).fill(0)],
      3,
      [0, 1, ...Array(14).fill(0)],
    ]);
    assert.deepEqual(
      plc.events.map(({ write }) => write.length),
      [plcTags().length - 10, 1],
    );
    assert.deepEqual(plc.events[1].write, [['Result.Sequence', 1]]);
    assert.equal(
      plc.events.every(({ stamped }) => stamped === 0),
      true,
      'PLCs refuse values with timestamps',
    );
    assert.equal(station.states.at(-1)?.text, `connected to opc.tcp://${host}:${port}`);
  });

  it('tells each new result so that its number comes last, by itself', async () => {
    await start();
    client(station, port);
    await open();
    for (let n = 1; n <= 20; n++) {
      station.publish({ verdict: n % 2 ? 'pass' : 'fail' });
      if (n % 5) await told(n);
    }
    await told(20);
    for (const { names, sequence, code } of seen()) {
      if (names.includes('Result.Sequence')) {
        assert.deepEqual(names, ['Result.Sequence']);
        assert.equal(code, sequence === 0 ? 0 : Number(sequence) % 2 ? 1 : 3);
      }
      assert.ok(!names.some((name) => name.startsWith('Command.')), 'the command nodes are the PLC’s');
    }
    const beats = plc.events.length;
    station.heartbeat = 7;
    await until('the heartbeat', async () => (await get('Status.Heartbeat'))[0] === 7);
    const names = new Set(plc.events.slice(beats).flatMap(({ write }) => write.map(([name]) => name)));
    const cheap = ['Result.Age', 'Status.BootId', 'Status.Heartbeat', 'Status.HeartbeatToggle', 'Status.Word'];
    assert.deepEqual([...names].sort(), cheap);
  });

  it('reads all command nodes of a change together; what stands there first is only stored', async () => {
    await start();
    await plc.order({ set: [['Command.TriggerId', 77]] });
    client(station, port);
    await open();
    assert.deepEqual([station.commands[0].first, station.commands[0].words[0]], [true, 77]);
    await plc.order({
      set: [
        ['Command.PartId', 'ABC'],
        ['Command.ExpectedRecipe', 7],
        ['Command.TriggerId', 78],
      ],
    });
    const read = await until('the trigger', () => station.commands.find(({ words }) => words[0] === 78));
    assert.equal(read.first, false);
    assert.deepEqual(
      [read.words.length, ...read.words.slice(0, 3), ...read.words.slice(8, 11)],
      [41, 78, 7, 0, 3, 0x4142, 0x4300],
    );
    assert.equal(station.commands.filter(({ first }) => first).length, 1);
  });

  it('parks nothing while the PLC is away, and begins again with one picture of now', async () => {
    station.publish({ verdict: 'pass' });
    await start();
    client(station, port);
    await open();
    await told(1);
    await plc.kill();
    await until('it is noticed', () => station.states.at(-1)?.state === 'failed');
    for (let n = 2; n <= 12; n++) station.publish({ verdict: 'pass' });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    station.publish({ verdict: 'fail' });
    await start();
    await plc.order({ set: [['Command.TriggerId', 501]] });
    await open();
    await told(13);
    station.publish({ verdict: 'fail' });
    await told(14);
    const numbers = seen().filter(({ names }) => names.includes('Result.Sequence'));
    assert.deepEqual(
      numbers.map(({ sequence, code }) => [sequence, code]),
      [
        [13, 3],
        [14, 3],
      ],
    );
    assert.deepEqual(new Set(seen().map(({ code }) => code)), new Set([3]), 'no pass of before was ever seen');
    assert.equal(station.commands.filter(({ first }) => first).length, 2);
    assert.match(
      station.states.at(-1)?.text ?? '',
      /; 12 results came while the PLC was away; 4 results never reached it$/,
    );
  });

  it('ends a session whose PLC falls silent, and tells nothing of it later', async () => {
    station.publish({ verdict: 'fail' });
    await start();
    client(station, port, { timeoutMs: 600 });
    await open();
    await told(1);
    plc.freeze();
    station.publish({ verdict: 'pass' });
    await until('it is noticed', () => /did not answer within 600 ms$/.test(station.states.at(-1)?.text ?? ''));
    station.publish({ verdict: 'fail' });
    const before = plc.events.length;
    plc.thaw();
    await open();
    await told(3);
    assert.ok(
      !seen()
        .slice(before)
        .some(({ sequence }) => sequence === 2),
      'the pass of result 2 was never told',
    );
  });

  it('names the nodes whose types differ, or that may not be written', async () => {
    const wrong = new Map([
      ['Result.Severity', 'Int16'],
      ['Result.Code', 'UInt32'],
      ['Ring.Code', 'Int16'],
    ]);
    const tags = plcTags().map(
      ([name, type, count]): TagSpec => [name, wrong.get(name) ?? type, name === 'Roi.Code' ? 8 : count],
    );
    await start(tags, { readonly: ['Status.Ready'] });
    client(station, port);
    const text = await failure();
    assert.match(text, /Result\.Severity: expected Float, the PLC has Int16/);
    assert.match(text, /Result\.Code: expected UInt16, the PLC has UInt32/);
    assert.match(text, /Ring\.Code: expected UInt16\[8\], the PLC has Int16\[/);
    assert.match(text, /Status\.Ready: it may not be written/);
    assert.ok(!station.states.some(({ state }) => state === 'open'));
    assert.equal(plc.events.length, 0, 'nothing was written');
  });

  it('names what is missing and may not be', async () => {
    await start(plcTags().filter(([name]) => name !== 'Result.Accept' && name !== 'Status.Word'));
    client(station, port);
    assert.match(
      await failure(),
      /has no node for Status\.Word \(ns=2;s="Goodpart"\."Status"\."Word"\), Result\.Accept \(ns=2;s="Goodpart"\."Result"\."Accept"\)$/,
    );
  });

  it('leaves out what the PLC has not, and says so', async () => {
    const least = ['Status.Word', 'Status.BootId', 'Status.Heartbeat'];
    await start(
      plcTags().filter(
        ([name]) => least.includes(name) || /^Result\.(Sequence|TriggerId|Code|Accept|Reason)$/.test(name),
      ),
    );
    station.publish();
    client(station, port);
    await open();
    await told(1);
    const absent = plcTags().filter(([name]) => !name.startsWith('Command.')).length - 8;
    const text = `connected to opc.tcp://${host}:${port}; ${absent} tags are not in the PLC; no command nodes: the PLC cannot ask`;
    assert.equal(station.states.at(-1)?.text, text);
    assert.equal(station.commands.length, 0);
  });

  it('gives a slow PLC the newest picture, and the ring brings what it missed', async () => {
    await start();
    client(station, port);
    await open();
    await plc.order({ slow: 100 });
    for (let n = 1; n <= 6; n++) {
      station.publish();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await told(6);
    const numbers = plc.events.flatMap(({ write }) => write.filter(([name]) => name === 'Result.Sequence'));
    assert.ok(numbers.length < 7, `told ${numbers}`);
    assert.deepEqual((await get('Ring.Sequence'))[0], [6, 5, 4, 3, 2, 1, 0, 0]);
  });

  it('leaves no session behind over fifty outages', async function () {
    this.timeout(120_000);
    await start();
    client(station, port);
    for (let n = 0; n < 50; n++) {
      await open();
      const count = station.commands.filter(({ first }) => first).length;
      await plc.order({ drop: true });
      await until('it is back', () => station.commands.filter(({ first }) => first).length > count, {
        timeoutMs: 20_000,
      });
    }
    await open();
    await until('one connection', async () => (await plc.order<{ connections: number }>({})).connections === 1);
    await station.close(true);
    await until('none', async () => (await plc.order<{ connections: number }>({})).connections === 0);
  });

  it('says 0/0/0 before it goes', async () => {
    station.publish({ verdict: 'pass' });
    await start();
    client(station, port);
    await open();
    await told(1);
    await station.close(true);
    const names = ['Result.Code', 'Result.Accept', 'Status.Ready', 'Status.Pass', 'Result.Sequence'];
    assert.deepEqual(await get(...names), [0, 0, false, false, 1]);
  });
});

describe('the OPC UA client without a PLC', () => {
  it('says what cannot be reached', async () => {
    const station = new ClientStation();
    const port = await freePort();
    client(station, port);
    const state = await until('the failure', () => station.states.find(({ state }) => state === 'failed'));
    assert.equal(state.text, `cannot reach ${host}:${port}: connection refused`);
    await station.close(false);
  });

  it('gives up a server that accepts and never answers', async () => {
    const station = new ClientStation();
    const sockets: Socket[] = [];
    const ends = new Set<string | undefined>();
    const server = createServer((socket) => {
      sockets.push(socket.resume());
      socket.on('error', ({ code }: NodeJS.ErrnoException) => ends.add(code));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    client(station, port, { timeoutMs: 500 });
    await until('it was tried again', () => sockets.length > 4, { timeoutMs: 20_000 });
    assert.equal(
      station.states.find(({ state }) => state === 'failed')?.text,
      `opc.tcp://${host}:${port} did not answer within 500 ms`,
    );
    assert.ok(!station.states.some(({ state }) => state === 'open'));
    await station.close(true);
    await until('all are closed', () => sockets.every((socket) => socket.destroyed));
    assert.deepEqual([...ends], ['ECONNRESET'], 'a reset: the system does not go on delivering what was written');
    server.close();
  });
});
