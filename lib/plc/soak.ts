import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { residentMb } from '../process/memory.ts';
import { freePort, modbusClient, whenOpen } from './bench.ts';
import { exampleSnapshot } from './example-snapshot.ts';
import { PlcLink } from './plc-link.ts';

const host = '127.0.0.1';
const publishMs = 40;
const killEveryMs = 20_000;

/**
 * Publishes without pause to Modbus and OPC UA and reads it back over Modbus, killing the PLC child every 20 s. Counts results that no
 * ring showed although the endpoint was up, and those shown with two different verdicts: both must stay 0. At most 65535 results
 * (43 minutes): the wire's sequence is taken for the whole one.
 */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const link = new PlcLink();
  const [port, opcuaPort] = [await freePort(), await freePort()];
  const pkiDir = mkdtempSync(join(tmpdir(), 'goodpart-soak-'));
  const alive = setInterval(() => link.alive(), 250);
  const seen = new Map<number, number>();
  let changed = 0;
  let lost = 0;
  let passedWhileDown = 0;
  let newest = 0;
  /** The child was killed: more results than the ring holds may pass until it is back. */
  let down = false;
  let readFailures = 0;
  let sequence = 0;
  let highest = 0;
  let first = 0;
  try {
    link.openModbus('modbus', { host, port });
    link.openOpcUa('opcua', { host, port: opcuaPort, pkiDir });
    link.attach('modbus', 'bench', 0);
    link.attach('opcua', 'bench');
    link.publish(exampleSnapshot(++sequence));
    await whenOpen(link, 'modbus');
    await whenOpen(link, 'opcua');
    let client = await modbusClient(port);
    const end = systemClock.mono() + seconds * 1000;
    let killAt = systemClock.mono() + killEveryMs;
    const read = async () => {
      const { data } = await client.readHoldingRegisters(300, 40);
      for (let at = 35; at >= 0; at -= 5) {
        if (data[at] === 0) continue;
        if ((seen.get(data[at]) ?? data[at + 2]) !== data[at + 2]) changed += 1;
        seen.set(data[at], data[at + 2]);
        const gap = Math.max(0, data[at] - newest - 1);
        if (down) passedWhileDown += gap;
        else lost += gap;
        newest = Math.max(newest, data[at]);
        down = false;
      }
    };
    while (systemClock.mono() < end && sequence < 65_535) {
      link.publish(exampleSnapshot(++sequence));
      if (sequence % 100 === 0) highest = Math.max(highest, residentMb(link.stats().pid ?? 0) || 0);
      if (sequence === 250) first = residentMb(link.stats().pid ?? 0);
      if (systemClock.mono() > killAt) {
        killAt += killEveryMs;
        process.kill(link.stats().pid ?? 0, 'SIGKILL');
      }
      await new Promise((resolve) => setTimeout(resolve, publishMs));
      await read().catch(async () => {
        readFailures += 1;
        down = true;
        client.destroy(() => {});
        client = await modbusClient(port).catch(() => client);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    await read().catch(() => {});
    client.destroy(() => {});
  } finally {
    clearInterval(alive);
    await link.stop();
    rmSync(pkiDir, { recursive: true, force: true });
  }
  return {
    published: sequence,
    lost,
    changed,
    passedWhileDown,
    readFailures,
    childStarts: link.stats().starts,
    residentMb: { early: Math.round(first), highest: Math.round(highest) },
  };
}
