import { constants, setPriority } from 'node:os';
import { asGoodpartError, GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Inspection, ModelIdentity, ScoreResult } from '../../lib/core/inspection.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';

export interface ShadowParts {
  /** Of the node. */
  id: string;
  station: Station;
  /** A score that takes longer is dropped. */
  timeoutMs: number;
  /** `<userDir>/goodpart/models` */
  models: string;
  warn(text: string): void;
}

/** A picture of which the shadow's score or the live verdict is still to come. */
interface Waiting {
  recipe: Recipe;
  view: string;
  score?: ScoreResult;
  inspection?: Inspection;
}

/** A model that could not be loaded is not tried again for so long. */
const retryMs = 30_000;

/**
 * Scores what was scored once more, by the model of the recipe in shadow, after the message has gone on: on the processor in a child of
 * its own with little priority, one picture at a time, further ones are dropped and counted. Nothing of it reaches the live verdict.
 */
export class ShadowRun {
  readonly #o: ShadowParts;
  readonly #store: ModelStore;
  readonly #waiting = new Map<string, Waiting>();
  #engine: OnnxRuntimeEngine | null = null;
  #loading: { dir: string; key: Promise<string>; failedAt: number | null } | null = null;
  #busy = false;
  #warned = '';
  readonly #onShadow = () => this.#changed();
  readonly #onClosed = (inspection: Inspection) => this.#closed(inspection);

  constructor(o: ShadowParts) {
    this.#o = o;
    this.#store = new ModelStore(o.models);
  }

  start(): void {
    this.#o.station.on('shadow', this.#onShadow);
    this.#o.station.on('closed', this.#onClosed);
  }

  async stop(): Promise<void> {
    this.#o.station.off('shadow', this.#onShadow);
    this.#o.station.off('closed', this.#onClosed);
    this.#o.station.setShadowTrouble(this.#o.id, null);
    this.#waiting.clear();
    await this.#end();
  }

  /** A picture has been scored, or not, and its message sent on. Never throws. */
  after(id: string, view: string): void {
    const { station } = this.#o;
    const recipe = station.shadowRecipe();
    if (recipe === null) return;
    const inspection = station.describe(id, view);
    const seen = inspection.views.find(({ name }) => name === view);
    if (!seen?.frame || !station.comparable(inspection)) return;
    const model = recipe.views[view]?.model;
    const waiting: Waiting = { recipe, view, ...(inspection.state === 'published' && { inspection }) };
    const key = `${id} ${view}`;
    if (model === undefined) this.#drop(key, `Recipe ${recipe.number} version ${recipe.version} has no view ${view}`);
    else if (seen.score && sameModel(seen.score.model, model)) {
      // only limits differ: the model would say the same again
      this.#waiting.set(key, waiting);
      this.#scored(key, seen.score);
    } else if (this.#busy) this.#drop(key, null);
    else {
      this.#waiting.set(key, waiting);
      void this.#run(key, seen.frame, model);
    }
  }

  async #run(key: string, frame: Frame, model: ModelIdentity): Promise<void> {
    this.#busy = true;
    try {
      const { engine, loaded } = this.#load(model);
      const score = await engine.score(await loaded, frame, { deadlineMs: this.#o.timeoutMs });
      if (!sameModel(score.model, model)) {
        const text = `model ${model.name} version ${model.version} is not the one that was validated`;
        throw new GoodpartError('GP_MODEL_INVALID', text);
      }
      this.#scored(key, score);
    } catch (thrown) {
      this.#drop(key, asGoodpartError(thrown).message);
    } finally {
      this.#busy = false;
    }
  }

  #load({ name, version }: ModelIdentity): { engine: OnnxRuntimeEngine; loaded: Promise<string> } {
    const dir = this.#store.dirOf(name, version);
    const engine = this.#engine ?? this.#start();
    const known = this.#loading;
    const again = known?.failedAt != null && performance.now() - known.failedAt > retryMs;
    if (known?.dir === dir && !again) return { engine, loaded: known.key };
    if (known !== null) known.key.then((key) => engine.unload(key)).catch(() => {});
    const loading = { dir, key: engine.load(dir).then(({ key }) => key), failedAt: null as number | null };
    this.#loading = loading;
    loading.key.catch(() => {
      loading.failedAt = performance.now();
    });
    return { engine, loaded: loading.key };
  }

  #start(): OnnxRuntimeEngine {
    const engine = new OnnxRuntimeEngine({ name: 'shadow', maxInFlight: 1 });
    this.#engine = engine;
    engine.on('state', (state) => {
      if (this.#engine !== engine) return;
      // before it has threads, which take over what it has
      if (state === 'starting') setImmediate(() => stepBack(engine.stats().pid));
      if (state === 'waiting') this.#trouble(engine.stats().lastError ?? 'the shadow’s process ended');
    });
    return engine;
  }

  #scored(key: string, score: ScoreResult): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    waiting.score = score;
    this.#compare(key, waiting);
  }

  #closed(inspection: Inspection): void {
    for (const { name } of inspection.views) {
      const key = `${inspection.id} ${name}`;
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) continue;
      waiting.inspection = inspection;
      // the station has work of its own to end first
      setImmediate(() => this.#compare(key, waiting));
    }
  }

  /** Once both are there. What was scored for another shadow than that of now says nothing of it. */
  #compare(key: string, { recipe, view, score, inspection }: Waiting): void {
    if (score === undefined || inspection === undefined || !this.#waiting.delete(key)) return;
    if (this.#o.station.shadowRecipe() !== recipe) return;
    this.#o.station.compareShadow(inspection, view, score);
    this.#o.station.setShadowTrouble(this.#o.id, null);
    this.#warned = '';
  }

  /** `why`: null where it was only busy. */
  #drop(key: string, why: string | null): void {
    const dropped = this.#waiting.get(key);
    this.#waiting.delete(key);
    const { station } = this.#o;
    if (dropped !== undefined && station.shadowRecipe() !== dropped.recipe) return;
    station.countNotCompared();
    if (why !== null) this.#trouble(why);
  }

  #trouble(text: string): void {
    this.#o.station.setShadowTrouble(this.#o.id, text);
    if (text === this.#warned) return;
    this.#warned = text;
    this.#o.warn(`Shadow: ${text}`);
  }

  /** Another shadow, or none: its child has no reason to stay. */
  #changed(): void {
    this.#waiting.clear();
    this.#warned = '';
    if (this.#o.station.shadowRecipe() === null) void this.#end();
  }

  async #end(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    this.#loading = null;
    await engine?.stop();
  }
}

const sameModel = (a: ModelIdentity, b: ModelIdentity) => a.sha256 === b.sha256 && a.preprocessing === b.preprocessing;

/** The live model's threads come first. */
function stepBack(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // it ended at once, which is told elsewhere
  }
}
