/** One question, and in how many milliseconds the next one is due. Must not reject. */
export type Question = (signal: AbortSignal) => Promise<number>;

/**
 * Asks again and again while somebody can see `element`, one question at a time: not while the browser's window is hidden,
 * the element is scrolled away or another dialog lies over it, and never after `stop`.
 */
export class Poll {
  readonly #element: HTMLElement;
  readonly #question: Question;
  readonly #observer: IntersectionObserver;
  readonly #onVisibility = () => this.#look();
  readonly #ending = new AbortController();
  #timer: number | undefined;
  #asking = false;
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
    this.#again = this.#asking;
    this.#look();
  }

  stop(): void {
    window.clearTimeout(this.#timer);
    this.#ending.abort();
    this.#observer.disconnect();
    document.removeEventListener('visibilitychange', this.#onVisibility);
  }

  #look(): void {
    window.clearTimeout(this.#timer);
    const { signal } = this.#ending;
    if (signal.aborted || this.#asking || document.hidden || !this.#inSight) return;
    if (!this.#element.isConnected) {
      this.stop(); // a dialog that Node-RED took away without telling us
      return;
    }
    this.#asking = true;
    this.#question(signal).then(
      (ms) => this.#answered(ms),
      () => this.#answered(5_000),
    );
  }

  #answered(ms: number): void {
    this.#asking = false;
    if (this.#ending.signal.aborted) return;
    this.#timer = window.setTimeout(() => this.#look(), this.#again ? 0 : ms);
    this.#again = false;
  }
}
