import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { AnomalyMap } from '../core/anomaly-map.ts';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { ModelIdentity, ScoreResult } from '../core/inspection.ts';
import type { Redact } from '../process/redact.ts';
import { settledWithin } from '../process/settled-within.ts';
import { type ChildState, type ChildStats, type Reply, SupervisedChild } from '../process/supervised-child.ts';
import type { LoadReply, ScoreReply } from './engine-wire.ts';
import { classScores, identityOf, type ModelDescription } from './model-schema.ts';

export interface LoadedModel {
  /** What `score` and `unload` want. */
  key: string;
  identity: ModelIdentity;
  description: ModelDescription;
  provider: string;
  /** Duration of the first run, milliseconds. */
  warmUpMs: number;
}

export interface EngineStats extends ChildStats {
  inFlight: number;
  scored: number;
  /** Scores that ended with an error, late ones included. */
  failed: number;
  /** Scores whose deadline passed. */
  late: number;
  /** Frames refused because too many were waiting. */
  refused: number;
  /** What is other or less than configured though frames are scored; undefined: nothing. */
  degraded?: string;
  /** Models to be kept loaded; `error` where that failed after a restart. */
  models: { key: string; name: string; version: string; error: string | undefined }[];
}

/** Runs models on frames. Events: `state` (ChildState; also when `stats().degraded` changes), `failure` (GoodpartError). */
export interface Engine extends Pick<EventEmitter, 'on' | 'off' | 'once'> {
  readonly state: ChildState;
  /** Loads and warms up the model in a folder; loading it again is free. Rejects with GP_MODEL_INVALID, GP_CHILD_…. */
  load(dir: string): Promise<LoadedModel>;
  unload(key: string): Promise<void>;
  /**
   * Rejects with GP_CHILD_DEADLINE after `deadlineMs`, GP_IMAGE_UNREADABLE, GP_CHILD_EXITED, GP_CHILD_BUSY, GP_MODEL_INVALID,
   * GP_PART_MISPLACED, GP_ENGINE_FAILED or GP_SERVER_…. A score or map that is not finite is a result, not an error.
   */
  score(key: string, frame: Frame, o: { deadlineMs: number }): Promise<ScoreResult>;
  stop(): Promise<void>;
  stats(): EngineStats;
}

export interface ChildEngineOptions {
  /** For people. */
  name: string;
  /** Frames under way beyond which more are refused, default 8. */
  maxInFlight?: number;
  /** A frame unanswered for so long (milliseconds, at least its own deadline) shows a hung child, which is killed. Default 5000. */
  hungMs?: number;
  /** For loading and warm-up, milliseconds, default 60000. */
  loadMs?: number;
  /** 0..19, default 0: how far it steps back behind others. */
  niceness?: number;
}

/** What tells one engine in a child from another. */
export interface EngineKind {
  engine: ScoreResult['engine'];
  /** Absolute path of the compiled child. */
  module: string;
  /** A thread of it answers (`answerFromThread`), default false. */
  threadAnswers?: boolean;
  /** What its `load` gets beside `key` and `dir`. */
  load: Record<string, unknown>;
  redact?: Redact;
}

interface Wanted {
  loads: number;
  model: LoadedModel;
  error: GoodpartError | undefined;
}

/** An engine in one child process that is started by the first `load` and comes back with its models after a crash. */
export class ChildEngine extends EventEmitter implements Engine {
  readonly #options: Required<ChildEngineOptions>;
  readonly #kind: EngineKind;
  readonly #child: SupervisedChild;
  readonly #wanted = new Map<string, Wanted>();
  readonly #loading = new Map<string, Promise<LoadedModel>>();
  readonly #counts = { inFlight: 0, scored: 0, failed: 0, late: 0, refused: 0 };

