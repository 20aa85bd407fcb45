import { mixSeed, type Random, seededRandom, shuffled } from '../../core/random.ts';
import type { Levels } from '../../imaging/levels.ts';
import type { Grid } from '../heads/calibration.ts';
import type { LaidRegion, RegionLimits } from '../limits/regions.ts';
import type { Size } from '../pictures/input-size.ts';
import { type CurvePlan, climb, curveOf, type SensitivityCurve, type Trial } from './curve.ts';
import { defectKinds, paintDefect, randomDefect, touchedCells } from './painter.ts';
import { found, levelOf, nearby, type Target, targetsOf } from './target.ts';
import { meaningOf, nothingUsable, type Ruler, sentenceOf } from './wording.ts';

export type { SensitivityCurve, SensitivityPoint, SmallestDefect } from './curve.ts';

/** What a station sees in one region, or in the whole picture (`index` null). */
export interface RegionSensitivity {
  index: number | null;
  name: string;
  curves: SensitivityCurve[];
  /** Good pictures that were not drawn into because they are above a limit as they are. */
  above: number;
  /** For people. */
  statement: string;
}

/** Smallest drawn defects that are found, as a chart shows it: size → share found, one curve for each kind and contrast. */
export interface Sensitivity {
  regions: RegionSensitivity[];
  /** Runs of the model, those of undamaged pictures among them. */
  runs: number;
  /** Good pictures that were used. */
  pictures: number;
  seed: number;
  /** What it means and what it does not, for people. */
  statement: string;
}

export interface SensitivityInput {
  /** Good pictures, uint8 HWC of `size`, that the model behind `score` has not seen: learned ones look better than new parts. */
  pictures: readonly Levels[];
  /** True where no others are at hand than such that it has seen: the statement then says so. */
  learned?: boolean;
  size: Size;
  channels: 1 | 3;
  /** Picture → anomaly map on the grid, in the units of the limits. */
  score: (pixels: Levels) => Promise<Float32Array>;
  grid: Grid;
  /** The whole picture is looked at where there are none. */
  regions: readonly LaidRegion[];
  /** Of the whole picture's maximum, and of each region. */
  limits: { warn: number; fail: number; rois: readonly RegionLimits[] };
  /** Whole number 0..2^32-1: chooses pictures, places, outlines. */
  seed: number;
  progress?: (done: number, total: number) => Promise<void>;
  /** About so many runs of the model, a trial more at most for each region; default 340, ten trials for each kind and contrast of one region. */
  budget?: number;
  /** Grey levels between defect and surroundings; default 20 (faint) and 50 (clear). */
  contrasts?: readonly number[];
  /** A camera's frame: lengths are then told in its pixels. */
  frame?: Size;
}

/** Longest extents that are tried, shares of the picture's shorter side: each about 1.5 times the one before. */
export const sizeLadder: readonly number[] = [0.008, 0.012, 0.018, 0.027, 0.04, 0.06, 0.09, 0.135, 0.2, 0.3, 0.45];
const usualBudget = 340;
const usualContrasts: readonly number[] = [20, 50];
/** More trials narrow an interval that nobody acts on; with fewer than ten "95 %" says little. */
const mostTrials = 20;
const fewestTrials = 10;
/** Runs that a trial takes as a rule: the ladder is climbed from where the last trial ended. */
const runsPerTrial = 3.2;
const mostPictures = 20;

interface Undamaged {
  pixels: Levels;
  map: Float32Array;
}

/**
 * Paints defects into good pictures and says which sizes are found. One trial is one place, outline and picture: its smallest
 * found size is sought on the ladder, from the last trial's on, taking for granted that of one defect the larger is found where
 * the smaller is (a curve of n trials then takes about 3 n runs instead of n for each size). Found means: the region's
 * measure was below its limits before and is above after, by cells that rose at the place painted.
 */
