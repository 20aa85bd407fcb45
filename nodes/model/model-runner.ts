import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { ModelIdentity, ScoreResult } from '../../lib/core/inspection.ts';
import type { Engine, LoadedModel } from '../../lib/scoring/engine.ts';
import type { ModelStore } from '../../lib/scoring/model-store.ts';

export interface ModelChoice {
  /** Fixed by the model node; empty: as the recipe says. */
  name: string;
  version: string;
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
  /** Frames and loads under way, by version. */
  readonly #busy = new Map<string, number>();

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
    const version = await this.#versionOf(choice);
    const broken = this.#engine.stats().models.some(({ key, error }) => key === version.dir && error !== undefined);
    if (broken) this.#loading.delete(version.key);
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
        const { key } = await loadedWithin(this.#load(version), deadlineMs);
        return await this.#engine.score(key, frame, { deadlineMs: Math.max(1, end - systemClock.mono()) });
      } catch (thrown) {
        const error = asGoodpartError(thrown);
        if (error.code === 'GP_MODEL_INVALID') this.#loading.delete(version.key); // loaded anew for the next frame
        throw error;
      }
    });
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
    loading.catch(() => {
      if (this.#loading.get(key) === loading) this.#loading.delete(key);
    });
    return loading;
  }

  #unloadUnwanted(): void {
    const wanted = new Set(this.#wanted.values());
    for (const [key, loading] of [...this.#loading]) {
      if (wanted.size === 0 || wanted.has(key) || this.#busy.has(key)) continue;
      this.#loading.delete(key);
      // an engine that ends has unloaded everything
      loading.then((model) => this.#engine.unload(model.key)).catch(() => {});
    }
  }
}

async function loadedWithin(loading: Promise<LoadedModel>, ms: number): Promise<LoadedModel> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `The model was not loaded within ${Math.round(ms)} ms`;
    timer = setTimeout(() => reject(new GoodpartError('GP_CHILD_DEADLINE', text)), ms);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}
