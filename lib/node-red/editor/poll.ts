/** One question, and in how many milliseconds the next one is due. Must not reject. */
export type Question = (signal: AbortSignal) => Promise<number>;

/**
 * Asks again and again while somebody can see `element`, one question at a time: not while the browser's window is hidden,
 * the element is scrolled away or another dialog lies over it, and never after `stop`; what is being asked then is cut off.
 */
export class Poll {
  readonly #element: HTMLElement;
  readonly #question: Question;
  readonly #observer: IntersectionObserver;
  readonly #onVisibility = () => this.#look();
  #ended = false;
  #timer: number | undefined;
  #asking: AbortController | undefined;
  #again = false;
  #inSight = false;

  constructor(element: HTMLElement, question: Question) {
    this.#element = element;
    this.#question = question;
    this.#observer = new IntersectionObserver((entries) => {
      this.#inSight = entries.at(-1)?.isIntersecting ?? false;
      this.#look();
    });
    this.#observer.observe(element);
    document.addEventListener('visibilitychange', this.#onVisibility);
  }

  /** Asks now, whatever pause was left. */
  nudge(): void {
    this.#again = this.#asking !== undefined;
    this.#look();
  }

  stop(): void {
    this.#ended = true;
    this.#observer.disconnect();
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#look();
  }

  #look(): void {
    window.clearTimeout(this.#timer);
    // a dialog that Node-RED took away without telling us
    if (!this.#ended && !this.#element.isConnected) {
      this.stop();
      return;
    }
    if (this.#ended || document.hidden || !this.#inSight) {
      this.#asking?.abort();
      return;
    }
    if (this.#asking !== undefined) return;
    const asking = new AbortController();
    this.#asking = asking;
    this.#question(asking.signal).then(
      (ms) => this.#answered(ms),
      () => this.#answered(5_000),
    );
  }

  #answered(ms: number): void {
    const cut = this.#asking?.signal.aborted;
    this.#asking = undefined;
    if (!this.#ended) this.#timer = window.setTimeout(() => this.#look(), this.#again || cut ? 0 : ms);
    this.#again = false;
  }
}
