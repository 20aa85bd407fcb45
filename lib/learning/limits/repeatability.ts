import { failed } from '../failure.ts';
import { varianceUpperFactor } from './intervals.ts';
import { percent } from './percent.ts';

/** One presentation of a part: taken out, put in again, pictured, scored. */
export interface Presentation {
  part: string;
  score: number;
  /** Where regions judge; without it the score against the limits. */
  verdict?: 'pass' | 'warn' | 'fail';
}

export interface RepeatedPart {
  part: string;
  presentations: number;
  mean: number;
  /** Of its presentations about their mean, n-1. */
  deviation: number;
  /** From its mean up to the fail limit (negative above it), in deviations of the repeatability. */
  sigmasToFail: number;
  sigmasToWarn: number;
  /** Not every presentation had the same verdict. */
  verdictChanged: boolean;
}

export interface Repeatability {
  parts: RepeatedPart[];
  presentations: number;
  mean: number;
  /** Repeatability (EV): the deviation of one part's presentations, pooled, and its one-sided 95 % upper bound. */
  repeatability: number;
  repeatabilityBound: number;
  /** Part-to-part variation (PV), repeatability taken off. */
  partVariation: number;
  /** Total variation (TV) of the two. */
  totalVariation: number;
  /** Share of the variance that is repeatability, 0..1 (% contribution). */
  contribution: number;
  /** Repeatability / total variation, 0..1 (% study variation). */
  studyVariation: number;
  /** 3 EV / (fail limit - mean), for the one-sided limit what % tolerance is; null where the mean is not below the limit. */
  marginUsed: number | null;
  /** Number of distinct categories: how many grades of good parts the score could tell apart. */
  distinctCategories: number;
  /** Parts whose verdict changed from one presentation to another. */
  changed: number;
  assessment: 'good' | 'marginal' | 'poor';
  /** For people. */
  statement: string;
}

export const fewestParts = 5;
export const fewestPresentations = 2;

/**
 * A gauge study of the score: repeatability only, since one station has no operators to compare. One-way analysis of variance with
 * random parts and any number of presentations each (AIAG, Measurement Systems Analysis, 4th edition, chapter III, ANOVA
 * method). What matters is the margin, not part variation: good parts are meant to score alike, so % study variation near
 * 100 % is no fault. Against the one-sided limit: below 10 % of the margin good, to 30 % marginal, above poor (AIAG's bounds);
 * a verdict that changed is poor whatever the figures. Throws GP_LEARN_FAILED for fewer than two presentations of
 * five parts, or scores that are not finite.
 */
export function judgeRepeatability(
  presentations: readonly Presentation[],
  limits: { warn: number; fail: number },
): Repeatability {
  const groups = new Map<string, Presentation[]>();
  for (const each of presentations) {
    if (!Number.isFinite(each.score)) throw failed(`a score of part ${each.part}`, 'a finite number', `${each.score}`);
    groups.set(each.part, [...(groups.get(each.part) ?? []), each]);
  }
  checkEnough(groups);
  const used = [...groups].filter(([, group]) => group.length >= fewestPresentations);
  const { within, between, mean, degrees } = analyse(used.map(([, group]) => group.map(({ score }) => score)));
  const repeatability = Math.sqrt(within);
  const partVariation = Math.sqrt(between);
  const totalVariation = Math.sqrt(within + between);
  const parts = used.map(([part, group]) => partOf(part, group, repeatability, limits));
  const changed = parts.filter(({ verdictChanged }) => verdictChanged).length;
  const margin = limits.fail - mean;
  const marginUsed = margin > 0 ? (3 * repeatability) / margin : null;
  const figures = {
    parts,
    presentations: parts.reduce((sum, part) => sum + part.presentations, 0),
    mean,
    repeatability,
    repeatabilityBound: repeatability * Math.sqrt(varianceUpperFactor(degrees)),
    partVariation,
    totalVariation,
    contribution: totalVariation === 0 ? 0 : within / (within + between),
    studyVariation: totalVariation === 0 ? 0 : repeatability / totalVariation,
    marginUsed,
    distinctCategories: repeatability === 0 ? 0 : Math.floor((Math.SQRT2 * partVariation) / repeatability),
    changed,
    assessment: assess(marginUsed, changed),
  };
  return { ...figures, statement: sentence(figures, limits) };
}

