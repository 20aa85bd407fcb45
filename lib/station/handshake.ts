import { type CommandsSeen, commandStatus, nothingSeen } from '../core/commands.ts';
import { wireSequence } from '../core/inspection.ts';

/** Results that are kept for a PLC to take: the ring of PLC.md section 2. */
export const ringSize = 8;

/** What is kept of the conversation over restarts. */
export interface HandshakeMemory extends CommandsSeen {
  /** TriggerId accepted last. */
  accepted: number;
  /** What was answered to `code`. */
  status: number;
}

export const freshHandshake: Readonly<HandshakeMemory> = Object.freeze({
  ...nothingSeen,
  accepted: 0,
  status: commandStatus.idle,
});

/**
 * What the station and its PLC have said to each other: which commands were acted on, which results are taken. Pure. In
 * acknowledged mode a result leaves the ring only when the PLC has taken it, so nothing more is accepted than the ring can hold.
 */
export class Handshake {
  /** Only results that the PLC takes make place for others. */
  acknowledged = false;
  /** A result left the ring before the PLC, which acknowledges, had taken it; until the PLC is up to date again. */
  overrun = false;
  #memory: HandshakeMemory;
  /** Station's own sequences, not the wire's. */
  #taken = 0;
  #waiting: number[] = [];
  #everTaken = false;

  constructor(memory: HandshakeMemory) {
    const interrupted = memory.status === commandStatus.running;
    this.#memory = interrupted ? { ...memory, status: commandStatus.failed } : memory;
  }

  get memory(): Readonly<HandshakeMemory> {
    return this.#memory;
  }

  note(change: Partial<HandshakeMemory>): void {
    this.#memory = { ...this.#memory, ...change };
  }

  /** Results in the ring that the PLC has not taken. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many more inspections may be opened before the ring could be full; `open` are in flight. */
  room(open: number): number {
    return this.acknowledged ? Math.max(0, ringSize - this.#waiting.length - open) : Number.POSITIVE_INFINITY;
  }

  /** A result enters the ring. How many results that nobody took it has pushed out. */
  published(sequence: number): number {
    this.#waiting.push(sequence);
    const lost = Math.max(0, this.#waiting.length - ringSize);
    this.#waiting.splice(0, lost);
    const counts = lost > 0 && (this.acknowledged || this.#everTaken);
    if (counts) this.overrun = true;
    return counts ? lost : 0;
  }

  /** The PLC has taken everything up to the result of this wire number. False where no waiting result has it. */
  take(wire: number): boolean {
    const sequence = this.#waiting.findLast((one) => wireSequence(one) === wire);
    if (sequence === undefined) return wire !== 0 && wire === wireSequence(this.#taken);
    this.#everTaken = true;
    this.#taken = sequence;
    this.#waiting = this.#waiting.filter((one) => one > sequence);
    if (this.#waiting.length === 0) this.overrun = false;
    return true;
  }
}
