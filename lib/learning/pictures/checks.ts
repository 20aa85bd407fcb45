import { bytesOf } from '../../imaging/levels.ts';
import type { Pictures } from '../features/extractor.ts';
import { copyLikeness, groupsOf, type Neighbours, neighboursOf, type Pair, pairsOf, usualFor } from './likeness.ts';
import { type Look, lookAt } from './looks.ts';
import { middle, robustDeviation } from './robust.ts';

/** What is wrong with a good picture, or may be. `outlying`: strange to a model that had not seen it. */
export type FindingKind = 'blurred' | 'dark' | 'bright' | 'flat' | 'duplicate' | 'outlying';

/** One good picture worth a look, and why. Nothing is left out for it: that is a person's decision. */
export interface Finding {
  /** Index of the picture in the set. */
  picture: number;
  label: string;
  digest: string;
  kind: FindingKind;
  /** What was measured and where the usual ends, in the unit that the reason names. */
  value: number;
  limit: number;
  /** One sentence for people. */
  reason: string;
  /** For a duplicate: the picture that it repeats. */
  of?: { picture: number; label: string; digest: string };
}

/** The looks of a set and how its pictures lie to each other; measured once, used by checks, folds and clusters. */
export interface SetLooks {
  looks: Look[];
  neighbours: Neighbours;
  pairs: Pair[];
}

export type Named = { labels: readonly string[]; digests: readonly string[] };

/** Modified z-scores beyond 3.5 are outliers (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC 1993). */
const outlierCut = 3.5;
/** Smaller differences are no reason to look, however even the set is. */
const leastBlur = 0.85;
const leastDarker = 0.75;
const leastBrighter = 1 / leastDarker;
const leastSaturated = 0.2;
/** Below this deviation, grey levels, a picture shows nothing. */
const flatDeviation = 2;
/** Edges weaker than this, grey levels a pixel, say nothing of the focus. */
const leastContrast = 0.25;

/** Measures every picture: a millisecond each, and all pairs of them (likeness.ts). */
export function lookAtAll(pictures: Pictures): SetLooks {
  const { size, channels } = pictures;
  const looks = Array.from({ length: pictures.count }, (_, i) => lookAt(bytesOf(pictures.pixels(i)), size, channels));
  const neighbours = neighboursOf(looks);
  return { looks, neighbours, pairs: pairsOf(looks, neighbours) };
}

/** As `checkLooks`, where the looks are not needed for anything else. */
export function checkPictures(pictures: Pictures, labels: readonly string[], digests: readonly string[]): Finding[] {
  return checkLooks(lookAtAll(pictures), { labels, digests });
}

/**
 * Blurred, dark, over-exposed, empty and duplicate pictures among the good ones, ordered by picture. Each is compared with the
 * pictures that look most like it, so that several products or much variation in a set do not hide it.
 */
export function checkLooks({ looks, neighbours, pairs }: SetLooks, named: Named): Finding[] {
  const about = (picture: number) => ({ picture, label: named.labels[picture], digest: named.digests[picture] });
  const findings: Finding[] = [];
  const usuallyFlat = middle(looks.map(({ deviation }) => deviation)) < 2 * flatDeviation;
  const isFlat = looks.map(({ deviation }) => deviation < flatDeviation && !usuallyFlat);
  const sharpness = against(looks, neighbours, ({ sharpness: value }) => Math.log(value));
  const mean = against(looks, neighbours, (look) => Math.log(look.mean + 1));
  const highlight = against(looks, neighbours, (look) => Math.log(look.highlight + 1));
  const saturated = against(looks, neighbours, (look) => look.saturated);
  for (const [i, look] of looks.entries()) {
    if (isFlat[i]) findings.push({ ...about(i), ...flat(look) });
    const brightness = exposure(look, mean, highlight, saturated, i);
    if (brightness) findings.push({ ...about(i), ...brightness });
    if (!isFlat[i] && look.contrast >= leastContrast) {
      const limit = Math.min(Math.exp(-outlierCut * sharpness.deviation), leastBlur);
      const value = Math.exp(sharpness.residuals[i]);
      if (value < limit) findings.push({ ...about(i), ...blurred(value, limit) });
    }
  }
  for (const { picture, of, likeness } of copies(looks.length, pairs)) {
    const reason = `Shows the same part as ${fileName(named.labels[of])}, or is its copy: what is individual in the two agrees to ${percent(likeness)}, from ${percent(copyLikeness)} on it is no chance.`;
    findings.push({
      ...about(picture),
      kind: 'duplicate',
      value: likeness,
      limit: copyLikeness,
      reason,
      of: about(of),
    });
  }
  return findings.sort((a, b) => a.picture - b.picture);
}

type Measured = Pick<Finding, 'kind' | 'value' | 'limit' | 'reason'>;

const fileName = (label: string) => label.split(/[\\/]/).at(-1) || label;
const percent = (share: number) => `${Math.round(share * 100)} %`;

