import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { reason } from '../../lib/core/reasons.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { freePort } from '../kit/ports.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { ModbusClient } from './modbus-client.ts';
import { OpcUaProbe } from './opcua-client.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const host = '127.0.0.1';
const hung = reason('stationHung').code;
const snapshot = makeSnapshot(makeResult(5), {
  openTriggers: [
    { sequence: 6, triggerId: 306, partId: 'OPEN-6' },
    { sequence: 7, triggerId: 307, partId: 'OPEN-7' },
  ],
  open: 2,
  status: { ...makeSnapshot(null).status, busy: true },
});

interface Line {
  event: string;
  pid?: number;
  state?: string;
  results?: unknown[];
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process that stands for Node-RED, which a test may kill. */
class Parent {
  readonly process: ChildProcess;
  readonly lines: Line[] = [];

  constructor(setup: object) {
    this.process = spawn(process.execPath, [join(__dirname, 'parent-fixture.js'), JSON.stringify(setup)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.process.stdout === null) throw new Error('no output');
    createInterface({ input: this.process.stdout }).on('line', (line) => this.lines.push(JSON.parse(line) as Line));
  }

  async childPid(): Promise<number> {
    const line = await until('the PLC child', () => this.lines.find(({ event, pid }) => event === 'child' && pid));
    return line.pid ?? 0;
  }

  /** Resolves when the process is gone, so that no test leaves one behind. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await gone;
  }
}

interface Seen {
  word: number;
  heartbeat: number;
  fault: number;
  sequence: number;
  trigger: number;
  code: number;
  reason: number;
  ready: boolean;
}

async function look(client: ModbusClient): Promise<Seen> {
  const words = await client.read(0, 100);
  assert.equal(words[77], words[22]);
  return {
    word: words[2],
    heartbeat: words[4],
    fault: words[7],
    sequence: words[22],
    trigger: words[23],
    code: words[24],
    reason: words[25],
    ready: (words[2] & 1) === 1,
  };
}

describe('the PLC child without Node-RED', () => {
  let parent: Parent | undefined;

  afterEach(() => parent?.kill());

  async function start(lingerMs: number): Promise<{ port: number; client: ModbusClient; pid: number; parent: Parent }> {
    const port = await freePort();
    const started = new Parent({ modbus: { host, port }, lingerMs, snapshot });
    parent = started;
    const client = await until('the endpoint', () => ModbusClient.connect(port).catch(() => undefined));
    await until('the first result', async () => (await look(client)).code === 1 && (await look(client)).ready);
    return { port, client, pid: await started.childPid(), parent: started };
  }

  it('tells the PLC that a killed Node-RED is gone, stops the heartbeat, and ends by itself', async () => {
    const { client, pid, parent, port } = await start(1500);
    await parent.kill();
    const seen = await until('what was open is invalid', async () => {
      const now = await look(client);
      return now.code === 4 ? now : undefined;
    });
    assert.deepEqual([seen.fault, seen.ready, seen.sequence, seen.trigger, seen.reason], [501, false, 7, 307, hung]);
    assert.equal((seen.word >> 8) & 1, 1, 'the Fault bit');
    const ring = await client.read(300, 15);
    assert.deepEqual(
      [ring.slice(0, 4), ring.slice(5, 9)],
      [
        [7, 307, 4, hung],
        [6, 306, 4, hung],
      ],
    );
    const beats = new Set([seen.heartbeat]);
    await until('the end of the child', async () => {
      if (!client.closed) beats.add((await look(client).catch(() => seen)).heartbeat);
      return !alive(pid);
    });
    assert.equal(beats.size, 1, 'no beat after the death');
    await assert.rejects(ModbusClient.connect(port));
  });

  it('does the same for one that hangs, and believes it again when it is back', async () => {
    const { client, pid, parent } = await start(1500);
    parent.process.kill('SIGSTOP');
    const seen = await until('what was open is invalid', async () => {
      const now = await look(client);
      return now.code === 4 ? now : undefined;
    });
    assert.deepEqual([seen.fault, seen.ready, seen.sequence], [501, false, 7]);
    assert.equal((await look(client)).heartbeat, seen.heartbeat);
    assert.equal(alive(pid), true);
    parent.process.kill('SIGCONT');
    const back = await until('ready again', async () => {
      const now = await look(client);
      return now.ready && now.heartbeat > seen.heartbeat ? now : undefined;
    });
    assert.equal(back.fault, 0);
    assert.deepEqual([back.sequence, back.code], [7, 4], 'what was told stays told');
    const told = await until('Node-RED hears what was told', () => parent.lines.find(({ event }) => event === 'told'));
    assert.deepEqual(told.results, snapshot.openTriggers);
    client.close();
  });

  it('gives its OPC UA clients a bad status too', async () => {
    const port = await freePort();
    const started = new Parent({ opcua: { host, port, pkiDir: tempDir('pki') }, lingerMs: 2500, snapshot });
    parent = started;
    const probe = new OpcUaProbe();
    try {
      const pid = await started.childPid();
      const open = () => started.lines.find(({ state }) => state === 'open');
      await until('the endpoint', open, { timeoutMs: 15_000 });
      await probe.connect({ url: `opc.tcp://${host}:${port}`, pkiDir: tempDir('pki') });
      const nodes = ['st1.Result.Code', 'st1.Result.Sequence', 'st1.Status.FaultCode', 'st1.Status.Ready'];
      const shown = async () => (await probe.read(nodes)).map(({ value, status }) => `${value} ${status}`);
      assert.deepEqual(await shown(), ['1 Good', '5 Good', '0 Good', 'true Good']);
      await started.kill();
      const last = ['4 Bad', '7 Bad', '501 Good', 'false Good'];
      await until('the last words', async () => (await shown()).join() === last.join());
      await until('the end of the child', () => !alive(pid));
    } finally {
      probe.stop();
    }
  });

  it('leaves the port to the child of the next Node-RED', async () => {
    const { client, pid, parent, port } = await start(1500);
    client.close();
    await parent.kill();
    const link = new PlcLink();
    const timer = setInterval(() => link.alive(), 250);
    try {
      link.openModbus('next', { host, port });
      link.attach('next', 'st1');
      link.publish(makeSnapshot(makeResult(20), { bootId: 99 }));
      await until('it waits for the port', () => link.endpointState('next')?.state === 'waiting for port');
      await until('it has the port', () => link.endpointState('next')?.state === 'open');
      await until('the end of the old child', () => !alive(pid));
      const next = await ModbusClient.connect(port);
      assert.deepEqual((await next.read(1, 1))[0], 99);
      assert.equal((await look(next)).sequence, 20);
      next.close();
    } finally {
      clearInterval(timer);
      await link.stop();
    }
  });
});
