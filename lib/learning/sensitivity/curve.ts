import { clopperPearson, type Interval } from '../limits/intervals.ts';
import type { DefectKind } from './painter.ts';
import type { Level } from './target.ts';

/** The kind and contrast that a curve stands for. */
export interface CurvePlan {
  kind: DefectKind | 'mixed';
  /** Grey levels between defect and surroundings. */
  contrast: number;
}

/** One place, outline and picture: the step of the ladder from which it is found, the ladder's length where on none. */
export interface Trial {
  kind: DefectKind;
  warn: number;
  fail: number;
}

export interface SensitivityPoint {
  /** Longest extent of the defect: share of the picture's shorter side, and pixels of the model's input. */
  size: number;
  pixels: number;
  /** Trials found above the warn limit and above the fail limit, with the 95 % intervals of their shares. */
  warned: number;
  failed: number;
  warnInterval: Interval;
  failInterval: Interval;
}

/** The smallest tried size that was found in 95 % of trials. */
export interface SmallestDefect {
  size: number;
  pixels: number;
  found: number;
  /** Of the share found at this size. */
  interval: Interval;
}

export interface SensitivityCurve extends CurvePlan {
  trials: number;
  /** By size, ascending. */
  points: SensitivityPoint[];
  /** Null where no tried size was found in 95 % of trials. */
  smallest: { warn: SmallestDefect | null; fail: SmallestDefect | null };
}

/** A defect counts as seen where so large a share of trials was found. */
export const seenShare = 0.95;

/**
 * The first step at which `look` sees level 2, and level 1, of a ladder of `steps`; sought from `start`, each step looked at once.
 * Takes for granted that what is seen is seen on every higher step.
 */
export async function climb(
  steps: number,
  start: number,
  look: (step: number) => Promise<Level>,
): Promise<{ warn: number; fail: number }> {
  const seen = new Map<number, Level>();
  const at = async (step: number): Promise<Level> => {
    const level = seen.get(step) ?? (await look(step));
    seen.set(step, level);
    return level;
  };
  const first = async (level: Level, from: number) => {
    let step = Math.min(from, steps - 1);
    if ((await at(step)) >= level) {
      while (step > 0 && (await at(step - 1)) >= level) step -= 1;
      return step;
    }
    do step += 1;
    while (step < steps && (await at(step)) < level);
    return step;
  };
  const fail = await first(2, start);
  return { warn: Math.min(fail, await first(1, fail)), fail };
}

/** Trials → share found at each size. `ladder`: sizes as shares of the `shorter` side, pixels. */
export function curveOf(
  plan: CurvePlan,
  trials: readonly Trial[],
  ladder: readonly number[],
  shorter: number,
): SensitivityCurve {
  const n = trials.length;
  const points = ladder.map((size, step) => {
    const warned = trials.filter(({ warn }) => warn <= step).length;
    const failed = trials.filter(({ fail }) => fail <= step).length;
    const [warnInterval, failInterval] = [clopperPearson(warned, n), clopperPearson(failed, n)];
    return { size, pixels: size * shorter, warned, failed, warnInterval, failInterval };
  });
  const smallest = (count: 'warned' | 'failed', range: 'warnInterval' | 'failInterval') => {
    const point = n === 0 ? undefined : points.find((each) => each[count] >= seenShare * n - 1e-9);
    if (point === undefined) return null;
    return { size: point.size, pixels: point.pixels, found: point[count], interval: point[range] };
  };
  const limits = { warn: smallest('warned', 'warnInterval'), fail: smallest('failed', 'failInterval') };
  return { ...plan, trials: n, points, smallest: limits };
}
