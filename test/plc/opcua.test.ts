import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { verdictCodes, wireSequence } from '../../lib/core/inspection.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { freePort } from '../kit/ports.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { ModbusClient } from './modbus-client.ts';
import { OpcUaProbe } from './opcua-client.ts';
import { RefusingStation } from './refusing-station.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const host = '127.0.0.1';
const verdicts = ['pass', 'warn', 'fail', 'invalid'] as const;

describe('the OPC UA server', () => {
  const link = new PlcLink();
  const station = new RefusingStation(link, makeSnapshot(makeResult(65_541)));
  const pkiDir = join(tempDir('pki'), 'server');
  const probePki = join(tempDir('pki'), 'probe');
  let probe: OpcUaProbe;
  let modbus: ModbusClient;
  let url = '';
  let timer: NodeJS.Timeout;

  before(async () => {
    const [port, modbusPort] = [await freePort(), await freePort()];
    url = `opc.tcp://${host}:${port}`;
    timer = setInterval(() => link.alive(), 250);
    probe = new OpcUaProbe();
    link.openOpcUa('opcua', { host: '0.0.0.0', port, pkiDir, users: [{ name: 'plc', password: 'secret' }] });
    link.openModbus('modbus', { host, port: modbusPort });
    link.attach('opcua', 'st1');
    link.attach('modbus', 'st1', 0);
    station.publish(makeSnapshot(null, { lastSequence: 41 }));
    await until('both are open', () => link.endpointState('opcua')?.state === 'open', { timeoutMs: 30_000 });
    await until('both are open', () => link.endpointState('modbus')?.state === 'open');
    modbus = await ModbusClient.connect(modbusPort);
    await probe.connect({ url, pkiDir: probePki });
  });

  after(async () => {
    clearInterval(timer);
    probe.stop();
    modbus?.close();
    await link.stop();
  });

  it('says that nothing was inspected yet', async () => {
    const [code, sequence, ready] = await probe.read(['st1.Result.Code', 'st1.Result.Sequence', 'st1.Status.Ready']);
    assert.deepEqual(code, { value: 0, type: 'UInt16', status: 'BadWaitingForInitialData' });
    assert.deepEqual(sequence, { value: 41, type: 'UInt16', status: 'BadWaitingForInitialData' });
    assert.deepEqual(ready, { value: true, type: 'Boolean', status: 'Good' });
  });

  it('gives every kind of tag in its strict type with a good status', async () => {
    station.publish(makeSnapshot(makeResult(65_541, { severity: 0.5, partId: 'Teil-Ä1', verdict: 'warn' })));
    await until('the result', async () => (await probe.read(['st1.Result.Sequence']))[0].value === 6);
    const expected: Record<string, [string, unknown]> = {
      'Status.ProofWord': ['UInt32', 0x12345678],
      'Status.ProofFloat': ['Float', 1],
      'Status.Mode': ['UInt16', 3],
      'Status.Warn': ['Boolean', true],
      'Status.Pass': ['Boolean', false],
      'Health.CameraOk': ['Boolean', true],
      'Health.Word': ['UInt16', 15],
      'Result.Sequence': ['UInt16', 6],
      'Result.Code': ['UInt16', 2],
      'Result.Severity': ['Float', 0.5],
      'Result.Time': ['DateTime', '2026-01-01T12:00:00.345Z'],
      'Result.PartId': ['String', 'Teil-Ä1'],
      'Counters.Total': ['UInt32', 3],
      'Roi.Severity': ['Float', [-1, 0.25, ...Array(14).fill(-1)]],
      'Roi.Code': ['UInt16', [0, 1, ...Array(14).fill(0)]],
      'Ring.Sequence': ['UInt16', [6, 0, 0, 0, 0, 0, 0, 0]],
      'Shadow.Severity': ['Float', -1],
      'Alarm.Code': ['UInt16', 0],
      'Command.PartId': ['String', ''],
    };
    const values = await probe.read(Object.keys(expected).map((name) => `st1.${name}`));
    for (const [index, [name, [type, value]]] of Object.entries(expected).entries()) {
      assert.deepEqual(values[index], { value, type, status: 'Good' }, name);
    }
  });

  it('repeats the Modbus registers in Image', async () => {
    const registers = await modbus.read(0, 100);
    const [image] = await probe.read(['st1.Image']);
    const moving = new Set([2, 4, 38]);
    const still = (words: number[]) => words.filter((_, at) => !moving.has(at));
    assert.equal(image.status, 'Good');
    assert.deepEqual(still(image.value as number[]), still(registers));
  });

  it('publishes the same results as Modbus, none lost, none twice', async () => {
    const nodes = ['st1.Result.Sequence', 'st1.Result.Code', 'st1.Result.PartId'];
    await probe.subscribe(nodes);
    await until('the first values', async () => (await probe.notifications()).length > 0);
    const first = 65_600;
    const count = 24;
    const published = Array.from({ length: count }, (_, n) =>
      makeResult(first + n, { verdict: verdicts[n % 4], triggerId: 100 + n, partId: `P${n}`, severity: n / 10 }),
    );
    const overModbus = new Map<number, string>();
    const told = (sequence: number, triggerId: number, code: number) => {
      const text = `${triggerId}:${code}`;
      assert.equal(overModbus.get(sequence) ?? text, text, 'a result never changes');
      overModbus.set(sequence, text);
    };
    for (const [n, result] of published.entries()) {
      const ring = published
        .slice(0, n + 1)
        .reverse()
        .slice(0, 8);
      station.publish(
        makeSnapshot(result, {
          ring: ring.map(({ sequence, triggerId, verdict, reason, severity }) => ({
            sequence,
            triggerId,
            code: verdictCodes[verdict],
            reason,
            severity,
          })),
        }),
      );
      const words = await modbus.read(0, 100);
      assert.equal(words[22], words[77]);
      const entries = await modbus.read(300, 40);
      for (let at = 0; at < 40; at += 5)
        if (entries[at] >= wireSequence(first)) told(entries[at], entries[at + 1], entries[at + 2]);
    }
    await until('the last result over Modbus', async () => {
      const entries = await modbus.read(300, 40);
      for (let at = 0; at < 40; at += 5)
        if (entries[at] >= wireSequence(first)) told(entries[at], entries[at + 1], entries[at + 2]);
      return overModbus.size === count;
    });
    const expected = published.map(({ sequence, triggerId, verdict }): [number, string] => [
      wireSequence(sequence),
      `${triggerId}:${verdictCodes[verdict]}`,
    ]);
    assert.deepEqual(
      [...overModbus].sort((a, b) => a[0] - b[0]),
      expected,
    );
    const heard: { node: string; value: unknown; status: string }[] = [];
    await until('the last result over OPC UA', async () => {
      heard.push(...(await probe.notifications()));
      return heard.some(({ node, value }) => node === nodes[0] && value === wireSequence(first + count - 1));
    });
    const sequences = heard.filter(({ node, value }) => node === nodes[0] && Number(value) >= wireSequence(first));
    assert.deepEqual(
      sequences.map(({ value, status }) => [value, status]),
      published.map(({ sequence, verdict }) => [
        wireSequence(sequence),
        verdict === 'invalid' ? 'BadDeviceFailure' : 'Good',
      ]),
    );
    const parts = heard.filter(({ node }) => node === nodes[2]).map(({ value }) => value);
    assert.deepEqual(
      parts.filter((value, at) => value !== parts[at - 1] && /^P\d/.test(String(value))),
      published.map(({ partId }) => partId),
    );
  });

  it('withdraws a stale free-running result but leaves its last usable values', async () => {
    station.publish(makeSnapshot(makeResult(70_000, { triggerId: 0 }), { staleAfterMs: 300 }));
    await until('stale', async () => (await probe.read(['st1.Status.Stale']))[0].value === true);
    const [code, part, valid] = await probe.read(['st1.Result.Code', 'st1.Result.PartId', 'st1.Status.ResultValid']);
    assert.deepEqual(code, { value: 0, type: 'UInt16', status: 'UncertainLastUsableValue' });
    assert.deepEqual(part, { value: 'PART-70000', type: 'String', status: 'UncertainLastUsableValue' });
    assert.equal(valid.value, false);
    station.publish(makeSnapshot(makeResult(70_001)));
  });

  it('refuses writes of anonymous clients, and any write into what it publishes', async () => {
    const trigger = { node: 'st1.Command.TriggerId', type: 'UInt16', value: 5 };
    assert.deepEqual(await probe.write([trigger]), ['BadUserAccessDenied']);
    assert.deepEqual(await probe.write([{ node: 'st1.Result.Code', type: 'UInt16', value: 1 }]), ['BadNotWritable']);
    assert.equal((await modbus.read(200, 1))[0], 0);
  });

  it('lets a user in over a trusted encrypted connection only, and refuses his commands with a status', async () => {
    const login = { url, pkiDir: probePki, user: 'plc', password: 'secret' };
    await assert.rejects(probe.connect(login), /BadUserAccessDenied|BadIdentityToken/);
    await assert.rejects(probe.connect({ ...login, secure: true }));
    const rejected = join(pkiDir, 'rejected');
    const trusted = join(pkiDir, 'trusted/certs');
    await until('the rejected certificate', () => readdirSync(rejected).length > 0);
    mkdirSync(trusted, { recursive: true });
    for (const file of readdirSync(rejected)) renameSync(join(rejected, file), join(trusted, file));
    await until('trusted', () => probe.connect({ ...login, secure: true }).then(() => true), {
      everyMs: 500,
      timeoutMs: 20_000,
    });
    await assert.rejects(probe.connect({ ...login, secure: true, password: 'wrong' }), /BadUserAccessDenied/);
    await probe.connect({ ...login, secure: true });
    const statuses = await probe.write([
      { node: 'st1.Command.PartId', type: 'String', value: 'OPC-1' },
      { node: 'st1.Command.TriggerId', type: 'UInt16', value: 501 },
      { node: 'st1.Command.Code', type: 'UInt16', value: 5 },
    ]);
    assert.deepEqual(statuses, ['Good', 'Good', 'Good']);
    await until('the refusal', async () => (await modbus.read(15, 2)).join() === '501,61');
    const shown = await probe.read([
      'st1.Status.CommandAck',
      'st1.Status.CommandStatus',
      'st1.Status.RejectedTrigger',
      'st1.Command.PartId',
    ]);
    assert.deepEqual(
      shown.map(({ value }) => value),
      [5, 3, 501, 'OPC-1'],
    );
    assert.deepEqual(await modbus.read(208, 4), [5, 0x4f50, 0x432d, 0x3100]);
    assert.deepEqual(await probe.write([{ node: 'st1.Command.Code', type: 'UInt32', value: 0 }]), ['BadTypeMismatch']);
    await probe.write([{ node: 'st1.Command.Code', type: 'UInt16', value: 0 }]);
    await until('idle', async () => (await modbus.read(10, 2)).join() === '0,0');
  });

  it('survives bytes that are no OPC UA', async () => {
    const pid = link.stats().pid;
    const port = Number(url.split(':').at(-1));
    const hello = Buffer.from(
      'HELF\x20\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\xff\xff\xff\xff',
      'latin1',
    );
    for (const bytes of [
      Buffer.alloc(3000, 0xff),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      hello,
      hello.subarray(0, 9),
    ]) {
      const socket = connect(port, host).on('error', () => {});
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      socket.destroy();
    }
    assert.equal((await probe.read(['st1.Status.Ready']))[0].value, true);
    assert.equal(link.stats().pid, pid);
  });

  it('takes a station away and brings it back while it runs', async () => {
    link.detach('opcua', 'st1');
    await until('gone', async () => (await probe.read(['st1.Status.Ready']))[0].status === 'BadNodeIdUnknown');
    link.attach('opcua', 'st1');
    await until('back', async () => (await probe.read(['st1.Result.Sequence']))[0].value === wireSequence(70_001));
  });

  it('says Bad_Shutdown and 0/0/0 before it closes', async () => {
    await probe.subscribe(['st1.Result.Code']);
    await until('the first value', async () => (await probe.notifications()).length > 0);
    link.closeEndpoint('opcua');
    const heard: unknown[] = [];
    await until('the last words', async () => {
      heard.push(...(await probe.notifications()).map(({ value, status }) => `${value} ${status}`));
      return heard.includes('0 BadShutdown');
    });
    assert.equal((await modbus.read(24, 1))[0], 1, 'the other endpoint goes on');
  });
});
