import type { TakenFrame } from './source.ts';

/** Why a frame goes to the parent unasked: free-running, or a line's frame that opens an inspection. */
export type FrameCause = 'free-run' | 'line';

const lineDepth = 8;

/**
 * What stands between a source and a parent that may be busy: one frame is on its way at most. Behind it, the newest
 * free-running frame waits (an older one is worthless), or up to eight line frames (each is a part).
 */
export class FlowQueue {
  readonly #send: (frame: TakenFrame, cause: FrameCause) => void;
  #onItsWay = false;
  #waiting: { frame: TakenFrame; cause: FrameCause }[] = [];
  superseded = 0;
  missed = 0;

  constructor(send: (frame: TakenFrame, cause: FrameCause) => void) {
    this.#send = send;
  }

  get busy(): boolean {
    return this.#onItsWay;
  }

  offer(frame: TakenFrame, cause: FrameCause): void {
    if (cause === 'free-run') {
      const kept = this.#waiting.filter((waiting) => waiting.cause !== 'free-run');
      this.superseded += this.#waiting.length - kept.length;
      this.#waiting = kept;
    } else if (this.#waiting.length >= lineDepth) {
      this.#waiting.shift();
      this.missed += 1;
    }
    this.#waiting.push({ frame, cause });
    this.#pump();
  }

  /** The parent has taken the frame that was on its way. */
  taken(): void {
    this.#onItsWay = false;
    this.#pump();
  }

  /** Forgets free-running frames that nobody wants any more. */
  stopFreeRun(): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.cause !== 'free-run');
  }

  #pump(): void {
    if (this.#onItsWay) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#onItsWay = true;
    this.#send(next.frame, next.cause);
  }
}
