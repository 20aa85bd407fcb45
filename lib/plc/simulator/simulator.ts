import { systemClock } from '../../core/clock.ts';
import { type Faults, stationFaults, trackFaults } from '../reference/block-texts.ts';
import type { StationPicture } from '../reference/picture.ts';
import { Belt, type BeltSignals, nothingDriven, type PlcOutputs } from './belt.ts';
import { PlcProgram } from './cycle.ts';
import { type SimulatedFault, simulatedFaults } from './faults.ts';
import { type LineTotals, PartBook, type PartRecord } from './part-book.ts';
import { layoutOf, type SimulatorSettings, tickMsOf } from './settings.ts';
import { type PlcProtocol, PlcWire } from './wire.ts';

/** Outputs fall off when the cycle does not come round any more, as a PLC's own watchdog sees to. */
const watchdogMs = 150;
/** The picture is too old to be believed. */
const linkMs = 500;
/** More than this is not caught up with: the simulated line stood still meanwhile. */
const catchUpMs = 1000;

export interface ShownSlot {
  slot: number;
  occupied: boolean;
  accept: boolean;
  doubtful: boolean;
  /** Its answer has come, or none will count any more. */
  settled: boolean;
  triggerId: number;
}

/** Why the line stands: by its switch, a dead program, a restart that waits for a person, or the faults that are shown. */
export type Standing = 'switched off' | 'cycle stalls' | 'restarted' | 'fault';

/** A fault of the blocks that is active, as in the text lists. */
export interface ShownFault {
  code: number;
  en: string;
  de: string;
}

/** The line at this instant, for people. */
export interface LineState {
  running: boolean;
  moving: boolean;
  stands: Standing | null;
  gateOpen: boolean;
  layout: { triggerPosition: number; checkPosition: number; ejectPosition: number; endPosition: number };
  phase: number;
  parts: { number: number; defect: boolean; position: number; slot: number }[];
  slots: ShownSlot[];
  inBin: number;
  link: { connected: boolean; text: string; periodMs: number };
  station: {
    ready: boolean;
    busy: boolean;
    open: number;
    heartbeat: number;
    bootId: number;
    mode: number;
    acceptedTrigger: number;
    rejectedTrigger: number;
    faultCode: number;
    lastResult: { sequence: number; triggerId: number; code: number; accept: boolean } | null;
  };
  plc: { triggerId: number; resultAck: number; allReject: boolean; inFlight: number; faults: ShownFault[] };
  faults: SimulatedFault[];
  totals: LineTotals;
}

/** A belt, a PLC and its cable, in real time. */
export class LineSimulator {
  readonly #settings: SimulatorSettings;
  readonly #belt: Belt;
  readonly #book: PartBook;
  readonly #wire: PlcWire;
  readonly #faults = new Set<SimulatedFault>();
  #program: PlcProgram;
  #outputs: PlcOutputs = nothingDriven;
  #signals: BeltSignals;
  /** Simulated time: the real one, but for what was not caught up with. */
  #nowMs = 0;
  #lag = 0;
  #timer: NodeJS.Timeout | undefined;
  #lineOn = true;
  #reset = false;
  #stoppedSince: number | null = null;
  #stallSince: number | null = null;

  constructor(
    settings: SimulatorSettings,
    protocol: PlcProtocol,
    o: { part: (record: PartRecord) => void; read?: (picture: StationPicture) => void },
  ) {
    this.#settings = settings;
    this.#book = new PartBook(o.part);
    const { pitch, seed, defectRate, binCapacity, parts } = settings;
    this.#belt = new Belt(
      { ...layoutOf(settings), tickMs: tickMsOf(settings), pitch, seed, defectRate, binCapacity, parts },
      { entered: (part) => this.#book.entered(part), ended: (part, where) => this.#book.ended(part, where) },
    );
    this.#signals = this.#belt.step(0, nothingDriven, this.#faults);
    this.#program = new PlcProgram(settings, this.#book, { restarted: false });
    const seen = (picture: StationPicture) => {
      this.#book.read(picture);
      o.read?.(picture);
    };
    this.#wire = new PlcWire(protocol, { pollMs: settings.pollMs, seen });
  }

  start(): void {
    this.#lag = systemClock.mono();
    this.#wire.start(() => this.#program.outgoing(this.#faults));
    this.#next();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#wire.stop();
  }

  /** Switches the line on or off; the PLC goes on talking to the station. */
  run(on: boolean): void {
    this.#lineOn = on;
  }

  /** Somebody takes off what lies behind the ejector, empties the bin and presses reset. */
  reset(): void {
    this.#belt.clearBehind();
    this.#belt.emptyBin();
    this.#reset = true;
  }

  /** Switches a fault on or off; one that happens once happens now, whatever `on` is. */
  fault(name: SimulatedFault, on: boolean): void {
    if (simulatedFaults[name] === 'switch') {
      if (on) this.#faults.add(name);
      else this.#faults.delete(name);
      if (name === 'cable-pulled') this.#wire.pull(on);
    } else if (name === 'double-part') this.#belt.doublePart();
    else if (name === 'missed-pulse') this.#belt.missPulse();
    else if (name === 'extra-pulse') this.#belt.addPulse();
    else this.#restartPlc();
  }

