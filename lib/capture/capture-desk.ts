import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import type { FrameLosses } from '../core/frame.ts';
import { Captures } from './captures.ts';
import { FlowQueue, type FrameCause } from './flow-queue.ts';
import { Opening } from './opening.ts';
import {
  type DeviceSettings,
  noCounts,
  type Source,
  type SourceCounters,
  type SourceDescription,
  type SourceFrame,
  type SourceStatus,
  type TakenFrame,
} from './source.ts';
import type { WatchSettings } from './watchdog.ts';
import { within } from './within.ts';

/** One picture, exposed at or after `after` (monotonic) and there within `timeoutMs`; of the part `partId` where that is known. */
export interface CaptureRequest {
  after: number;
  timeoutMs: number;
  partId?: string;
}

export interface DeskOptions {
  create: () => Promise<Source>;
  watch?: WatchSettings;
  /** Frames older than this when they arrive are not used; milliseconds, null = any age. */
  maxAgeMs?: number | null;
  /** A frame for the parent that it did not ask for; the desk sends the next when `taken` is called. */
  send: (frame: TakenFrame, cause: FrameCause) => void;
  status: (status: SourceStatus) => void;
  /** The source does not let go: nothing helps but to end this process. */
  stuck: (why: string) => void;
}

/**
 * All that sources have in common, in one place: `Opening` keeps the source open and watches it, `Captures` answers triggers;
 * here are free-run pacing, the queue to the parent, and what is known of each frame beside its pixels.
 */
export class CaptureDesk {
  readonly #options: DeskOptions;
  readonly #counts: SourceCounters = { ...noCounts };
  readonly #queue: FlowQueue;
  readonly #opening: Opening;
  readonly #captures: Captures;
  #freeRunMs: number | null = null;
  #freeRunTimer: NodeJS.Timeout | undefined;
  #lastFreeRun = -Infinity;
  #number = 0;
  #closed = false;
  /** As of the last frame that crossed to the parent. */
  #told: FrameLosses = { lost: 0, stale: 0, superseded: 0, missed: 0 };

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#queue = new FlowQueue((frame, cause) => options.send(this.#crossing(frame), cause));
    this.#opening = new Opening({
      create: options.create,
      watch: options.watch ?? {},
      maxAgeMs: options.maxAgeMs ?? null,
      counts: this.#counts,
      resumeAfter: () => this.#number,
      frame: (frame, usable) => this.#arrived(frame, usable),
      opened: () => this.#captures.opened(),
      failed: (error) => this.#captures.fail(error),
      changed: () => options.status(this.status()),
      stuck: options.stuck,
    });
    this.#captures = new Captures({
      opening: this.#opening,
      counts: this.#counts,
      take: (frame) => this.#take(frame),
      changed: () => options.status(this.status()),
      stuck: options.stuck,
    });
  }

  /** Opens the source. Resolves either way: `status` and `error` say how it went, and it is tried again by itself. */
  async open(resumeAfter: number): Promise<void> {
    this.#number = resumeAfter;
    await this.#opening.open();
  }

  get error(): GoodpartError | undefined {
    return this.#opening.error;
  }

  counters(): SourceCounters {
    const { superseded, missed } = this.#losses();
    return { ...this.#counts, superseded, missed };
  }

  status(): SourceStatus {
    return this.#opening.status(this.#captures.trouble);
  }

  async describe(): Promise<SourceDescription> {
    await this.#opening.pending;
    const { description } = this.#opening;
    if (description === undefined) throw this.#opening.notConnected();
    return description;
  }

  async readSettings(): Promise<DeviceSettings> {
    await this.#opening.pending;
    const { source, description } = this.#opening;
    if (source === undefined || description === undefined) throw this.#opening.notConnected();
    return source.readSettings();
  }

  /**
   * The first frame exposed at or after `after`. Rejects with GP_SOURCE_FAILED after `timeoutMs`, with the reason that an inspection
   * gets for it: `frameTimeout`, `frameTooOld` where a frame came but too late, `cameraLost` where the source is gone.
   */
  async capture({ after, timeoutMs, partId = '' }: CaptureRequest): Promise<TakenFrame> {
    const deadline = systemClock.mono() + timeoutMs;
    try {
      const { pending } = this.#opening;
      if (pending !== undefined) await within(pending, timeoutMs, 'opening');
      if (this.#opening.description === undefined) throw this.#opening.notConnected();
      const left = Math.max(1, deadline - systemClock.mono());
      return this.#crossing(await this.#captures.wait(after, left, timeoutMs, partId));
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
    this.#captures.fail(new GoodpartError('GP_SOURCE_FAILED', 'The camera was closed', { reason: 'cameraLost' }));
    await this.#opening.close();
  }

  /** A frame as it goes on, with what the desk knows of it. */
  #take({ deviceAt: _, ...frame }: SourceFrame): TakenFrame {
    this.#counts.exposed += 1;
    this.#number = Math.max(this.#number, frame.number);
    const { description, exposures } = this.#opening;
    return {
      ...frame,
      settings: { ...description?.settings, ...frame.settings },
      arrivedAt: systemClock.mono(),
      counter: { opening: this.#counts.reopened, exposures },
    };
  }

  /** A frame that came by itself. */
  #arrived(frame: SourceFrame, usable: boolean): void {
    const taken = this.#take(frame);
    const wanted = this.#captures.offer(taken, usable);
    if (!usable) return;
    if (this.#opening.description?.delivery === 'line') this.#queue.offer(taken, 'line');
    else if (this.#freeRunMs !== null && frame.exposedAt - this.#lastFreeRun >= this.#freeRunMs * 0.9) {
      this.#lastFreeRun = frame.exposedAt;
      this.#queue.offer(taken, 'free-run');
    } else if (!wanted) this.#counts.superseded += 1;
  }

  #losses(): FrameLosses {
    const { lost, stale } = this.#counts;
    const superseded = this.#counts.superseded + this.#queue.superseded;
    return { lost, stale, superseded, missed: this.#queue.missed };
  }

  #crossing(frame: TakenFrame): TakenFrame {
    this.#counts.delivered += 1;
    const now = this.#losses();
    const told = this.#told;
    this.#told = now;
    const losses: FrameLosses = {
      lost: now.lost - told.lost,
      stale: now.stale - told.stale,
      superseded: now.superseded - told.superseded,
      missed: now.missed - told.missed,
    };
    return { ...frame, losses };
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
    if (this.#opening.description?.delivery !== 'on-demand' || this.#queue.busy || this.#captures.waiting) {
      again();
      return;
    }
    const patience = Math.max(interval, 2_000);
    this.#captures
      .wait(began, patience, patience)
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
}
