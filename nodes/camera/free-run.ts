import { systemClock } from '../../lib/core/clock.ts';

export interface FreeRunOptions {
  /** Between the starts of two exposures, at least; milliseconds. */
  intervalMs: number;
  /** Whether the station can take a part now. */
  mayStart: () => boolean;
  /** One exposure; false when there will be no more. */
  expose: () => Promise<boolean>;
  onError: (error: unknown) => void;
}

const idleMs = 250;

/** One exposure after the other at a steady pace, each only when the station can take a part; never two at once. */
export class FreeRun {
  readonly #options: FreeRunOptions;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #exposing = false;
  #notBefore = 0;

  constructor(options: FreeRunOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#running;
  }

  start(): void {
    this.#running = true;
    this.#later(0);
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Something changed: perhaps there is room for a part now. */
  nudge(): void {
    if (this.#running && !this.#exposing) this.#later(this.#notBefore - systemClock.mono());
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#step(), Math.max(0, ms));
    this.#timer.unref();
  }

  #step(): void {
    if (!this.#running || this.#exposing) return;
    if (!this.#options.mayStart()) {
      this.#later(idleMs);
      return;
    }
    this.#exposing = true;
    this.#notBefore = systemClock.mono() + this.#options.intervalMs;
    this.#options.expose().then(
      (more) => this.#exposed(more),
      (error: unknown) => {
        this.#options.onError(error);
        this.#exposed(true);
      },
    );
  }

  #exposed(more: boolean): void {
    this.#exposing = false;
    if (!more) this.stop();
    else if (this.#running) this.#later(this.#notBefore - systemClock.mono());
  }
}
