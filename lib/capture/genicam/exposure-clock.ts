/** Quartz clocks of cameras and computers keep within 50 parts per million each. */
const driftShare = 1e-4;

interface Window {
  since: number;
  least: number;
}

/**
 * When a frame was exposed, from the camera's own clock. What a camera stamps differs (start or end of exposure, begin of
 * the transfer), and so does how long the way takes; certain is only that a frame's first packet comes after its exposure
 * began, by exposure, readout and transfer at least. So the least difference between arrival and stamp of the last
 * frames, which is the quickest way, takes the jitter out, and exposure, one readout and what two clocks drift apart
 * meanwhile are subtracted from it.
 * Instants in milliseconds, `stamp` on the camera's clock, everything else monotonic.
 */
export class ExposureClock {
  readonly #windowMs: number;
  #older: Window | undefined;
  #newer: Window | undefined;
  #lastStamp = -Infinity;

  /** Clocks drift apart: differences are forgotten after one to two windows. */
  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs;
  }

  /** A frame with that stamp began to arrive at that instant. */
  observe(stamp: number, arrival: number): void {
    if (stamp < this.#lastStamp) {
      this.#older = undefined;
      this.#newer = undefined;
    }
    this.#lastStamp = stamp;
    const difference = arrival - stamp;
    if (this.#newer === undefined || arrival - this.#newer.since > this.#windowMs) {
      const useful = this.#newer !== undefined && arrival - this.#newer.since <= 2 * this.#windowMs;
      this.#older = useful ? this.#newer : undefined;
      this.#newer = { since: arrival, least: difference };
    } else {
      this.#newer.least = Math.min(this.#newer.least, difference);
    }
  }

  /** No earlier than the instant of the stamp; infinite before the first observation. */
  latest(stamp: number): number {
    const least = Math.min(this.#older?.least ?? Infinity, this.#newer?.least ?? Infinity);
    return stamp + least;
  }

  /** No later than the start of the exposure. `readoutMs` bounds readout and the way to the first packet. */
  earliest(stamp: number, exposureMs: number, readoutMs: number): number {
    return this.latest(stamp) - exposureMs - readoutMs - 2 * this.#windowMs * driftShare;
  }
}
