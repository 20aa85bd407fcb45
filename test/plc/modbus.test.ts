import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wireSequence } from '../../lib/core/inspection.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { hasCommand, hasPythonModule, needs, repositoryRoot } from '../kit/needs.ts';
import { freePort } from '../kit/ports.ts';
import { until } from '../kit/until.ts';
import { exceptionOf, ModbusClient } from './modbus-client.ts';
import { RefusingStation } from './refusing-station.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const run = promisify(execFile);
const host = '127.0.0.1';

/** A station that lives: the decision loop's sign of life every 250 ms. */
function living(link: PlcLink): () => void {
  const timer = setInterval(() => link.alive(), 250);
  return () => clearInterval(timer);
}

async function opened(link: PlcLink, key: string): Promise<void> {
  await until(`${key} is open`, () => link.endpointState(key)?.state === 'open');
}

const result = makeResult(65_540, { triggerId: 4004, verdict: 'warn', severity: 0.75, partId: 'Teil-Ä1', reason: 1 });
const snapshot = makeSnapshot(result, {
  ring: [{ sequence: 65_540, triggerId: 4004, code: 2, reason: 1, severity: 0.75 }],
});

describe('the Modbus server', () => {
  const link = new PlcLink();
  const station = new RefusingStation(link, snapshot);
  let port = 0;
  let stopLiving: () => void;

  before(async () => {
    port = await freePort();
    stopLiving = living(link);
    link.openModbus('main', { host, port });
    link.attach('main', 'st1', 0);
    station.publish(snapshot);
    await opened(link, 'main');
  });

  after(async () => {
    stopLiving();
    await link.stop();
  });

  it('tells mbpoll code, sequence, part id and severity', async function () {
    needs(this, 'mbpoll', hasCommand('mbpoll', ['-h']));
    const poll = async (...args: string[]) =>
      (await run('mbpoll', ['-m', 'tcp', '-p', String(port), '-a', '1', '-0', '-1', ...args, host])).stdout;
    const words = await poll('-r', '22', '-c', '27', '-t', '4:hex');
    const value = (at: number) =>
      Number.parseInt(new RegExp(`\\[${at}\\]:\\s+0x([0-9A-F]+)`).exec(words)?.[1] ?? '', 16);
    assert.deepEqual([value(22), value(23), value(24), value(25)], [5, 4004, 2, 1]);
    assert.equal(value(27), 750);
    assert.equal(value(44), 8);
    const text = Buffer.alloc(8);
    for (let n = 0; n < 4; n++) text.writeUInt16BE(value(45 + n), 2 * n);
    assert.equal(text.toString('utf8'), 'Teil-Ä1');
    assert.match(await poll('-r', '28', '-c', '1', '-t', '4:float', '-B'), /\[28\]:\s+0\.75/);
    assert.match(await poll('-r', '28', '-c', '1', '-t', '3:float', '-B'), /\[28\]:\s+0\.75/);
    assert.match(await poll('-r', '2', '-c', '1', '-t', '0'), /\[2\]:\s+1/);
  });

  it('agrees with pymodbus over every function code, and answers each command', async function () {
    needs(this, 'pymodbus', hasPythonModule('pymodbus'));
    const script = join(repositoryRoot, 'test/plc/pymodbus_check.py');
    const { stdout } = await run('/usr/bin/python3', [script, String(port), 'ABCD']);
    const seen = JSON.parse(stdout);
    assert.deepEqual(
      { ...seen, coils: undefined, discrete: undefined, word: undefined },
      {
        proofWord: 0x12345678,
        proofFloat: 1,
        sequence: 5,
        sequenceAgain: 5,
        triggerId: 4004,
        code: 2,
        accept: 1,
        severityX1000: 750,
        severity: 0.75,
        time: Date.UTC(2026, 0, 1, 12) / 1000,
        partId: 'Teil-Ä1',
        fc4: true,
        roi: [0, 65_535, 0xbf80, 0, 1, 250, 0x4060, 0],
        ring: [5, 4004, 2, 1, 750],
        exceptions: {
          gap: 2,
          across: 2,
          'other slot': 2,
          'write result': 2,
          'write across': 2,
          coil: 2,
          'read coil': 2,
        },
        refused: [5, 3],
        idle: [0, 0],
        rejected: [901, 61],
        echo: [901, 7, 0, 0, 0, 1, 0, 0, 4, 0x5059, 0x2d31],
        simple: [902, 61],
        missed: 2,
        simpleCoils: [true, false],
        coils: undefined,
        discrete: undefined,
        word: undefined,
      },
    );
    const bits = (from: number, word: number) =>
      Array.from({ length: 15 }, (_, n) => ((word >> n) & 1) === 1 && n >= from);
    assert.deepEqual(seen.coils.slice(0, 15), bits(0, seen.word));
    assert.deepEqual(
      seen.coils.slice(16),
      Array.from({ length: 16 }, (_, n) => n < 4),
    );
    assert.deepEqual(seen.discrete.slice(16), seen.coils.slice(16));
  });

  it('tells Node-RED of a trigger', async () => {
    station.heard.length = 0;
    const client = await ModbusClient.connect(port);
    await client.write(208, [3, 0x4142, 0x4300]);
    await client.write(200, [77]);
    client.close();
    await until('the trigger', () => station.heard.length > 0);
    assert.deepEqual(station.heard, [{ kind: 'trigger', triggerId: 77, partId: 'ABC', expectedRecipe: 7 }]);
  });

  it('counts the heartbeat while the decision loop is alive, with its toggle in step', async () => {
    const client = await ModbusClient.connect(port);
    const first = (await client.read(4, 1))[0];
    await until('two beats', async () => {
      const [word, , beat] = await client.read(2, 3);
      assert.equal(word >> 15, beat & 1);
      return beat >= first + 2;
    });
    client.close();
  });

  it('answers with its own base only, for two stations on one endpoint, attached and detached while it runs', async () => {
    const client = await ModbusClient.connect(port);
    assert.equal(await exceptionOf(client.read(2000, 100)), 2);
    link.attach('main', 'st2', 2);
    link.publish(makeSnapshot(makeResult(7), { id: 'st2', station: 'Cover' }));
    await until('the second station answers', async () => (await exceptionOf(client.read(2000, 100))) === undefined);
    assert.equal((await client.read(2022, 1))[0], 7);
    assert.equal((await client.readInput(22, 1))[0], 5);
    assert.equal((await client.coils(2000, 16))[3], true);
    assert.equal(await exceptionOf(client.read(990, 20)), 2);
    assert.throws(() => link.attach('main', 'st3', 2), /slot/);
    link.detach('main', 'st2');
    await until('it is gone', async () => (await exceptionOf(client.read(2000, 100))) === 2);
    assert.equal((await client.read(22, 1))[0], 5);
    client.close();
  });

  it('shows one station on several endpoints, each in its own word order', async () => {
    const other = await freePort();
    link.openModbus('second', { host, port: other, wordOrder: 'CDAB', textOrder: 'low', unitId: 9 });
    link.attach('second', 'st1', 1);
    await opened(link, 'second');
    const client = await ModbusClient.connect(other, 9);
    assert.deepEqual(await client.read(1018, 2), [0x5678, 0x1234]);
    assert.equal((await client.read(1045, 1))[0], 0x6554);
    await client.write(1209, [0x4241]);
    assert.equal((await client.read(1209, 1))[0], 0x4241);
    const main = await ModbusClient.connect(port);
    assert.equal((await main.read(209, 1))[0], 0x4142);
    const deaf = await ModbusClient.connect(other, 3, 400);
    await assert.rejects(deaf.read(1018, 2));
    for (const each of [client, main, deaf]) each.close();
    link.closeEndpoint('second');
    await until(
      'it is closed',
      () =>
        new Promise((resolve) =>
          connect(other, host)
            .on('error', () => resolve(true))
            .on('connect', () => resolve(false)),
        ),
    );
  });

  it('stays open, with its clients, when the same configuration is deployed again', async () => {
    const client = await ModbusClient.connect(port);
    await client.read(0, 1);
    link.openModbus('main', { port, host });
    link.attach('main', 'st1', 0);
    link.publish(snapshot);
    await client.read(0, 1);
    assert.equal(client.closed, false);
    client.close();
  });

  it('survives whatever bytes a client sends', async () => {
    const pid = link.stats().pid;
    const client = await ModbusClient.connect(port);
    let seed = 1;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed;
    };
    for (let round = 0; round < 12; round++) {
      const socket = connect(port, host).on('error', () => {});
      for (let n = 0; n < 30; n++) {
        const length = random() % 14;
        const pdu = Buffer.from(Array.from({ length: Math.max(1, length) }, () => random() % 256));
        if (pdu.length > 1) pdu[1] = [1, 2, 3, 4, 5, 6, 15, 16, 17, 22, 23, 43][random() % 12];
        const head = Buffer.from([0, n, 0, 0, 0, pdu.length]);
        socket.write(Buffer.concat([head, pdu]));
      }
      await new Promise<void>((resolve) => socket.end(() => resolve()));
    }
    for (const [code, count] of [
      [1, 65_535],
      [2, 0],
      [3, 126],
      [3, 128],
      [3, 65_535],
      [4, 0],
      [15, 0],
      [16, 0],
    ]) {
      const socket = connect(port, host).on('error', () => {});
      const pdu = Buffer.from([1, code, 0, 0, count >> 8, count & 255]);
      socket.write(Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 6]), pdu]));
      await new Promise<void>((resolve) => socket.end(() => resolve()));
    }
    assert.equal((await client.read(22, 1))[0], 5);
    assert.equal(link.stats().pid, pid);
    client.close();
  });

  it('never holds up whoever publishes while the child is stopped, and shows the newest afterwards', async () => {
    const pid = link.stats().pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    // By the station: where it answers what an earlier test wrote (a heartbeat that stands still), it shows this and no older picture.
    for (let n = 0; n < 5000; n++) station.publish(makeSnapshot(makeResult(70_000 + n)));
    const took = performance.now() - began;
    process.kill(pid, 'SIGCONT');
    assert.ok(took < 5000, `${took} ms`);
    const client = await ModbusClient.connect(port);
    const newest = async () => (await client.read(22, 1))[0] === wireSequence(74_999);
    await until('the newest', newest, { timeoutMs: 40_000 });
    assert.equal(link.stats().pid, pid);
    station.publish(snapshot);
    await until('the old picture again', async () => (await client.read(22, 1))[0] === 5);
    client.close();
  });

  it('holds the command block over a killed child: what is written there again asks for nothing', async () => {
    let client = await ModbusClient.connect(port);
    station.publish(snapshot);
    await client.write(200, [901]);
    await until('its answer', async () => (await client.read(15, 1))[0] === 901);
    client.close();
    const pid = link.stats().pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await until('another child', () => ![pid, undefined].includes(link.stats().pid));
    client = await until('the new child answers', () => ModbusClient.connect(port).catch(() => undefined));
    station.heard.length = 0;
    assert.equal((await client.read(200, 1))[0], 901);
    await client.write(200, [901]);
    await client.write(200, [902]);
    await until('the new trigger', () => station.heard.length > 0);
    assert.deepEqual(station.heard, [{ kind: 'trigger', triggerId: 902, partId: '', expectedRecipe: 0 }]);
    client.close();
  });

  it('opens its endpoints again with the last snapshot when the child was killed, and keeps Missed', async () => {
    const before = await ModbusClient.connect(port);
    const missed = (await before.read(88, 2))[1];
    before.close();
    const pid = link.stats().pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await until('another child', () => ![pid, undefined].includes(link.stats().pid));
    const client = await until('the new child answers', () => ModbusClient.connect(port).catch(() => undefined));
    assert.equal((await client.read(22, 1))[0], 5);
    assert.equal((await client.read(88, 2))[1], missed);
    client.close();
  });
});

