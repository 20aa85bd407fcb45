import { type FalseRejectRate, type Goal, type GoalRates, type KnownDefects, ratesFor } from './costs.ts';
import { boundedRank, exceedanceBound, partsFor } from './intervals.ts';

export type { CostGoal, FalseRejectRate, Goal, KnownDefects } from './costs.ts';
export { exceedanceBound, partsFor } from './intervals.ts';
export { statementOf } from './statement.ts';

/** What more good parts would allow to be said. */
export interface TighterClaim {
  /** "At most this share of good parts lies above the largest good score, with 95 % confidence." */
  rate: number;
  /** Good parts that it takes in all, and how many of them are missing. */
  parts: number;
  more: number;
}

export interface Limit {
  value: number;
  /** Share of good parts expected above it. */
  expected: number;
  /** With 95 % confidence no more than this share of good parts lies above it. */
  bound: number;
  /** Beyond the largest good score: a guess from the shape of the tail. */
  extrapolated: boolean;
  /** The good score it is, or lies above, counted from the smallest = 1: what further good parts will do follows from it. */
  rank: number;
  /** The lowest limit whose bound is the wanted rate, a good score as well; null where there are too few good parts for it. */
  strict: number | null;
  /** The next claim that there are too few good parts for: the wanted rate, or a half, a fifth, a tenth, … of it. */
  tighter: TighterClaim;
}

export interface Thresholds {
  median: number;
  warn: Limit;
  fail: Limit;
  /** The rates that were wanted, and where they came from. */
  rates: GoalRates;
}

/**
 * Limits from scores of good pictures that the scored model had not seen. The limit for rate a is the score of rank
 * ceil((n+1)(1-a)): the next good part exceeds it with probability at most a (conformal prediction: Vovk et al. 2005; ranks
 * as tolerance limits: Wilks 1941). Where n is too small for that rank it is the largest score plus an exponential tail's step
 * from rate 1/(n+1) to a, marked extrapolated. `gap`: the least distance from median to warn and from warn to fail.
 * `goal`: rates, or costs that they follow from (costs.ts); `defects` are looked at with costs only.
 */
export function proposeThresholds(
  scores: readonly number[],
  goal: Goal,
  gap = 0.01,
  defects?: KnownDefects,
): Thresholds {
  const sorted = [...scores].sort((a, b) => a - b);
  const rates = ratesFor(goal, sorted, defects);
  const median = middle(sorted);
  const warn = apartFrom(median, limitFor(sorted, rates.warn), gap, sorted);
  const fail = apartFrom(warn.value, limitFor(sorted, rates.fail), gap, sorted);
  return { median, warn, fail, rates };
}

/** How many more good parts than `pictures` the claim "at most `rate`, with 95 % confidence" takes; 0 where they suffice. */
export function morePartsFor(rate: FalseRejectRate['fail'], pictures: number): number {
  return Math.max(0, partsFor(rate) - pictures);
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function limitFor(sorted: readonly number[], rate: number): Limit {
  const n = sorted.length;
  // A hair less, so that (n+1)(1-a) of a whole number is not lifted by rounding.
  const rank = Math.ceil((n + 1) * (1 - rate) - 1e-9);
  const strictRank = boundedRank(n, rate);
  const strict = strictRank === null ? null : sorted[strictRank - 1];
  const tighter = tighterThan(rate, n);
  if (rank <= n) return { ...atRank(sorted, rank), extrapolated: false, strict, tighter };
  const value = sorted[n - 1] + tailStep(sorted, rate);
  return { value, expected: rate, bound: exceedanceBound(n, n), extrapolated: true, rank: n, strict, tighter };
}

function atRank(sorted: readonly number[], rank: number): Pick<Limit, 'value' | 'expected' | 'bound' | 'rank'> {
  const n = sorted.length;
  const expected = (n + 1 - rank) / (n + 1);
  return { value: sorted[rank - 1], expected, bound: exceedanceBound(n, rank), rank };
}

/** The limit at least `gap` above `below`; lifted over good scores it is expected to reject fewer. */
function apartFrom(below: number, limit: Limit, gap: number, sorted: readonly number[]): Limit {
  const least = below + gap;
  if (limit.value >= least) return limit;
  let rank = limit.rank;
  while (rank < sorted.length && sorted[rank] <= least) rank += 1;
  return { ...limit, ...(rank > limit.rank ? atRank(sorted, rank) : {}), value: least };
}

function tighterThan(rate: number, n: number): TighterClaim {
  let claim = rate;
  for (let i = 1; partsFor(claim) <= n; i++) claim = rate / (10 ** Math.floor(i / 3) * [1, 2, 5][i % 3]);
  const parts = partsFor(claim);
  return { rate: claim, parts, more: parts - n };
}

/** How far an exponential tail, fitted above the 80 % quantile, goes from rate 1/(n+1) to `rate`. */
function tailStep(sorted: readonly number[], rate: number): number {
  const n = sorted.length;
  const from = Math.floor(n * 0.8);
  const start = sorted[Math.max(0, from - 1)];
  const tail = sorted.slice(from);
  const scale = tail.reduce((sum, score) => sum + score - start, 0) / tail.length;
  return scale * Math.log(1 / ((n + 1) * rate));
}
