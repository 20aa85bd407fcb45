import { GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Inspection, ScoreResult } from '../core/inspection.ts';
import { formerVersion, lastLive, sameVersion } from './activations.ts';
import { type Agreement, agreement, comparisonText, noFigures } from './comparison.ts';
import { judgeLedgerView } from './judging.ts';
import type { Recipe } from './recipe-schema.ts';
import type { StoredComparison } from './state-schema.ts';
import { StationCameras } from './station-cameras.ts';
import { nameOf, type Preparer, refused } from './switching.ts';
import { listVersions, type ShadowView, shadowView, type VersionList } from './version-list.ts';

/** Who asks for a change of what is live, and why. */
export interface Decision {
  by?: string;
  why?: string;
}

/** A change of what is live, done. `text` says exactly what. */
export interface Changed {
  recipe: Recipe;
  text: string;
}

/** The part of a station that brings versions of a recipe into use and out of it again: prepared, compared, and traced. */
export abstract class StationVersions extends StationCameras {
  /** What keeps pictures from being compared, by who says so. */
  readonly #troubles = new Map<string, string>();

  /** Asks `preparer` before each switch until the answer is called. */
  prepareBy(preparer: Preparer): () => void {
    return this.switching.register(preparer);
  }

  /** The recipe that takes over as soon as everything for it is ready. */
  get preparing(): Recipe | null {
    return this.switching.preparing;
  }

  /**
   * Makes a recipe the active one without a gap: the newest version unless one is named; 0 = none. Its models are loaded first, while the former one
   * goes on. Rejects with GP_CONFIG_INVALID where there is no such recipe, GP_SWITCH_FAILED where it cannot be made ready,
   * GP_SWITCH_REFUSED where another switch was asked for meanwhile: nothing has changed then.
   */
  async switchTo(number: number, o: Decision & { version?: number } = {}): Promise<Recipe | null> {
    return this.beginSwitch(number, o);
  }

  /** As `switchTo`; done when it returns, without a promise, where nothing has to be prepared. `unless`: why it must not take over after all. */
  protected beginSwitch(
    number: number,
    o: Decision & { version?: number; rollback?: boolean; unless?: () => string | null },
  ): Recipe | null | Promise<Recipe> {
    const recipe = this.recipes.known(number, o.version);
    if (recipe === null) return this.recipes.activate(0, o);
    const activate = () => {
      const why = o.unless?.() ?? null;
      if (why !== null) throw refused(recipe, why);
      this.recipes.activate(number, { ...o, version: recipe.version });
      return recipe;
    };
    // with nothing live there is nothing to protect, and whoever runs models shows what it waits for
    if (this.recipes.active() === null) return activate();
    return this.switching.to(recipe, activate);
  }

  /** As `switchTo`, for one who names a product and no version: that which was live last. What only waits to be released is no choice of his. */
  protected beginSelection(number: number, o: Decision & { unless: () => string | null }) {
    const version = lastLive(this.identity.activations, number);
    const there = version !== undefined && this.recipes.get(number, version) !== undefined;
    return this.beginSwitch(number, there ? { ...o, version } : o);
  }

  /**
   * The recipes whose models are worth keeping loaded beside the active one's, most useful first: what was live before, newest first,
   * then the newest version of each product that never was.
   */
  usefulRecipes(): Recipe[] {
    const active = this.recipes.active();
    const lived = this.identity.activations.flatMap(({ recipe }) => recipe ?? []).reverse();
    const fresh = this.recipes.list().filter(({ number }) => lived.every((one) => one.number !== number));
    const useful = new Map<string, Recipe>();
    for (const { number, version } of [...lived, ...fresh]) {
      const recipe = this.recipes.get(number, version);
      if (recipe !== undefined && !sameVersion(active, recipe)) useful.set(nameOf(recipe), recipe);
    }
    return [...useful.values()];
  }

  /** The recipe that runs in shadow; null: none. */
  shadowRecipe(): Recipe | null {
    const { shadow } = this.identity;
    return shadow && (this.recipes.get(shadow.number, shadow.version) ?? null);
  }

