import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { whenOpen } from '../lib/plc/bench.ts';
import type { StationPicture } from '../lib/plc/reference/picture.ts';
import { ModbusPlc } from '../lib/plc/simulator/modbus-plc.ts';
import { OpcUaPlc } from '../lib/plc/simulator/opcua-plc.ts';
import type { PartRecord } from '../lib/plc/simulator/part-book.ts';
import { simulatorSettings } from '../lib/plc/simulator/settings.ts';
import { LineSimulator } from '../lib/plc/simulator/simulator.ts';
import type { PlcProtocol } from '../lib/plc/simulator/wire.ts';
import { Rehearsal } from './rehearsal.ts';
import { inspectionSoak } from './soak-inspections.ts';

const mostParts = 10_000;
const partsPerMinute = 900;
const lookMs = 100;
/** A ring of eight results is read again within this, on a machine that is not overloaded. */
const readMs = 40;

/** Results as one client has read them: Sequence → TriggerId and Code. */
class Readings {
  readonly seen = new Map<number, string>();
  changed = 0;

  add({ Ring }: StationPicture): void {
    for (const { Sequence, TriggerId, Code } of Ring) {
      if (Sequence === 0) continue;
      const said = `${TriggerId} ${Code}`;
      if ((this.seen.get(Sequence) ?? said) !== said) this.changed += 1;
      this.seen.set(Sequence, said);
    }
  }
}

/** `inspections` past a whole station at full speed where given: see `inspectionSoak`; else parts for about `seconds`, 10 000 at most (660 s): see `plcSoak`. */
export function soak(seconds: number, inspections?: number): Promise<Record<string, unknown>> {
  if (inspections !== undefined) return inspectionSoak(inspections);
  return plcSoak({ parts: Math.min(mostParts, Math.ceil((seconds * partsPerMinute) / 60)), partsPerMinute });
}

/** Reads only. */
export interface SoakReader extends Pick<PlcProtocol, 'address' | 'open' | 'close'> {
  read(): Promise<StationPicture>;
}

/** The PLC's client, and one that reads the same results over the other protocol. */
export interface SoakClients {
  plc: PlcProtocol;
  reader: SoakReader;
  close(): void;
}

/** Of the packages that ship. */
function ownClients({ port, opcuaUrl: url }: Rehearsal): SoakClients {
  const pkiDir = mkdtempSync(join(tmpdir(), 'goodpart-soak-plc-'));
  return {
    plc: new ModbusPlc({ host: '127.0.0.1', port, base: 0 }),
    reader: new OpcUaPlc({ url, stationId: '', user: '', password: '', pkiDir }),
    close: () => rmSync(pkiDir, { recursive: true, force: true }),
  };
}

/**
 * A simulated line triggers a real station over one protocol, up to three parts in flight, while a second client reads the same results over
 * the other. Counts parts in the wrong box, lost and double ones, by the ledger as well as by what was read, and results that the two
 * protocols tell differently: all of these must stay 0 (`ok`).
 */
export async function plcSoak(o: {
  parts: number;
  partsPerMinute: number;
  /** Default: the packages that ship, the PLC over Modbus. */
  clients?: (rehearsal: Rehearsal) => Promise<SoakClients> | SoakClients;
}): Promise<Record<string, unknown>> {
  const { parts, partsPerMinute, clients: makeClients = ownClients } = o;
  const rehearsal = await Rehearsal.open({ opcua: true, engineMs: { from: 50, to: 180 }, deadlineMs: 500 });
  const [byPlc, byReader] = [new Readings(), new Readings()];
  const contradictions: string[] = [];
  let records = 0;
  const began = performance.now();
  const settings = simulatorSettings.parse({
    protocol: { kind: 'modbus', port: rehearsal.port },
    ...{ parts, partsPerMinute, pitch: 1, ejectPosition: 20, pollMs: 5, operatorMs: 1000 },
  });
  const part = (record: PartRecord) => {
    records += 1;
    contradictions.push(...rehearsal.contradictions(record, { faulty: true }));
  };
  let readerFailures = 0;
  let reading = true;
  let readLoop: Promise<void> | undefined;
  let line: LineSimulator | undefined;
  let clients: SoakClients | undefined;
  try {
    await whenOpen(rehearsal.link, 'modbus');
    await whenOpen(rehearsal.link, 'opcua');
    clients = await makeClients(rehearsal);
    const { plc, reader } = clients;
    await reader.open();
    readLoop = (async () => {
      while (reading) {
        await reader.read().then(
          (picture) => byReader.add(picture),
          () => {
            readerFailures += 1;
          },
        );
        await pause(readMs);
      }
    })();
    line = new LineSimulator(settings, plc, { part, read: (picture) => byPlc.add(picture) });
    line.run(false);
    line.start();
    while (line.state().plc.allReject) await pause(lookMs);
    line.run(true);
    while (!line.finished) await pause(lookMs);
    await pause(2 * lookMs);
    const totals = line.totals();
    const both = [...byReader.seen].filter(([sequence]) => byPlc.seen.has(sequence));
    const different = both.filter(([sequence, said]) => byPlc.seen.get(sequence) !== said).length;
    const wrong = [totals.goodBox.wrong, totals.lost, totals.doubleResults, totals.mixedUp, contradictions.length];
    const told = [different, byPlc.changed, byReader.changed, rehearsal.closedTwice];
    return {
      ok: [...wrong, ...told].every((count) => count === 0) && records === parts,
      plc: plc.address,
      reader: reader.address,
      seconds: Math.round((performance.now() - began) / 1000),
      parts: records,
      totals,
      mostInFlight: rehearsal.mostOpen,
      plcPeriodMs: Math.round(line.state().link.periodMs * 10) / 10,
      results: { plc: byPlc.seen.size, reader: byReader.seen.size, both: both.length, different },
      resultsChanged: byPlc.changed + byReader.changed,
      closedTwice: rehearsal.closedTwice,
      contradictions: contradictions.slice(0, 10),
      readerFailures,
    };
  } finally {
    reading = false;
    await readLoop;
    await line?.stop();
    await clients?.reader.close();
    await rehearsal.close();
    clients?.close();
  }
}
