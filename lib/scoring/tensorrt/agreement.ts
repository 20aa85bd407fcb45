import type { RawScore } from '../fit.ts';
import type { ModelDescription } from '../model-schema.ts';

/** How far two engines may be apart, in severity: 1 % of the way from a typical good part to the limit. */
export const tolerance = 0.01;

export interface Agreement {
  agrees: boolean;
  /** Largest deviation in severity (of the map's cells: in the map's own unit, see below); infinite where one has no number. */
  worst: number;
  /** `score` or `map`, and the frame, from 0. */
  where: 'score' | 'map';
  frame: number;
  frames: number;
}

/**
 * Compares what two engines say of the same frames, score and every cell of the map. A deviation counts in severity, by the
 * model's median and fail limit. Where the score is not the map's maximum, the map has units of its own: there a cell's deviation counts by
 * the map's span over all frames, that of a class's probability as it is. Null where a severity cannot be said: no frames, or no limit above the median.
 */
export function agreementOf(model: ModelDescription, expected: RawScore[], received: RawScore[]): Agreement | null {
  const { median, fail } = model.calibration;
  const severity = fail - median;
  if (expected.length === 0 || !(severity > 0)) return null;
  const unit = sameUnits(expected) ? severity : spanOf(expected);
  let found: Pick<Agreement, 'worst' | 'where' | 'frame'> = { worst: 0, where: 'score', frame: 0 };
  const note = (worst: number, where: 'score' | 'map', frame: number) => {
    if (worst > found.worst) found = { worst, where, frame };
  };
  for (const [frame, one] of expected.entries()) {
    const other = received[frame];
    note(distance(one.score, other.score) / severity, 'score', frame);
    note(farthest(one.classes, other.classes), 'score', frame);
    const same = one.map?.width === other.map?.width && one.map?.height === other.map?.height;
    if (!same) note(Number.POSITIVE_INFINITY, 'map', frame);
    else note(farthest(one.map?.values, other.map?.values) / unit, 'map', frame);
  }
  return { ...found, frames: expected.length, agrees: found.worst <= tolerance };
}

/** Infinite where only one is a number: a comparison with NaN would hide it. */
function distance(a: number, b: number): number {
  if (Number.isFinite(a) && Number.isFinite(b)) return Math.abs(a - b);
  return Object.is(a, b) ? 0 : Number.POSITIVE_INFINITY;
}

function farthest(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, distance(a[i], b[i]));
  return worst;
}

function sameUnits(scores: RawScore[]): boolean {
  return scores.every(({ score, map }) => {
    if (map === null) return true;
    const top = Math.max(...rangeOf(map.values));
    return Math.abs(top - score) <= 1e-5 * Math.max(1, Math.abs(score));
  });
}

function spanOf(scores: RawScore[]): number {
  const ends = scores.flatMap(({ map }) => rangeOf(map?.values ?? new Float32Array()));
  return Math.max(...ends) - Math.min(...ends);
}

/** Lowest and highest number, without the cells that have none. */
function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** `0.3 % of severity apart at most, on 12 frames`. */
export function shownAgreement({ worst, where, frame, frames }: Agreement): string {
  const apart = Number.isFinite(worst) ? `${(worst * 100).toPrecision(2)} % of severity apart` : 'without a number';
  return `${where} of reference frame ${frame + 1} of ${frames} ${apart}`;
}
