import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import { systemClock } from '../core/clock.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import { exampleSnapshot } from './example-snapshot.ts';

import { loadOpcua } from './opcua-server.ts';
import { PlcLink } from './plc-link.ts';

const host = '127.0.0.1';

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A connected client of this library; the caller closes it. */
export async function modbusClient(port: number): Promise<ModbusRTU> {
  const client = new ModbusRTU();
  client.setTimeout(2000);
  await client.connectTCP(host, { port });
  client.setID(1);
  return client;
}

/** Waits until the endpoint is open; rejects after 30 s. */
export async function whenOpen(link: PlcLink, key: string): Promise<void> {
  const end = systemClock.mono() + 30_000;
  while (link.endpointState(key)?.state !== 'open') {
    if (systemClock.mono() > end) throw new Error(`${key} did not open: ${link.endpointState(key)?.text}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function percentile(sorted: number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] * 100) / 100;
}

const pairs = 300;
/** One result in 50 ms: half of what a station with a 25 ms model gives. */
const halfLoadMs = 50;

interface Reader {
  sequence(): Promise<number>;
  close(): Promise<void>;
}

/** Reads all of the block in one request, as a PLC does. */
async function modbusReader(port: number): Promise<Reader> {
  const client = await modbusClient(port);
  return {
    sequence: async () => (await client.readHoldingRegisters(0, 100)).data[22],
    close: () => new Promise((resolve) => client.close(() => resolve())),
  };
}

/** Reads three nodes in one request over an unencrypted session. */
async function opcUaReader(port: number, id: string): Promise<Reader> {
  const opcua = await loadOpcua();
  const client = opcua.OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(`opc.tcp://${host}:${port}`);
  const session = await client.createSession();
  const nodes = ['Result.Sequence', 'Result.Code', 'Result.TriggerId'].map((name) => ({
    nodeId: `ns=1;s=${id}.${name}`,
    attributeId: opcua.AttributeIds.Value,
  }));
  return {
    sequence: async () => Number((await session.read(nodes))[0].value.value),
    close: async () => {
      await session.close();
      await client.disconnect();
    },
  };
}

/**
 * Milliseconds from `publish` in the station's process until the reader has the new Sequence. It pauses after each answer for as long as
 * the answer took: half load for the PLC process.
 */
async function untilVisible(link: PlcLink, reader: Reader, from: number) {
  const visible: number[] = [];
  for (let sequence = from; sequence < from + pairs; sequence++) {
    const snapshot: StationSnapshot = exampleSnapshot(sequence);
    const began = systemClock.mono();
    link.publish(snapshot);
    for (let asked = began; (await reader.sequence()) !== sequence; asked = systemClock.mono()) {
      const next = 2 * systemClock.mono() - asked;
      // timers come up to a millisecond late, which would count for the station
      while (systemClock.mono() < next) await new Promise((resolve) => setImmediate(resolve));
    }
    const took = systemClock.mono() - began;
    visible.push(took);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, halfLoadMs - took)));
  }
  visible.sort((a, b) => a - b);
  return { p50: percentile(visible, 0.5), p99: percentile(visible, 0.99), n: visible.length };
}

/**
 * Over real sockets, one result in 50 ms: milliseconds from the verdict's publication until a Modbus and an OPC UA client have read its
 * Sequence; and whole-block Modbus reads per second of one client.
 */
export async function bench(): Promise<Record<string, unknown>> {
  const link = new PlcLink();
  const [port, opcUaPort] = [await freePort(), await freePort()];
  const alive = setInterval(() => link.alive(), 250);
  const pkiDir = await mkdtemp(join(tmpdir(), 'goodpart-bench-pki-'));
  try {
    link.openModbus('modbus', { host, port });
    link.openOpcUa('opcua', { host, port: opcUaPort, pkiDir });
    link.publish(exampleSnapshot(1));
    for (const key of ['modbus', 'opcua']) {
      link.attach(key, 'bench', 0);
      await whenOpen(link, key);
    }
    const modbus = await modbusReader(port);
    const verdictToModbusMs = await untilVisible(link, modbus, 2);
    const opcUa = await opcUaReader(opcUaPort, 'bench');
    const verdictToOpcUaMs = await untilVisible(link, opcUa, 2 + pairs);
    await opcUa.close();
    const began = systemClock.mono();
    let reads = 0;
    for (; systemClock.mono() - began < 2000; reads++) await modbus.sequence();
    const readsPerSecond = Math.round(reads / ((systemClock.mono() - began) / 1000));
    await modbus.close();
    return { verdictToModbusMs, verdictToOpcUaMs, readsPerSecond };
  } finally {
    clearInterval(alive);
    await link.stop();
    await rm(pkiDir, { recursive: true, force: true });
  }
}