  constructor(o: ChildEngineOptions, kind: EngineKind) {
    const { name, maxInFlight = 8, hungMs = 5_000, loadMs = 60_000, niceness = 0 } = o;
    super();
    this.#options = { name, maxInFlight, hungMs, loadMs, niceness };
    this.#kind = kind;
    this.#child = new SupervisedChild({
      name: `engine ${name}`,
      module: kind.module,
      // libvips' and ONNX Runtime's threads in glibc's many arenas: memory would creep up for hours (measured)
      env: { MALLOC_ARENA_MAX: '2' },
      // what a frame leaves behind is dead at once; V8 would let it fill 30 MB more before it looked, after some ten thousand frames (measured)
      nodeFlags: ['--max-semi-space-size=8'],
      sharedSlots: maxInFlight,
      threadAnswers: kind.threadAnswers ?? false,
      startMs: this.#options.loadMs,
      niceness,
      hungMs: this.#options.hungMs * 2,
      ...(kind.redact && { redact: kind.redact }),
      initialise: () => this.#loadAgain(),
    });
    this.#child.on('state', () => this.emit('state', this.state));
    this.#child.on('event', (type: string, body: unknown) => this.told(type, body));
    this.#child.on('failure', (error) => this.emit('failure', error));
  }

  get state(): ChildState {
    return this.#child.state;
  }

  stats(): EngineStats {
    const models = [...this.#wanted].map(([key, { model, error }]) => {
      const { name, version } = model.identity;
      return { key, name, version, error: error?.message };
    });
    return { ...this.#child.stats(), ...this.#counts, models };
  }

  async load(dir: string): Promise<LoadedModel> {
    const known = this.#wanted.get(dir);
    if (known && !known.error) {
      known.loads += 1;
      return known.model;
    }
    const loading = this.#loading.get(dir) ?? this.#loadFirst(dir);
    this.#loading.set(dir, loading);
    try {
      const model = await loading;
      const wanted = this.#wanted.get(dir);
      if (wanted && !wanted.error) wanted.loads += 1;
      else this.#wanted.set(dir, { loads: (wanted?.loads ?? 0) + 1, model, error: undefined });
      return model;
    } finally {
      this.#loading.delete(dir);
    }
  }

  async unload(key: string): Promise<void> {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) return;
    wanted.loads -= 1;
    if (wanted.loads > 0) return;
    this.#wanted.delete(key);
    if (this.#child.state === 'running')
      await this.#child.request('unload', { key }, [], { deadlineMs: this.#options.loadMs });
  }

  async score(key: string, frame: Frame, { deadlineMs }: { deadlineMs: number }): Promise<ScoreResult> {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
    if (wanted.error) throw wanted.error;
    if (this.#counts.inFlight >= this.#options.maxInFlight) {
      this.#counts.refused += 1;
      throw new GoodpartError(
        'GP_CHILD_BUSY',
        `${this.#child.options.name}: ${this.#counts.inFlight} frames are waiting`,
      );
    }
    this.#counts.inFlight += 1;
    try {
      const result = await this.#scoreBefore(systemClock.mono() + deadlineMs, deadlineMs, wanted.model, frame);
      this.#counts.scored += 1;
      return result;
    } catch (thrown) {
      const error = asGoodpartError(thrown, 'GP_ENGINE_FAILED');
      this.#counts.failed += 1;
      if (error.code === 'GP_CHILD_DEADLINE' || error.code === 'GP_SERVER_TIMEOUT') this.#counts.late += 1;
      throw error;
    } finally {
      this.#counts.inFlight -= 1;
    }
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  /** What the child says without being asked. */
  protected told(_type: string, _body: unknown): void {}

  protected ask(type: string, body: unknown, deadlineMs: number): Promise<Reply> {
    return this.#child.request(type, body, [], { deadlineMs });
  }

  /** Whether a model that cannot be loaded after a restart leaves the child running, so that others work and it is tried again. */
  protected outlives({ code }: GoodpartError): boolean {
    return code === 'GP_MODEL_INVALID';
  }

  /** A model that could not be loaded after a restart can be used by now. */
  protected recovered(key: string): void {
    const wanted = this.#wanted.get(key);
    if (wanted) wanted.error = undefined;
  }

  async #loadFirst(dir: string): Promise<LoadedModel> {
    if (this.#child.state === 'stopped') await this.#child.start();
    return this.#request(dir);
  }

  async #request(dir: string): Promise<LoadedModel> {
    const { body } = await this.ask('load', { ...this.#kind.load, key: dir, dir }, this.#options.loadMs);
    const { description, provider, warmUpMs } = body as LoadReply;
    return { key: dir, identity: identityOf(description), description, provider, warmUpMs };
  }

  /** After a restart. A model that cannot be loaded any more must not keep the others from working. */
  async #loadAgain(): Promise<void> {
    for (const [key, wanted] of this.#wanted) {
      try {
        wanted.model = await this.#request(key);
        wanted.error = undefined;
        if (this.#wanted.get(key) !== wanted) await this.#child.request('unload', { key });
      } catch (thrown) {
        const error = asGoodpartError(thrown);
        if (!this.outlives(error)) throw error;
        wanted.error = error;
      }
    }
  }

  /**
   * The caller's deadline and the child's differ on purpose: a frame that is late because of the frames before it must not cost a
   * working child, one that is not answered at all must.
   */
  async #scoreBefore(deadline: number, deadlineMs: number, model: LoadedModel, frame: Frame): Promise<ScoreResult> {
    const began = systemClock.mono();
    const { encoding, width, height, channels, bitDepth } = frame.info;
    const body = { key: model.key, info: { encoding, width, height, channels, bitDepth }, deadline };
    const answer = this.#child.request('score', body, [frame.data], {
      deadlineMs: Math.max(deadlineMs, this.#options.hungMs),
    });
    const { body: reply, payloads } = await settledWithin(answer, deadlineMs, () => {
      const text = `${this.#child.options.name} gave no score within ${Math.round(deadlineMs)} ms`;
      return new GoodpartError('GP_CHILD_DEADLINE', text);
    });
    const { image, map, timings, registration, provider, classes } = reply as ScoreReply;
    const { mapArea } = model.description.outputs;
    return {
      score: payloads[0].readDoubleLE(),
      map: map && new AnomalyMap(map.width, map.height, payloads[1]),
      ...(mapArea && { mapArea }),
      model: model.identity,
      engine: this.#kind.engine,
      provider: provider ?? model.provider,
      timings: { ...timings, total: systemClock.mono() - began },
      image,
      ...(registration && { registration }),
      ...(classes && { classes: classScores(model.description, classes) }),
    };
  }
}

export interface OnnxRuntimeOptions extends ChildEngineOptions {
  /** Threads of one run, default 1: a second core then decodes. */
  threads?: number;
}

/** ONNX Runtime on the CPU. */
export class OnnxRuntimeEngine extends ChildEngine {
  constructor({ threads = 1, ...options }: OnnxRuntimeOptions) {
    const module = join(__dirname, 'engine-child.js');
    super(options, { engine: 'onnxruntime', module, threadAnswers: true, load: { threads } });
  }
}
