import { createServer } from 'node:net';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError } from '../core/errors.ts';
import { Backoff, type BackoffLimits } from '../process/backoff.ts';
import type { EndpointPhase, EndpointState } from './settings.ts';
import type { TagValues } from './tag-values.ts';

/** What an endpoint sees of a station: values of now, and a place for what a PLC writes. */
export interface StationView {
  readonly id: string;
  /** Line and station, for people. */
  readonly title: string;
  values(): TagValues;
  /** Words of the command block from `offset` (0 = register 200), evaluated as a whole. */
  write(offset: number, words: ArrayLike<number>): void;
  writePartId(text: string): void;
  /** Answers everything written since. */
  evaluate(): void;
  coil(index: 0 | 1): boolean;
  setCoil(index: 0 | 1, on: boolean): void;
  /**
   * For a client: the command block (41 words, texts high byte first) as it was read from the PLC's own memory; what changed since the
   * last call is acted on. `first`: read after (re)connecting, only stored, because what stands there may be old.
   */
  commandsRead(words: ArrayLike<number>, first: boolean): void;
}

/** A protocol's server or client. Values are pulled (`view.values()`) or pushed on `refresh`. */
export interface Protocol {
  /** Rejects with the system's error where the port cannot be had, or with one sentence where a PLC cannot be reached. */
  open(): Promise<void>;
  attach(view: StationView, slot: number): void;
  detach(id: string): void;
  /** Something of this station changed, or only time went on. */
  refresh(id: string): void;
  clients(): number;
  /** The station says 0/0/0 already; closes after clients had the chance to read it. */
  close(orderly: boolean): Promise<void>;
  /** Called where it fails while it is open. */
  onFailure: (error: Error) => void;
  /** What is said while it is open, instead of the address listened on. */
  describe?(): string;
  /** Ends an `open` that still waits, at once: it rejects. */
  abandon?(): void;
}

/** Port retry while another process, e.g. the PLC child of a killed Node-RED, still holds it. */
const portRetryMs = 200;
const failureRetryMs = 2000;

export interface KeeperOptions {
  /** host:port or URL, for people. */
  address: string;
  /** Growing pauses between attempts; without them each failure is tried again after two seconds. */
  backoff?: BackoffLimits;
}

/** Keeps one protocol open until it is closed for good, and says how it is. */
export class EndpointKeeper {
  readonly server: Protocol;
  readonly #address: string;
  readonly #backoff: Backoff | undefined;
  readonly #report: (state: EndpointState) => void;
  #phase: EndpointPhase = 'opening';
  #text = 'opening';
  #reported = '';
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #opening: Promise<void> = Promise.resolve();
  #openedAt: number | undefined;

  constructor(server: Protocol, { address, backoff }: KeeperOptions, report: (state: EndpointState) => void) {
    this.server = server;
    this.#address = address;
    this.#backoff = backoff && new Backoff(backoff);
    this.#report = report;
    server.onFailure = (error) => this.#failed(error);
  }

  start(): void {
    if (this.#closed) return;
    this.#opening = this.#open();
  }

  state(): EndpointState {
    if (this.#phase !== 'open') return { state: this.#phase, text: this.#text, clients: 0 };
    return { state: 'open', text: this.server.describe?.() ?? this.#text, clients: this.server.clients() };
  }

  /** Reports where something changed since the last report. */
  report(): void {
    const state = this.state();
    const now = JSON.stringify(state);
    if (now === this.#reported) return;
    this.#reported = now;
    this.#report(state);
  }

  async close(orderly: boolean): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.server.abandon?.();
    await this.#opening;
    await this.server.close(orderly);
    this.#set('closed', 'closed');
  }

  async #open(): Promise<void> {
    try {
      await this.server.open();
      this.#openedAt = systemClock.mono();
      if (!this.#closed) this.#set('open', `listening on ${this.#address}`);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(thrown: unknown): void {
    if (this.#closed) return;
    const busy = (thrown as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
    const error = asGoodpartError(thrown, 'GP_ENDPOINT_FAILED');
    const forbidden = (thrown as NodeJS.ErrnoException | undefined)?.code === 'EACCES';
    if (busy) this.#set('waiting for port', `${this.#address} is held by another process`);
    else this.#set('failed', forbidden ? `${this.#address} is not permitted: choose a port above 1023` : error.message);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(), busy ? portRetryMs : this.#pause());
  }

  #pause(): number {
    const lasted = this.#openedAt === undefined ? 0 : systemClock.mono() - this.#openedAt;
    this.#openedAt = undefined;
    return this.#backoff?.next(lasted) ?? failureRetryMs;
  }

  #set(phase: EndpointPhase, text: string): void {
    this.#phase = phase;
    this.#text = text;
    this.report();
  }
}

/** Rejects as `listen` would where the port cannot be had; for servers that are costly to build. */
export function probePort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}
