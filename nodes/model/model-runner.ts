import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { ModelIdentity, ScoreResult } from '../../lib/core/inspection.ts';
import { settledWithin } from '../../lib/process/settled-within.ts';
import type { Engine, EngineStats, LoadedModel } from '../../lib/scoring/engine.ts';
import { EnginePool } from '../../lib/scoring/engine-pool.ts';
import type { ModelStore } from '../../lib/scoring/model-store.ts';

export interface ModelChoice {
  /** Fixed by the model node; empty: as the recipe says. */
  name: string;
  version: string;
  /** Of the file that limits were validated for. */
  sha256?: string;
}

interface Version {
  key: string;
  dir: string;
}

/**
 * Keeps the model versions that are wanted loaded in one engine. A version is loaded before the one it replaces is
 * unloaded, a version that cannot be loaded leaves the former one running, and none goes while frames of it are under way.
 */
export class ModelRunner {
  readonly #engine: Engine;
  readonly #store: ModelStore;
  readonly #fixed: ModelChoice;
  readonly #loading = new Map<string, Promise<LoadedModel>>();
  /** The version that each node wants; kept over deploys. */
  readonly #wanted = new Map<string, string>();
  /** Folder of what each node has asked for last. */
  readonly #asked = new Map<string, string>();
  /** What each node would like to have loaded as well. */
  readonly #kept = new Map<string, Version[]>();
  readonly #loaded = new Set<string>();
  /** Versions that could not be loaded ahead of their turn: told once, tried again when they are really wanted. */
  readonly #spoilt = new Set<string>();
  /** Frames and loads under way, by version. */
  readonly #busy = new Map<string, number>();
  /** One load ahead of its turn after the other. */
  #background: Promise<void> = Promise.resolve();
  /** Recipes whose models stay loaded for each node that scores, the active one included. */
  keepLoaded = 1;
  /** Loading may take so long, milliseconds. */
  loadMs = 60_000;

  constructor(engine: Engine, store: ModelStore, fixed: ModelChoice) {
    this.#engine = engine;
    this.#store = store;
    this.#fixed = fixed;
  }

