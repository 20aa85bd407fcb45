import type { Verdict } from '../core/inspection.ts';
import type { RecipePointer } from './recipe-store.ts';
import type { StoredComparison, StoredShadow } from './state-schema.ts';

/** Disagreements of which number and part are kept. */
export const keptDisagreements = 50;

const mostDifference = 1e6;

export const noFigures: StoredShadow['figures'] = Object.freeze({
  bothAccept: 0,
  bothReject: 0,
  onlyLiveRejects: 0,
  onlyShadowRejects: 0,
  invalid: 0,
  notCompared: 0,
  differences: 0,
  sum: 0,
  sumOfSquares: 0,
  largest: 0,
});

export type Agreement = 'bothAccept' | 'bothReject' | 'onlyLiveRejects' | 'onlyShadowRejects' | 'invalid';

/** One picture as one of the two versions judged it. */
export interface Judged {
  verdict: Verdict;
  /** A pass, or a warn where the recipe accepts warns. */
  accept: boolean;
  severity: number | null;
}

export function agreement(live: Judged, shadow: Judged): Agreement {
  if (live.verdict === 'invalid' || shadow.verdict === 'invalid') return 'invalid';
  if (live.accept) return shadow.accept ? 'bothAccept' : 'onlyShadowRejects';
  return shadow.accept ? 'onlyLiveRejects' : 'bothReject';
}

/** The shadow version's figures with one more picture. Pure, so that the journal can be replayed. */
export function withComparison(shadow: StoredShadow, { part, live, shadow: other }: StoredComparison): StoredShadow {
  const kind = agreement(live, other);
  const figures = { ...shadow.figures, [kind]: shadow.figures[kind] + 1 };
  if (live.severity !== null && other.severity !== null) {
    // one absurd severity must not make the sums infinite, which no file could hold
    const difference = Math.max(-mostDifference, Math.min(mostDifference, other.severity - live.severity));
    figures.differences += 1;
    figures.sum += difference;
    figures.sumOfSquares += difference * difference;
    if (Math.abs(difference) > Math.abs(figures.largest)) figures.largest = difference;
  }
  if (kind === 'bothAccept' || kind === 'bothReject') return { ...shadow, figures };
  const disagreements = [...shadow.disagreements, { ...part, live, shadow: other }].slice(-keptDisagreements);
  return { ...shadow, figures, disagreements };
}

/** What another live version makes of the shadow: itself live it is none any more; beside another one its figures begin anew. */
export function besideNow(shadow: Readonly<StoredShadow> | null, live: RecipePointer | null): StoredShadow | null {
  if (shadow === null || live === null || live.number !== shadow.number) return shadow;
  if (live.version === shadow.version) return null;
  if (live.version === shadow.beside) return shadow;
  return { ...shadow, beside: live.version, figures: noFigures, disagreements: [] };
}

export function withoutComparison(shadow: StoredShadow): StoredShadow {
  return { ...shadow, figures: { ...shadow.figures, notCompared: shadow.figures.notCompared + 1 } };
}

/** What the figures amount to. `compared`: pictures that both versions have judged. */
export interface ComparisonSummary {
  compared: number;
  disagree: number;
  /** Shadow minus live, over the pictures to which both gave a severity; null where there is none. */
  meanDifference: number | null;
  /** Standard deviation of the differences; null below two. */
  deviation: number | null;
  /** The difference furthest from 0. */
  largest: number | null;
}

export function summarise({ figures }: Pick<StoredShadow, 'figures'>): ComparisonSummary {
  const { bothAccept, bothReject, onlyLiveRejects, onlyShadowRejects, differences, sum, sumOfSquares } = figures;
  const mean = differences > 0 ? sum / differences : null;
  const variance = differences > 1 ? (sumOfSquares - sum * (sum / differences)) / (differences - 1) : null;
  return {
    compared: bothAccept + bothReject + onlyLiveRejects + onlyShadowRejects,
    disagree: onlyLiveRejects + onlyShadowRejects,
    meanDifference: mean,
    // rounding may leave a hair below 0
    deviation: variance === null ? null : Math.sqrt(Math.max(0, variance)),
    largest: differences > 0 ? figures.largest : null,
  };
}

/** The figures in one sentence. */
export function comparisonText(shadow: Pick<StoredShadow, 'figures'>): string {
  const { onlyLiveRejects, onlyShadowRejects, invalid, notCompared } = shadow.figures;
  const { compared, disagree, meanDifference, largest } = summarise(shadow);
  const signed = (value: number) => `${value <= -0.005 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
  const parts = [`${compared} ${compared === 1 ? 'picture' : 'pictures'} compared`];
  if (compared > 0) {
    const how = `${onlyShadowRejects} rejected by the shadow only, ${onlyLiveRejects} by the live one only`;
    parts.push(disagree === 0 ? 'all alike' : how);
  }
  if (meanDifference !== null && largest !== null) {
    parts.push(`severity ${signed(meanDifference)} on average, ${signed(largest)} at most`);
  }
  if (invalid > 0) parts.push(`${invalid} not inspected by one of them`);
  if (notCompared > 0) parts.push(`${notCompared} not compared`);
  return parts.join(', ');
}
