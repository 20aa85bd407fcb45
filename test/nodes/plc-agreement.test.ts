import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stationId } from '../../lib/station/options.ts';
import { hasCommand, hasPythonModule, needs, repositoryRoot } from '../kit/needs.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { OpcUaProbe } from '../plc/opcua-client.ts';

const wanted = 100;

interface Seen {
  code: number;
  partId?: string;
  /** Thousandths. */
  severity: number;
}

/** Parts with ids, ten a second, by message; both PLC protocols. */
function partsFlow(modbusPort: number, opcuaPort: number): FlowNode[] {
  const z = 'tab';
  const station = 'the-station';
  const line = lineFlow(modbusPort).map((node) => {
    if (node.id === 'camera') return { ...node, run: 'triggered' };
    return node.id === 'output' ? { ...node, wires: [['output-2']] } : node;
  });
  const name =
    "const n = (context.get('n') || 0) + 1; context.set('n', n); msg.part = { id: 'Teil-' + n }; return msg;";
  return [
    ...line,
    { id: 'clock', z, type: 'inject', once: true, onceDelay: '0.5', repeat: '0.1', props: [], wires: [['name']] },
    { id: 'name', z, type: 'function', func: name, outputs: 1, wires: [['trigger']] },
    { id: 'trigger', z, type: 'goodpart-trigger', station, source: 'message', wires: [['camera'], []] },
    { id: 'the-opcua', type: 'goodpart-opcua-endpoint', host: '127.0.0.1', port: opcuaPort },
    { id: 'output-2', z, type: 'goodpart-opcua-output', station, endpoint: 'the-opcua', wires: [['evidence']] },
  ];
}

