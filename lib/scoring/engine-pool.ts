import { EventEmitter } from 'node:events';
import { GoodpartError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { ScoreResult } from '../core/inspection.ts';
import type { ChildState } from '../process/supervised-child.ts';
import type { Engine, EngineStats, LoadedModel } from './engine.ts';

interface Member {
  engine: Engine;
  loads: number;
}

const idle: EngineStats = Object.freeze({
  ...{ state: 'stopped' as ChildState, pid: undefined, starts: 0, failures: 0, lastError: undefined, stderr: [] },
  ...{ inFlight: 0, scored: 0, failed: 0, late: 0, refused: 0, models: [] },
});

/**
 * One engine, and so one child, for each model version. Loading blocks the thread that runs models and may end a child that takes too
 * long or crashes: in a child of its own a version that is being loaded disturbs none that is at work.
 */
export class EnginePool extends EventEmitter implements Engine {
  readonly #make: () => Engine;
  readonly #members = new Map<string, Member>();
  #stopped = false;

  constructor(make: () => Engine) {
    super();
    this.#make = make;
  }

  /** Running as soon as one is: whose model runs asks `statsOf`. */
  get state(): ChildState {
    const states = [...this.#members.values()].map(({ engine }) => engine.state);
    return states.find((state) => state === 'running') ?? states[0] ?? 'stopped';
  }

  async load(dir: string): Promise<LoadedModel> {
    if (this.#stopped) throw new GoodpartError('GP_CHILD_STOPPED', 'The engines are stopped');
    const member = this.#members.get(dir) ?? this.#add(dir);
    member.loads += 1;
    try {
      return await member.engine.load(dir);
    } catch (error) {
      member.loads -= 1;
      if (member.loads === 0) await this.#remove(dir, member);
      throw error;
    }
  }

  async unload(key: string): Promise<void> {
    const member = this.#members.get(key);
    if (member === undefined) return;
    member.loads -= 1;
    if (member.loads === 0) await this.#remove(key, member);
    else await member.engine.unload(key);
  }

  async score(key: string, frame: Frame, o: { deadlineMs: number }): Promise<ScoreResult> {
    const member = this.#members.get(key);
    if (member === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
    return member.engine.score(key, frame, o);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#members].map(([key, member]) => this.#remove(key, member)));
  }

  /** Of the engine that has this model; `state` is stopped where none has. */
  statsOf(key: string): EngineStats {
    return this.#members.get(key)?.engine.stats() ?? idle;
  }

  stats(): EngineStats {
    const all = [...this.#members.values()].map(({ engine }) => engine.stats());
    const sum = (of: 'inFlight' | 'scored' | 'failed' | 'late' | 'refused' | 'starts' | 'failures') =>
      all.reduce((total, stats) => total + stats[of], 0);
    const degraded = all.find((stats) => stats.degraded !== undefined)?.degraded;
    return {
      ...(all.find(({ state }) => state === this.state) ?? idle),
      ...{ starts: sum('starts'), failures: sum('failures'), inFlight: sum('inFlight'), scored: sum('scored') },
      ...{ failed: sum('failed'), late: sum('late'), refused: sum('refused') },
      models: all.flatMap(({ models }) => models),
      ...(degraded !== undefined && { degraded }),
    };
  }

  #add(dir: string): Member {
    const engine = this.#make();
    const member: Member = { engine, loads: 0 };
    this.#members.set(dir, member);
    engine.on('state', (state: ChildState) => {
      if (this.#members.get(dir) === member) this.emit('state', state);
    });
    engine.on('failure', (error: GoodpartError) => this.emit('failure', error));
    return member;
  }

  async #remove(key: string, member: Member): Promise<void> {
    if (this.#members.get(key) === member) this.#members.delete(key);
    await member.engine.stop();
  }
}
