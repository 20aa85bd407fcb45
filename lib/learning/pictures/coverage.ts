import type { PictureAttributes } from '../options.ts';

/** Fewer frames than this of a shift, lot or nest say nothing of it. */
export const fewestOfEach = 5;

export type Attribute = keyof PictureAttributes;

/** What good parts come from: the names, or how many different ones there are. */
export type DeclaredSources = { [K in `${Attribute}s`]?: readonly string[] | number };

/** Frames of one declared or seen value. */
export interface Seen {
  attribute: Attribute;
  value: string;
  frames: number;
  /** Whether the user said that good parts come from it. */
  declared: boolean;
}

/** Which shifts, lots and nests the good frames came from, against those that were declared. */
export interface Coverage {
  /** Declared values first, as declared; then the others by name. */
  counts: Seen[];
  /** Declared, with fewer than the least number of frames. */
  missing: Seen[];
  /** Frames of which an attribute that was declared is not known. */
  unknown: { attribute: Attribute; frames: number }[];
  /** Why the model is provisional, a sentence each; empty: it is not. */
  provisional: string[];
}

const attributes: readonly Attribute[] = ['shift', 'lot', 'nest'];

/**
 * Counts the frames of each shift, lot and nest. A model that has fewer than `fewest` frames of anything declared is
 * provisional: its limits hold for what it saw.
 */
export function coverageOf(
  frames: readonly PictureAttributes[],
  declared: DeclaredSources = {},
  fewest = fewestOfEach,
): Coverage {
  const counts: Seen[] = [];
  const unknown: Coverage['unknown'] = [];
  const provisional: string[] = [];
  for (const attribute of attributes) {
    const wish = declared[`${attribute}s`] ?? [];
    const wanted = typeof wish === 'number' ? [] : [...new Set(wish)];
    const seen = new Map<string, number>(wanted.map((value) => [value, 0]));
    let without = 0;
    for (const frame of frames) {
      const value = frame[attribute];
      if (value === undefined || value === '') without += 1;
      else seen.set(value, (seen.get(value) ?? 0) + 1);
    }
    const others = [...seen.keys()].filter((value) => !wanted.includes(value)).sort();
    for (const value of [...wanted, ...others]) {
      counts.push({ attribute, value, frames: seen.get(value)!, declared: wanted.includes(value) });
    }
    if (typeof wish === 'number') {
      const enough = [...seen.values()].filter((frames) => frames >= fewest).length;
      if (enough < wish) provisional.push(tooFew(attribute, enough, wish, fewest));
    }
    if ((wanted.length > 0 || typeof wish === 'number') && without > 0) unknown.push({ attribute, frames: without });
  }
  const missing = counts.filter(({ declared, frames }) => declared && frames < fewest);
  for (const { attribute, value, frames } of missing) {
    const saw = frames === 0 ? 'has seen no frame' : `has seen only ${frames} ${frames === 1 ? 'frame' : 'frames'}`;
    provisional.push(`The model ${saw} of ${attribute} "${value}"; it needs at least ${fewest}.`);
  }
  return { counts, missing, unknown, provisional };
}

function tooFew(attribute: Attribute, enough: number, wanted: number, fewest: number): string {
  const saw = enough === 0 ? `no ${attribute}` : `only ${enough} ${attribute}${enough === 1 ? '' : 's'}`;
  return `The model has seen ${saw} of the ${wanted} declared with at least ${fewest} frames each.`;
}