export async function measureSensitivity(input: SensitivityInput): Promise<Sensitivity> {
  const { pictures, seed, size, grid, progress, budget = usualBudget, contrasts = usualContrasts, frame } = input;
  const ruler: Ruler = frame ? { size: frame, name: 'the frame' } : { size, name: 'the model’s input' };
  let runs = 0;
  const run = async (pixels: Levels) => {
    const map = await input.score(pixels);
    runs += 1;
    await progress?.(Math.min(runs, budget), budget);
    return map;
  };
  const undamaged: Undamaged[] = [];
  for (const picture of shuffled([...pictures.keys()], seed).slice(0, Math.min(mostPictures, budget / 4))) {
    const pixels = pictures[picture];
    undamaged.push({ pixels, map: await run(pixels) });
  }
  const targets = targetsOf(input.regions, input.limits, grid);
  const plans = planCurves((budget - runs) / targets.length, contrasts);
  const regions: RegionSensitivity[] = [];
  for (const [number, target] of targets.entries()) {
    const usable = undamaged.filter(({ map }) => levelOf(target, map) === 0);
    const { index, name } = target;
    const above = undamaged.length - usable.length;
    if (usable.length === 0) {
      regions.push({ index, name, curves: [], above, statement: nothingUsable(name, above) });
      continue;
    }
    const ladder = sizeLadder.filter((step, i) => step <= target.extent || i === 0);
    const until = runs + (budget - runs) / (targets.length - number);
    const trialAt = trialsIn(input, target, ladder, run);
    const trials: Trial[][] = plans.map(() => []);
    const random = seededRandom(mixSeed(seed, number));
    for (let trial = 0; trial < mostTrials && runs < until; trial++) {
      for (const [i, plan] of plans.entries()) {
        if (runs >= until) break;
        trials[i].push(await trialAt(plan, trials[i], usable[trial % usable.length], random));
      }
    }
    const shorter = Math.min(size.width, size.height);
    const curves = plans.map((plan, i) => curveOf(plan, trials[i], ladder, shorter));
    regions.push({ index, name, curves, above, statement: sentenceOf(name, curves, ruler) });
  }
  await progress?.(budget, budget);
  return {
    regions,
    runs,
    pictures: undamaged.length,
    seed,
    statement: meaningOf(undamaged.length, input.learned ?? false),
  };
}

/** As many kinds and contrasts as the runs allow ten trials each: kinds apart or mixed, all contrasts or the clearest. */
function planCurves(runs: number, contrasts: readonly number[]): CurvePlan[] {
  const clearest = [Math.max(...contrasts)];
  const apart = (levels: readonly number[]) =>
    defectKinds.flatMap((kind) => levels.map((contrast) => ({ kind, contrast })));
  const mixed = (levels: readonly number[]) => levels.map((contrast) => ({ kind: 'mixed' as const, contrast }));
  const plans = [apart(contrasts), apart(clearest), mixed(contrasts), mixed(clearest)];
  const fits = (plan: CurvePlan[]) => plan.length * fewestTrials * runsPerTrial <= runs;
  return plans.find(fits) ?? mixed(clearest);
}

/** Paints one defect at growing and shrinking sizes until the smallest that is found is known. */
function trialsIn(
  { size, channels, grid }: SensitivityInput,
  target: Target,
  ladder: readonly number[],
  run: (pixels: Levels) => Promise<Float32Array>,
) {
  const shorter = Math.min(size.width, size.height);
  const within = { cells: target.cells, grid };
  return async (plan: CurvePlan, before: Trial[], { pixels, map }: Undamaged, random: Random): Promise<Trial> => {
    const kind = plan.kind === 'mixed' ? defectKinds[before.length % defectKinds.length] : plan.kind;
    const { contrast } = plan;
    const defect = randomDefect(kind, { picture: size, size: 0, contrast, within }, random);
    const last = before.findLast((trial) => trial.kind === kind) ?? before[before.length - 1];
    const start = last?.fail ?? ladder.length >> 1;
    const ends = await climb(ladder.length, start, async (step) => {
      const drawn = { ...defect, size: ladder[step] * shorter };
      const after = await run(paintDefect(pixels, size, channels, drawn));
      return found(target, map, after, nearby(touchedCells(drawn, size, grid), grid));
    });
    return { kind, ...ends };
  };
}