  /** True once the last part that was to be fed has left the belt. */
  get finished(): boolean {
    const { entered, onBelt } = this.#book.totals();
    return this.#settings.parts > 0 && entered >= this.#settings.parts && onBelt === 0;
  }

  totals(): LineTotals {
    return this.#book.totals();
  }

  state(): LineState {
    const { station, track } = this.#program;
    const { Status } = this.#wire.picture;
    return {
      running: this.#lineOn,
      moving: this.#outputs.motor,
      stands: this.#standing(),
      gateOpen: this.#outputs.eject && !this.#faults.has('ejector-sticks'),
      layout: layoutOf(this.#settings),
      phase: this.#belt.gone % 1,
      parts: this.#belt.parts().map(({ number, defect, position, slot }) => ({ number, defect, position, slot })),
      slots: track.slots
        .slice(0, this.#settings.ejectPosition + 1)
        .map(({ occupied, accept, doubtful, settled, triggerId }, slot) => ({
          ...{ slot, occupied, accept, doubtful, settled, triggerId },
        })),
      inBin: this.#belt.inBin,
      link: this.#wire.state,
      station: {
        ready: Status.Ready,
        busy: Status.Busy,
        open: Status.Open,
        heartbeat: Status.Heartbeat,
        bootId: Status.BootId,
        mode: Status.Mode,
        acceptedTrigger: Status.AcceptedTrigger,
        rejectedTrigger: Status.RejectedTrigger,
        faultCode: Status.FaultCode,
        lastResult: lastResult(this.#wire.picture),
      },
      plc: {
        triggerId: station.command.triggerId,
        resultAck: station.command.resultAck,
        allReject: station.allReject,
        inFlight: station.inFlight,
        faults: this.#activeFaults(),
      },
      faults: [...this.#faults],
      totals: { ...this.totals() },
    };
  }

  #next(): void {
    this.#timer = setTimeout(() => {
      const { cycleMs } = this.#settings;
      const behind = systemClock.mono() - this.#lag - this.#nowMs;
      if (behind > catchUpMs) this.#lag += behind - cycleMs;
      // a process that had to wait does not stop the belt: the PLC's cycles are done, with what it knows
      while (systemClock.mono() - this.#lag - this.#nowMs >= cycleMs) this.#cycle(cycleMs);
      if (this.#timer !== undefined) this.#next();
    }, this.#settings.cycleMs);
  }

  #cycle(ms: number): void {
    this.#nowMs += ms;
    this.#book.at(this.#nowMs);
    this.#signals = this.#belt.step(ms, this.#outputs, this.#faults);
    if (this.#stalled()) return;
    this.#operate();
    const reset = this.#reset;
    this.#reset = false;
    const { triggerPosition, ejectPosition } = this.#settings;
    const outputs = this.#program.cycle({
      nowMs: Math.round(this.#nowMs),
      linkOk: this.#wire.state.connected && this.#lag + this.#nowMs - this.#wire.readAt <= linkMs,
      picture: this.#wire.picture,
      writtenVersion: this.#wire.writtenVersion,
      signals: this.#signals,
      atTrigger: this.#belt.partAt(triggerPosition),
      atEjector: this.#belt.partAt(ejectPosition),
      faults: this.#faults,
      reset,
    });
    this.#outputs = { ...outputs, motor: outputs.motor && this.#lineOn };
  }

  /** The program stands still: its outputs keep their state until the watchdog drops them, and then it has to be started anew. */
  #stalled(): boolean {
    if (this.#faults.has('cycle-stalls')) {
      this.#stallSince ??= this.#nowMs;
      if (this.#nowMs - this.#stallSince > watchdogMs) this.#outputs = nothingDriven;
      return true;
    }
    if (this.#stallSince === null) return false;
    const long = this.#nowMs - this.#stallSince > watchdogMs;
    this.#stallSince = null;
    if (long) this.#restartPlc();
    return false;
  }

  #restartPlc(): void {
    this.#program = new PlcProgram(this.#settings, this.#book, { restarted: true });
    this.#wire.forget();
    this.#outputs = nothingDriven;
  }

  #operate(): void {
    const { operatorMs } = this.#settings;
    if (!this.#program.stopped || operatorMs === 0) this.#stoppedSince = null;
    else {
      this.#stoppedSince ??= this.#nowMs;
      if (this.#nowMs - this.#stoppedSince < operatorMs) return;
      this.#stoppedSince = null;
      this.reset();
    }
  }

  #standing(): Standing | null {
    if (!this.#lineOn) return 'switched off';
    if (this.#faults.has('cycle-stalls')) return 'cycle stalls';
    if (this.#program.held) return 'restarted';
    return this.#program.stopped ? 'fault' : null;
  }

  #activeFaults(): ShownFault[] {
    const { station, track } = this.#program;
    return [...active(trackFaults, track.faults), ...active(stationFaults, station.faults)];
  }
}

function active<K extends string>(
  table: Record<K, readonly [number, string, string]>,
  faults: Faults<K>,
): ShownFault[] {
  const names = (Object.keys(table) as K[]).filter((name) => faults[name]);
  return names.map((name) => ({ code: table[name][0], en: table[name][1], de: table[name][2] }));
}

function lastResult({ Result }: StationPicture): LineState['station']['lastResult'] {
  if (Result.Sequence === 0) return null;
  return { sequence: Result.Sequence, triggerId: Result.TriggerId, code: Result.Code, accept: Result.Accept === 1 };
}
