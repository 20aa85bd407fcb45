import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { hasPythonModule, needs } from '../kit/needs.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { FakePlc } from './fake-plc.ts';
import { plcTags, siemensTemplate } from './opcua-plc.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const host = '127.0.0.1';
const patience = { timeoutMs: 30_000 };

describe('a link whose station is the client', () => {
  let link: PlcLink;
  let plc: FakePlc<object> | undefined;
  let living: NodeJS.Timeout;

  beforeEach(() => {
    link = new PlcLink({ silenceMs: 800 });
    living = setInterval(() => link.alive(), 100);
  });

  afterEach(async () => {
    clearInterval(living);
    await link.stop();
    await plc?.kill();
    plc = undefined;
  });

  const open = (key: string) => until(`${key} is open`, () => link.endpointState(key)?.state === 'open', patience);

  it('tells a Modbus PLC its results, that Node-RED is silent, and that it ends', async function () {
    needs(this, 'pymodbus', hasPythonModule('pymodbus'));
    const port = await freePort();
    const server = await FakePlc.start('/usr/bin/python3', 'fake_plc_modbus.py', [port, 400]);
    plc = server;
    const word = async (at: number) => (await server.order<number[]>({ get: [at, 1] }))[0];
    link.openModbusClient('plc', { host, port });
    link.attach('plc', 'st1');
    link.publish(makeSnapshot(makeResult(7)));
    await open('plc');
    assert.deepEqual(link.endpointState('plc'), { state: 'open', text: `connected to ${host}:${port}`, clients: 1 });
    await until('the result', async () => (await word(22)) === 7);
    const beat = await word(4);
    await until('the heartbeat', async () => (await word(4)) !== beat);
    link.publish(
      makeSnapshot(makeResult(7), { openTriggers: [{ sequence: 8, triggerId: 500, partId: 'P8' }], open: 1 }),
    );
    await until('it is busy', async () => (await word(12)) === 1);
    clearInterval(living);
    await until('the open part is invalid', async () => (await word(22)) === 8);
    assert.deepEqual([await word(23), await word(24), await word(7)], [500, 4, 501]);
    living = setInterval(() => link.alive(), 100);
    await until('Node-RED is heard again', async () => (await word(7)) === 0);
    await link.stop();
    assert.deepEqual([await word(24), (await word(2)) & 1, await word(22)], [0, 0, 8]);
  });

  it('begins with other settings only after the last words of before', async function () {
    needs(this, 'pymodbus', hasPythonModule('pymodbus'));
    const port = await freePort();
    const server = await FakePlc.start<{ write: number; words: number[]; connections: number }>(
      '/usr/bin/python3',
      'fake_plc_modbus.py',
      [port, 400],
    );
    plc = server;
    link.openModbusClient('plc', { host, port });
    link.attach('plc', 'st1');
    link.publish(makeSnapshot(makeResult(7)));
    await open('plc');
    await server.order({ slow: 40 });
    const before = server.events.length;
    const codes = () =>
      server.events
        .slice(before)
        .flatMap(({ write, words }) => (write === 23 ? [words[1]] : write === 24 ? [words[0]] : []));
    link.openModbusClient('plc', { host, port, pollMs: 50 });
    await until('both have written', () => codes().length > 1);
    await open('plc');
    assert.deepEqual(codes(), [0, 1], 'closed, then the picture of now');
    assert.ok(
      server.events.every(({ connections }) => connections === 1),
      'and never two at once',
    );
  });

  it('tells an OPC UA PLC, and shows what lies in it', async function () {
    const python = pythonWith(this, 'asyncua');
    const port = await freePort();
    const server = await FakePlc.start(python, 'fake_plc_opcua.py', [JSON.stringify({ port, tags: plcTags() })]);
    plc = server;
    const url = `opc.tcp://${host}:${port}`;
    const pkiDir = join(tempDir('pki'), 'client');
    const objects = await link.browse({ url, pkiDir });
    assert.equal(objects.more, false);
    const folder = objects.nodes.find(({ name }) => name === 'Goodpart');
    assert.equal(folder?.nodeClass, 'Object');
    const { nodes } = await link.browse({ url, pkiDir }, folder?.nodeId);
    const found = nodes.find(({ name }) => name === 'Result.Severity');
    const nodeId = 'ns=2;s="Goodpart"."Result"."Severity"';
    assert.deepEqual(found, { name: 'Result.Severity', nodeId, nodeClass: 'Variable', dataType: 'Float' });
    assert.equal(nodes.length, plcTags().length);
    await assert.rejects(link.browse({ url, pkiDir }, 'ns=2;s=nothing'), /does not show ns=2;s=nothing: BadNodeId/);
    await assert.rejects(link.browse({ url, pkiDir }, 'rubbish'), { code: 'GP_INPUT_INVALID' });
    await until('nobody is left', async () => (await server.order<{ connections: number }>({})).connections === 0);

    link.openOpcUaClient('plc', { url, pkiDir, template: siemensTemplate });
    link.attach('plc', 'st1');
    link.publish(makeSnapshot(makeResult(9)));
    await open('plc');
    await until('the result', async () => (await server.order<number[]>({ get: ['Result.Sequence'] }))[0] === 9);
    await link.stop();
    const names = ['Result.Code', 'Status.Ready', 'Result.Sequence'];
    assert.deepEqual(await server.order({ get: names }), [0, false, 9]);
  });

  it('says in one sentence why a PLC cannot be browsed', async () => {
    const port = await freePort();
    const options = { url: `opc.tcp://${host}:${port}`, pkiDir: join(tempDir('pki'), 'client'), timeoutMs: 500 };
    const reason = { code: 'GP_ENDPOINT_FAILED', message: `cannot reach ${host}:${port}: connection refused` };
    await assert.rejects(link.browse(options), reason);
    await assert.rejects(link.browse({ ...options, url: 'http://plc' }), /Expected opc\.tcp:\/\/host:port for url/);
    await assert.rejects(link.browse({ ...options, user: 'a', password: 'b' }), /for security/);
  });

  it('takes only as many stations as the PLC can tell apart', () => {
    const pkiDir = join(tempDir('pki'), 'client');
    link.openModbusClient('modbus', { host, port: 1, base: 63_000 });
    link.attach('modbus', 'st1', 0);
    assert.throws(() => link.attach('modbus', 'st2', 0), /Expected a slot that "st1" does not use for slot/);
    link.attach('modbus', 'st2', 2);
    assert.throws(
      () => link.attach('modbus', 'st3', 3),
      /Expected a slot 0\.\.2, as the map begins at register 63000, for slot but received 3/,
    );
    link.openOpcUaClient('one', { url: 'opc.tcp://127.0.0.1:1', pkiDir, template: siemensTemplate });
    link.attach('one', 'st1');
    link.attach('one', 'st1');
    assert.throws(
      () => link.attach('one', 'st2'),
      /Expected \{station\} in it, as "st1" uses this endpoint too, for template/,
    );
    link.openOpcUaClient('many', {
      url: 'opc.tcp://127.0.0.1:1',
      pkiDir,
      template: 'ns=4;s={station}.{folder}.{name}',
    });
    link.attach('many', 'st1');
    link.attach('many', 'st2');
  });
});