function checkEnough(groups: Map<string, Presentation[]>): void {
  const enough = [...groups.values()].filter((group) => group.length >= fewestPresentations).length;
  if (enough >= fewestParts) return;
  const single = groups.size - enough;
  const received = `${enough}${single > 0 ? ` and ${single} presented once` : ''}`;
  throw failed(
    'repeated parts',
    `at least ${fewestPresentations} presentations of at least ${fewestParts} parts`,
    received,
  );
}

/** Mean squares → components of variance; `between` is never negative. */
function analyse(groups: readonly number[][]): { within: number; between: number; mean: number; degrees: number } {
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  const means = groups.map((group) => group.reduce((a, b) => a + b, 0) / group.length);
  const mean = groups.reduce((sum, group, i) => sum + means[i] * group.length, 0) / total;
  let insideSquares = 0;
  let betweenSquares = 0;
  let squaredSizes = 0;
  for (const [i, group] of groups.entries()) {
    for (const score of group) insideSquares += (score - means[i]) ** 2;
    betweenSquares += group.length * (means[i] - mean) ** 2;
    squaredSizes += group.length ** 2;
  }
  const degrees = total - groups.length;
  const within = insideSquares / degrees;
  const perPart = (total - squaredSizes / total) / (groups.length - 1);
  const between = Math.max(0, (betweenSquares / (groups.length - 1) - within) / perPart);
  return { within, between, mean, degrees };
}

function partOf(
  part: string,
  group: readonly Presentation[],
  repeatability: number,
  limits: { warn: number; fail: number },
): RepeatedPart {
  const mean = group.reduce((sum, { score }) => sum + score, 0) / group.length;
  const square = group.reduce((sum, { score }) => sum + (score - mean) ** 2, 0);
  const verdicts = new Set(group.map(({ score, verdict }) => verdict ?? verdictOf(score, limits)));
  const sigmas = (limit: number) => (limit - mean) / Math.max(repeatability, 1e-12);
  return {
    part,
    presentations: group.length,
    mean,
    deviation: Math.sqrt(square / (group.length - 1)),
    sigmasToFail: sigmas(limits.fail),
    sigmasToWarn: sigmas(limits.warn),
    verdictChanged: verdicts.size > 1,
  };
}

function verdictOf(score: number, { warn, fail }: { warn: number; fail: number }): 'pass' | 'warn' | 'fail' {
  if (score > fail) return 'fail';
  return score > warn ? 'warn' : 'pass';
}

function assess(marginUsed: number | null, changed: number): Repeatability['assessment'] {
  if (marginUsed === null || changed > 0 || marginUsed > 0.3) return 'poor';
  return marginUsed > 0.1 ? 'marginal' : 'good';
}

function sentence(study: Omit<Repeatability, 'statement'>, { fail }: { fail: number }): string {
  const { parts, presentations, repeatability, repeatabilityBound, mean, marginUsed, contribution, changed } = study;
  const closest = parts.toSorted((a, b) => Math.abs(a.sigmasToFail) - Math.abs(b.sigmasToFail))[0];
  const against =
    marginUsed === null
      ? `The mean ${mean.toFixed(2)} is not below the fail limit ${fail.toFixed(2)}`
      : `Three deviations use ${percent(marginUsed)} of the margin from the mean ${mean.toFixed(2)} to the fail limit ${fail.toFixed(2)}`;
  return [
    `${parts.length} parts, ${presentations} presentations: repeatability (EV) ${repeatability.toFixed(3)}, with 95 % confidence at most ${repeatabilityBound.toFixed(3)}.`,
    `${against}: ${study.assessment}${changed > 0 ? ', because verdicts changed' : ''} (below 10 % good, to 30 % marginal).`,
    `Part ${closest.part} lies closest to the limit, ${Math.abs(closest.sigmasToFail).toFixed(1)} deviations ${closest.sigmasToFail >= 0 ? 'below' : 'above'} it.`,
    `The verdict of ${changed} of ${parts.length} parts (${percent(changed / parts.length)}) changed between presentations.`,
    `Repeatability is ${percent(contribution)} of the variance, part-to-part variation the rest.`,
  ].join(' ');
}
