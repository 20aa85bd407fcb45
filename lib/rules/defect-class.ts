import type { ClassScore, DefectClass } from '../core/inspection.ts';

/** What a defect is called that nobody could name. */
export const unknownClass = 'unknown';

/**
 * Names a defect: the most probable class but the good one, however probable the good one is, for that a part is not good was decided
 * elsewhere. Below `leastConfidence` (0..1), or where a probability is no number, it is not known.
 */
export function nameDefect(
  classes: readonly ClassScore[],
  leastConfidence: number,
): Pick<DefectClass, 'number' | 'name' | 'confidence'> {
  const unknown = (confidence: number | null) => ({ number: 0, name: unknownClass, confidence });
  if (!classes.every(({ probability }) => Number.isFinite(probability))) return unknown(null);
  let found = -1;
  for (const [i, { probability, good }] of classes.entries()) {
    if (!good && (found < 0 || probability > classes[found].probability)) found = i;
  }
  if (found < 0) return unknown(null);
  const { name, probability } = classes[found];
  return probability >= leastConfidence ? { number: found + 1, name, confidence: probability } : unknown(probability);
}
