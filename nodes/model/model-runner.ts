import { GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { ModelIdentity, ScoreResult } from '../../lib/core/inspection.ts';
import type { Engine, LoadedModel } from '../../lib/scoring/engine.ts';
import type { ModelStore } from '../../lib/scoring/model-store.ts';

export interface ModelChoice {
  /** Fixed by the model node; empty: as the recipe says. */
  name: string;
  version: string;
}

/**
 * Keeps the wanted model version loaded in one engine. A version is loaded before the former one is unloaded, and a
 * version that cannot be loaded leaves the former one running.
 */
export class ModelRunner {
  readonly #engine: Engine;
  readonly #store: ModelStore;
  readonly #fixed: ModelChoice;
  readonly #loading = new Map<string, Promise<LoadedModel>>();

  constructor(engine: Engine, store: ModelStore, fixed: ModelChoice) {
    this.#engine = engine;
    this.#store = store;
    this.#fixed = fixed;
  }

  /** Loads what the node or else the recipe names; without a version the newest. Resolves with what is loaded. */
  async warm(wanted: ModelChoice | null): Promise<ModelIdentity> {
    return (await this.#loaded(wanted)).identity;
  }

  /** Scores a frame by the wanted model; rejects as Engine.score does, after `deadlineMs` at the latest. */
  async score(frame: Frame, wanted: ModelChoice | null, deadlineMs: number): Promise<ScoreResult> {
    const model = await this.#loaded(wanted);
    return this.#engine.score(model.key, frame, { deadlineMs });
  }

  async #loaded(wanted: ModelChoice | null): Promise<LoadedModel> {
    const name = this.#fixed.name || wanted?.name;
    if (!name) throw new GoodpartError('GP_MODEL_INVALID', 'No model is chosen: learn good parts first or name one');
    const version = this.#fixed.version || wanted?.version || (await this.#store.latest(name));
    if (!version) throw new GoodpartError('GP_MODEL_INVALID', `There is no version of model ${name} yet`);
    const key = `${name} ${version}`;
    const known = this.#loading.get(key);
    if (known) return known;
    const loading = this.#engine.load(this.#store.dirOf(name, version));
    this.#loading.set(key, loading);
    try {
      const model = await loading;
      await this.#unloadOthers(key);
      return model;
    } catch (error) {
      this.#loading.delete(key);
      throw error;
    }
  }

  async #unloadOthers(key: string): Promise<void> {
    for (const [other, loading] of [...this.#loading]) {
      if (other === key) continue;
      this.#loading.delete(other);
      const model = await loading.catch(() => null);
      if (model) await this.#engine.unload(model.key);
    }
  }
}
