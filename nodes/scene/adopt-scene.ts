import type { RecipeScene } from '../../lib/station/recipe-scene.ts';
import type { Recipe, RecipeDraft } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';
import { inTurn } from '../learn/adopt.ts';
import { newestRecipe } from '../learn/continuing.ts';

/**
 * Writes a view's scene (null: takes it away) as a new version of the active recipe and makes that the active one. A newer version
 * that still waits to be activated gets it too and stays the newest. Null where no recipe with the view is active: it is to wait.
 */
export function adoptScene(
  station: Station,
  view: string,
  scene: RecipeScene | null,
  o: { author: string; reason: string },
): Promise<Recipe | null> {
  return inTurn(station, async () => {
    const active = station.recipes.active();
    if (active === null || !Object.hasOwn(active.views, view)) return null;
    const newest = newestRecipe(station);
    const saved = await station.recipes.save(withScene(active, view, scene, o));
    await station.switchTo(saved.number, { version: saved.version, by: o.author, why: o.reason });
    if (newest !== undefined && newest.version > active.version && Object.hasOwn(newest.views, view)) {
      // it keeps its author and its reason: nothing else of it has changed
      await station.recipes.save(withScene(newest, view, scene, newest));
    }
    return saved;
  });
}

function withScene(
  recipe: Recipe,
  view: string,
  scene: RecipeScene | null,
  { author, reason }: { author: string; reason: string },
): RecipeDraft {
  const { number, name, warnAccepted, views } = recipe;
  const { scene: _, ...rest } = views[view];
  return {
    ...{ number, name, warnAccepted, author, reason },
    views: { ...views, [view]: { ...rest, ...(scene && { scene }) } },
  };
}
