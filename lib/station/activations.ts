import type { RecipePointer } from './recipe-store.ts';
import type { StoredActivation } from './state-schema.ts';

/** So many are kept; of each recipe number the newest is kept beyond that. */
export const keptActivations = 100;

/** The history with one more activation. One of what is live already says nothing new, unless a rollback asked for it. Pure. */
export function withActivation(
  history: readonly StoredActivation[],
  activation: StoredActivation,
): readonly StoredActivation[] {
  const last = history.at(-1);
  if (last !== undefined && !activation.rollback && sameVersion(last.recipe, activation.recipe)) return history;
  const all = [...history, activation];
  while (all.length > keptActivations) {
    const spare = all.findIndex((old, at) =>
      all.some((one, later) => later > at && sameNumber(old.recipe, one.recipe)),
    );
    if (spare < 0) break;
    all.splice(spare, 1);
  }
  return all;
}

/** The version of a recipe that was live last; undefined where none ever was. */
export function lastLive(history: readonly StoredActivation[], number: number): number | undefined {
  return liveVersions(history, number).at(-1);
}

/** The version of a recipe to go back to: the one before that which is live, further back with each rollback. */
export function formerVersion(history: readonly StoredActivation[], number: number): number | undefined {
  return liveVersions(history, number).at(-2);
}

/**
 * The versions of one recipe that a rollback finds, newest last. A change to another product and back leaves them alone: a rollback
 * must never bring another product's recipe.
 */
function liveVersions(history: readonly StoredActivation[], number: number): number[] {
  const versions: number[] = [];
  for (const { recipe, rollback } of history) {
    if (recipe?.number !== number) continue;
    if (rollback) versions.pop();
    if (versions.at(-1) !== recipe.version) versions.push(recipe.version);
  }
  return versions;
}

const sameNumber = (a: RecipePointer | null, b: RecipePointer | null) => a?.number === b?.number;

export function sameVersion(a: RecipePointer | null, b: RecipePointer | null): boolean {
  return a?.number === b?.number && a?.version === b?.version;
}