  /** The version in shadow and its figures. */
  get shadow(): ShadowView | null {
    const { shadow } = this.identity;
    if (shadow === null) return null;
    const missing = this.shadowRecipe() === null ? `${nameOf(shadow)} is not there any more` : null;
    return shadowView(shadow, missing ?? [...this.#troubles.values()][0] ?? null);
  }

  /**
   * Lets a version of the active recipe (the newest unless one is named) run beside it from now on; recipe 0 ends that. Its figures begin at 0. Throws
   * GP_CONFIG_INVALID where there is no such version, GP_SWITCH_REFUSED where it could not be compared.
   */
  chooseShadow(number: number, o: Decision & { version?: number } = {}): ShadowView | null {
    const recipe = this.recipes.known(number, o.version);
    if (recipe === null) {
      if (this.identity.shadow !== null) this.#setShadow(null, o, 'none');
      return null;
    }
    const active = this.recipes.active();
    if (active?.number !== number) {
      const expected = active ? `a version of the live recipe ${active.number}` : 'a live recipe to compare with';
      throw notInShadow(recipe, expected);
    }
    if (sameVersion(active, recipe)) throw notInShadow(recipe, 'another version than the live one');
    const { version } = recipe;
    if (!sameVersion(this.identity.shadow, recipe)) {
      const { by, why } = wordsOf(o);
      const since = this.o.clock.utc();
      const fresh = { figures: noFigures, disagreements: [] };
      this.#setShadow({ number, version, beside: active.version, since, by, why, ...fresh }, o, nameOf(recipe));
    }
    return this.shadow;
  }

  /** The shadow version becomes the live one. Rejects as `switchTo`, GP_SWITCH_REFUSED where none runs. */
  async promote(o: Decision = {}): Promise<Changed> {
    const { shadow } = this.identity;
    if (shadow === null) throw new GoodpartError('GP_SWITCH_REFUSED', 'No version runs in shadow: choose one first');
    const active = this.recipes.active();
    if (active?.number !== shadow.number) {
      throw refused(shadow, `it ran in shadow beside recipe ${shadow.number}, which is not live now`);
    }
    const figures = comparisonText(shadow);
    const why = ['promoted from shadow', o.why, figures].filter(Boolean).join(': ');
    const recipe = await this.switchTo(shadow.number, { version: shadow.version, by: o.by, why });
    return { recipe: recipe as Recipe, text: `${instead(shadow, active)}. In shadow: ${figures}` };
  }

  /**
   * Back to the version of the active recipe that was live before; again: further back. Rejects as `switchTo`, GP_SWITCH_REFUSED where
   * no earlier version was live. `recipe`: refuses unless that recipe is the active one.
   */
  async rollback(o: Decision & { recipe?: number } = {}): Promise<Changed> {
    const active = this.recipes.active();
    if (active === null)
      throw new GoodpartError('GP_SWITCH_REFUSED', 'No recipe is live: there is nothing to go back from');
    const { number } = active;
    if (o.recipe !== undefined && o.recipe !== number) {
      throw invalidParameter('recipe', `${number}, which is live`, o.recipe, 'GP_CONFIG_INVALID');
    }
    const version = formerVersion(this.identity.activations, number);
    if (version === undefined) {
      const text = `No rollback: no version of recipe ${number} is known to have been live before version ${active.version}`;
      throw new GoodpartError('GP_SWITCH_REFUSED', text);
    }
    const why = ['rollback', o.why].filter(Boolean).join(': ');
    const recipe = await this.beginSwitch(number, { version, by: o.by, why, rollback: true });
    const further = formerVersion(this.identity.activations, number);
    const next = further === undefined ? 'no earlier one is known' : `another rollback goes to version ${further}`;
    return { recipe: recipe as Recipe, text: `${instead({ number, version }, active)}; ${next}` };
  }

  versions(): VersionList {
    const { activations, shadow } = this.identity;
    const active = this.recipes.active();
    const live = active && { number: active.number, version: active.version };
    return { ...listVersions({ recipes: this.recipes, live, shadow, activations }), shadow: this.shadow };
  }

  /** Whether pictures of an inspection are to be compared: of ordinary parts, judged by the version beside which the shadow runs. */
  comparable({ mode, challenge, recipe }: Pick<Inspection, 'mode' | 'challenge' | 'recipe'>): boolean {
    const { shadow } = this.identity;
    const ordinary = (mode === 'run' || mode === 'shadow') && challenge === 0;
    const beside = shadow && { number: shadow.number, version: shadow.beside };
    return ordinary && beside !== null && recipe !== null && sameVersion(beside, recipe);
  }

  /**
   * Judges a closed inspection's picture by the shadow recipe and the scores of its model and of its second one, beside the verdict that it got; nothing but the
   * figures changes. Null where it is not to be compared. Never throws.
   */
  compareShadow(
    inspection: Inspection,
    name: string,
    score: ScoreResult,
    second: ScoreResult | null = null,
  ): Agreement | null {
    const recipe = this.shadowRecipe();
    const view = inspection.views.find((one) => one.name === name);
    if (recipe === null || view === undefined || !this.comparable(inspection)) return null;
    if (!Object.hasOwn(recipe.views, name)) return null;
    // the live version's second model has nothing to say here
    const verify = second === null ? undefined : { score: second, failure: null, first: null, decidedBy: null };
    const judged = judgeLedgerView({
      ...{ trigger: inspection.trigger, view: { ...view, score, verify }, recipe, override: null },
      drawn: this.drawn.get(name) ?? null,
      cameraSettings: this.cameraSettings(name, view.camera),
      scene: this.scenes.has(name),
    });
    // a single picture's verdict may have come too late for its part
    const late = inspection.views.length === 1 && inspection.verdict === 'invalid';
    const verdict = late ? 'invalid' : (view.verdict ?? 'invalid');
    const { sequence, id, part, trigger } = inspection;
    const comparison: StoredComparison = {
      part: { sequence, id, partId: part.id, view: name, utc: trigger.utc },
      live: sideOf(verdict, inspection.warnAccepted, view.severity),
      shadow: sideOf(judged.verdict, recipe.warnAccepted, judged.severity),
    };
    this.identity.compared(comparison);
    return agreement(comparison.live, comparison.shadow);
  }

  /** A picture that was to be compared was dropped. */
  countNotCompared(): void {
    this.identity.compared(null);
  }

  /** What keeps `source` from comparing; null: nothing any more. The live version is not touched by it. */
  setShadowTrouble(source: string, text: string | null): void {
    if (text === null) this.#troubles.delete(source);
    else this.#troubles.set(source, text);
  }

  #setShadow(shadow: Parameters<typeof this.identity.setShadow>[0], o: Decision, what: string): void {
    this.#troubles.clear();
    this.identity.setShadow(shadow);
    const { by, why } = wordsOf(o);
    this.audit('shadow', by, why || what);
    this.tell('shadow');
  }
}

const wordsOf = ({ by = 'unknown', why = '' }: Decision) => ({ by: by.slice(0, 200), why: why.slice(0, 1000) });

const sideOf = (verdict: StoredComparison['live']['verdict'], warnAccepted: boolean, severity: number | null) => ({
  verdict,
  accept: verdict === 'pass' || (verdict === 'warn' && warnAccepted),
  severity: severity !== null && Number.isFinite(severity) ? severity : null,
});

const instead = ({ number, version }: { number: number; version: number }, former: Recipe) =>
  `Recipe ${number} version ${version} is live instead of version ${former.version}`;

function notInShadow(recipe: Recipe, expected: string): GoodpartError {
  const text = `Expected ${expected} for shadow but received ${nameOf(recipe)}`;
  return new GoodpartError('GP_SWITCH_REFUSED', text, { field: 'shadow', expected, received: nameOf(recipe) });
}
