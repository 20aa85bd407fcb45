import { asGoodpartError, GoodpartError } from '../../lib/core/errors.ts';
import type { ModelIdentity } from '../../lib/core/inspection.ts';
import type { StatusColour } from '../../lib/node-red/status.ts';
import type { Engine } from '../../lib/scoring/engine.ts';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';
import type { ModelChoice, ModelRunner } from '../model/model-runner.ts';

const engineFault = 201;
/** Between two tries to load a model whose child ended. */
const retryMs = 2000;

export interface WarmParts {
  /** Of the node: who wants the model, and whose health it is. */
  id: string;
  station: Station;
  engine: Engine;
  runner: ModelRunner;
  /** For people: whose model it is. */
  view: string;
  /** The model that a recipe names; null: none. */
  wanted(recipe: Recipe | null): ModelChoice | null;
  /** Set: a recipe without a model is no fault, and this is shown of it. */
  without?: string;
  /** What is said instead of the station's health, of a model that no verdict needs. */
  said?(ok: boolean, text: string): void;
  status(colour: StatusColour, text: string): void;
  warn(text: string): void;
}

/**
 * The model is loaded before the first part comes, before another recipe takes over, and again when the engine has come back; while the active
 * recipe's is not there the station is not ready. Models of other recipes are kept as far as the model node allows.
 */
export class KeepWarm {
  readonly #o: WarmParts;
  readonly #key: string;
  #warmed = '';
  /** It runs what is wanted, as far as is known. */
  #sound = false;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Who holds the models of recipes that are to take over, in the runner. */
  readonly #next = new Map<string, Recipe>();
  /** Who holds what was active before, until the last part under it is over. */
  readonly #former = new Map<string, NodeJS.Timeout>();
  #switches = 0;
  #leave = () => {};
  readonly #onSnapshot = () => this.#warm();
  readonly #onRecipes = () => this.#keepOthers();
  readonly #onEngine = () => this.#engineChanged();

  constructor(o: WarmParts) {
    this.#o = o;
    this.#key = `score ${o.id}`;
  }

