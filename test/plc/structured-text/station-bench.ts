import assert from 'node:assert/strict';
import { type StationInput, type StationOutput, stationDefaults } from '../../../lib/plc/reference/station-io.ts';
import { StationTrio, type Words } from './station-trio.ts';
import { WireStation } from './wire-station.ts';

type Input = Partial<Omit<StationInput, 'picture' | 'nowMs'>>;

const quiet: Omit<StationInput, 'picture' | 'nowMs'> = {
  ...stationDefaults,
  linkOk: true,
  writtenVersion: 0,
  trigger: false,
  expectedRecipe: 0,
  partIdLength: 0,
  partId: new Array<number>(64).fill(0),
  commandStart: false,
  commandCode: 0,
  commandArg: 0,
  dispositionTrigger: 0,
  dispositionCode: 0,
  faultReset: false,
};

type Event = 'issued' | 'notIssued' | 'refused' | 'exposureDone' | 'newResult';
const events: readonly Event[] = ['issued', 'notIssued', 'refused', 'exposureDone', 'newResult'];

/** A PLC with a cycle of 10 ms that reads and writes a station in every cycle, unless a case says otherwise. */
export class StationBench {
  readonly trio = new StationTrio();
  readonly station: WireStation;
  now: number;
  /** What stays set from cycle to cycle. */
  inputs: Input = {};
  beats = true;
  writes = true;
  /** Registers that are read instead of the station's. */
  torn: ((words: Words) => Words) | null = null;
  out: StationOutput;
  written: StationOutput['command'];
  #writtenVersion = 0;
  #lastBeat: number;

  constructor(station = new WireStation(), now = 1000) {
    this.station = station;
    this.now = now;
    this.#lastBeat = now;
    this.out = this.cycle();
    this.written = structuredClone(this.out.command);
  }

  /** One cycle. */
  cycle(more: Input = {}): StationOutput {
    this.now = (this.now + 10) % 2 ** 32;
    if (this.beats && (this.now + 2 ** 32 - this.#lastBeat) % 2 ** 32 >= 500) {
      this.#lastBeat = this.now;
      this.station.heartbeat = (this.station.heartbeat + 1) % 65536;
    }
    const words = this.station.words();
    const input = { ...quiet, ...this.inputs, writtenVersion: this.#writtenVersion, ...more, nowMs: this.now };
    this.out = this.trio.call(this.torn?.(words) ?? words, input);
    if (this.writes) {
      this.written = structuredClone(this.out.command);
      this.#writtenVersion = this.out.commandVersion;
    }
    return this.out;
  }

  /** Cycles for so long; every event must be expected. */
  run(ms: number, more: Input = {}): string[] {
    const seen: string[] = [];
    for (let n = 0; n < ms / 10; n++) {
      const out = this.cycle(more);
      for (const event of events) if (out[event]) seen.push(event);
    }
    return seen;
  }

  /** Until the station may be believed; fails after 3 s of the PLC's time. */
  settle(): this {
    for (let n = 0; n < 300 && this.out.allReject; n++) this.cycle();
    assert.equal(this.out.allReject, false, 'the station is not believed');
    return this;
  }

  /** Sends one trigger; its number. */
  send(more: Input = {}): number {
    const out = this.cycle({ ...more, trigger: true });
    assert.equal(out.issued, true, `not sent for reason ${out.notIssuedReason}`);
    const { issuedTriggerId } = out;
    this.cycle();
    return issuedTriggerId;
  }

  /** Sends one trigger that the station accepts. */
  sendAccepted(more: Input = {}): number {
    const triggerId = this.send(more);
    this.station.accept(triggerId);
    this.cycle();
    return triggerId;
  }

  /** The next result within half a second, as `TriggerId Code Accept`. */
  result(): string {
    for (let n = 0; n < 50; n++) {
      const { newResult, resultTriggerId, resultCode, resultAccept } = this.cycle();
      if (newResult) return `${resultTriggerId} ${resultCode} ${resultAccept ? 'accept' : 'reject'}`;
    }
    return 'none';
  }

  faults(): string[] {
    return Object.entries(this.out.faults).flatMap(([name, active]) => (active ? [name] : []));
  }
}
