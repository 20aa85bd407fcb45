import { seededRandom } from '../../core/random.ts';
import { simulatedDefect, simulatedPartId } from '../../core/simulated-line.ts';
import type { FaultSet } from './faults.ts';

/** Places on the belt, in slots behind the part sensor. */
export interface BeltLayout {
  triggerPosition: number;
  checkPosition: number;
  ejectPosition: number;
  /** Here the belt ends above the good box. */
  endPosition: number;
}

export interface BeltOptions extends BeltLayout {
  /** From one pulse of the encoder to the next while the motor runs, milliseconds. */
  tickMs: number;
  /** Slots from part to part, 1 or more. */
  pitch: number;
  seed: number;
  /** Share of parts with a defect, 0..1. */
  defectRate: number;
  /** The reject bin is full at so many parts; 0 = never. */
  binCapacity: number;
  /** No more parts are fed after so many; 0 = never. */
  parts: number;
}

/** What is wired to the PLC's inputs. */
export interface BeltSignals {
  encoder: boolean;
  /** The motor runs. */
  moving: boolean;
  partSensor: boolean;
  checkSensor: boolean;
  /** Sees a part fall into the reject bin. */
  ejectSensor: boolean;
  binFull: boolean;
}

/** What the PLC drives. */
export interface PlcOutputs {
  motor: boolean;
  eject: boolean;
}

export const nothingDriven: Readonly<PlcOutputs> = Object.freeze({ motor: false, eject: false });

export interface BeltPart {
  number: number;
  id: string;
  defect: boolean;
  /** Slots behind the sensor, fractions included. */
  position: number;
  /** The slot it lies in: 0 is the entry. */
  slot: number;
}

/** Where a part has gone. `by hand`: somebody took it off the belt. */
export type PartEnd = 'good box' | 'reject bin' | 'by hand';

export interface BeltEvents {
  entered(part: BeltPart): void;
  ended(part: BeltPart, where: PartEnd): void;
}

/** In slots. A part is shorter than the gap to a second one in its slot, so that a sensor sees both. */
const partLength = 0.22;
const twinDistance = 0.45;
const entryPhase = 0.05;
const entryJitter = 0.1;
/** An encoder's pulse lasts half a slot; a pulse too many comes behind it. */
const pulseEnd = 0.5;
const extraPulse = { from: 0.6, to: 0.85 };
/** From the ejector to the sensor in the chute. */
const fallMs = 20;

interface Lying {
  number: number;
  id: string;
  defect: boolean;
  enteredAt: number;
}

/**
 * The belt and what stands around it: pure physics, no clock of its own. Knows nothing of verdicts; nothing here is the PLC's opinion. One
 * `step` is one PLC cycle and must be at most a fifth of a slot, so that no sensor's signal falls between two cycles.
 */
export class Belt {
  readonly options: Readonly<BeltOptions>;
  readonly #events: BeltEvents;
  readonly #phases: () => number;
  #nowMs = 0;
  /** How far the belt has gone, in slots. */
  #gone = 0;
  #nextEntry: number;
  #number = 0;
  #parts: Lying[] = [];
  #motor = false;
  #encoder = false;
  #chute: { from: number; to: number }[] = [];
  #binned = 0;
  #twinWanted = false;
  #twinAt: number | null = null;
  #skipPulse: 'no' | 'next' | 'now' = 'no';
  #extraIn: number | null = null;

  constructor(options: BeltOptions, events: BeltEvents) {
    this.options = options;
    this.#events = events;
    this.#phases = seededRandom(options.seed);
    this.#nextEntry = this.#entry(0);
  }

  /** What lies on the belt, the oldest first. */
  parts(): BeltPart[] {
    return this.#parts.map((part) => this.#seen(part));
  }

  /** The part in that slot: what a code reader or a camera there sees. */
  partAt(slot: number): BeltPart | undefined {
    return this.parts().find((part) => part.slot === slot);
  }

  /** How far the belt has moved in all, in slots. */
  get gone(): number {
    return this.#gone;
  }

  get inBin(): number {
    return this.#binned;
  }

  /** A second part follows the next one into the same slot. */
  doublePart(): void {
    this.#twinWanted = true;
  }

  /** The encoder's next pulse is lost. */
  missPulse(): void {
    this.#skipPulse = 'next';
  }

  /** The encoder gives a pulse too many in the next slot. */
  addPulse(): void {
    this.#extraIn = Math.floor(this.#gone) + 1;
  }