describe('what independent PLC clients read while a line runs', function () {
  this.timeout(120_000);
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  const started: ChildProcess[] = [];
  let probe: OpcUaProbe | undefined;

  after(async () => {
    for (const child of started) child.kill();
    await probe?.stop();
    await red.stop();
  });

  it(`is the same for mbpoll, pymodbus and node-opcua over ${wanted} inspections: none lost, none double`, async function () {
    needs(this, 'mbpoll', hasCommand('mbpoll', ['-h']));
    needs(this, 'pymodbus', hasPythonModule('pymodbus'));
    const [modbusPort, opcuaPort] = [await freePort(), await freePort()];
    await prepareStation(red.userDir);
    await red.start();
    await red.deploy(partsFlow(modbusPort, opcuaPort));
    await red.logged(/Started flows/);

    probe = new OpcUaProbe();
    const url = `opc.tcp://127.0.0.1:${opcuaPort}`;
    await until('OPC UA answers', () => probe?.connect({ url, pkiDir: tempDir('pki') }).then(() => true), {
      timeoutMs: 40_000,
    });
    const byOpcUa = new Map<number, Seen>();
    const byPymodbus = new Map<number, Seen>();
    const byMbpoll = new Map<number, Seen>();
    let watching = true;
    const opcUa = watchOpcUa(probe, byOpcUa, () => watching);

    const python = spawn(
      '/usr/bin/python3',
      [join(repositoryRoot, 'test/nodes/pymodbus_watch.py'), String(modbusPort)],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    started.push(python);
    createInterface({ input: python.stdout }).on('line', (line) => {
      const [sequence, code, partId, severity] = JSON.parse(line) as [number, number, string | null, number];
      assert.equal(byPymodbus.has(sequence), false, `pymodbus told ${sequence} twice`);
      byPymodbus.set(sequence, { code, severity, ...(partId && { partId }) });
    });
    const mbpollArgs = ['-m', 'tcp', '-p', String(modbusPort), '-a', '1', '-0', '-r', '300', '-c', '40', '-l', '100'];
    const mbpoll = spawn('stdbuf', ['-oL', 'mbpoll', ...mbpollArgs, '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(mbpoll);
    readMbpoll(mbpoll, byMbpoll);

    const least = () => Math.min(byOpcUa.size, byPymodbus.size, byMbpoll.size);
    await until(`${wanted} inspections seen by all`, () => least() > wanted + 5, { timeoutMs: 60_000 });
    watching = false;
    python.stdin?.end('stop\n');
    mbpoll.kill();
    await opcUa;

    const first = Math.max(...[byOpcUa, byPymodbus, byMbpoll].map((seen) => Math.min(...seen.keys()))) + 1;
    const codes = new Set<number>();
    const partIds = new Set<string>();
    for (let sequence = first; sequence < first + wanted; sequence++) {
      const [pymodbus, opcUa, mbpoll] = [byPymodbus, byOpcUa, byMbpoll].map((seen) => seen.get(sequence));
      assert.ok(pymodbus && opcUa && mbpoll, `${sequence} was lost: ${JSON.stringify({ pymodbus, opcUa, mbpoll })}`);
      const { code, severity, partId } = pymodbus;
      assert.deepEqual(mbpoll, { code, severity }, `mbpoll differs at ${sequence}`);
      assert.equal(opcUa.code, code, `OPC UA differs at ${sequence}`);
      // a Float of the one against thousandths of the other: the last digit may round either way
      assert.ok(Math.abs(opcUa.severity - severity) <= 1, `severity ${opcUa.severity} and ${severity} at ${sequence}`);
      if (partId && opcUa.partId) assert.equal(opcUa.partId, partId);
      const id = partId ?? opcUa.partId;
      if (id) {
        assert.equal(partIds.has(id), false, `part ${id} came twice`);
        partIds.add(id);
      }
      codes.add(code);
    }
    assert.ok(partIds.size > wanted / 2, `only ${partIds.size} part ids were read`);
    for (const code of codes) assert.ok(code >= 1 && code <= 3, `code ${code} on a healthy line`);
  });
});

/** As PLC.md has it: the newest result by its nodes, and the ring for a reader that was slower than the line. */
async function watchOpcUa(probe: OpcUaProbe, seen: Map<number, Seen>, goOn: () => boolean): Promise<void> {
  const id = stationId('line1', 'station1');
  const result = ['Result.Sequence', 'Result.Code', 'Result.PartId', 'Result.Severity', 'Result.Sequence'];
  const ring = ['Ring.Sequence', 'Ring.Code', 'Ring.Severity', 'Ring.Sequence'];
  while (goOn()) {
    const values = await probe.read([...result, ...ring].map((name) => `${id}.${name}`));
    const [sequence, code, partId, severity, again, sequences, codes, severities, sequencesAgain] = values.map(
      ({ value }) => value,
    );
    if (code === 0 || code === null) continue;
    for (const { status } of values) assert.equal(status, 'Good');
    if (String(sequences) === String(sequencesAgain)) {
      for (const [index, older] of (sequences as number[]).entries()) {
        if (older === 0 || seen.has(older)) continue;
        const thousandths = Math.round((severities as number[])[index] * 1000);
        seen.set(older, { code: (codes as number[])[index], severity: thousandths });
      }
    }
    if (sequence === again) {
      const thousandths = Math.round(Number(severity) * 1000);
      seen.set(Number(sequence), { code: Number(code), partId: String(partId), severity: thousandths });
    }
  }
}

/** mbpoll prints `[300]: \t 5` per register: here the result ring, five registers for each result. */
function readMbpoll(mbpoll: ChildProcess, seen: Map<number, Seen>): void {
  if (mbpoll.stdout === null) throw new Error('mbpoll has no output');
  let entry: number[] = [];
  createInterface({ input: mbpoll.stdout }).on('line', (line) => {
    const match = /^\[(\d+)\]:\s+(-?\d+)/.exec(line);
    if (!match) return;
    const place = (Number(match[1]) - 300) % 5;
    if (place === 0) entry = [];
    entry[place] = Number(match[2]) & 0xffff;
    const [sequence, , code, , severity] = entry;
    if (place === 4 && code !== 0) seen.set(sequence, { code, severity });
  });
}
