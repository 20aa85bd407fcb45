/** A range of shares, 0..1. */
export interface Interval {
  low: number;
  high: number;
}

/** The confidence of every bound and interval that learning states. */
export const confidence = 0.95;

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0, relative error below 1e-13. Lanczos 1964, g = 7, nine terms. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const t = z + 7.5;
  let sum = lanczos[0];
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i] / (z + i);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** P(Beta(a, b) <= x), a and b above 0. Continued fraction by Lentz's method: Numerical Recipes, 6.4. */
export function betaCdf(x: number, a: number, b: number): number {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let c = 1;
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return Math.min(1, front * fraction);
}

/** The x at which P(Beta(a, b) <= x) is `share`. */
export function betaQuantile(share: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 100 && low < high; i++) {
    const x = (low + high) / 2;
    if (betaCdf(x, a, b) < share) low = x;
    else high = x;
  }
  return (low + high) / 2;
}

/**
 * The two-sided exact interval of a share of which `hits` of `trials` were seen. Clopper and Pearson 1934. No trials: nothing
 * is known, 0..1.
 */
export function clopperPearson(hits: number, trials: number, level = confidence): Interval {
  const tail = (1 - level) / 2;
  return {
    low: hits === 0 ? 0 : betaQuantile(tail, hits, trials - hits + 1),
    high: hits === trials ? 1 : betaQuantile(1 - tail, hits + 1, trials - hits),
  };
}

/**
 * The share of good parts above the score of `rank` out of `n` (1 = smallest), at most, with 95 % confidence: the share above
 * is distributed as Beta(n-rank+1, rank) whatever the scores' distribution (Wilks 1941); less where scores are equal.
 */
export function exceedanceBound(n: number, rank: number): number {
  return betaQuantile(confidence, n - rank + 1, rank);
}

/** The fewest good parts whose largest score has no more than `rate` of good parts above it, with 95 % confidence: 59 for 5 %. */
export function partsFor(rate: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log1p(-rate) - 1e-9);
}

/** The lowest rank out of `n` whose score has, with 95 % confidence, at most `rate` of good parts above; null where none has. */
export function boundedRank(n: number, rate: number): number | null {
  if (n < partsFor(rate)) return null;
  let low = 1;
  let high = n;
  while (low < high) {
    const rank = (low + high) >> 1;
    if (exceedanceBound(n, rank) <= rate) high = rank;
    else low = rank + 1;
  }
  return low;
}

/** A limit at the score of `rank` (1 = smallest) of `n` good parts, tried on `m` further good parts. */
export interface FurtherParts {
  n: number;
  rank: number;
  m: number;
}

/**
 * Probabilities of 0, 1, … m rejects among the further good parts: beta-binomial (m, n-rank+1, rank), because a share above of
 * Beta(n-rank+1, rank) rejects a binomial number of them. Holds for scores of any continuous distribution; equal scores only
 * make rejects rarer. Guttman, Statistical Tolerance Regions, 1970.
 */
export function rejectProbabilities({ n, rank, m }: FurtherParts): Float64Array {
  const above = n - rank + 1;
  const out = new Float64Array(m + 1);
  const norm = logBeta(above, rank);
  const all = logGamma(m + 1);
  for (let k = 0; k <= m; k++) {
    const choose = all - logGamma(k + 1) - logGamma(m - k + 1);
    out[k] = Math.exp(choose + logBeta(k + above, m - k + rank) - norm);
  }
  return out;
}

/** With 95 % probability no more than so many of the further good parts are rejected (upper prediction limit). */
export function predictedRejects(further: FurtherParts, level = confidence): number {
  let sum = 0;
  const probabilities = rejectProbabilities(further);
  for (const [rejects, probability] of probabilities.entries()) {
    sum += probability;
    if (sum >= level) return rejects;
  }
  return further.m;
}

/**
 * By this factor a variance estimated with `degrees` degrees of freedom is multiplied for its one-sided 95 % upper bound:
 * degrees / the 5 % quantile of chi square.
 */
export function varianceUpperFactor(degrees: number): number {
  let low = 0;
  let high = degrees;
  for (let i = 0; i < 100; i++) {
    const x = (low + high) / 2;
    if (gammaCdf(degrees / 2, x / 2) < 1 - confidence) low = x;
    else high = x;
  }
  return (2 * degrees) / (low + high);
}

/** P(Gamma(a, 1) <= x) by its series: Numerical Recipes, 6.2. */
function gammaCdf(a: number, x: number): number {
  if (x <= 0) return 0;
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-16; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return Math.min(1, sum * Math.exp(a * Math.log(x) - x - logGamma(a)));
}
