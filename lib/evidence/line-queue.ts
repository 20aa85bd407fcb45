import { asGoodpartError } from '../core/errors.ts';

/** Waiting lines of all stations; what comes beyond is lost and counted. */
const mostWaiting = 2_000;
const batchSize = 200;

/** A line that was not kept, and why. */
export interface Unkept {
  id: string;
  why: string;
}

interface Options<T> {
  /** In the plural, for people. */
  what: string;
  /** Whether the station's store can take something now. */
  ready: (key: string) => boolean;
  /** Resolves with what was not kept; rejects where none was. */
  send: (key: string, lines: T[]) => Promise<Unkept[]>;
  onLost: (key: string, id: string, why: string) => void;
}

/** Refusals or dispositions on their way to the disk: never waited for, bounded, sent again where the child ended before it answered. */
export class LineQueue<T extends { id: string }> {
  readonly #options: Options<T>;
  #waiting: { key: string; line: T }[] = [];
  #sending = false;

  constructor(options: Options<T>) {
    this.#options = options;
  }

  /** False: it will not be kept, and is told as lost. */
  add(key: string, line: T): boolean {
    if (this.#waiting.length >= mostWaiting) {
      this.#options.onLost(key, line.id, `too many ${this.#options.what} were waiting for the disk`);
      return false;
    }
    this.#waiting.push({ key, line });
    this.pump();
    return true;
  }

  countOf(key?: string): number {
    return key === undefined ? this.#waiting.length : this.#waiting.filter((one) => one.key === key).length;
  }

  /** Gives up what waits for a station, or all. */
  drop(why: string, key?: string): void {
    const gone = this.#waiting.filter((one) => key === undefined || one.key === key);
    this.#waiting = this.#waiting.filter((one) => !gone.includes(one));
    for (const one of gone) this.#options.onLost(one.key, one.line.id, why);
  }

  pump(): void {
    if (this.#sending) return;
    const next = this.#waiting.find(({ key }) => this.#options.ready(key));
    if (next === undefined) return;
    const { key } = next;
    const batch = this.#waiting.filter((one) => one.key === key).slice(0, batchSize);
    const lines = batch.map(({ line }) => line);
    const sent = new Set(batch);
    const settle = (unkept: Unkept[]) => {
      // what was dropped meanwhile has been told as lost already
      const waited = new Set(this.#waiting.filter((one) => sent.has(one)).map(({ line }) => line.id));
      this.#waiting = this.#waiting.filter((one) => !sent.has(one));
      for (const { id, why } of unkept) if (waited.has(id)) this.#options.onLost(key, id, why);
      return true;
    };
    this.#sending = true;
    this.#options
      .send(key, lines)
      .then(settle, (thrown: unknown) => {
        const { code, message } = asGoodpartError(thrown);
        // anything else: the child ended or never got it, and its next start brings it here again
        if (!['GP_EVIDENCE_LOST', 'GP_INTERNAL', 'GP_INPUT_INVALID'].includes(code)) return false;
        return settle(lines.map(({ id }) => ({ id, why: message })));
      })
      .then((settled) => {
        this.#sending = false;
        if (settled) this.pump();
      })
      .catch(() => {});
  }
}