  emptyBin(): void {
    this.#binned = 0;
  }

  /** Somebody takes off by hand whatever lies at the ejector and behind it. */
  clearBehind(): void {
    for (const part of [...this.#parts]) {
      if (this.#slotOf(part) >= this.options.ejectPosition) this.#end(part, 'by hand');
    }
  }

  /** The line as it is `ms` later, driven like this. */
  step(ms: number, outputs: PlcOutputs, faults: FaultSet): BeltSignals {
    this.#nowMs += ms;
    this.#motor = outputs.motor;
    if (outputs.motor) this.#move(ms / this.options.tickMs);
    if (outputs.eject && !faults.has('ejector-sticks')) this.#blow(ms);
    this.#chute = this.#chute.filter(({ to }) => to > this.#nowMs);
    const falling = this.#chute.some(({ from }) => from <= this.#nowMs);
    const { binCapacity } = this.options;
    return {
      encoder: this.#pulse(faults),
      moving: this.#motor,
      partSensor: this.#covered(0),
      checkSensor: this.#covered(this.options.checkPosition),
      ejectSensor: falling && !faults.has('confirmation-dead'),
      binFull: faults.has('bin-full') || (binCapacity > 0 && this.#binned >= binCapacity),
    };
  }

  #move(slots: number): void {
    const before = Math.floor(this.#gone);
    this.#gone += slots;
    if (Math.floor(this.#gone) > before) {
      if (this.#skipPulse === 'now') this.#skipPulse = 'no';
      if (this.#skipPulse === 'next') this.#skipPulse = 'now';
    }
    const { parts } = this.options;
    while (this.#gone >= this.#nextEntry && (parts === 0 || this.#number < parts)) {
      const at = this.#nextEntry;
      this.#enter(at);
      if (this.#twinWanted) {
        this.#twinWanted = false;
        this.#twinAt = at + twinDistance;
      }
      this.#nextEntry = this.#entry(Math.floor(at) + this.options.pitch);
    }
    if (this.#twinAt !== null && this.#gone >= this.#twinAt) {
      this.#enter(this.#twinAt);
      this.#twinAt = null;
    }
    for (const part of [...this.#parts]) {
      if (this.#slotOf(part) >= this.options.endPosition) this.#end(part, 'good box');
    }
  }

  #entry(slot: number): number {
    return slot + entryPhase + entryJitter * this.#phases();
  }

  #enter(at: number): void {
    const number = ++this.#number;
    const part = { number, id: simulatedPartId(number), defect: simulatedDefect(this.options, number), enteredAt: at };
    this.#parts.push(part);
    this.#events.entered(this.#seen(part));
  }

  /** The gate is open: whatever lies before it leaves, each part seen for itself in the chute. */
  #blow(ms: number): void {
    for (const part of [...this.#parts]) {
      if (this.#slotOf(part) !== this.options.ejectPosition) continue;
      const from = Math.max(this.#nowMs + fallMs, (this.#chute.at(-1)?.to ?? 0) + 2 * ms);
      this.#chute.push({ from, to: from + 2 * ms });
      this.#binned += 1;
      this.#end(part, 'reject bin');
    }
  }

  #pulse(faults: FaultSet): boolean {
    if (faults.has('encoder-stops')) return this.#encoder;
    const phase = this.#gone % 1;
    const slot = Math.floor(this.#gone);
    const extra = slot === this.#extraIn && phase >= extraPulse.from && phase < extraPulse.to;
    if (this.#extraIn !== null && slot > this.#extraIn) this.#extraIn = null;
    // the belt starts between two pulses: its first slot has none
    const regular = phase < pulseEnd && slot > 0 && this.#skipPulse !== 'now';
    this.#encoder = regular || extra;
    return this.#encoder;
  }

  #covered(position: number): boolean {
    return this.#parts.some((part) => {
      const behind = this.#gone - part.enteredAt - position;
      return behind >= 0 && behind < partLength;
    });
  }

  #slotOf(part: Lying): number {
    return Math.floor(this.#gone) - Math.floor(part.enteredAt);
  }

  #seen(part: Lying): BeltPart {
    const { number, id, defect, enteredAt } = part;
    return { number, id, defect, position: this.#gone - enteredAt, slot: this.#slotOf(part) };
  }

  #end(part: Lying, where: PartEnd): void {
    this.#parts = this.#parts.filter((other) => other !== part);
    this.#events.ended(this.#seen(part), where);
  }
}
