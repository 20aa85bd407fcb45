import { type Clock, systemClock } from '../core/clock.ts';
import { asGoodpartError } from '../core/errors.ts';
import type { Camera } from './camera.ts';
import { frameKey, type LiveReport } from './live-shot.ts';

/** What somebody who looks is told: the child's report as far as there is one, and how old its frame is now. */
export interface LiveLook extends LiveReport {
  /** Milliseconds since the frame was exposed; null without a frame. */
  ageMs: number | null;
  /** Ends of the camera's process that nobody asked for. */
  restarts: number;
}

type Watched = Pick<Camera, 'live' | 'status' | 'counters' | 'childStats'>;

const atMostEveryMs = 200;
/** Pause after each look, in times of what it took: the camera's process works for it a fourth of its time at most. */
const restPerWork = 3;
/** After a look that was not answered: longer than the watchdog needs, which does not count silence while an answer is due. */
const silenceMs = 10_000;
const afterTroubleMs = 1_000;
const keepMs = 15_000;

/**
 * Looks at a camera for all dialogs that are open: one question to its process at a time, at most five a second whoever asks,
 * and nothing at all while nobody does.
 */
export class LiveWatch {
  readonly #camera: Watched;
  readonly #clock: Clock;
  #asking: Promise<void> | undefined;
  #notBefore = -Infinity;
  #report: LiveReport | undefined;
  #jpeg: Buffer | undefined;
  #trouble: string | null = null;
  #forget: NodeJS.Timeout | undefined;

  constructor(camera: Watched, clock: Clock = systemClock) {
    this.#camera = camera;
    this.#clock = clock;
  }

  /** Never rejects: what is wrong is part of the answer. */
  async look(): Promise<LiveLook> {
    if (this.#asking === undefined && this.#clock.mono() >= this.#notBefore) {
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined;
      });
    }
    await this.#asking;
    this.#keep();
    const { restarts, ...counters } = this.#camera.counters();
    const { frame = null, ...report } = this.#report ?? nothing;
    const status = this.#camera.status();
    return {
      ...report,
      // over restarts of the process, which counts for itself
      counters,
      restarts,
      status: { connected: status.connected && this.#trouble === null, text: this.#trouble ?? status.text },
      frame,
      ageMs: frame === null ? null : Math.max(0, this.#clock.mono() - frame.exposedAt),
    };
  }

  /** The preview that belongs to the last look; null where there is none. */
  preview(): { jpeg: Buffer; number: number } | null {
    const { frame } = this.#report ?? nothing;
    return frame === null || this.#jpeg === undefined ? null : { jpeg: this.#jpeg, number: frame.number };
  }

  stop(): void {
    clearTimeout(this.#forget);
  }

  async #ask(): Promise<void> {
    const began = this.#clock.mono();
    const before = this.#report;
    try {
      const have = before?.frame && before.problem === null ? frameKey(before.frame) : null;
      const { report, jpeg } = await this.#camera.live(have);
      const same = report.frame !== null && frameKey(report.frame) === have;
      this.#report = same ? { ...report, figures: before?.figures ?? null } : report;
      if (!same) this.#jpeg = jpeg;
      this.#trouble = null;
      const now = this.#clock.mono();
      this.#notBefore = now + Math.max(atMostEveryMs, restPerWork * (now - began));
    } catch (thrown) {
      this.#trouble = asGoodpartError(thrown).message;
      const silent = this.#camera.childStats().state === 'running';
      this.#notBefore = this.#clock.mono() + (silent ? silenceMs : afterTroubleMs);
    }
  }

  #keep(): void {
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => {
      this.#report = undefined;
      this.#jpeg = undefined;
    }, keepMs);
    this.#forget.unref();
  }
}

const nothing: Omit<LiveReport, 'status' | 'counters'> = {
  error: null,
  delivery: null,
  device: null,
  running: null,
  settings: {},
  frame: null,
  figures: null,
  problem: null,
};