  /**
   * Loads what the model node or else the recipe names, without a version the newest, and keeps it loaded until `owner` wants
   * another one. Resolves with what is loaded; after a failure, here or in a restarted engine, another call tries again.
   */
  async warm(owner: string, choice: ModelChoice | null): Promise<ModelIdentity> {
    this.#asked.delete(owner);
    const version = await this.#versionOf(choice);
    this.#asked.set(owner, version.dir);
    const broken = this.#engine.stats().models.some(({ key, error }) => key === version.dir && error !== undefined);
    if (broken) this.#forget(version);
    return this.#using(version, async () => {
      const { identity } = await this.#load(version);
      this.#wanted.set(owner, version.key);
      return identity;
    });
  }

  /** Scores a frame by the wanted model; rejects as Engine.score does, after `deadlineMs` at the latest. */
  async score(frame: Frame, choice: ModelChoice | null, deadlineMs: number): Promise<ScoreResult> {
    const end = systemClock.mono() + deadlineMs;
    const version = await this.#versionOf(choice);
    return this.#using(version, async () => {
      try {
        const { key } = await settledWithin(this.#load(version), deadlineMs, () => {
          const text = `The model was not loaded within ${Math.round(deadlineMs)} ms`;
          return new GoodpartError('GP_CHILD_DEADLINE', text);
        });
        return await this.#engine.score(key, frame, { deadlineMs: Math.max(1, end - systemClock.mono()) });
      } catch (thrown) {
        const error = asGoodpartError(thrown);
        if (error.code === 'GP_MODEL_INVALID') this.#forget(version); // loaded anew for the next frame
        throw error;
      }
    });
  }

  /** Keeps what `owner` has now for another owner as well, whatever it wants next. */
  hold(other: string, owner: string): void {
    const key = this.#wanted.get(owner);
    if (key !== undefined) this.#wanted.set(other, key);
  }

  /** The model node names the model, whatever the recipe says. */
  get namesModel(): boolean {
    return this.#fixed.name !== '';
  }

  /** What `warm` of that owner keeps loaded need not stay any more. */
  release(owner: string): void {
    if (this.#wanted.delete(owner)) this.#unloadUnwanted();
  }

  /** Whether a version is loaded and runs at this instant. */
  has(choice: ModelChoice): boolean {
    const [name, version] = [this.#fixed.name || choice.name, this.#fixed.version || choice.version];
    if (this.#fixed.name && this.#fixed.name !== choice.name && !this.#fixed.version) return false;
    const dir = this.#store.dirOf(name, version);
    const { state, models } = this.#statsOf(dir);
    const broken = models.some(({ key, error }) => key === dir && error !== undefined);
    return this.#loaded.has(`${name} ${version}`) && state === 'running' && !broken;
  }

  /** Of the engine that runs what `owner` has asked for last. */
  statsOf(owner: string): EngineStats {
    return this.#statsOf(this.#asked.get(owner) ?? '');
  }

  /**
   * Keeps these loaded for `owner` as well, as far as `keepLoaded` goes: one is loaded after the other, and one that cannot be is told to `trouble`
   * once and left out.
   */
  async keep(owner: string, choices: readonly ModelChoice[], trouble: (text: string) => void): Promise<void> {
    const versions = new Map<string, Version>();
    const own = this.#wanted.get(owner);
    for (const choice of choices) {
      const version = await this.#versionOf(choice).catch(() => undefined);
      if (version !== undefined && version.key !== own) versions.set(version.key, version);
    }
    const wanted = [...versions.values()].slice(0, Math.max(0, this.keepLoaded - 1));
    this.#kept.set(owner, wanted);
    this.#unloadUnwanted();
    this.#background = this.#background.then(async () => {
      for (const version of wanted) {
        const stale = this.#kept.get(owner) !== wanted;
        if (stale || this.#loading.has(version.key) || this.#spoilt.has(version.key)) continue;
        await this.#using(version, () => this.#load(version)).catch((thrown: unknown) => {
          this.#spoilt.add(version.key);
          trouble(`Model ${version.key} is not kept loaded: ${asGoodpartError(thrown).message}`);
        });
      }
    });
    await this.#background;
  }

  #statsOf(dir: string): EngineStats {
    return this.#engine instanceof EnginePool ? this.#engine.statsOf(dir) : this.#engine.stats();
  }

  async #using<T>({ key }: Version, work: () => Promise<T>): Promise<T> {
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#busy.get(key) ?? 1) - 1;
      if (left > 0) this.#busy.set(key, left);
      else this.#busy.delete(key);
      this.#unloadUnwanted();
    }
  }

  async #versionOf(choice: ModelChoice | null): Promise<Version> {
    const name = this.#fixed.name || choice?.name;
    if (!name) throw new GoodpartError('GP_MODEL_INVALID', 'No model is chosen: learn good parts first or name one');
    // the recipe's version is one of the recipe's model
    const ofRecipe = choice?.name === name ? choice.version : '';
    const version = this.#fixed.version || ofRecipe || (await this.#store.latest(name));
    if (!version) throw new GoodpartError('GP_MODEL_INVALID', `There is no version of model ${name} yet`);
    return { key: `${name} ${version}`, dir: this.#store.dirOf(name, version) };
  }

  #load({ key, dir }: Version): Promise<LoadedModel> {
    const known = this.#loading.get(key);
    if (known !== undefined) return known;
    const loading = this.#engine.load(dir);
    this.#loading.set(key, loading);
    loading.then(
      () => {
        this.#spoilt.delete(key);
        if (this.#loading.get(key) === loading) this.#loaded.add(key);
      },
      () => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
      },
    );
    return loading;
  }

  #forget({ key }: Version): void {
    this.#loading.delete(key);
    this.#loaded.delete(key);
  }

  #unloadUnwanted(): void {
    const kept = [...this.#kept.values()].flat().map(({ key }) => key);
    const wanted = new Set([...this.#wanted.values(), ...kept]);
    for (const [key, loading] of [...this.#loading]) {
      if (wanted.size === 0 || wanted.has(key) || this.#busy.has(key)) continue;
      this.#loading.delete(key);
      this.#loaded.delete(key);
      // an engine that ends has unloaded everything
      loading.then((model) => this.#engine.unload(model.key)).catch(() => {});
    }
  }
}
