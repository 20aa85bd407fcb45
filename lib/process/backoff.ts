export interface BackoffLimits {
  /** First pause, milliseconds. */
  minMs: number;
  /** Longest pause, milliseconds. */
  maxMs: number;
  /** After running this long, the next failure starts at `minMs` again. */
  resetAfterMs: number;
}

/** Capped exponential back-off with 20 % jitter, so that several stations' children do not start in step. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: () => number;
  #failures = 0;

  constructor(limits: BackoffLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The pause before the next start, given how long the last run lasted (milliseconds). */
  next(ranMs: number): number {
    if (ranMs >= this.#limits.resetAfterMs) this.#failures = 0;
    const pause = Math.min(this.#limits.maxMs, this.#limits.minMs * 2 ** this.#failures);
    this.#failures += 1;
    return pause * (0.8 + 0.4 * this.#random());
  }
}
