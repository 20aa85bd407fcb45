import type { TagValues } from './tag-values.ts';

const ringLength = 8;
const sequences = 65535;

/** Counts the results that a PLC was not told one by one, from the pictures that it acknowledged. */
export class ResultGaps {
  /** Results that came while there was no connection. */
  late = 0;
  /** Of all results, those that not even the ring held any more. */
  lost = 0;
  #bootId = 0;
  #sequence = 0;

  /** `anew`: the first picture on a new connection. Sequences are compared within one boot only, as they may jump between two. */
  shown({ bootId, result: { sequence } }: TagValues, anew: boolean): void {
    const known = bootId === this.#bootId && this.#sequence !== 0 && sequence !== 0;
    const passed = known ? (sequence - this.#sequence + sequences) % sequences : 0;
    if (anew) this.late += passed;
    this.lost += Math.max(0, passed - ringLength);
    this.#bootId = bootId;
    this.#sequence = sequence;
  }
}
