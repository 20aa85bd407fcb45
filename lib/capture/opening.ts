import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { Backoff } from '../process/backoff.ts';
import { frameDigest } from './frame-digest.ts';
import type { Source, SourceCounters, SourceDescription, SourceFrame, SourceSink, SourceStatus } from './source.ts';
import { Watchdog, type WatchSettings } from './watchdog.ts';
import { within } from './within.ts';

export interface OpeningOptions {
  create: () => Promise<Source>;
  /** Goes over what the source says of itself. */
  watch: WatchSettings;
  /** Frames older than this when they arrive are not used; milliseconds, null = any age. */
  maxAgeMs: number | null;
  counts: SourceCounters;
  /** The last frame number so far. */
  resumeAfter: () => number;
  /** A frame that came by itself. `usable`: may answer a capture or open an inspection. */
  frame: (frame: SourceFrame, usable: boolean) => void;
  opened: () => void;
  /** The source is lost until it has been opened again. */
  failed: (error: GoodpartError) => void;
  changed: () => void;
  /** The source does not let go: nothing helps but to end this process. */
  stuck: (why: string) => void;
}

const openMs = 15_000;
/** A source lets go in this time, or its process is ended. */
export const closeMs = 2_000;
const mostEarly = 8;
const checkMs = 250;

/** Keeps one source open: opening again with growing pauses after a fault, its watchdog, and the end of one that hangs. */
export class Opening {
  readonly #o: OpeningOptions;
  readonly #backoff = new Backoff({ minMs: 1_000, maxMs: 30_000, resetAfterMs: 10_000 });
  #source: Source | undefined;
  #description: SourceDescription | undefined;
  #watchdog: Watchdog | undefined;
  #watch: NodeJS.Timeout | undefined;
  #pending: Promise<void> | undefined;
  #generation = 0;
  #error: GoodpartError | undefined;
  #warning = '';
  #reopen: NodeJS.Timeout | undefined;
  #closed = false;
  /** Exposures of this opening, by the device's count. */
  #exposures = 0;
  #firstGood: number | null = null;

  constructor(options: OpeningOptions) {
    this.#o = options;
  }

  get source(): Source | undefined {
    return this.#source;
  }

  /** What is open; undefined while nothing is. */
  get description(): SourceDescription | undefined {
    return this.#description;
  }

  get generation(): number {
    return this.#generation;
  }

  get error(): GoodpartError | undefined {
    return this.#error;
  }

  get exposures(): number {
    return this.#exposures;
  }

  /** Resolves when it is no longer being opened; undefined when it is not. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  status(trouble: string): SourceStatus {
    if (this.#description === undefined) return { connected: false, text: this.#error?.message ?? 'not opened' };
    const { device, running } = this.#description;
    const notes = [this.#warning, trouble].filter((text) => text !== '');
    const text = [`${device}: ${running}`, ...notes].join('; ');
    return { connected: true, text, ...(this.#warning !== '' && { warning: this.#warning }) };
  }

  notConnected(): GoodpartError {
    if (this.#error !== undefined) return this.#error;
    return new GoodpartError('GP_SOURCE_FAILED', 'The camera is not connected', { reason: 'cameraLost' });
  }

  /** Resolves either way: `status` and `error` say how it went, and it is tried again by itself. */
  open(): Promise<void> {
    this.#pending ??= this.#tryOpen().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** A frame that was asked for. False where it is too old to be used. */
  exposed(frame: SourceFrame): boolean {
    const now = systemClock.mono();
    this.#exposures += 1;
    const { maxAgeMs } = this.#o;
    if (maxAgeMs !== null && now - frame.exposedAt > maxAgeMs) return false;
    this.#firstGood ??= now;
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reopen);
    await this.#letGo();
  }