describe('a Modbus endpoint', () => {
  it('waits for a port that another process holds, and says so', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, host);
    const link = new PlcLink();
    const stopLiving = living(link);
    try {
      link.openModbus('late', { host, port });
      await until('it waits', () => link.endpointState('late')?.state === 'waiting for port');
      assert.match(link.endpointState('late')?.text ?? '', /held by another process/);
      holder.close();
      await opened(link, 'late');
    } finally {
      stopLiving();
      holder.close();
      await link.stop();
    }
  });

  it('lets in no more clients than allowed and drops those that ask nothing', async () => {
    const port = await freePort();
    const link = new PlcLink();
    const stopLiving = living(link);
    try {
      link.openModbus('small', { host, port, maxClients: 2, idleMs: 1000 });
      link.attach('small', 'st1');
      link.publish(snapshot);
      await opened(link, 'small');
      const first = await ModbusClient.connect(port);
      const second = await ModbusClient.connect(port);
      await first.read(0, 1);
      await second.read(0, 1);
      const third = await ModbusClient.connect(port);
      await until('the third is dropped', () => third.closed);
      await until('the idle one is dropped', async () => {
        await first.read(0, 1);
        return second.closed;
      });
      assert.equal(first.closed, false);
      first.close();
    } finally {
      stopLiving();
      await link.stop();
    }
  });

  it('is refused at once where its configuration is wrong', () => {
    const link = new PlcLink();
    assert.throws(() => link.openModbus('x', { port: 70_000 }), { code: 'GP_CONFIG_INVALID', field: 'port' });
    assert.throws(() => link.openModbus('x', { wordOrder: 'XYZ' as 'ABCD' }), { field: 'wordOrder' });
    assert.throws(() => link.openOpcUa('x', { pkiDir: '' }), { field: 'pkiDir' });
    assert.throws(() => link.attach('nowhere', 'st1'), { field: 'endpoint' });
    assert.equal(link.stats().starts, 0);
  });

  it('reads 0/0/0 before it closes in an orderly end', async () => {
    const port = await freePort();
    const link = new PlcLink();
    const stopLiving = living(link);
    link.openModbus('bye', { host, port });
    link.attach('bye', 'st1');
    link.publish(snapshot);
    await opened(link, 'bye');
    const client = await ModbusClient.connect(port);
    assert.equal((await client.read(24, 1))[0], 2);
    stopLiving();
    const stopped = link.stop();
    await until('0/0/0', async () => {
      const [status] = await client.read(2, 1);
      const [code] = await client.read(24, 1);
      return code === 0 && (status & 0b0111_1101) === 0;
    });
    await stopped;
    await until('closed', () => client.closed);
  });
});
