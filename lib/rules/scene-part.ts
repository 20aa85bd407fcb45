import { GoodpartError } from '../core/errors.ts';
import { quantile } from './scene-bands.ts';

/** Whether there is a part: likeness (-1..1) of the part's region to the typical part and to the empty nest. */
export interface PartLimits {
  /** From this likeness to the typical part on there is one. */
  part: number;
  /** From this likeness to the empty nest on, where it is the greater one, there is none; null: the empty nest was not learned. */
  empty: number | null;
}

/** A region in which good parts are less alike than this shows nothing of them that could be recognised. */
const leastAlike = 0.5;
/** Between the likeness of good parts and of the empty nest to the typical part. */
const leastApart = 0.1;
const lowest = 0.05;

/**
 * What nearly all good frames (95 %) reach, from their likeness to the typical part. Throws GP_LEARN_FAILED where the region shows
 * nothing by which a part could be recognised.
 */
export function likenessOfGood(likenesses: readonly number[]): number {
  const good = quantile(likenesses.map(finite), lowest);
  if (good >= leastAlike) return good;
  throw failed(
    'Good parts look too different in the part region to recognise one: draw it so that the part’s outline lies inside it',
  );
}

/**
 * The limits: half of what good frames reach, for a part with a defect is a part; with frames of the empty nest the middle between the
 * two. Throws GP_LEARN_FAILED where the region cannot tell them apart.
 */
export function partLimits(good: number, empty?: { part: readonly number[]; empty: readonly number[] }): PartLimits {
  if (empty === undefined) return { part: good / 2, empty: null };
  const mistaken = quantile(empty.part.map(finite), 1 - lowest);
  const own = quantile(empty.empty.map(finite), lowest);
  if (!(mistaken < good - leastApart)) {
    throw failed('The empty nest looks like a part in the part region: draw it where a part and an empty nest differ');
  }
  if (!(own >= leastAlike)) {
    throw failed(
      'The empty nest shows nothing to recognise it by: draw the part region larger, so that it holds some of the nest',
    );
  }
  return { part: (good + Math.max(0, mistaken)) / 2, empty: own / 2 };
}

/**
 * `unknown`: neither the typical part nor the empty nest, so the picture is the scene check's matter. Without a learned empty nest
 * what is not like a part counts as none only where the picture shows something (`lit`): a dark or glaring picture is no empty nest.
 */
export function partPresence(
  seen: { part: number; empty?: number; lit: boolean },
  limits: PartLimits,
): 'present' | 'absent' | 'unknown' {
  if (!Number.isFinite(limits.part) || !Number.isFinite(seen.part)) return 'unknown';
  if (seen.part >= limits.part) return 'present';
  if (limits.empty === null) return seen.lit ? 'absent' : 'unknown';
  const { empty = Number.NaN } = seen;
  return empty >= limits.empty && empty > seen.part ? 'absent' : 'unknown';
}

const finite = (value: number) => (Number.isFinite(value) ? value : -1);
const failed = (text: string) => new GoodpartError('GP_LEARN_FAILED', text, { field: 'partRegion' });
