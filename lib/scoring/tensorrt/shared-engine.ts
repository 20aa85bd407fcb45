import { EventEmitter } from 'node:events';
import { GoodpartError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import type { ScoreResult } from '../../core/inspection.ts';
import type { ChildState } from '../../process/supervised-child.ts';
import type { Engine, EngineStats, LoadedModel } from '../engine.ts';
import { TensorRtEngine } from './tensorrt-engine.ts';

/** A device has one CUDA context worth having: all model nodes share the child that holds it. */
const shared = new Map<string, { engine: TensorRtEngine; users: number }>();

const unused: EngineStats = {
  ...{ state: 'stopped', pid: undefined, starts: 0, failures: 0, lastError: undefined, stderr: [] },
  ...{ inFlight: 0, scored: 0, failed: 0, late: 0, refused: 0, models: [] },
};

/** One user's share of the machine's TensorRT engine: what it loaded goes when it stops, the child with the last user. */
export class SharedTensorRt extends EventEmitter implements Engine {
  readonly #folder: string;
  readonly #loads = new Map<string, number>();
  readonly #tell = (state: ChildState) => this.emit('state', state);
  readonly #fail = (error: Error) => this.emit('failure', error);
  #engine: TensorRtEngine | undefined;
  #stopped = false;

  constructor(folder: string) {
    super();
    this.#folder = folder;
  }

  get state(): ChildState {
    return this.#engine?.state ?? 'stopped';
  }

  async load(dir: string): Promise<LoadedModel> {
    const model = await this.#taken().load(dir);
    this.#loads.set(model.key, (this.#loads.get(model.key) ?? 0) + 1);
    return model;
  }

  async unload(key: string): Promise<void> {
    const loads = this.#loads.get(key) ?? 0;
    if (loads === 0) return;
    if (loads === 1) this.#loads.delete(key);
    else this.#loads.set(key, loads - 1);
    await this.#engine?.unload(key);
  }

  async score(key: string, frame: Frame, o: { deadlineMs: number }): Promise<ScoreResult> {
    return this.#taken().score(key, frame, o);
  }

  building(key: string): string | undefined {
    return this.#engine?.building(key);
  }

  stats(): EngineStats {
    if (this.#engine === undefined) return unused;
    const stats = this.#engine.stats();
    return { ...stats, models: stats.models.filter(({ key }) => this.#loads.has(key)) };
  }

  /** For good: what comes after it is refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const engine = this.#engine;
    if (engine === undefined) return;
    this.#engine = undefined;
    engine.off('state', this.#tell);
    engine.off('failure', this.#fail);
    const entry = shared.get(this.#folder);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users === 0) {
      shared.delete(this.#folder);
      await engine.stop();
      return;
    }
    for (const [key, loads] of this.#loads) {
      for (let i = 0; i < loads; i++) await engine.unload(key);
    }
  }

  #taken(): TensorRtEngine {
    if (this.#engine) return this.#engine;
    // a late call must not start a child that nobody would ever end
    if (this.#stopped) throw new GoodpartError('GP_CHILD_STOPPED', 'The TensorRT engine has been stopped');
    const entry = shared.get(this.#folder) ?? { engine: new TensorRtEngine(this.#folder), users: 0 };
    entry.users += 1;
    entry.engine.setMaxListeners(0);
    shared.set(this.#folder, entry);
    this.#engine = entry.engine;
    this.#engine.on('state', this.#tell);
    this.#engine.on('failure', this.#fail);
    return this.#engine;
  }
}
