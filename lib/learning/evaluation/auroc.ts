import { invalidParameter } from '../../core/errors.ts';

/**
 * Area under the receiver operating characteristic: the probability that a value of `bad` is above one of `good`, ties counting
 * half (Mann and Whitney's U over the number of pairs). In O(n log n). NaN where one of the two is empty.
 * Throws GP_INPUT_INVALID for NaN, which has no rank.
 */
export function auroc(good: ArrayLike<number>, bad: ArrayLike<number>): number {
  const below = sorted(good, 'good');
  const above = sorted(bad, 'bad');
  let less = 0;
  let notAbove = 0;
  let pairs = 0;
  for (const value of above) {
    while (less < below.length && below[less] < value) less += 1;
    while (notAbove < below.length && below[notAbove] <= value) notAbove += 1;
    pairs += (less + notAbove) / 2;
  }
  return pairs / below.length / above.length;
}

function sorted(values: ArrayLike<number>, field: string): Float64Array {
  const out = Float64Array.from(values);
  if (out.some(Number.isNaN)) throw invalidParameter(`${field} scores`, 'numbers', Number.NaN);
  return out.sort();
}
