import { shuffled } from '../../core/random.ts';
import { failed } from '../failure.ts';
import { calibratePositions, type Grid, mapOf } from './calibration.ts';
import { fitGaussian } from './gaussian.ts';
import type { FittedDistances, HeadFit, HeadKind } from './head.ts';
import { fitNearest } from './nearest.ts';
import type { Samples } from './samples.ts';

export const folds = 5;
/** Pictures outside of a fold: fewer have no variance. */
const fewestOthers = 2;

/**
 * Which fold each picture belongs to: seeded, of sizes as equal as can be. Pictures of one group (the same part presented
 * again, near duplicates) share a fold, since a model that knows one of them would score the others too well. Throws
 * GP_LEARN_FAILED where all pictures, or all but one, are of one group.
 */
export function assignFolds(pictures: number, seed: number, groups?: readonly (string | number)[]): number[] {
  const members = new Map<string | number, number[]>();
  for (let picture = 0; picture < pictures; picture++) {
    const group = groups === undefined ? picture : groups[picture];
    const list = members.get(group);
    if (list) list.push(picture);
    else members.set(group, [picture]);
  }
  if (members.size < 2) throw failed('pictures', 'at least two that show different parts', 'one part only');
  const sizes = new Array<number>(folds).fill(0);
  const foldOf = new Array<number>(pictures);
  for (const list of shuffled([...members.values()], seed)) {
    const fold = sizes.indexOf(Math.min(...sizes));
    sizes[fold] += list.length;
    for (const picture of list) foldOf[picture] = fold;
  }
  const largest = Math.max(...sizes);
  if (pictures - largest < fewestOthers) {
    const received = `${largest} of ${pictures} that look like one part again and again`;
    throw failed('pictures', 'good pictures of different parts', received);
  }
  return foldOf;
}

export interface FitOptions {
  seed: number;
  /** Threads of ONNX Runtime, default 1. */
  threads?: number;
  /** Awaited now and then. */
  pause(done: number, total: number): Promise<void>;
}

/**
 * Fits a head to all pictures and scores every one as if it were new. Null where the numbers are not usable: not finite, or
 * a covariance that is none. The same samples, folds, seed and threads give the same bytes.
 */
export async function fitHead(
  kind: HeadKind,
  samples: Samples,
  foldOf: number[],
  grid: Grid,
  options: FitOptions,
): Promise<HeadFit | null> {
  const { positions, pictures } = samples;
  const { seed, threads } = options;
  const total = kind === 'gaussian' ? positions : pictures;
  const pause = (done: number) => options.pause(done, total);
  const fitted =
    kind === 'gaussian'
      ? await fitGaussian(samples, foldOf, folds, pause)
      : await fitNearest(samples, foldOf, folds, { seed, threads, pause });
  return fitted && calibrated(kind, fitted, foldOf, grid);
}

/** Calibrates by position: each picture's map by the other folds' distances, the finished head by all. */
function calibrated(
  kind: HeadKind,
  { model, heldOut, crossFitted, description }: FittedDistances,
  foldOf: number[],
  grid: Grid,
): HeadFit {
  const positions = grid.width * grid.height;
  const without = Array.from({ length: folds }, (_, fold) =>
    calibratePositions(crossFitted, grid, (picture) => foldOf[picture] !== fold),
  );
  const maps = foldOf.map((fold, picture) =>
    mapOf(crossFitted.subarray(picture * positions, (picture + 1) * positions), without[fold], grid),
  );
  return {
    kind,
    description,
    crossFitted,
    calibration: calibratePositions(crossFitted, grid, () => true),
    maps,
    heldOut: { model: heldOut, calibration: without[0] },
    distances: (z) => model.distances(z),
    addDistance: (graph, z, size) => model.addDistance(graph, z, size),
  };
}
