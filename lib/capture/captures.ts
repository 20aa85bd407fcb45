import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { closeMs, type Opening } from './opening.ts';
import type { Source, SourceCounters, SourceFrame, TakenFrame } from './source.ts';

export interface CapturesOptions {
  opening: Opening;
  counts: SourceCounters;
  take: (frame: SourceFrame) => TakenFrame;
  /** `trouble` has changed while the source is open. */
  changed: () => void;
  stuck: (why: string) => void;
}

interface Waiter {
  after: number;
  partId: string;
  /** A frame came for it that was too late to be used. */
  sawStale: boolean;
  /** Set while the source exposes for it: gives that exposure up. */
  abandon?: (() => void) | undefined;
  settle: (result: TakenFrame | GoodpartError) => void;
}

const mostWaiters = 16;

/** Triggers that wait for their frame: each is answered by the first one exposed after it, or in time by why there is none. */
export class Captures {
  readonly #o: CapturesOptions;
  #waiters: Waiter[] = [];
  #exposing = false;
  /** Why the last capture failed; empty when it did not. */
  #trouble = '';

  constructor(options: CapturesOptions) {
    this.#o = options;
  }

  get trouble(): string {
    return this.#trouble;
  }

  get waiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** The first frame exposed at or after `after`, within `ms`; `timeoutMs` is what people are told. */
  wait(after: number, ms: number, timeoutMs: number, partId = ''): Promise<TakenFrame> {
    if (this.#waiters.length >= mostWaiters) {
      const text = `${mostWaiters} captures are waiting for this camera already`;
      return Promise.reject(new GoodpartError('GP_SOURCE_FAILED', text, { reason: 'frameTimeout' }));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const [what, reason] = waiter.sawStale
          ? (['Only pictures that came too late', 'frameTooOld'] as const)
          : (['No picture', 'frameTimeout'] as const);
        const text = `${what} within ${Math.round(timeoutMs)} ms`;
        waiter.settle(new GoodpartError('GP_SOURCE_FAILED', text, { reason }));
      }, ms);
      const waiter: Waiter = {
        after,
        partId,
        sawStale: false,
        settle: (result) => {
          clearTimeout(timer);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          if (GoodpartError.is(result)) {
            waiter.abandon?.();
            this.#note(result.message);
            reject(result);
          } else {
            this.#note('');
            resolve(result);
          }
        },
      };
      this.#waiters.push(waiter);
      this.#exposeNext();
    });
  }

  /** A frame that came by itself. True where it answered somebody. */
  offer(frame: TakenFrame, usable: boolean): boolean {
    let wanted = false;
    for (const waiter of [...this.#waiters]) {
      const after = frame.exposedAt >= waiter.after;
      if (!usable) waiter.sawStale ||= after;
      else if (after) {
        wanted = true;
        waiter.settle(frame);
      } else this.#o.counts.tooOld += 1;
    }
    return wanted;
  }

  opened(): void {
    this.#exposing = false;
    this.#exposeNext();
  }

  fail(error: GoodpartError): void {
    for (const waiter of [...this.#waiters]) waiter.settle(error);
    this.#trouble = '';
  }

  #note(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (this.#o.opening.description !== undefined) this.#o.changed();
  }

  /** On demand, captures are served one after another: a device exposes one frame at a time. */
  #exposeNext(): void {
    const waiter = this.#waiters[0];
    const { source, description, generation } = this.#o.opening;
    if (this.#exposing || source === undefined || waiter === undefined) return;
    if (description?.delivery !== 'on-demand') return;
    this.#exposing = true;
    this.#expose(source, waiter)
      .then(() => {
        if (generation !== this.#o.opening.generation) return;
        this.#exposing = false;
        this.#exposeNext();
      })
      .catch((thrown: unknown) => this.#o.stuck(String(thrown)));
  }

  async #expose(source: Source, waiter: Waiter): Promise<void> {
    const abort = new AbortController();
    const { generation } = this.#o.opening;
    let stuck: NodeJS.Timeout | undefined;
    waiter.abandon = () => {
      abort.abort();
      stuck ??= setTimeout(() => this.#o.stuck('The camera did not give up an exposure'), closeMs);
    };
    try {
      await sleep(waiter.after - systemClock.mono());
      const frame = await source.expose({ after: waiter.after, signal: abort.signal, partId: waiter.partId });
      if (generation !== this.#o.opening.generation) return; // its trigger has been answered by the fault
      const fresh = this.#o.opening.exposed(frame);
      const taken = this.#o.take(frame);
      if (fresh && frame.exposedAt >= waiter.after) return waiter.settle(taken);
      if (fresh) this.#o.counts.tooOld += 1;
      else {
        this.#o.counts.stale += 1;
        waiter.sawStale = true;
      }
      await sleep(1); // the same waiter is served again until its time is up
    } catch (thrown) {
      waiter.settle(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
    } finally {
      clearTimeout(stuck);
      waiter.abandon = undefined;
    }
  }
}

function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
