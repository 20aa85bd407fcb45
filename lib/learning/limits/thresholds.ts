/** Wanted share of good parts above a limit, 0..1. */
export interface FalseRejectRate {
  warn: number;
  fail: number;
}

export interface Limit {
  value: number;
  /** Share of good parts expected above it. */
  expected: number;
  /** With 95 % confidence no more than this share of good parts lies above it. */
  bound: number;
  /** Beyond the largest good score: a guess from the shape of the tail. */
  extrapolated: boolean;
}

export interface Thresholds {
  median: number;
  warn: Limit;
  fail: Limit;
}

const confidence = 0.95;

/**
 * Limits from scores of good pictures that the scored model had not seen. The limit for rate a is the score of rank
 * ceil((n+1)(1-a)): the next good part exceeds it with probability at most a (conformal prediction: Vovk et al. 2005; ranks
 * as tolerance limits: Wilks 1941). Where n is too small for that rank it is the largest score plus an exponential tail's step
 * from rate 1/(n+1) to a, marked extrapolated. `gap`: the least distance from median to warn and from warn to fail.
 */
export function proposeThresholds(scores: readonly number[], rate: FalseRejectRate, gap = 0.01): Thresholds {
  const sorted = [...scores].sort((a, b) => a - b);
  const median = middle(sorted);
  const warn = limitFor(sorted, rate.warn);
  const fail = limitFor(sorted, rate.fail);
  warn.value = Math.max(warn.value, median + gap);
  fail.value = Math.max(fail.value, warn.value + gap);
  return { median, warn, fail };
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function limitFor(sorted: readonly number[], rate: number): Limit {
  const n = sorted.length;
  // A hair less, so that (n+1)(1-a) of a whole number is not lifted by rounding.
  const rank = Math.ceil((n + 1) * (1 - rate) - 1e-9);
  if (rank <= n) {
    const expected = (n + 1 - rank) / (n + 1);
    return { value: sorted[rank - 1], expected, bound: exceedanceBound(n, rank), extrapolated: false };
  }
  const value = sorted[n - 1] + tailStep(sorted, rate);
  return { value, expected: rate, bound: exceedanceBound(n, n), extrapolated: true };
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

/**
 * The share of good parts above the score of `rank` out of `n` (1 = smallest), at most, with 95 % confidence: the share below
 * is distributed as Beta(rank, n-rank+1) whatever the scores' distribution (Clopper and Pearson 1934).
 */
export function exceedanceBound(n: number, rank: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const share = (low + high) / 2;
    if (atLeast(n, rank, share) < 1 - confidence) low = share;
    else high = share;
  }
  return 1 - (low + high) / 2;
}

/** P(Binomial(n, p) >= k) = P(Beta(k, n-k+1) <= p). */
function atLeast(n: number, k: number, p: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let logChoose = 0;
  for (let i = 1; i <= k; i++) logChoose += Math.log((n - k + i) / i);
  let sum = 0;
  for (let j = k; j <= n; j++) {
    sum += Math.exp(logChoose + j * Math.log(p) + (n - j) * Math.log(1 - p));
    logChoose += Math.log((n - j) / (j + 1));
  }
  return Math.min(1, sum);
}

/** What the limits promise and what they do not, for people. */
export function statementOf(thresholds: Thresholds, pictures: number): string {
  const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  const say = (name: string, limit: Limit) =>
    `${name} limit ${limit.value.toFixed(2)}: expected above it ${percent(limit.expected)} of good parts` +
    `${limit.extrapolated ? ' (extrapolated: too few pictures to know)' : ''}, with 95 % confidence at most ${percent(limit.bound)}.`;
  return [
    `Scores of ${pictures} good pictures, each by a model that had not seen it (5-fold).`,
    say('Warn', thresholds.warn),
    say('Fail', thresholds.fail),
    'This holds for parts and pictures like the learned ones. The miss rate is unknown until defects were shown.',
  ].join(' ');
}
