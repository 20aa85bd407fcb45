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
  /** Of the recipe's second model, where it has one. */
  second?: ScoreResult;
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
  readonly #models = new Map<string, { key: Promise<string>; failedAt: number | null }>();
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
    const { model, verify } = recipe.views[view] ?? {};
    const waiting: Waiting = { recipe, view, ...(inspection.state === 'published' && { inspection }) };
    const key = `${id} ${view}`;
    // where only limits differ the model would say the same again
    const known = seen.score && model && sameModel(seen.score.model, model) ? seen.score : null;
    if (model === undefined) {
      this.#notCompared(`Recipe ${recipe.number} version ${recipe.version} has no view ${view}`);
    } else if (known !== null && verify === undefined) {
      this.#waiting.set(key, waiting);
      this.#scored(key, { score: known });
    } else if (this.#busy) this.#notCompared(null);
    else {
      this.#waiting.set(key, waiting);
      void this.#run(key, seen.frame, { known, model, second: verify?.model });
    }
  }

  async #run(
    key: string,
    frame: Frame,
    { known, model, second }: { known: ScoreResult | null; model: ModelIdentity; second?: ModelIdentity },
  ): Promise<void> {
    this.#busy = true;
    try {
      const score = known ?? (await this.#score(frame, model));
      // asked whether the first is in doubt or not: here nothing waits for it
      this.#scored(key, { score, ...(second && { second: await this.#score(frame, second) }) });
    } catch (thrown) {
      this.#drop(key, asGoodpartError(thrown).message);
    } finally {
      this.#busy = false;
    }
  }

  async #score(frame: Frame, model: ModelIdentity): Promise<ScoreResult> {
    const engine = this.#engine ?? this.#start();
    const score = await engine.score(await this.#load(engine, model), frame, { deadlineMs: this.#o.timeoutMs });
    if (sameModel(score.model, model)) return score;
    const text = `model ${model.name} version ${model.version} is not the one that was validated`;
    throw new GoodpartError('GP_MODEL_INVALID', text);
  }

  #load(engine: OnnxRuntimeEngine, { name, version }: ModelIdentity): Promise<string> {
    const dir = this.#store.dirOf(name, version);
    const known = this.#models.get(dir);
    const again = known?.failedAt != null && performance.now() - known.failedAt > retryMs;
    if (known !== undefined && !again) return known.key;
    const loading = { key: engine.load(dir).then(({ key }) => key), failedAt: null as number | null };
    this.#models.set(dir, loading);
    loading.key.catch(() => {
      loading.failedAt = performance.now();
    });
    return loading.key;
  }

  #start(): OnnxRuntimeEngine {
    const engine = new OnnxRuntimeEngine({ name: 'shadow', maxInFlight: 1, niceness: 19 });
    this.#engine = engine;
    engine.on('state', (state) => {
      if (this.#engine !== engine) return;
      if (state === 'waiting') this.#trouble(engine.stats().lastError ?? 'the shadow’s process ended');
    });
    return engine;
  }

  #scored(key: string, scores: Required<Pick<Waiting, 'score'>> & Pick<Waiting, 'second'>): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    Object.assign(waiting, scores);
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
  #compare(key: string, { recipe, view, score, second, inspection }: Waiting): void {
    if (score === undefined || inspection === undefined || !this.#waiting.delete(key)) return;
    if (this.#o.station.shadowRecipe() !== recipe) return;
    this.#o.station.compareShadow(inspection, view, score, second);
    this.#o.station.setShadowTrouble(this.#o.id, null);
    this.#warned = '';
  }

  /** Its shadow may have been replaced meanwhile: then nobody counts it. */
  #drop(key: string, why: string): void {
    const dropped = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (dropped !== undefined && this.#o.station.shadowRecipe() === dropped.recipe) this.#notCompared(why);
  }

  /** `why`: null where it was only busy. */
  #notCompared(why: string | null): void {
    this.#o.station.countNotCompared();
    if (why !== null) this.#trouble(why);
  }

  #trouble(text: string): void {
    this.#o.station.setShadowTrouble(this.#o.id, text);
    if (text === this.#warned) return;
    this.#warned = text;
    this.#o.warn(`Shadow: ${text}`);
  }

  /** Another shadow, or none: the child of the former has no reason to stay. */
  #changed(): void {
    this.#waiting.clear();
    this.#warned = '';
    void this.#end();
  }

  async #end(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    this.#models.clear();
    await engine?.stop();
  }
}

const sameModel = (a: ModelIdentity, b: ModelIdentity) => a.sha256 === b.sha256 && a.preprocessing === b.preprocessing;
