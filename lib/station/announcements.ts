/** When the pulse of a part may come, in milliseconds after its announcement. */
export interface PulseWindow {
  earliestMs: number;
  latestMs: number;
  /** How long after the window its picture may still be on its way. */
  graceMs: number;
}

/** A frame of a hardware line, as the matcher sees it. Instants are monotonic milliseconds. */
export interface LineFrame {
  exposedAt: number;
  /** How often the camera had been opened, and the device's count of exposures since. */
  opening: number;
  exposures: number;
}

export type LineMismatch =
  /** The window passed, or a later part's picture came, without a picture of this part. */
  | 'noFrame'
  /** The picture may be of more than one announced part. */
  | 'ambiguous'
  /** The device has counted other than as many exposures as parts were announced. */
  | 'miscounted';

export interface LineAnswer {
  /** The announcement whose part the frame shows, or null. */
  bound: string | null;
  /** No announced part can be the one that it shows. */
  stranger: boolean;
  /** Announcements that end without a picture because of this frame. */
  failed: { id: string; why: LineMismatch }[];
}

interface Announced {
  id: string;
  /** Counts announcements from 1. */
  index: number;
  from: number;
  until: number;
  /** Its verdict is said already, but its pulse may still come, or its picture be on its way. */
  givenUp: boolean;
}

/** Announcements without a picture that are remembered; only a camera that gives no picture at all reaches it. */
const mostRemembered = 256;

/**
 * Binds the frames of a camera that a light barrier triggers to the parts that the PLC has announced. Pure.
 *
 * A frame is bound only where it was exposed inside the window of exactly one announcement whose pulse can still come, AND the
 * device has counted as many exposures since the last match as parts were announced. A missed pulse, a lost frame, a lost
 * announcement, a bouncing barrier or a restarted camera so makes a part or two `invalid`, and the count begins anew at the
 * next match: never is a verdict shifted to the next part. That holds for every combination of losses as long as the windows
 * of neighbouring parts do not overlap (`overlaps` says when they do); pulses come in the order of their parts.
 */
export class Announcements {
  readonly #window: PulseWindow;
  #waiting: Announced[] = [];
  #announced = 0;
  #lastUntil = -Infinity;
  /** The last frame that was matched, and to which announcement; opening -1 before the first. */
  #synced = { opening: -1, exposures: 0, index: 0 };
  /** The newest announcement's window begins before the one before it has ended: one missed pulse then costs every part until the line pauses. */
  overlaps = false;

  constructor(window: PulseWindow) {
    this.#window = window;
  }

  announce(id: string, at: number): void {
    const { earliestMs, latestMs } = this.#window;
    const [from, until] = [at + earliestMs, at + latestMs];
    this.overlaps = from <= this.#lastUntil;
    this.#lastUntil = until;
    this.#announced += 1;
    this.#waiting.push({ id, index: this.#announced, from, until, givenUp: false });
  }

  /** A frame that has just come. What is not bound was not announced, or cannot be told. */
  frame(frame: LineFrame): LineAnswer {
    const { exposedAt, opening, exposures } = frame;
    if (opening === this.#synced.opening && exposures <= this.#synced.exposures) {
      return { bound: null, stranger: false, failed: [] };
    }
    // pulses come in the order of the parts: whose window was over before this one has had none
    const failed = this.#end((one) => one.until < exposedAt);
    const candidates = this.#waiting.filter(({ from, until }) => from <= exposedAt && exposedAt <= until);
    if (candidates.length !== 1) {
      for (const one of candidates) {
        if (!one.givenUp) failed.push({ id: one.id, why: 'ambiguous' });
        one.givenUp = true;
      }
      // it was of the first of them or of a later one: the first gets no other
      this.#waiting = this.#waiting.filter((one) => one !== candidates[0]);
      return { bound: null, stranger: candidates.length === 0, failed };
    }
    const [match] = candidates;
    const agrees = this.#agrees(frame, match.index);
    this.#waiting = this.#waiting.filter((one) => one !== match);
    this.#synced = { opening, exposures, index: match.index };
    if (!agrees && !match.givenUp) failed.push({ id: match.id, why: 'miscounted' });
    return { bound: agrees && !match.givenUp ? match.id : null, stranger: false, failed };
  }

  /** Announcements whose picture can no longer come in time. Until a later exposure is seen, a late one may still be theirs. */
  tick(now: number): string[] {
    const { graceMs } = this.#window;
    const over = this.#waiting.filter((one) => !one.givenUp && one.until + graceMs <= now);
    for (const one of over) one.givenUp = true;
    this.#waiting = this.#waiting.slice(-mostRemembered);
    return over.map(({ id }) => id);
  }

  /** The announcement has its verdict from elsewhere; its pulse may still come. */
  giveUp(id: string): void {
    for (const one of this.#waiting) if (one.id === id) one.givenUp = true;
  }

  /** Everything that waits, given up at once: the camera goes. */
  clear(): string[] {
    return this.#end(() => true).map(({ id }) => id);
  }

  /** When `tick` has something to do next; null = never. */
  nextInstant(): number | null {
    const next = this.#waiting.find((one) => !one.givenUp);
    return next === undefined ? null : next.until + this.#window.graceMs;
  }

  #agrees({ opening, exposures }: LineFrame, index: number): boolean {
    const announced = index - this.#synced.index;
    // counts of different openings say nothing about each other: then no part may have gone without its picture between
    if (opening !== this.#synced.opening) return announced === 1;
    return exposures - this.#synced.exposures === announced;
  }

  #end(over: (one: Announced) => boolean): { id: string; why: LineMismatch }[] {
    const ended = this.#waiting.filter(over);
    this.#waiting = this.#waiting.filter((one) => !ended.includes(one));
    return ended.filter(({ givenUp }) => !givenUp).map(({ id }) => ({ id, why: 'noFrame' }));
  }
}
