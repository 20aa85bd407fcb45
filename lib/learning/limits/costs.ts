import { invalidParameter } from '../../core/errors.ts';
import { percent } from './percent.ts';

/** Wanted share of good parts above a limit, 0..1. */
export interface FalseRejectRate {
  warn: number;
  fail: number;
}

/** What wrong verdicts cost, in any one currency, and how many of the parts are thought to be defective, 0..1. */
export interface CostGoal {
  missCost: number;
  falseRejectCost: number;
  defectShare: number;
}

export type Goal = FalseRejectRate | CostGoal;

/** Scores of defects by a model that had not seen the pictures they are in. */
export interface KnownDefects {
  scores: readonly number[];
  /** True where a program drew them: their scores say what a drawn defect scores, not what a real one does. */
  drawn: boolean;
}

/** The rates that a goal comes to, and why. */
export interface GoalRates extends FalseRejectRate {
  basis: 'rates' | 'costs alone' | 'costs and drawn defects' | 'costs and shown defects';
  /** With costs: rejecting more good parts than this share costs more than all misses together. May exceed 1. */
  breakEven: number | null;
  /** With costs, for people: how the rate came about and what it rests on. */
  reason: string | null;
}

/** Warn rates are this many times the fail rate where costs decide: the proportion of the usual 5 % and 1 %. */
const warnPerFail = 5;
/** Costs that ask for more false rejects than this say that the station should see better, not reject more. */
const mostRejects = 0.2;
/** Fewer defects than this say too little of where their scores lie. */
export const fewestDefects = 5;

/**
 * Costs → false-reject rates. Expected cost of a part at a limit: share of defects x cost of a miss x miss rate + share of good
 * parts x cost of a false reject x false-reject rate. With scores of defects it is made least over the good scores. Without
 * any the miss rate is unknown, and no rate is "right"; what can be said is when a reject cannot pay. By Bayes' rule it pays
 * where defects are at least 1/b times as frequent as good parts at that score, b = defects' share x miss cost / (good
 * parts' share x reject cost), and a score that a share p of good parts exceed favours a defect by no more than 1/(-e p ln p)
 * (Sellke, Bayarri and Berger 2001, whatever defects are like within their class). So the largest rate that can pay has
 * -e p ln p = b; it is taken. Rates as given pass through. Throws GP_INPUT_INVALID for costs that are none.
 */
export function ratesFor(goal: Goal, good: readonly number[], defects?: KnownDefects): GoalRates {
  if ('warn' in goal) return { warn: goal.warn, fail: goal.fail, basis: 'rates', breakEven: null, reason: null };
  const breakEven = breakEvenOf(goal);
  if (defects && defects.scores.length >= fewestDefects) {
    const fail = cheapestRate(goal, good, defects.scores, breakEven);
    const basis = defects.drawn ? 'costs and drawn defects' : 'costs and shown defects';
    const whose = defects.drawn ? 'drawn, not real,' : 'shown';
    const reason = `least cost with the scores of ${defects.scores.length} ${whose} defects`;
    return finished(fail, breakEven, basis, reason);
  }
  const reason = 'the highest rate that can pay as long as no defects are known; the miss rate is not part of it';
  return finished(payingRate(breakEven), breakEven, 'costs alone', reason);
}

function breakEvenOf({ missCost, falseRejectCost, defectShare }: CostGoal): number {
  const refuse = (field: string, expected: string, received: number) => {
    throw invalidParameter(field, expected, received);
  };
  if (!(missCost > 0 && Number.isFinite(missCost))) refuse('missCost', 'a cost above 0', missCost);
  if (!(falseRejectCost > 0 && Number.isFinite(falseRejectCost)))
    refuse('falseRejectCost', 'a cost above 0', falseRejectCost);
  if (!(defectShare > 0 && defectShare < 1)) refuse('defectShare', 'a share between 0 and 1', defectShare);
  return (defectShare * missCost) / ((1 - defectShare) * falseRejectCost);
}

function finished(wanted: number, breakEven: number, basis: GoalRates['basis'], reason: string): GoalRates {
  const fail = Math.min(wanted, mostRejects);
  const capped =
    wanted > mostRejects ? `; the costs ask for ${percent(wanted)}, ${percent(mostRejects)} is the most` : '';
  return {
    fail,
    warn: Math.min(0.5, warnPerFail * fail),
    basis,
    breakEven,
    reason: `Fail rate ${percent(fail)} from the costs: ${reason}${capped}. Above ${percent(Math.min(1, breakEven))} of good parts rejected, rejects cost more than all misses.`,
  };
}

/** The p below 1/e with -e p ln p = b; 1/e where b is 1 or more. */
function payingRate(b: number): number {
  if (b >= 1) return 1 / Math.E;
  let low = 0;
  let high = 1 / Math.E;
  for (let i = 0; i < 100; i++) {
    const p = (low + high) / 2;
    if (-Math.E * p * Math.log(p) < b) low = p;
    else high = p;
  }
  return (low + high) / 2;
}

/** Of the rates k/(n+1) up to the break-even one: the cheapest, the lowest of equals. The limit of each is a good score. */
function cheapestRate(
  { missCost, falseRejectCost, defectShare }: CostGoal,
  good: readonly number[],
  defects: readonly number[],
  breakEven: number,
): number {
  const n = good.length;
  const falling = [...good].sort((a, b) => b - a);
  const rising = [...defects].sort((a, b) => a - b);
  let best = 1 / (n + 1);
  let least = Number.POSITIVE_INFINITY;
  let missed = rising.length;
  for (let k = 1; k <= n && k / (n + 1) <= Math.max(breakEven, 1 / (n + 1)); k++) {
    const limit = falling[k - 1];
    while (missed > 0 && rising[missed - 1] > limit) missed -= 1;
    const misses = defectShare * missCost * (missed / rising.length);
    const cost = misses + (1 - defectShare) * falseRejectCost * (k / (n + 1));
    if (cost < least * (1 - 1e-12)) {
      least = cost;
      best = k / (n + 1);
    }
  }
  return best;
}
