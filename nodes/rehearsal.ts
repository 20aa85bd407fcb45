import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnomalyMap } from '../lib/core/anomaly-map.ts';
import { systemClock } from '../lib/core/clock.ts';
import { Frame } from '../lib/core/frame.ts';
import type { Inspection } from '../lib/core/inspection.ts';
import { seededRandom } from '../lib/core/random.ts';
import type { StationSnapshot } from '../lib/core/snapshot.ts';
import { freePort } from '../lib/plc/bench.ts';
import { PlcLink } from '../lib/plc/plc-link.ts';
import type { PartRecord } from '../lib/plc/simulator/part-book.ts';
import { wholeFrameRoi } from '../lib/rules/polygon.ts';
import { Station } from '../lib/station/station.ts';

const host = '127.0.0.1';
const aliveMs = 250;
const model = { name: 'stand-in', version: '1', sha256: '0'.repeat(64), preprocessing: '0'.repeat(64) };
/** Typical 0, warn above 1, fail above 2. */
const rois = [wholeFrameRoi({ median: 0, warn: 1, fail: 2 })];
export const rehearsalUser = { name: 'plc', password: 'rehearsal' };

export interface RehearsalOptions {
  opcua?: boolean;
  deadlineMs?: number;
  maxOpen?: number;
  acknowledged?: boolean;
  seed?: number;
  /** How long the stand-in engine takes, milliseconds, drawn anew for each part. */
  engineMs?: { from: number; to: number };
}

/**
 * A real station behind a real PLC child, with an engine that draws its verdicts (7 of 10 pass) and its times by lot and now and then never
 * answers. What is asked of the station is answered as in a flow; what it said last of each part is kept.
 */
export class Rehearsal {
  readonly station: Station;
  readonly link = new PlcLink();
  readonly port: number;
  /** Empty without OPC UA. */
  readonly opcuaUrl: string;
  /** Part id → what the ledger closed it with. */
  readonly closed = new Map<string, Inspection>();
  closedTwice = 0;
  mostOpen = 0;
  readonly #dir: string;
  readonly #random: () => number;
  readonly #engineMs: { from: number; to: number };
  readonly #alive: NodeJS.Timeout;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(
    station: Station,
    dir: string,
    ports: { modbus: number; opcua: number | null },
    o: RehearsalOptions,
  ) {
    this.station = station;
    this.#dir = dir;
    this.port = ports.modbus;
    this.opcuaUrl = ports.opcua === null ? '' : `opc.tcp://${host}:${ports.opcua}`;
    this.#random = seededRandom(o.seed ?? 1);
    this.#engineMs = o.engineMs ?? { from: 5, to: 60 };
    this.link.openModbus('modbus', { host, port: ports.modbus });
    if (ports.opcua !== null) {
      this.link.openOpcUa('opcua', { host, port: ports.opcua, pkiDir: join(dir, 'pki'), users: [rehearsalUser] });
    }
    this.link.publish(station.snapshot());
    this.link.attach('modbus', station.id, 0);
    if (ports.opcua !== null) this.link.attach('opcua', station.id);
    this.link.on('command', (_, command, at) => station.obey(command, at));
    this.link.on('told', (_, results) => {
      for (const { sequence } of results) station.invalidateHung(sequence);
    });
    station.on('snapshot', (snapshot: StationSnapshot) => this.link.publish(snapshot));
    station.on('closed', (inspection: Inspection) => {
      if (this.closed.has(inspection.part.id)) this.closedTwice += 1;
      this.closed.set(inspection.part.id, inspection);
    });
    station.takeTriggers({ accepted: (inspection) => this.#inspect(inspection), refused: () => {} });
    this.#alive = setInterval(() => this.link.alive(), aliveMs);
  }

  static async open(o: RehearsalOptions = {}): Promise<Rehearsal> {
    const dir = mkdtempSync(join(tmpdir(), 'goodpart-rehearsal-'));
    const { deadlineMs = 400, maxOpen = 3, acknowledged = true, opcua = false } = o;
    const limits = { deadlineMs, maxOpen, acknowledged, staleAfterMs: 0 };
    const place = { line: 'line1', station: 'station1', dir: join(dir, 'station') };
    const station = await Station.open({ ...place, ...limits, mode: 'run', simulated: true });
    const ports = { modbus: await freePort(), opcua: opcua ? await freePort() : null };
    return new Rehearsal(station, dir, ports, o);
  }

  /** Lets in whoever knocked in vain with a certificate, as a person would by moving the file. */
  trustClients(): void {
    const [from, to] = [join(this.#dir, 'pki/rejected'), join(this.#dir, 'pki/trusted/certs')];
    if (!existsSync(from)) return;
    for (const file of readdirSync(from)) renameSync(join(from, file), join(to, file));
  }

  /**
   * What the ledger contradicts in a part's record. `faulty`: something is switched off or broken, so that an accepted part may well have been
   * blown off; that nothing un-accepted is in the good box holds always.
   */
  contradictions({ id, end, verdict, triggerId }: PartRecord, { faulty = false } = {}): string[] {
    const said = this.closed.get(id);
    const wrong: string[] = [];
    if (end === 'good box' && said?.accept !== true) wrong.push(`${id} is in the good box without Accept`);
    if (end !== 'good box' && said?.accept === true && !faulty)
      wrong.push(`${id} was accepted and is not in the good box`);
    if (verdict !== null && said !== undefined && verdict !== said.verdict) {
      wrong.push(`${id} is ${said.verdict} and was read as ${verdict}`);
    }
    if (said !== undefined && said.trigger.triggerId !== triggerId) wrong.push(`${id} has another TriggerId`);
    return wrong;
  }

  async close(): Promise<void> {
    clearInterval(this.#alive);
    for (const timer of this.#timers) clearTimeout(timer);
    await this.link.stop();
    await this.station.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #inspect(inspection: Inspection): void {
    this.mostOpen = Math.max(this.mostOpen, this.station.snapshot().open);
    const { from, to } = this.#engineMs;
    const [lot, pause] = [this.#random(), from + (to - from) * this.#random()];
    // one of fifty gets no answer: its deadline closes it
    if (lot > 0.98) return;
    const value = lot < 0.7 ? 0.5 : lot < 0.75 ? 1.5 : 3;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#judge(inspection.id, value);
    }, pause);
    this.#timers.add(timer);
  }

  #judge(id: string, value: number): void {
    const { station } = this;
    const timings = { queue: 0, decode: 0, run: 1, total: 1 };
    const map = AnomalyMap.from(1, 1, Float32Array.of(value));
    try {
      station.addFrame(id, 'main', pictureOfNow(), 'stand-in');
      station.addScore(id, 'main', {
        ...{ score: value, map, model, timings, engine: 'onnxruntime', provider: 'cpu' },
        image: { width: 8, height: 8 },
      });
      station.judgeView(id, 'main', { final: true, rois, overrideBy: 'rehearsal' });
    } catch {
      // closed meanwhile by its deadline: the ledger has its verdict
    }
  }
}

function pictureOfNow(): Frame {
  const unknown = { width: null, height: null, channels: null, bitDepth: null };
  const data = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);
  return new Frame({
    ...{ ...unknown, data, encoding: 'jpeg', source: 'stand-in', number: 1, settings: {} },
    ...{ exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() },
  });
}
