import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import type { ToldResult } from '../../lib/plc/station-state.ts';
import type { StationOptions } from '../../lib/station/options.ts';
import { Station } from '../../lib/station/station.ts';
import { freePort } from '../kit/ports.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { fixedHere, score } from '../station/kit.ts';

const host = '127.0.0.1';

/**
 * A real station with the real PLC process on real sockets, as Node-RED joins them; only camera and model are the test's hands.
 * `hang` stops the decision loop's sign of life, and with it everything that this side would hear or say.
 */
export class WiredStation {
  readonly station: Station;
  readonly link = new PlcLink();
  readonly modbusPort: number;
  readonly url: string;
  readonly pkiDir = join(tempDir('pki'), 'server');
  /** Parts that the flow got, oldest first. */
  readonly taken: Inspection[] = [];
  #alive: NodeJS.Timeout | undefined;
  #unheard: (() => void)[] | null = null;

  private constructor(station: Station, ports: [number, number]) {
    this.station = station;
    this.modbusPort = ports[0];
    this.url = `opc.tcp://${host}:${ports[1]}`;
  }

  static async open(options: Partial<StationOptions> = {}, { opcua = true } = {}): Promise<WiredStation> {
    const station = await Station.open({
      ...{ line: 'line', station: 'one', dir: tempDir('station'), mode: 'run' },
      ...{ deadlineMs: 2000, maxOpen: 3, staleAfterMs: 0 },
      ...options,
    });
    const wired = new WiredStation(station, [await freePort(), await freePort()]);
    await wired.#join(opcua);
    return wired;
  }

  async #join(opcua: boolean): Promise<void> {
    const { station, link } = this;
    station.setHealth('cam', 'camera', true, 0, '');
    station.on('snapshot', (snapshot: StationSnapshot) => this.#whenAwake(() => link.publish(snapshot)));
    link.on('command', (_id, command, at) => this.#whenAwake(() => station.obey(command, at)));
    link.on('told', (_id, results: ToldResult[]) =>
      this.#whenAwake(() => {
        for (const { sequence } of results) station.invalidateHung(sequence);
      }),
    );
    station.takeTriggers({ accepted: (inspection) => this.taken.push(inspection), refused: () => {} });
    link.openModbus('modbus', { host, port: this.modbusPort });
    link.publish(station.snapshot());
    link.attach('modbus', station.id, 0);
    if (opcua) {
      const users = [{ name: 'plc', password: 'secret', role: 'operator' as const }];
      link.openOpcUa('opcua', { host, port: Number(this.url.split(':').at(-1)), pkiDir: this.pkiDir, users });
      link.attach('opcua', station.id);
    }
    this.#beat();
    for (const key of opcua ? ['modbus', 'opcua'] : ['modbus']) {
      await until(`${key} is open`, () => link.endpointState(key)?.state === 'open', { timeoutMs: 30_000 });
    }
  }

  /** Picture, score and verdict of a part; published. */
  judge(inspection: Inspection, value: number): void {
    const { station } = this;
    const { id } = inspection;
    station.addFrame(id, 'main', pictureOfNow(), 'cam');
    station.addScore(id, 'main', score(value));
    station.judgeView(id, 'main', { final: true, rois: fixedHere, overrideBy: 'test' });
  }

  hang(): void {
    clearInterval(this.#alive);
    this.#unheard ??= [];
  }

  /** Goes on where it stood: what was to be heard and said meanwhile comes at once, in order. */
  wake(): void {
    const unheard = this.#unheard ?? [];
    this.#unheard = null;
    for (const work of unheard) work();
    this.#beat();
  }

  async close(): Promise<void> {
    clearInterval(this.#alive);
    await this.link.stop();
    await this.station.close();
  }

  #whenAwake(work: () => void): void {
    if (this.#unheard === null) work();
    else this.#unheard.push(work);
  }

  #beat(): void {
    clearInterval(this.#alive);
    this.link.alive();
    this.#alive = setInterval(() => this.link.alive(), 250);
  }
}

function pictureOfNow(): Frame {
  return new Frame({
    ...{ data: Buffer.from([0xff, 0xd8, 0xff, 0xd9]), encoding: 'jpeg', source: 'cam', number: 1, settings: {} },
    ...{ width: null, height: null, channels: null, bitDepth: null },
    ...{ exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() },
  });
}