  start(): void {
    const { station, runner } = this.#o;
    station.on('snapshot', this.#onSnapshot);
    station.on('recipes', this.#onRecipes);
    const prepare = (recipe: Recipe, signal: AbortSignal) => this.#prepare(recipe, signal);
    this.#leave = station.prepareBy({ prepare, limitMs: runner.loadMs });
    this.#o.engine.on('state', this.#onEngine);
    this.#warm();
  }

  stop(): void {
    const { station, runner } = this.#o;
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#leave();
    for (const owner of this.#next.keys()) runner.release(owner);
    for (const owner of this.#former.keys()) this.#letGo(owner);
    station.off('snapshot', this.#onSnapshot);
    station.off('recipes', this.#onRecipes);
    this.#o.engine.off('state', this.#onEngine);
    this.#o.station.forgetHealth(this.#key);
  }

  /** Says that it works, and what it does less well than configured. */
  showGood(text: string): void {
    const { degraded } = this.#o.runner.statsOf(this.#o.id);
    this.#setDegraded(degraded);
    if (degraded === undefined) this.#o.status('green', text);
    else this.#o.status('yellow', `${text}; ${degraded}`);
  }

  #warm(): void {
    const { runner, id, warn } = this.#o;
    const choice = this.#o.wanted(this.#o.station.recipes.active());
    const key = JSON.stringify(choice);
    if (key === this.#warmed) return;
    this.#warmed = key;
    clearTimeout(this.#retry);
    if (choice === null && this.#o.without !== undefined) {
      this.#rest(this.#o.without);
      return;
    }
    // what was prepared takes over without a gap
    this.#sound = choice !== null && runner.has(choice);
    if (this.#sound) this.#setHealth(true, '');
    else this.#showLoading(choice === null);
    this.#holdFormer();
    runner.warm(id, choice).then(
      (model: ModelIdentity) => {
        if (key !== this.#warmed) return; // another recipe became active meanwhile
        this.#sound = true;
        this.#setHealth(true, '');
        this.showGood(`${model.name} version ${model.version}`);
        this.#releaseNext();
        this.#keepOthers();
      },
      (thrown: unknown) => {
        if (key !== this.#warmed) return;
        const error = asGoodpartError(thrown);
        this.#sound = false;
        this.#setHealth(false, error.message);
        this.#o.status('red', error.message);
        if (choice === null || this.#stopped) return;
        warn(error.message);
        // a model stays what it is, a child that ended may do better
        if (error.code !== 'GP_MODEL_INVALID') this.#warmAgain();
      },
    );
  }

  #warmAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#warmed = '';
      this.#warm();
    }, retryMs);
    this.#retry.unref();
  }

  /** Nothing is wanted of it. */
  #rest(text: string): void {
    const { runner, id, status } = this.#o;
    this.#sound = false;
    this.#holdFormer();
    runner.release(id);
    this.#setHealth(true, '');
    this.#setDegraded(undefined);
    status('grey', text);
    this.#releaseNext();
    this.#keepOthers();
  }

  #showLoading(nothingChosen: boolean): void {
    this.#o.status('blue', 'loading the model');
    // not a fault, but until it is there no part can be judged
    const [text, code] = ['loading the model', nothingChosen ? engineFault : 0];
    if (this.#o.said) this.#o.said(false, text);
    else this.#o.station.setHealth(this.#key, 'engine', false, code, text);
  }

  /** Has the recipe's model loaded beside what runs, until the recipe has taken over or will not. */
  async #prepare(recipe: Recipe, signal: AbortSignal): Promise<void> {
    const { runner, id, view } = this.#o;
    const choice = this.#o.wanted(recipe);
    if (choice === null) {
      // a view that is not learned yet is nothing new to a station that lacks its model already
      if (!this.#sound || this.#o.without !== undefined || runner.namesModel) return;
      throw new GoodpartError('GP_MODEL_INVALID', `the recipe names no model for view ${view}`);
    }
    const owner = `${id} next ${++this.#switches}`;
    this.#next.set(owner, recipe);
    const release = () => {
      this.#next.delete(owner);
      runner.release(owner);
    };
    signal.addEventListener('abort', release);
    try {
      const { name, version, sha256 } = await runner.warm(owner, choice);
      const same = name === choice.name && version === choice.version;
      if (signal.aborted) release();
      else if (same && choice.sha256 !== undefined && sha256 !== choice.sha256) {
        throw new GoodpartError(
          'GP_MODEL_INVALID',
          `model ${name} version ${version} is not the one that was validated`,
        );
      }
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The active recipe's model is held by the node itself. */
  #releaseNext(): void {
    for (const [owner, recipe] of this.#next) {
      if (recipe === this.#o.station.preparing) continue;
      this.#next.delete(owner);
      this.#o.runner.release(owner);
    }
  }

  /** Parts that were opened under the former recipe are still to be scored by its model. */
  #holdFormer(): void {
    const owner = `${this.#o.id} former ${++this.#switches}`;
    this.#o.runner.hold(owner, this.#o.id);
    const timer = setTimeout(() => this.#letGo(owner), this.#o.station.snapshot().deadlineMs);
    this.#former.set(owner, timer.unref());
  }

  #letGo(owner: string): void {
    clearTimeout(this.#former.get(owner));
    this.#former.delete(owner);
    this.#o.runner.release(owner);
  }

  #keepOthers(): void {
    if (!this.#sound && this.#o.without === undefined) return;
    const { station, runner, id, warn, wanted } = this.#o;
    const choices = station.usefulRecipes().flatMap((recipe) => wanted(recipe) ?? []);
    const trouble = (text: string) => {
      if (!this.#stopped) warn(text);
    };
    void runner.keep(id, choices, trouble);
  }

  #engineChanged(): void {
    const { state, lastError, degraded } = this.#o.runner.statsOf(this.#o.id);
    if (state !== 'running') this.#sound = false;
    if (state === 'waiting') {
      this.#setHealth(false, lastError ?? 'the engine ended');
      this.#o.status('red', lastError ?? 'the engine ended');
    }
    if (state !== 'running') return;
    this.#setDegraded(degraded);
    if (this.#sound) return;
    // what it was asked for may not be loaded yet, or not any more
    this.#warmed = '';
    this.#warm();
  }

  #setHealth(ok: boolean, text: string): void {
    if (this.#o.said) this.#o.said(ok, text);
    else this.#o.station.setHealth(this.#key, 'engine', ok, ok ? 0 : engineFault, text);
  }

  #setDegraded(degraded: string | undefined): void {
    this.#o.station.setDegraded(this.#key, degraded !== undefined, degraded ?? '');
  }
}
