/** All instants are monotonic milliseconds. */
export interface ClockOptions {
  /** The time stamps are made when a frame is exposed (driver, Argus), so that the pipeline's base time makes them instants. */
  stampsAreCaptures: boolean;
  /** Taken off every instant: how long ago an exposure may have ended when the stream tells of it. */
  delayMs: number;
}

export interface Arrival {
  /** Time stamp of the stream; null where the frame has none. */
  ptsMs: number | null;
  arrivedAt: number;
  /** Of this exposure; null where unknown: then one frame interval is assumed. */
  exposureMs: number | null;
  /** Nominal; null where unknown. */
  intervalMs: number | null;
}

/** A clock of another device may run this much slower than ours before its frames are taken for old. */
const driftPerMs = 500e-6;
/** While the smallest transit still falls by more than this, frames come in a burst or the stream is settling. */
const fallMs = 5;
const settleMs = 500;
/** So many frames must have come in about the smallest transit: those of a burst come in ever smaller ones. */
const settleFrames = 5;
const nearMs = 20;
/** A stream that had settled and falls by this much had not: it had begun within a stall. */
const collapseMs = 200;

/**
 * When was a frame exposed? Answers with a LOWER bound, since `pass` may only be said of what was exposed after its trigger.
 * Transit is arrival minus time stamp. The smallest one seen is that of a frame that nothing held up, so a frame cannot be
 * younger than its time stamp plus that: what a stall delivers late, in a burst, is known to be old. The smallest transit
 * may rise by the drift of two clocks only.
 * Without capture times a frame was not exposed before the one ahead of it arrived, less the stream's own delay.
 */
export class ExposureClock {
  readonly #options: ClockOptions;
  /** Monotonic instant of time stamp zero, where the pipeline told it. */
  #base: number | null = null;
  #transit: { ms: number; at: number } | null = null;
  #lastFall = 0;
  #nearFrames = 0;
  #settled = false;
  #lastArrival: number | null = null;
  #lastPts: number | null = null;

  constructor(options: ClockOptions) {
    this.#options = options;
  }

  /** The pipeline's base time: running time zero on the monotonic clock. */
  baseIs(instant: number): void {
    this.#base = instant;
  }

  /** Start of exposure, at the latest before it; null where nothing certain can be said, and the frame must not be used. */
  exposedAt({ ptsMs, arrivedAt, exposureMs, intervalMs }: Arrival): number | null {
    const before = this.#lastArrival;
    const gap = ptsMs === null || this.#lastPts === null ? 0 : ptsMs - this.#lastPts;
    this.#lastArrival = arrivedAt;
    if (ptsMs !== null) this.#lastPts = ptsMs;
    const { stampsAreCaptures, delayMs } = this.#options;
    const exposure = exposureMs ?? Math.max(intervalMs ?? 0, Math.min(gap, 1000));
    const certain = stampsAreCaptures && ptsMs !== null && this.#base !== null ? this.#base + ptsMs : null;
    if (certain !== null) return Math.min(certain, arrivedAt) - exposure - delayMs;

    const bounds = [before];
    if (ptsMs !== null) {
      bounds.push(ptsMs + this.#smallestTransit(arrivedAt - ptsMs, arrivedAt) - exposure);
      if (this.#base !== null) bounds.push(this.#base + ptsMs - exposure);
    }
    if (before === null || !this.#hasSettled(ptsMs, arrivedAt)) return null;
    return Math.min(...bounds.filter((bound) => bound !== null)) - delayMs;
  }

  #smallestTransit(transit: number, now: number): number {
    const known = this.#transit;
    const allowed = known === null ? Number.POSITIVE_INFINITY : known.ms + (now - known.at) * driftPerMs;
    if (transit < allowed + nearMs) this.#nearFrames += 1;
    if (transit < allowed - fallMs) {
      this.#lastFall = now;
      this.#nearFrames = 0;
    }
    if (transit < allowed - collapseMs) this.#settled = false;
    const ms = Math.min(transit, allowed);
    this.#transit = { ms, at: now };
    return ms;
  }

  /** A server may begin with what it has kept (a group of pictures): until transit stops falling, nobody knows how old that is. */
  #hasSettled(ptsMs: number | null, now: number): boolean {
    if (ptsMs === null) return true;
    this.#settled ||= this.#nearFrames >= settleFrames && now - this.#lastFall >= settleMs;
    return this.#settled;
  }
}
