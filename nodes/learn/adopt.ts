import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Roi } from '../../lib/core/inspection.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';
import { newestRecipe } from './continuing.ts';
import { draftFrom } from './recipe-draft.ts';

export interface Learned {
  view: string;
  /** The regions that were learned with. */
  rois: readonly Roi[];
  /** The view's camera settings as they were when learning began (`Station.cameraSettings`). */
  cameraSettings: string;
  result: LearnResult;
  /** Who learned, for the recipe. */
  author: string;
  activate: boolean;
}

/** What each station is adopting: two views learned at the same time must not overwrite each other's share of the recipe. */
const underWay = new WeakMap<Station, Promise<unknown>>();

/**
 * Writes what was learned into the station's recipe, one result after the other, and makes it the active one if wanted.
 * Rejects with GP_LEARN_FAILED where the camera's settings changed meanwhile: the limits would be valid for neither.
 */
export function adopt(station: Station, learned: Learned): Promise<Recipe> {
  return inTurn(station, () => write(station, learned));
}

/** One change of a station's recipes after the other: who reads the newest and writes the next must not be overtaken. */
export function inTurn<T>(station: Station, change: () => Promise<T>): Promise<T> {
  const work = (underWay.get(station) ?? Promise.resolve()).then(change);
  underWay.set(
    station,
    work.catch(() => {}),
  );
  return work;
}

async function write(station: Station, learned: Learned): Promise<Recipe> {
  const { view, rois, cameraSettings, result, author, activate } = learned;
  if (station.cameraSettings(view) !== cameraSettings) {
    throw new GoodpartError('GP_LEARN_FAILED', 'The camera’s settings were changed while learning: learn again');
  }
  const active = station.recipes.active();
  const draft = draftFrom({
    // what takes effect at once brings nothing along that still waits; what waits as well must not lose it
    base: activate ? active : (newestRecipe(station) ?? active),
    view,
    rois,
    result,
    keepScene: station.scenes.has(view),
    fingerprint: (...subject) => station.fingerprint(...subject),
    author,
    at: systemClock.utc(),
  });
  const recipe = await station.recipes.save(draft);
  if (activate) await station.switchTo(recipe.number, { version: recipe.version, by: author, why: draft.reason });
  return recipe;
}
