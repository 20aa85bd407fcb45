import type { FileState } from '../picture-file.ts';

/** A file that was seen and not delivered yet. */
export interface Arrival {
  name: string;
  state: FileState;
  /** Monotonic milliseconds of the last look at which this writing of the file was not there: it appeared no earlier. */
  notBefore: number;
  firstSeen: number;
  /** Its time when it was first seen: one that is written on does not fall behind. */
  begunMs: number;
  /** Since when its size and time have not changed. */
  stableSince: number;
  /** Read in this state, and found without the end of a picture. */
  unfinished: boolean;
}

export interface ArrivalRules {
  order: 'arrival' | 'name';
  settleMs: number;
}

/** A picture without its end is delivered after all when nothing was written for so long: the decoder says what it is. */
const giveUpMs = 2_000;
/** Later files wait for one that is still being written, but not longer. */
const longestHoldMs = 10_000;

const { compare } = new Intl.Collator('en', { numeric: true });

export const sameState = (a: FileState, b: FileState): boolean =>
  a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;

/** Which files of a folder are new, whole and next; pure, instants come from the caller. */
export class Arrivals {
  readonly #rules: ArrivalRules;
  readonly #known: Map<string, FileState>;
  readonly #waiting = new Map<string, Arrival>();

  /** `known`: files that were there before or were delivered already; kept up to date here. */
  constructor(rules: ArrivalRules, known: Map<string, FileState>) {
    this.#rules = rules;
    this.#known = known;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  isWaiting(name: string): boolean {
    return this.#waiting.has(name);
  }

  isKnown(name: string): boolean {
    return this.#known.has(name);
  }

  /** A file as it was found at `now`; `before`: the last look at which it was not there, or not in this writing. */
  saw(name: string, state: FileState, { now, before }: { now: number; before: number }): void {
    const known = this.#known.get(name);
    if (known && sameState(known, state)) return;
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      const since = { notBefore: before, firstSeen: now, begunMs: state.mtimeMs, stableSince: now };
      this.#waiting.set(name, { name, state, ...since, unfinished: false });
    } else if (!sameState(waiting.state, state)) {
      this.#waiting.set(name, { ...waiting, state, stableSince: now, unfinished: false });
    }
  }

  /** The names that are still there; all others are forgotten. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const map of [this.#known, this.#waiting]) {
      for (const name of map.keys()) if (!names.has(name)) map.delete(name);
    }
  }

  /** The files to read now, in order; those behind one that is still being written wait for it. */
  ready(now: number): Arrival[] {
    const { order, settleMs } = this.#rules;
    const byName = (a: Arrival, b: Arrival) => compare(a.name, b.name) || (a.name < b.name ? -1 : 1);
    const byTime = (a: Arrival, b: Arrival) => a.firstSeen - b.firstSeen || a.begunMs - b.begunMs;
    const sorted = [...this.#waiting.values()].sort((a, b) => (order === 'arrival' && byTime(a, b)) || byName(a, b));
    const out: Arrival[] = [];
    for (const arrival of sorted) {
      const quiet = now - arrival.stableSince;
      const whole = quiet >= settleMs && (!arrival.unfinished || quiet >= giveUpMs);
      if (whole) out.push(arrival);
      else if (now - arrival.firstSeen < longestHoldMs) break;
    }
    return out;
  }

  /** It was read in a state that lacks the end. False where it is to be taken as it is. */
  unfinished(arrival: Arrival, now: number): boolean {
    if (now - arrival.stableSince >= giveUpMs) return false;
    const waiting = this.#waiting.get(arrival.name);
    if (waiting) waiting.unfinished = true;
    return true;
  }

  /** Delivered, or given up: the same writing of it never comes again. */
  done({ name, state }: Arrival): void {
    this.#waiting.delete(name);
    this.#known.set(name, state);
  }

  /** It is no longer in the folder. */
  gone(name: string): void {
    this.#waiting.delete(name);
    this.#known.delete(name);
  }
}
