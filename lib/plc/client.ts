import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../core/clock.ts';
import type { Protocol, StationView } from './endpoint.ts';
import { ResultGaps } from './result-gaps.ts';
import type { TagValues } from './tag-values.ts';

/** An orderly end writes the closing picture within this time, or leaves it. */
const lastWordsMs = 1000;

/** A station's place in the PLC, for as long as it is attached: what a connection knows of it is keyed by this object. */
export interface Place {
  readonly id: string;
  readonly slot: number;
}

/** One connection to a PLC's server. Every method rejects with one sentence where the PLC refuses or is silent. */
export interface PlcConnection {
  /** Pause between two reads of a station's command block, milliseconds. */
  readonly pollMs: number;
  /** What of the station the PLC has no place for, for people; '' where all is well. */
  remark(): string;
  /** Once before anything is shown: does the PLC's memory take this station's tags? */
  prepare(place: Place, values: TagValues): Promise<void>;
  /** Writes what changed since the last picture, the whole the first time; Sequence last, by itself, after all acknowledgements. */
  show(place: Place, values: TagValues): Promise<void>;
  /** Writes the last picture of a station that is shown there no longer, and forgets it. */
  leave(place: Place, values: TagValues): Promise<void>;
  /** The 41 words of the command block, `null` where the PLC has none. */
  readCommands(place: Place): Promise<ArrayLike<number> | null>;
  /** Never rejects, bounded in time. Not orderly: nothing that is still under way may reach the PLC later. */
  end(orderly: boolean): Promise<void>;
}

export interface ConnectionEvents {
  /** The connection is gone. */
  lost(error: Error): void;
  /** The command block of this place changed: it is read at once. */
  hurry(place: Place): void;
}

export interface ClientOptions {
  /** For people. */
  address: string;
  connect(events: ConnectionEvents, signal: AbortSignal): Promise<PlcConnection>;
}

interface Seat {
  readonly place: Place;
  readonly view: StationView;
  readonly gaps: ResultGaps;
  /** The connection that has shown this station. */
  shownOn: PlcConnection | undefined;
  changed: boolean;
  /** Monotonic instant of the next read of commands. */
  readAt: number;
}

/**
 * The station as client of a PLC's server, for any protocol: one loop that does one thing at a time. While there is no connection
 * nothing is kept for later; a new one begins with one whole picture of that instant.
 */