function flat({ deviation, mean }: Look): Measured {
  const what = mean < 60 ? 'Nearly black' : mean > 195 ? 'Nearly white' : 'Nearly one grey';
  const reason = `${what} all over: its grey values vary by ${deviation.toFixed(1)} levels. Was the part missing or the lens covered?`;
  return { kind: 'flat', value: deviation, limit: flatDeviation, reason };
}

function blurred(value: number, limit: number): Measured {
  const reason = `Its edges are ${percent(value)} as sharp as in pictures that look like it; down to ${percent(limit)} is usual here. Out of focus, or the part moved.`;
  return { kind: 'blurred', value, limit, reason };
}

function exposure(
  look: Look,
  mean: Residuals,
  highlight: Residuals,
  saturated: Residuals,
  i: number,
): Measured | undefined {
  const tooMuch = Math.max(leastSaturated, outlierCut * saturated.deviation);
  if (saturated.residuals[i] > tooMuch) {
    const limit = look.saturated - saturated.residuals[i] + tooMuch;
    const reason = `${percent(look.saturated)} of it is burnt out to white; up to ${percent(limit)} is usual for pictures like it.`;
    return { kind: 'bright', value: look.saturated, limit, reason };
  }
  const usual = (side: Residuals, sign: 1 | -1) => Math.exp(sign * outlierCut * side.deviation);
  const ratio = Math.exp(mean.residuals[i]);
  const lights = Math.exp(highlight.residuals[i]);
  const darkest = Math.min(usual(mean, -1), leastDarker);
  const darkestLights = Math.min(usual(highlight, -1), leastDarker);
  if (ratio < darkest || lights < darkestLights) {
    const [what, value, limit] =
      ratio < darkest ? ['It is', ratio, darkest] : ['Its brightest spots are', lights, darkestLights];
    const reason = `${what} ${percent(value)} as bright as pictures that look like it; down to ${percent(limit)} is usual here.`;
    return { kind: 'dark', value, limit, reason };
  }
  const brightest = Math.max(usual(mean, 1), leastBrighter);
  if (ratio <= brightest) return undefined;
  const reason = `It is ${percent(ratio)} as bright as pictures that look like it; up to ${percent(brightest)} is usual here.`;
  return { kind: 'bright', value: ratio, limit: brightest, reason };
}

interface Residuals {
  /** Each picture's value less the median of its neighbours'. */
  residuals: number[];
  /** Their robust deviation (1.4826 times the median absolute one). */
  deviation: number;
}

function against(looks: readonly Look[], neighbours: Neighbours, measure: (look: Look) => number): Residuals {
  const values = looks.map(measure);
  const residuals = values.map((value, i) => value - usualFor(values, i, neighbours));
  return { residuals, deviation: robustDeviation(residuals) };
}

/** Of each group of copies all but the first, with the earlier picture that each is most like. */
function copies(pictures: number, pairs: readonly Pair[]): { picture: number; of: number; likeness: number }[] {
  const first = new Map<number, { of: number; likeness: number }>();
  const tight = pairs.filter(({ likeness }) => likeness >= copyLikeness);
  for (const { a, b, likeness } of tight) {
    const known = first.get(b);
    if (!known || likeness > known.likeness) first.set(b, { of: a, likeness });
  }
  return [...first].filter(([picture]) => picture < pictures).map(([picture, copy]) => ({ picture, ...copy }));
}

/**
 * A group number for each picture, the same for pictures that are likely of the same part: a copy in another fold would be
 * scored by a model that knows it, so a group must share a fold. Groups reach a little further than duplicate findings.
 */
export function duplicateGroups({ looks, pairs }: SetLooks): number[] {
  return groupsOf(looks.length, pairs);
}

/**
 * Good pictures whose cross-fitted score lies far beyond what the others lead to expect: above the median by 3.5 robust deviations of
 * the upper half, since scores are maxima and lean to the right (double MAD; Rosenmai 2013). Up to a quarter of bad pictures does
 * not hide them. Of the sets measured (README) 0.3 to 4 % of the good pictures are shown: a look is cheap.
 */
export function checkScores(
  scores: readonly number[],
  labels: readonly string[],
  digests: readonly string[],
): Finding[] {
  const limit = outlyingLimit(scores);
  const median = middle(scores);
  return scores.flatMap((value, picture) => {
    if (!(value > limit)) return [];
    const reason = `Scored ${value.toFixed(2)} by a model that had not seen it; half of the good pictures lie below ${median.toFixed(2)}, hardly any above ${limit.toFixed(2)}.`;
    return [
      { picture, label: labels[picture], digest: digests[picture], kind: 'outlying' as const, value, limit, reason },
    ];
  });
}

/** The score above which a good picture is shown as outlying. */
export function outlyingLimit(scores: readonly number[]): number {
  const median = middle(scores);
  const above = scores.filter((score) => score > median).map((score) => score - median);
  return above.length === 0 ? median : median + outlierCut * 1.4826 * middle(above);
}
