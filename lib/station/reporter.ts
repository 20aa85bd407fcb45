import type { Clock } from '../core/clock.ts';
import type { Inspection } from '../core/inspection.ts';
import { type ResultJson, resultJson } from './result-json.ts';
import type { Station } from './station.ts';
import { type StatusJson, sameStatus, statusJson } from './status-json.ts';

/** Who takes reports; called outside of the station's own work. */
export interface ReportTaker {
  result(report: ResultJson): void;
  status(report: StatusJson): void;
}

interface Options {
  station: Station;
  clock: Clock;
  software: { package: string; version: string; node: string };
  /** Results that wait for a taker; then the oldest go, and are counted. Default 1000. */
  limit?: number;
  /** Between two statuses at least; the newest wins. Default 200 ms. */
  calmMs?: number;
}

/** Inspections that a crash left open, per station and reporter's name: told once a boot. */
const toldAtStart = new WeakMap<Station, Set<string>>();

/**
 * Tells the world outside of the line what the station's ledger says: a result for each closed inspection, once and in order, whatever
 * happened to messages, and how the station is, whenever that changes. The station never waits for it: what it says is a small copy.
 */
export class StationReporter {
  readonly #o: Required<Options>;
  readonly #waiting: ResultJson[] = [];
  #taker: ReportTaker | null = null;
  #held = false;
  #dropped = 0;
  #last: StatusJson | null = null;
  #lastAt = Number.NEGATIVE_INFINITY;
  #flushing: NodeJS.Immediate | null = null;
  #calm: NodeJS.Timeout | null = null;

  /** `name` tells the reporters of one station apart. */
  constructor(name: string, o: Options) {
    this.#o = { limit: 1_000, calmMs: 200, ...o };
    const { station } = this.#o;
    const told = toldAtStart.get(station) ?? new Set();
    toldAtStart.set(station, told);
    if (!told.has(name)) for (const inspection of station.closedAtStart) this.#add(inspection);
    told.add(name);
    station.on('closed', this.#onClosed);
    station.on('snapshot', this.#onSnapshot);
  }

  /** Hands over what waits and what comes; the answer ends that, and then it waits again. */
  attach(taker: ReportTaker): () => void {
    this.#taker = taker;
    this.#last = null;
    this.#flushLater();
    return () => {
      if (this.#taker === taker) this.#taker = null;
    };
  }

  /** Held: the taker's way out is not there. Results wait; when it is there again they go, the newest status first. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.#last = null;
    this.#flushLater();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Results that went because too many were waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Says how the station is, changed or not. */
  tellStatus(): void {
    if (this.#taker === null || this.#held) return;
    this.#last = this.#status();
    this.#lastAt = this.#o.clock.mono();
    this.#taker.status(this.#last);
  }

  stop(): void {
    this.#o.station.off('closed', this.#onClosed);
    this.#o.station.off('snapshot', this.#onSnapshot);
    if (this.#flushing !== null) clearImmediate(this.#flushing);
    if (this.#calm !== null) clearTimeout(this.#calm);
  }

  readonly #onClosed = (inspection: Inspection) => {
    // told again one turn after the station's start: they were taken from there
    if (this.#o.station.closedAtStart.some(({ id }) => id === inspection.id)) return;
    this.#add(inspection);
  };

  readonly #onSnapshot = () => this.#flushLater();

  #add(inspection: Inspection): void {
    this.#waiting.push(resultJson(inspection));
    if (this.#waiting.length > this.#o.limit) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#flushLater();
  }

  #flushLater(): void {
    this.#flushing ??= setImmediate(() => {
      this.#flushing = null;
      this.#flush();
    });
  }

  #flush(): void {
    this.#news();
    const results = this.#taker === null || this.#held ? [] : this.#waiting.splice(0);
    for (const result of results) this.#taker?.result(result);
  }

  #news(): void {
    if (this.#taker === null || this.#held || this.#calm !== null) return;
    if (this.#last !== null && sameStatus(this.#status(), this.#last)) return;
    const calmFor = this.#last === null ? 0 : this.#lastAt + this.#o.calmMs - this.#o.clock.mono();
    if (calmFor <= 0) {
      this.tellStatus();
      return;
    }
    this.#calm = setTimeout(() => {
      this.#calm = null;
      this.#news();
    }, calmFor);
    this.#calm.unref();
  }

  #status(): StatusJson {
    const { station, clock, software } = this.#o;
    const recipe = station.recipes.active();
    return statusJson({
      snapshot: station.snapshot(),
      faults: station.faults(),
      conditions: station.conditions(),
      alarm: station.alarm && { code: station.alarm.code, text: station.alarm.text },
      recipe: recipe && { number: recipe.number, version: recipe.version, name: recipe.name },
      ...{ software, utc: clock.utc() },
    });
  }
}
