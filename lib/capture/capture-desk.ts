import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { Backoff } from '../process/backoff.ts';
import { FlowQueue, type FrameCause } from './flow-queue.ts';
import type { DeviceSettings, Source, SourceCounters, SourceDescription, SourceFrame, SourceStatus } from './source.ts';

export interface DeskOptions {
  create: () => Promise<Source>;
  /** A frame for the parent that it did not ask for; the desk sends the next when `taken` is called. */
  send: (frame: SourceFrame, cause: FrameCause) => void;
  status: (status: SourceStatus) => void;
  /** The source does not let go: nothing helps but to end this process. */
  stuck: (why: string) => void;
}

interface Waiter {
  after: number;
  /** Set while the source exposes for it: gives that exposure up. */
  abandon?: (() => void) | undefined;
  settle: (result: SourceFrame | GoodpartError) => void;
}

const openMs = 15_000;
const closeMs = 2_000;
const mostWaiters = 16;

/**
 * All that sources have in common: opening again after a fault, one exposure at a time, the first frame exposed after
 * the trigger, free-run pacing, queue, counters, and the end of a source that hangs.
 */
export class CaptureDesk {
  readonly #options: DeskOptions;
  readonly #queue: FlowQueue;
  readonly #backoff = new Backoff({ minMs: 300, maxMs: 5_000, resetAfterMs: 10_000 });
  #source: Source | undefined;
  #description: SourceDescription | undefined;
  #opening: Promise<void> | undefined;
  #openedAt = 0;
  #generation = 0;
  #error: GoodpartError | undefined;
  #warning = '';
  /** Why the last capture failed; empty when it did not. */
  #lastTrouble = '';
  #waiters: Waiter[] = [];
  #exposing = false;
  #freeRunMs: number | null = null;
  #freeRunTimer: NodeJS.Timeout | undefined;
  #lastFreeRun = -Infinity;
  #reopen: NodeJS.Timeout | undefined;
  #number = 0;
  #closed = false;
  readonly #counts = { exposed: 0, lost: 0, tooOld: 0, failed: 0, reopened: 0, delivered: 0 };

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#queue = new FlowQueue((frame, cause) => {
      this.#counts.delivered += 1;
      options.send(frame, cause);
    });
  }

  /** Opens the source. Resolves either way: `status` and `error` say how it went, and it is tried again by itself. */
  async open(resumeAfter: number): Promise<void> {
    this.#number = resumeAfter;
    await this.#open();
  }

  get error(): GoodpartError | undefined {
    return this.#error;
  }

  counters(): SourceCounters {
    return { ...this.#counts, superseded: this.#queue.superseded, missed: this.#queue.missed };
  }

  status(): SourceStatus {
    if (this.#description === undefined) return { connected: false, text: this.#error?.message ?? 'not opened' };
    const { device, running } = this.#description;
    const notes = [this.#warning, this.#lastTrouble].filter((text) => text !== '');
    return { connected: true, text: [`${device}: ${running}`, ...notes].join('; ') };
  }

  async describe(): Promise<SourceDescription> {
    await this.#opening;
    if (this.#description === undefined) throw this.#notConnected();
    return this.#description;
  }

  async readSettings(): Promise<DeviceSettings> {
    await this.#opening;
    if (this.#source === undefined || this.#description === undefined) throw this.#notConnected();
    return this.#source.readSettings();
  }

  /** The first frame exposed at or after `after`. Rejects with GP_SOURCE_FAILED after `timeoutMs`. */
  async capture({ after, timeoutMs }: { after: number; timeoutMs: number }): Promise<SourceFrame> {
    const deadline = systemClock.mono() + timeoutMs;
    try {
      if (this.#opening !== undefined) await within(this.#opening, timeoutMs, 'opening');
      if (this.#description === undefined) throw this.#notConnected();
      if (this.#waiters.length >= mostWaiters) {
        throw new GoodpartError('GP_SOURCE_FAILED', `${mostWaiters} captures are waiting for this camera already`);
      }
      const frame = await this.#wait(after, Math.max(1, deadline - systemClock.mono()), timeoutMs);
      this.#counts.delivered += 1;
      return frame;
    } catch (thrown) {
      this.#counts.failed += 1;
      throw asGoodpartError(thrown, 'GP_SOURCE_FAILED');
    }
  }

  /** Frames without being asked, `intervalMs` apart at least; null ends it. */
  freeRun(intervalMs: number | null): void {
    this.#freeRunMs = intervalMs;
    this.#lastFreeRun = -Infinity;
    clearTimeout(this.#freeRunTimer);
    if (intervalMs === null) this.#queue.stopFreeRun();
    else this.#tick();
  }

  taken(): void {
    this.#queue.taken();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#freeRunTimer);
    clearTimeout(this.#reopen);
    this.#fail(new GoodpartError('GP_SOURCE_FAILED', 'The camera was closed'));
    await this.#letGo();
  }

  #trouble(error: GoodpartError | undefined): void {
    const text = error?.message ?? '';
    if (text === this.#lastTrouble) return;
    this.#lastTrouble = text;
    if (this.#description !== undefined) this.#options.status(this.status());
  }

  #notConnected(): GoodpartError {
    return this.#error ?? new GoodpartError('GP_SOURCE_FAILED', 'The camera is not connected');
  }

  #wait(after: number, ms: number, timeoutMs: number): Promise<SourceFrame> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiter.settle(new GoodpartError('GP_SOURCE_FAILED', `No picture within ${Math.round(timeoutMs)} ms`));
      }, ms);
      const waiter: Waiter = {
        after,
        settle: (result) => {
          clearTimeout(timer);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          if (GoodpartError.is(result)) {
            waiter.abandon?.();
            this.#trouble(result);
            reject(result);
          } else {
            this.#trouble(undefined);
            resolve(result);
          }
        },
      };
      this.#waiters.push(waiter);
      this.#exposeNext();
    });
  }

  /** On demand, captures are served one after another: a device exposes one frame at a time. */
  #exposeNext(): void {
    const waiter = this.#waiters[0];
    if (this.#exposing || this.#source === undefined || waiter === undefined) return;
    if (this.#description?.delivery !== 'on-demand') return;
    this.#exposing = true;
    const generation = this.#generation;
    this.#expose(this.#source, waiter)
      .then(() => {
        if (generation !== this.#generation) return;
        this.#exposing = false;
        this.#exposeNext();
      })
      .catch((thrown: unknown) => this.#options.stuck(String(thrown)));
  }

  async #expose(source: Source, waiter: Waiter): Promise<void> {
    const abort = new AbortController();
    let stuck: NodeJS.Timeout | undefined;
    waiter.abandon = () => {
      abort.abort();
      stuck ??= setTimeout(() => this.#options.stuck('The camera did not give up an exposure'), closeMs);
    };
    try {
      await sleep(waiter.after - systemClock.mono());
      const frame = await source.expose({ after: waiter.after, signal: abort.signal });
      this.#seen(frame);
      if (frame.exposedAt >= waiter.after) return waiter.settle(frame);
      this.#counts.tooOld += 1;
      await sleep(1); // the same waiter is served again until its time is up
    } catch (thrown) {
      waiter.settle(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
    } finally {
      clearTimeout(stuck);
      waiter.abandon = undefined;
    }
  }

  #seen(frame: SourceFrame): void {
    this.#counts.exposed += 1;
    this.#number = Math.max(this.#number, frame.number);
  }

  /** A frame that came by itself. */
  #arrived(frame: SourceFrame): void {
    this.#seen(frame);
    for (const waiter of [...this.#waiters]) {
      if (frame.exposedAt >= waiter.after) waiter.settle(frame);
      else this.#counts.tooOld += 1;
    }
    if (this.#description?.delivery === 'line') this.#queue.offer(frame, 'line');
    else if (this.#freeRunMs !== null && frame.exposedAt - this.#lastFreeRun >= this.#freeRunMs * 0.9) {
      this.#lastFreeRun = frame.exposedAt;
      this.#queue.offer(frame, 'free-run');
    }
  }

  /** Free-run of a source that exposes on demand: nothing is exposed while the parent has not taken the last one. */
  #tick(): void {
    const interval = this.#freeRunMs;
    if (interval === null || this.#closed) return;
    const began = systemClock.mono();
    const again = () => {
      if (this.#freeRunMs !== interval) return;
      clearTimeout(this.#freeRunTimer);
      this.#freeRunTimer = setTimeout(() => this.#tick(), Math.max(1, interval - (systemClock.mono() - began)));
    };
    if (this.#description?.delivery !== 'on-demand' || this.#queue.busy || this.#waiters.length > 0) {
      again();
      return;
    }
    this.#wait(began, Math.max(interval, 2_000), Math.max(interval, 2_000))
      .then(
        (frame) => {
          if (this.#freeRunMs !== null) this.#queue.offer(frame, 'free-run');
        },
        () => {
          this.#counts.failed += 1;
        },
      )
      .then(again, (thrown: unknown) => this.#options.stuck(String(thrown)));
  }

  #open(): Promise<void> {
    this.#opening ??= this.#tryOpen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #tryOpen(): Promise<void> {
    const generation = ++this.#generation;
    const current = () => generation === this.#generation && !this.#closed;
    const abort = new AbortController();
    this.#openedAt = systemClock.mono();
    this.#warning = '';
    this.#lastTrouble = '';
    try {
      const source = await this.#options.create();
      this.#source = source;
      const early: SourceFrame[] = [];
      const opened = source.open({
        resumeAfter: this.#number,
        signal: abort.signal,
        sink: {
          frame: (frame) => {
            if (!current()) return;
            if (this.#description === undefined) early.push(...early.splice(0).slice(-7), frame);
            else this.#arrived(frame);
          },
          lost: (count) => {
            if (current()) this.#counts.lost += count;
          },
          warning: (text) => {
            if (!current()) return;
            this.#warning = text;
            this.#options.status(this.status());
          },
          fault: (error) => {
            if (current()) this.#faulty(error);
          },
        },
      });
      this.#description = await within(opened, openMs, 'opening');
      this.#error = undefined;
      this.#exposing = false;
      this.#options.status(this.status());
      for (const frame of early) this.#arrived(frame);
      this.#exposeNext();
    } catch (thrown) {
      abort.abort();
      this.#faulty(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
    }
  }

  #faulty(error: GoodpartError): void {
    this.#error = error;
    this.#description = undefined;
    this.#generation += 1;
    this.#fail(error);
    this.#options.status(this.status());
    const pause = this.#backoff.next(systemClock.mono() - this.#openedAt);
    this.#letGo().then(
      () => {
        if (this.#closed) return;
        clearTimeout(this.#reopen);
        this.#reopen = setTimeout(() => {
          this.#counts.reopened += 1;
          this.#open().catch((thrown: unknown) => this.#options.stuck(String(thrown)));
        }, pause);
      },
      (thrown: unknown) => this.#options.stuck(String(thrown)),
    );
  }

  #fail(error: GoodpartError): void {
    for (const waiter of [...this.#waiters]) waiter.settle(error);
  }

  async #letGo(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    this.#description = undefined;
    if (source === undefined) return;
    try {
      await within(source.close(), closeMs, 'closing');
    } catch (thrown) {
      this.#options.stuck(`The camera did not close: ${asGoodpartError(thrown).message}`);
    }
  }
}

function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}

async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new GoodpartError('GP_SOURCE_FAILED', `The camera took longer than ${Math.round(ms)} ms for ${what}`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
