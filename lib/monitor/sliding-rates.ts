import { invalidParameter } from '../core/errors.ts';
import type { Verdict } from '../core/inspection.ts';

export interface Rates {
  /** The span that was looked at, milliseconds: shorter than the window soon after the start. */
  spanMs: number;
  /** Verdicts in the span. */
  count: number;
  perMinute: number;
  /** Share of each verdict, 0..1; null where there was none at all. */
  shares: Record<Verdict, number> | null;
}

const verdicts: Verdict[] = ['pass', 'warn', 'fail', 'invalid'];

/**
 * How many verdicts of each kind came lately, over a sliding window of whole buckets: memory does not grow with the pace.
 * Instants are monotonic milliseconds and may not go back by more than the window.
 */
export class SlidingRates {
  readonly #windowMs: number;
  readonly #bucketMs: number;
  readonly #startedAt: number;
  readonly #buckets = new Map<number, Record<Verdict, number>>();

  constructor(startedAt: number, { windowMs = 300_000, buckets = 60 }: { windowMs?: number; buckets?: number } = {}) {
    if (!(windowMs > 0)) throw invalidParameter('windowMs', 'a positive number', windowMs);
    if (!Number.isInteger(buckets) || buckets < 1)
      throw invalidParameter('buckets', 'a positive whole number', buckets);
    this.#windowMs = windowMs;
    this.#bucketMs = windowMs / buckets;
    this.#startedAt = startedAt;
  }

  add(verdict: Verdict, at: number): void {
    const key = Math.floor(at / this.#bucketMs);
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      this.#forget(at);
      bucket = { pass: 0, warn: 0, fail: 0, invalid: 0 };
      this.#buckets.set(key, bucket);
    }
    bucket[verdict] += 1;
  }

  rates(now: number): Rates {
    this.#forget(now);
    const counts: Record<Verdict, number> = { pass: 0, warn: 0, fail: 0, invalid: 0 };
    for (const bucket of this.#buckets.values()) for (const verdict of verdicts) counts[verdict] += bucket[verdict];
    const count = verdicts.reduce((sum, verdict) => sum + counts[verdict], 0);
    const spanMs = Math.min(this.#windowMs, Math.max(0, now - this.#startedAt));
    const shares = { ...counts };
    for (const verdict of verdicts) shares[verdict] = counts[verdict] / count;
    return {
      spanMs,
      count,
      perMinute: spanMs > 0 ? (count * 60_000) / spanMs : 0,
      shares: count > 0 ? shares : null,
    };
  }

  #forget(now: number): void {
    const oldest = Math.floor((now - this.#windowMs) / this.#bucketMs);
    for (const key of this.#buckets.keys()) if (key <= oldest) this.#buckets.delete(key);
  }
}
