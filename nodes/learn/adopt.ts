import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Roi } from '../../lib/core/inspection.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';
import { type LearnStage, newestRecipe } from './continuing.ts';
import { type DraftInput, draftFrom } from './recipe-draft.ts';
import { noFirst, otherRegions, sameOutlines, verifyDraftFrom } from './verify-draft.ts';

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
  /** The second model of the view was learned: severities of the first, low and high end, that it decides. Null, absent: the first. */
  between?: [number, number] | null;
}

/** What takes effect at once brings nothing along that still waits; what waits as well must not lose it. */
function baseOf(station: Station, activate: boolean): Recipe | null {
  const active = station.recipes.active();
  return activate ? active : (newestRecipe(station) ?? active);
}

/**
 * The regions to learn limits for. A second model has those of the first, with map values of its own. Throws GP_LEARN_FAILED where there
 * is no first one yet, or other regions are drawn in the flow by now.
 */
export function regionsToLearn(station: Station, view: string, stage: LearnStage, activate: boolean): Roi[] {
  const now = station.regionsOf(view);
  if (stage === 'first') return [...now];
  const first = baseOf(station, activate)?.views[view];
  if (first === undefined) throw new GoodpartError('GP_LEARN_FAILED', noFirst(view));
  if (now.length > 0 && !sameOutlines(now, first.rois)) throw new GoodpartError('GP_LEARN_FAILED', otherRegions(view));
  return first.rois.map((roi) => ({ ...roi, areaAbove: null }));
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
  const { view, rois, cameraSettings, result, author, activate, between = null } = learned;
  if (station.cameraSettings(view) !== cameraSettings) {
    throw new GoodpartError('GP_LEARN_FAILED', 'The camera’s settings were changed while learning: learn again');
  }
  const make = between === null ? draftFrom : (o: DraftInput) => verifyDraftFrom({ ...o, between });
  const draft = make({
    base: baseOf(station, activate),
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