  async #tryOpen(): Promise<void> {
    const generation = ++this.#generation;
    const current = () => generation === this.#generation && !this.#closed;
    const abort = new AbortController();
    this.#warning = '';
    this.#exposures = 0;
    this.#firstGood = null;
    this.#watchdog = undefined;
    try {
      const source = await this.#o.create();
      this.#source = source;
      const early: SourceFrame[] = [];
      const sink: SourceSink = {
        frame: (frame) => {
          if (!current()) return;
          if (this.#description === undefined) early.push(...early.splice(0).slice(1 - mostEarly), frame);
          else this.#arrived(frame);
        },
        lost: (count) => {
          if (!current()) return;
          this.#exposures += count;
          this.#o.counts.lost += count;
        },
        warning: (text) => {
          if (!current()) return;
          this.#warning = text;
          if (this.#description !== undefined) this.#o.changed();
        },
        fault: (error) => {
          if (current()) this.#faulty(error);
        },
      };
      const opened = source.open({ resumeAfter: this.#o.resumeAfter(), signal: abort.signal, sink });
      const description = await within(opened, openMs, 'opening');
      if (!current()) return;
      this.#description = description;
      this.#error = undefined;
      this.#guard(this.#description);
      this.#o.changed();
      this.#o.opened();
      for (const frame of early) if (current()) this.#arrived(frame);
    } catch (thrown) {
      abort.abort();
      // a fault that it reported while it was being opened has said everything
      if (current()) this.#faulty(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
    }
  }

  #guard({ delivery, watch = {} }: SourceDescription): void {
    if (delivery === 'on-demand') return;
    const { maxAgeMs } = this.#o;
    const settings = { ...watch, ...this.#o.watch };
    const watchdog = new Watchdog({ delivery, settings, maxAgeMs, openedAt: systemClock.mono() });
    this.#watchdog = watchdog;
    this.#watch = setInterval(() => {
      const fault = watchdog.check(systemClock.mono());
      if (fault !== null) this.#stalled(fault.text);
    }, checkMs);
  }

  #arrived(frame: SourceFrame): void {
    this.#exposures += 1;
    const arrivedAt = systemClock.mono();
    const { exposedAt, deviceAt, data } = frame;
    const digest = frameDigest(data);
    const said = this.#watchdog?.frame({ arrivedAt, exposedAt, deviceAt, digest }) ?? { usable: true, fault: null };
    if (!said.usable) this.#o.counts.stale += 1;
    else this.#firstGood ??= arrivedAt;
    this.#o.frame(frame, said.usable && said.fault === null);
    if (said.fault !== null) this.#stalled(said.fault.text);
  }

  /** What the watchdog found, with what the source's tool said last. */
  #stalled(text: string): void {
    this.#o.counts.stalls += 1;
    const lines = this.#source?.lastWords?.() ?? [];
    const last = lines
      .filter((line) => line.trim() !== '')
      .slice(-3)
      .join(' | ');
    const error = new GoodpartError('GP_SOURCE_FAILED', last === '' ? text : `${text} (${last})`, {
      reason: 'cameraLost',
    });
    this.#faulty(error);
  }

  #faulty(error: GoodpartError): void {
    if (this.#closed) return;
    this.#error = error;
    this.#description = undefined;
    this.#generation += 1;
    this.#o.failed(error);
    this.#o.changed();
    // only good frames show that the fault is over: a camera that opens and stalls again is given longer and longer pauses
    const pause = this.#backoff.next(this.#firstGood === null ? 0 : systemClock.mono() - this.#firstGood);
    this.#letGo().then(
      () => {
        if (this.#closed) return;
        clearTimeout(this.#reopen);
        this.#reopen = setTimeout(() => {
          this.#again().catch((thrown: unknown) => this.#o.stuck(String(thrown)));
        }, pause);
      },
      (thrown: unknown) => this.#o.stuck(String(thrown)),
    );
  }

  async #again(): Promise<void> {
    await this.#pending;
    if (this.#closed) return;
    this.#o.counts.reopened += 1;
    await this.open();
  }

  async #letGo(): Promise<void> {
    clearInterval(this.#watch);
    const source = this.#source;
    this.#source = undefined;
    this.#description = undefined;
    if (source === undefined) return;
    try {
      await within(source.close(), closeMs, 'closing');
    } catch (thrown) {
      this.#o.stuck(`The camera did not close: ${asGoodpartError(thrown).message}`);
    }
  }
}
