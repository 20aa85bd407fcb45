/**
 * Instants. `mono` is the system's monotonic clock in milliseconds (with fractions): the same zero for all processes of
 * one machine boot, so ages and deadlines can cross process borders. `utc` is for people and records only.
 */
export interface Clock {
  /** Milliseconds of CLOCK_MONOTONIC. */
  mono(): number;
  /** ISO 8601 in UTC with milliseconds. */
  utc(): string;
}

export const systemClock: Clock = {
  mono: () => Number(process.hrtime.bigint()) / 1e6,
  utc: () => new Date().toISOString(),
};

/** A clock that moves only when told to, for tests and for replay. */
export class ManualClock implements Clock {
  #mono: number;
  #utc: number;

  constructor(mono = 1_000_000, utc = Date.UTC(2026, 0, 1)) {
    this.#mono = mono;
    this.#utc = utc;
  }

  mono(): number {
    return this.#mono;
  }

  utc(): string {
    return new Date(this.#utc).toISOString();
  }

  advance(ms: number): void {
    this.#mono += ms;
    this.#utc += ms;
  }
}
