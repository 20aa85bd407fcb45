import { asGoodpartError } from '../core/errors.ts';
import type { RefusalRecord } from './refusal.ts';

/** Waiting refusals of all stations; what comes beyond is lost and counted. */
const mostWaiting = 2_000;
const batchSize = 200;

interface Options {
  /** Whether the station's store can take something now. */
  ready: (key: string) => boolean;
  send: (key: string, refusals: RefusalRecord[]) => Promise<unknown>;
  onLost: (key: string, id: string, why: string) => void;
}

/** Refused triggers on their way to the disk: never waited for, bounded, sent again where the child ended before it answered. */
export class RefusalQueue {
  readonly #options: Options;
  #waiting: { key: string; refusal: RefusalRecord }[] = [];
  #sending = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** False: it will not be kept, and is told as lost. */
  add(key: string, refusal: RefusalRecord): boolean {
    if (this.#waiting.length >= mostWaiting) {
      this.#options.onLost(key, refusal.id, 'too many refusals were waiting for the disk');
      return false;
    }
    this.#waiting.push({ key, refusal });
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
    for (const one of gone) this.#options.onLost(one.key, one.refusal.id, why);
  }

  pump(): void {
    if (this.#sending) return;
    const next = this.#waiting.find(({ key }) => this.#options.ready(key));
    if (next === undefined) return;
    const { key } = next;
    const batch = this.#waiting.filter((one) => one.key === key).slice(0, batchSize);
    const refusals = batch.map(({ refusal }) => refusal);
    const sent = new Set(batch);
    this.#sending = true;
    this.#options
      .send(key, refusals)
      .then(
        () => {
          this.#waiting = this.#waiting.filter((one) => !sent.has(one));
          return true;
        },
        (thrown: unknown) => {
          const { code, message } = asGoodpartError(thrown);
          // anything else: the child ended or never got it, and its next start brings it here again
          if (!['GP_EVIDENCE_LOST', 'GP_INTERNAL', 'GP_INPUT_INVALID'].includes(code)) return false;
          this.#waiting = this.#waiting.filter((one) => !sent.has(one));
          for (const { id } of refusals) this.#options.onLost(key, id, message);
          return true;
        },
      )
      .then((settled) => {
        this.#sending = false;
        if (settled) this.pump();
      })
      .catch(() => {});
  }
}