export class PlcClient implements Protocol {
  onFailure: (error: Error) => void = () => {};
  readonly #options: ClientOptions;
  readonly #seats = new Map<string, Seat>();
  /** Last pictures of stations that left. */
  #farewells: { place: Place; values: TagValues }[] = [];
  #connection: PlcConnection | undefined;
  #working: Promise<void> = Promise.resolve();
  #ending: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #abort = new AbortController();
  #finishing = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  attach(view: StationView, slot: number): void {
    this.detach(view.id);
    const place = { id: view.id, slot };
    const gaps = new ResultGaps();
    this.#seats.set(view.id, { place, view, gaps, shownOn: undefined, changed: true, readAt: 0 });
    this.#wake();
  }

  detach(id: string): void {
    const seat = this.#seats.get(id);
    this.#seats.delete(id);
    if (seat === undefined || this.#connection === undefined || seat.shownOn !== this.#connection) return;
    this.#farewells.push({ place: seat.place, values: farewell(seat.view.values()) });
    this.#wake();
  }

  refresh(id: string): void {
    const seat = this.#seats.get(id);
    if (seat === undefined) return;
    seat.changed = true;
    this.#wake();
  }

  clients(): number {
    return this.#connection === undefined ? 0 : 1;
  }

  describe(): string {
    const seats = [...this.#seats.values()];
    const late = seats.reduce((sum, { gaps }) => sum + gaps.late, 0);
    const lost = seats.reduce((sum, { gaps }) => sum + gaps.lost, 0);
    return [
      `connected to ${this.#options.address}`,
      this.#connection?.remark() ?? '',
      late > 0 ? `${late} results came while the PLC was away` : '',
      lost > 0 ? `${lost} results never reached it` : '',
    ]
      .filter(Boolean)
      .join('; ');
  }

  async open(): Promise<void> {
    await this.#ending;
    const abort = new AbortController();
    this.#abort = abort;
    let over: Error | undefined;
    let connection: PlcConnection | undefined;
    const lost = (error: Error) => {
      over ??= error;
      if (connection !== undefined && connection === this.#connection) this.#fail(error);
    };
    connection = await this.#options.connect({ lost, hurry: (place) => this.#hurry(place) }, abort.signal);
    try {
      for (const seat of this.#seats.values()) await this.#show(connection, seat);
      if (over !== undefined) throw over;
      abort.signal.throwIfAborted();
    } catch (error) {
      const first = over ?? error;
      await connection.end(false);
      throw first;
    }
    this.#farewells = [];
    this.#connection = connection;
    this.#working = this.#work(connection);
  }

  abandon(): void {
    this.#abort.abort(new Error('closed'));
  }

  async close(orderly: boolean): Promise<void> {
    this.#abort.abort(new Error('closed'));
    const connection = this.#connection;
    if (connection !== undefined && orderly) {
      for (const seat of this.#seats.values()) seat.changed = true;
      this.#finishing = true;
      this.#wake();
      await Promise.race([this.#working, pause(lastWordsMs, undefined, { ref: false })]);
    }
    if (this.#connection === undefined) return this.#ending;
    const finished = this.#finishing && this.#idle();
    this.#connection = undefined;
    this.#wake();
    await connection?.end(finished);
  }

  #hurry(place: Place): void {
    const seat = this.#seats.get(place.id);
    if (seat?.place !== place) return;
    seat.readAt = 0;
    this.#wake();
  }

  #idle(): boolean {
    return this.#farewells.length === 0 && [...this.#seats.values()].every(({ changed }) => !changed);
  }

  async #work(connection: PlcConnection): Promise<void> {
    try {
      while (this.#connection === connection) {
        const wrote = await this.#write(connection);
        if (this.#finishing && this.#idle()) return;
        const read = await this.#read(connection);
        if (!wrote && !read) await this.#rest(connection);
      }
    } catch (error) {
      if (this.#connection === connection) this.#fail(error as Error);
    }
  }

  /** One station's picture, the one that waits longest first. */
  async #write(connection: PlcConnection): Promise<boolean> {
    const gone = this.#farewells.shift();
    if (gone !== undefined) {
      await connection.leave(gone.place, gone.values);
      return true;
    }
    for (const seat of this.#seats.values()) {
      if (!seat.changed) continue;
      await this.#show(connection, seat);
      if (this.#seats.get(seat.place.id) === seat) {
        this.#seats.delete(seat.place.id);
        this.#seats.set(seat.place.id, seat);
      }
      return true;
    }
    return false;
  }

  async #show(connection: PlcConnection, seat: Seat): Promise<void> {
    const { place, view, gaps } = seat;
    const anew = seat.shownOn !== connection;
    if (anew) await connection.prepare(place, view.values());
    seat.changed = false;
    const values = view.values();
    await connection.show(place, values);
    gaps.shown(values, anew);
    if (!anew) return;
    seat.shownOn = connection;
    seat.readAt = 0;
    await this.#readCommands(connection, seat, true);
  }

  async #read(connection: PlcConnection): Promise<boolean> {
    const now = systemClock.mono();
    for (const seat of this.#seats.values()) {
      if (seat.shownOn !== connection || seat.readAt > now) continue;
      await this.#readCommands(connection, seat, false);
      return true;
    }
    return false;
  }

  async #readCommands(connection: PlcConnection, seat: Seat, first: boolean): Promise<void> {
    seat.readAt = systemClock.mono() + connection.pollMs;
    const words = await connection.readCommands(seat.place);
    if (words !== null && this.#seats.get(seat.place.id) === seat) seat.view.commandsRead(words, first);
  }

  /** Until something changed, or a read is due. */
  async #rest(connection: PlcConnection): Promise<void> {
    if (!this.#idle() || this.#connection !== connection) return;
    const next = Math.min(...[...this.#seats.values()].map(({ readAt }) => readAt));
    const ms = Math.min(connection.pollMs, Math.max(1, next - systemClock.mono()));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    this.#wake = () => {};
  }

  #fail(error: Error): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#farewells = [];
    this.#wake();
    if (connection !== undefined) this.#ending = connection.end(false);
    this.onFailure(error);
  }
}

/** A station that leaves while others stay: as if it shut down in order. */
function farewell(values: TagValues): TagValues {
  const off = Object.fromEntries(Object.keys(values.status).map((bit) => [bit, false]));
  return {
    ...values,
    open: 0,
    status: off as TagValues['status'],
    result: { ...values.result, code: 0, accept: false },
    quality: 'shutdown',
  };
}
