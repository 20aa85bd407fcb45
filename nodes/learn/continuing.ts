import { join } from 'node:path';
import { GoodpartError } from '../../lib/core/errors.ts';
import { encodeName } from '../../lib/core/ids.ts';
import type { ModelIdentity } from '../../lib/core/inspection.ts';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';

/** Which of a view's models is learned: the first, or the one that verifies what the first doubts. */
export type LearnStage = 'first' | 'verify';

type WithRecipes = Pick<Station, 'recipes'>;

/** The newest version of the recipe that learning writes, in use or not. */
export function newestRecipe({ recipes }: WithRecipes): Recipe | undefined {
  return recipes.get(recipes.active()?.number ?? 1);
}

/**
 * The model that learning goes on from and whose report is shown: the one in use, unless the newest one waits, for a person
 * (`activates` is false) or for good parts that were declared. Undefined where the view was not learned yet.
 */
export function learnedModel(
  station: WithRecipes,
  view: string,
  activates: boolean,
  stage: LearnStage = 'first',
): ModelIdentity | undefined {
  const ofStage = (recipe: Recipe | null | undefined) => {
    const found = recipe?.views[view];
    return stage === 'verify' ? found?.verify : found;
  };
  const inUse = ofStage(station.recipes.active());
  const newest = ofStage(newestRecipe(station));
  const waits = !activates || (newest?.validation?.provisional?.length ?? 0) > 0;
  return (waits ? (newest ?? inUse) : (inUse ?? newest))?.model;
}

export function folderOf(modelsRoot: string, { name, version }: ModelIdentity): string {
  return join(modelsRoot, encodeName(name), encodeName(version));
}

export function nothingLearned(view: string, topic: string): GoodpartError {
  const text = `Nothing was learned yet for view ${view}: "learn" comes before "${topic}"`;
  return new GoodpartError('GP_LEARN_FAILED', text);
}
