import { fewestDefects } from './costs.ts';
import { boundedRank, clopperPearson, type Interval } from './intervals.ts';
import { percent } from './percent.ts';
import type { Thresholds } from './thresholds.ts';

/** A picture of a defect, scored by the finished model, which never learns from it. */
export interface ShownDefect {
  /** Where it came from: path or name. */
  label: string;
  /** What kind of defect it is; pictures without one count together. */
  kind?: string;
  score: number;
  /** Where regions judge; without it the score against the limits. */
  verdict?: 'pass' | 'warn' | 'fail';
}

export interface Detection {
  found: number;
  shown: number;
  /** Share found, and its two-sided 95 % interval (Clopper and Pearson). */
  rate: number;
  interval: Interval;
}

export interface KindDetection {
  kind: string;
  /** Found at warn or fail. */
  warn: Detection;
  fail: Detection;
}

/** A defect that does not fail. */
export interface MissedDefect {
  label: string;
  kind: string;
  score: number;
  verdict: 'pass' | 'warn';
  /** Share of good parts that would be rejected with it by a fail limit just below its score, as an estimate. */
  falseRejects: number;
}

/** A fail limit that people may set; learning never does. */
export interface SuggestedLimit {
  fail: number;
  /** Where any limit may lie that keeps the wanted false-reject rate with 95 % confidence and finds what was shown. */
  from: number;
  to: number;
}

export interface DefectsShown {
  shown: number;
  warn: Detection;
  fail: Detection;
  /** By name. */
  kinds: KindDetection[];
  /** Highest score first: the nearest to being found. */
  missed: MissedDefect[];
  suggestion: SuggestedLimit | null;
  /** For people. */
  statement: string;
}

export const unnamedKind = 'defect';

/**
 * How many shown defects the limits find. Nothing is refitted and no limit moves. With at least five defects that all score
 * above the limit that keeps the wanted false-reject rate with 95 % confidence, a fail limit halfway between it (or the largest
 * good score below the defects) and the weakest defect is suggested: all limits in between find every shown defect, so
 * Youden's index is largest at the top of the good scores, and the middle is safest for both. `goodScores`: cross-fitted.
 * Null where no defects are shown.
 */
export function judgeDefects(
  defects: readonly ShownDefect[],
  thresholds: Pick<Thresholds, 'warn' | 'fail' | 'rates'>,
  goodScores: readonly number[],
): DefectsShown | null {
  if (defects.length === 0) return null;
  const judged = defects.map(({ label, kind = unnamedKind, score, verdict }) => {
    return { label, kind, score, verdict: verdict ?? verdictOf(score, thresholds) };
  });
  const names = [...new Set(judged.map(({ kind }) => kind))].sort();
  const kinds = names.map((kind) => {
    const same = judged.filter((each) => each.kind === kind);
    return { kind, warn: detection(same, ['warn', 'fail']), fail: detection(same, ['fail']) };
  });
  const missed: MissedDefect[] = [];
  for (const { label, kind, score, verdict } of judged) {
    if (verdict === 'fail') continue;
    const above = goodScores.filter((good) => good >= score).length;
    missed.push({ label, kind, score, verdict, falseRejects: (above + 1) / (goodScores.length + 1) });
  }
  missed.sort((a, b) => b.score - a.score);
  const [warn, fail] = [detection(judged, ['warn', 'fail']), detection(judged, ['fail'])];
  const suggestion = defects.some(({ verdict }) => verdict !== undefined)
    ? null // the score does not decide there
    : suggest(judged, thresholds, goodScores);
  const about = { shown: defects.length, warn, fail, kinds, missed, suggestion };
  return { ...about, statement: sentence(about) };
}

/** NaN fails, as inspection never passes it. */
function verdictOf(score: number, { warn, fail }: Pick<Thresholds, 'warn' | 'fail'>): 'pass' | 'warn' | 'fail' {
  if (!(score <= fail.value)) return 'fail';
  return score > warn.value ? 'warn' : 'pass';
}

function detection(defects: readonly { verdict: string }[], verdicts: readonly string[]): Detection {
  const shown = defects.length;
  const found = defects.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return { found, shown, rate: found / shown, interval: clopperPearson(found, shown) };
}

function suggest(
  defects: readonly { score: number }[],
  { fail, rates }: Pick<Thresholds, 'fail' | 'rates'>,
  goodScores: readonly number[],
): SuggestedLimit | null {
  const rank = boundedRank(goodScores.length, rates.fail);
  if (rank === null || defects.length < fewestDefects) return null;
  const sorted = [...goodScores].sort((a, b) => a - b);
  const from = sorted[rank - 1];
  const to = defects.reduce((least, { score }) => Math.min(least, score), Number.POSITIVE_INFINITY);
  if (!(to > from)) return null;
  const good = sorted.filter((score) => score < to);
  const suggested = (Math.max(from, good[good.length - 1]) + to) / 2;
  return suggested === fail.value ? null : { fail: suggested, from, to };
}

function sentence({ shown, warn, fail, kinds, missed, suggestion }: Omit<DefectsShown, 'statement'>): string {
  const say = ({ found, rate, interval }: Detection) =>
    `${found} (${percent(rate)}, with 95 % confidence ${percent(interval.low)} to ${percent(interval.high)})`;
  const parts = [`Of ${shown} shown defects ${say(fail)} are above the fail limit, ${say(warn)} above the warn limit.`];
  if (kinds.length > 1) {
    parts.push(
      `Failed by kind: ${kinds.map((each) => `${each.kind} ${each.fail.found} of ${each.fail.shown}`).join(', ')}.`,
    );
  }
  if (missed.length > 0) {
    const { label, falseRejects } = missed[0];
    parts.push(
      `${missed.length} do not fail; a limit low enough for the nearest of them (${label}) would reject about ${percent(falseRejects)} of good parts.`,
    );
  }
  if (suggestion) {
    const { from, to } = suggestion;
    parts.push(
      `Any fail limit from ${from.toFixed(2)} to ${to.toFixed(2)} finds all of them and keeps the wanted false-reject rate with 95 % confidence; ${suggestion.fail.toFixed(2)} lies in the middle. It is not set by itself.`,
    );
  }
  parts.push('This holds for defects like the shown ones.');
  return parts.join(' ');
}
