import type { ModelIdentity } from '../core/inspection.ts';
import { sameVersion } from './activations.ts';
import { type ComparisonSummary, comparisonText, summarise } from './comparison.ts';
import type { Recipe } from './recipe-schema.ts';
import type { RecipePointer, RecipeStore } from './recipe-store.ts';
import type { StoredActivation, StoredShadow } from './state-schema.ts';

/**
 * `candidate`: saved, never live, newer than what was; `shadow`: runs beside the live one; `live`: judges; `former`: was live, or an
 * older one was left for a newer.
 */
export type VersionState = 'candidate' | 'shadow' | 'live' | 'former';

/** One version of a recipe, as it is listed. */
export interface RecipeVersion extends RecipePointer {
  name: string;
  state: VersionState;
  author: string;
  at: string;
  reason: string;
  /** By view; a second model's entry is named so. */
  models: Record<string, { name: string; version: string; sha256: string }>;
}

/** The version in shadow with what came of it, as it is told. */
export interface ShadowView extends Omit<StoredShadow, 'disagreements'> {
  summary: ComparisonSummary;
  /** The figures in one sentence. */
  text: string;
  /** What keeps it from being compared at the moment. */
  trouble: string | null;
  /** Newest first. */
  disagreements: StoredShadow['disagreements'];
}

/** All versions of a station's recipes and where each of them stands. */
export interface VersionList {
  live: RecipePointer | null;
  shadow: ShadowView | null;
  /** Newest first. */
  recipes: RecipeVersion[];
  /** Newest first, at most 20. */
  activations: StoredActivation[];
}

const toldActivations = 20;

export function listVersions(o: {
  recipes: Pick<RecipeStore, 'list' | 'history'>;
  live: RecipePointer | null;
  shadow: StoredShadow | null;
  activations: readonly StoredActivation[];
  trouble?: string | null;
}): VersionList {
  const { live, shadow, activations } = o;
  const stateOf = (recipe: Recipe): VersionState => {
    if (sameVersion(live, recipe)) return 'live';
    if (shadow !== null && sameVersion(shadow, recipe)) return 'shadow';
    const lived = activations.flatMap(({ recipe: one }) => (one?.number === recipe.number ? [one.version] : []));
    return lived.every((version) => version < recipe.version) ? 'candidate' : 'former';
  };
  return {
    live,
    shadow: shadow && shadowView(shadow, o.trouble ?? null),
    recipes: o.recipes
      .list()
      .flatMap(({ number }) => o.recipes.history(number))
      .map((recipe) => {
        const { number, version, name, author, at, reason } = recipe;
        const about = (view: string, { name, version, sha256 }: ModelIdentity) => [view, { name, version, sha256 }];
        const models = Object.entries(recipe.views).flatMap(([view, { model, verify }]) => [
          about(view, model),
          ...(verify ? [about(`${view}, second model`, verify.model)] : []),
        ]);
        return {
          number,
          version,
          name,
          state: stateOf(recipe),
          author,
          at,
          reason,
          models: Object.fromEntries(models),
        };
      }),
    activations: activations.slice(-toldActivations).reverse(),
  };
}

export function shadowView(shadow: StoredShadow, trouble: string | null): ShadowView {
  const disagreements = shadow.disagreements.toReversed();
  return { ...shadow, disagreements, summary: summarise(shadow), text: comparisonText(shadow), trouble };
}
