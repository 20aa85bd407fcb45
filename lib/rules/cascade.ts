import type { Verdict } from '../core/inspection.ts';

/** Severities of the first model, low and high end, between which it is in doubt. */
export type DoubtRange = readonly [low: number, high: number];

/**
 * Whether a model's judgement stands by itself: a pass below the range, or a fail above it. Everything else is doubt: a severity within
 * (both ends included), a warn, a number that is none. An invalid judgement is neither; it stays what it is.
 */
export function isClear(said: { verdict: Verdict; severity: number | null }, [low, high]: DoubtRange): boolean {
  const { verdict, severity } = said;
  if (severity === null || !(low < high)) return false;
  return (verdict === 'pass' && severity < low) || (verdict === 'fail' && severity > high);
}
