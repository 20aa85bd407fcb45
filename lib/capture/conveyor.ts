import { systemClock } from '../core/clock.ts';

/** Calls at a steady pace, as parts pass a light barrier: `part` counts from 1, `at` is its exact monotonic instant. */
export class Conveyor {
  readonly #periodMs: number;
  readonly #pass: (part: number, at: number) => void;
  readonly #began = systemClock.mono();
  #part = 0;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(periodMs: number, pass: (part: number, at: number) => void) {
    this.#periodMs = periodMs;
    this.#pass = pass;
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const due = this.#began + (this.#part + 1) * this.#periodMs;
    this.#timer = setTimeout(() => this.#catchUp(), Math.max(0, due - systemClock.mono()));
  }

  /** A process that had to wait does not hold up the parts: all that have passed meanwhile pass now. */
  #catchUp(): void {
    const passed = Math.floor((systemClock.mono() - this.#began) / this.#periodMs);
    while (this.#part < passed && !this.#stopped) {
      this.#part += 1;
      this.#pass(this.#part, this.#began + this.#part * this.#periodMs);
    }
    if (!this.#stopped) this.#wait();
  }
}
