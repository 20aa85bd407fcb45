import { shuffled } from '../../core/random.ts';
import { calibratePositions, type Grid, mapOf, type PositionCalibration } from './calibration.ts';
import { fitField, type GaussianField, type Samples } from './gaussian-field.ts';

export const folds = 5;

export interface CrossFit {
  field: GaussianField;
  /** From the cross-fitted distances of all pictures: what the finished graph holds. */
  calibration: PositionCalibration;
  /** One map per picture, made without that picture's fold: neither in its Gaussians nor in its calibration. */
  maps: Float32Array[];
}

/** Which fold each picture belongs to: seeded, of equal size within one. */
export function assignFolds(pictures: number, seed: number): number[] {
  const foldOf = new Array<number>(pictures);
  for (const [i, picture] of shuffled([...Array(pictures).keys()], seed).entries()) foldOf[picture] = i % folds;
  return foldOf;
}

/** Fits the model and scores every good picture as if it were new. Null where the numbers are not usable (see fitField). */
export async function crossFit(
  samples: Samples,
  foldOf: number[],
  grid: Grid,
  pause: (done: number) => Promise<void>,
): Promise<CrossFit | null> {
  const { positions, pictures } = samples;
  const fit = await fitField(samples, foldOf, folds, pause);
  if (fit === null) return null;
  const { field, crossFitted } = fit;
  const others = Array.from({ length: folds }, (_, fold) =>
    calibratePositions(crossFitted, positions, (picture) => foldOf[picture] !== fold),
  );
  const maps: Float32Array[] = [];
  for (let picture = 0; picture < pictures; picture++) {
    const distances = crossFitted.subarray(picture * positions, (picture + 1) * positions);
    maps.push(mapOf(distances, others[foldOf[picture]], grid));
  }
  return { field, calibration: calibratePositions(crossFitted, positions, () => true), maps };
}
