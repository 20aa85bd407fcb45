import { createServer } from 'node:net';
import ModbusRTU from 'modbus-serial';
import { systemClock } from '../core/clock.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import { exampleSnapshot } from './example-snapshot.ts';
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

/**
 * Measures over a real socket: milliseconds from `publish` until a Modbus client that asks without pause has read the new Sequence,
 * and whole-block reads per second of one client.
 */
export async function bench(): Promise<Record<string, unknown>> {
  const link = new PlcLink();
  const port = await freePort();
  const alive = setInterval(() => link.alive(), 250);
  try {
    link.openModbus('bench', { host, port });
    link.attach('bench', 'bench', 0);
    link.publish(exampleSnapshot(1));
    await whenOpen(link, 'bench');
    const client = await modbusClient(port);
    const visible: number[] = [];
    for (let sequence = 2; sequence <= 301; sequence++) {
      const snapshot: StationSnapshot = exampleSnapshot(sequence);
      const began = systemClock.mono();
      link.publish(snapshot);
      while ((await client.readHoldingRegisters(0, 100)).data[22] !== sequence);
      visible.push(systemClock.mono() - began);
    }
    visible.sort((a, b) => a - b);
    const began = systemClock.mono();
    let reads = 0;
    for (; systemClock.mono() - began < 2000; reads++) await client.readHoldingRegisters(0, 100);
    const readsPerSecond = Math.round(reads / ((systemClock.mono() - began) / 1000));
    client.close(() => {});
    return {
      publishToModbusMs: { p50: percentile(visible, 0.5), p99: percentile(visible, 0.99), n: visible.length },
      readsPerSecond,
    };
  } finally {
    clearInterval(alive);
    await link.stop();
  }
}
