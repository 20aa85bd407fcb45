import { mixSeed, seededRandom } from '../core/random.ts';
import type { Describer } from './describer.ts';
import type { Pictures } from './features/extractor.ts';
import { mapOf, maximumOf } from './heads/calibration.ts';
import type { HeadFit } from './heads/head.ts';
import { defectKinds, paintDefect, randomDefect } from './sensitivity/painter.ts';

/** Enough to tell two heads apart; each costs one run of the features. */
const drawnCount = 60;
/** Longest extents, shares of the shorter side, and grey levels: what is neither invisible nor obvious. */
const sizes = [0.03, 0.05, 0.08, 0.12];
const contrasts = [15, 30, 50];

/** Features of good pictures with a defect drawn into each, and the pictures they were drawn into. */
export interface DrawnDefects {
  z: Float32Array[];
  pictures: number[];
}

/** Draws a defect into pictures of fold 0, kinds, sizes and contrasts by turns; seeded. */
export async function drawDefects(
  pictures: Pictures,
  foldOf: readonly number[],
  describer: Describer,
  seed: number,
  progress: (done: number, total: number) => Promise<void>,
): Promise<DrawnDefects> {
  const { size, channels } = pictures;
  const within = foldOf.flatMap((fold, picture) => (fold === 0 && picture < pictures.count ? [picture] : []));
  const shorter = Math.min(size.width, size.height);
  const drawn: DrawnDefects = { z: [], pictures: [] };
  if (within.length === 0) return drawn;
  for (let i = 0; i < drawnCount; i++) {
    const picture = within[i % within.length];
    const options = {
      picture: size,
      size: sizes[i % sizes.length] * shorter,
      contrast: contrasts[Math.floor(i / sizes.length) % contrasts.length],
    };
    const defect = randomDefect(defectKinds[i % defectKinds.length], options, seededRandom(mixSeed(seed, 7000 + i)));
    drawn.z.push(await describer.z(paintDefect(pictures.pixels(picture), size, channels, defect)));
    drawn.pictures.push(picture);
    await progress(i + 1, drawnCount);
  }
  return drawn;
}

/** Maps of drawn defects by a model that had not seen the pictures they were drawn into. */
export function drawnMaps({ z }: DrawnDefects, { heldOut }: HeadFit, grid: Describer['grid']): Float32Array[] {
  return z.map((each) => mapOf(heldOut.model.distances(each), heldOut.calibration, grid));
}

export const scoresOf = (maps: readonly Float32Array[]): number[] => maps.map(maximumOf);
