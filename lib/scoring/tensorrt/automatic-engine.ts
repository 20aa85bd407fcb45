import { EventEmitter } from 'node:events';
import { systemClock } from '../../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import type { ScoreResult } from '../../core/inspection.ts';
import { settledWithin } from '../../process/settled-within.ts';
import type { ChildState } from '../../process/supervised-child.ts';
import {
  type Engine,
  type EngineStats,
  type LoadedModel,
  OnnxRuntimeEngine,
  type OnnxRuntimeOptions,
} from '../engine.ts';
import { isOfTensorRt } from './addon.ts';
import { tensorRtExpected } from './platform.ts';
import { SharedTensorRt } from './shared-engine.ts';

/** Where one model runs. */
interface Route {
  loads: number;
  model: LoadedModel;
  on: 'cpu' | 'gpu';
  /** Loaded there; both for as long as one takes over from the other. */
  cpu: Promise<LoadedModel> | null;
  gpu: boolean;
  /** Why TensorRT does not run it; empty while that is not known. */
  why: string;
  /** Times that it went from TensorRT back to the CPU. */
  falls: number;
}

/** After so many falls it stays on the CPU until it is loaded anew: an engine that comes and goes is worse than a slow one. */
const mostFalls = 3;

/**
 * TensorRT where it can run a model, else the CPU. A model is on the CPU at once and goes over when its plan is built and admitted; when TensorRT
 * fails it goes back. Where one would expect TensorRT (a Jetson, its libraries) `stats().degraded` says why it is the CPU.
 */
export class AutomaticEngine extends EventEmitter implements Engine {
  readonly #cpu: OnnxRuntimeEngine;
  readonly #gpu: SharedTensorRt;
  readonly #expected: boolean;
  readonly #routes = new Map<string, Route>();
  #stopped = false;

  /** `expected`: whether to try TensorRT at all, default where this machine has a sign of it. */
  constructor(options: OnnxRuntimeOptions, folder: string, { expected = tensorRtExpected() } = {}) {
    super();
    this.#cpu = new OnnxRuntimeEngine(options);
    this.#gpu = new SharedTensorRt(folder);
    this.#expected = expected;
    this.#cpu.on('state', () => this.emit('state', this.state));
    this.#cpu.on('failure', (error) => this.emit('failure', error));
    this.#gpu.on('state', (state: ChildState) => this.#onGpu(state));
  }

  get state(): ChildState {
    const engines = [...this.#routes.values()].map(({ on }) => (on === 'gpu' ? this.#gpu.state : this.#cpu.state));
    return engines.find((state) => state !== 'running') ?? engines[0] ?? this.#cpu.state;
  }

  async load(dir: string): Promise<LoadedModel> {
    const known = this.#routes.get(dir);
    if (known) {
      known.loads += 1;
      if (known.on === 'cpu') await this.#onCpu(dir, known);
      return known.model;
    }
    const model = await this.#cpu.load(dir);
    // another load of it may have been faster
    const route = this.#routes.get(dir);
    if (route) {
      route.loads += 1;
      await this.#cpu.unload(dir);
      return route.model;
    }
    const fresh: Route = { loads: 1, model, on: 'cpu', cpu: Promise.resolve(model), gpu: false, why: '', falls: 0 };
    this.#routes.set(dir, fresh);
    if (this.#expected) void this.#rise(dir, fresh);
    return model;
  }

  async unload(key: string): Promise<void> {
    const route = this.#routes.get(key);
    if (route === undefined) return;
    route.loads -= 1;
    if (route.loads > 0) return;
    this.#routes.delete(key);
    if (route.cpu !== null) await this.#cpu.unload(key);
    if (route.gpu) await this.#gpu.unload(key);
  }

  async score(key: string, frame: Frame, { deadlineMs }: { deadlineMs: number }): Promise<ScoreResult> {
    const route = this.#routes.get(key);
    if (route === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
    const end = systemClock.mono() + deadlineMs;
    if (route.on === 'gpu') {
      try {
        return await this.#gpu.score(key, frame, { deadlineMs });
      } catch (thrown) {
        const error = asGoodpartError(thrown);
        if (isOfEngine(error)) this.#fall(key, route, error.message);
        throw error;
      }
    }
    await settledWithin(this.#onCpu(key, route), deadlineMs, () => {
      const text = `The CPU engine was not ready within ${Math.round(deadlineMs)} ms`;
      return new GoodpartError('GP_CHILD_DEADLINE', text);
    });
    return this.#cpu.score(key, frame, { deadlineMs: Math.max(1, end - systemClock.mono()) });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#cpu.stop(), this.#gpu.stop()]);
  }

  stats(): EngineStats {
    const routes = [...this.#routes];
    const gpu = routes.some(([, { on }]) => on === 'gpu');
    const engine = gpu ? this.#gpu.stats() : this.#cpu.stats();
    const errors = new Map(
      [...this.#cpu.stats().models, ...(gpu ? engine.models : [])].map((one) => [one.key, one.error]),
    );
    const models = routes.map(([key, { model }]) => {
      const { name, version } = model.identity;
      return { key, name, version, error: errors.get(key) };
    });
    const { degraded: _, ...rest } = engine;
    const slow = this.#expected ? routes.find(([, { on }]) => on === 'cpu') : undefined;
    if (slow === undefined) return { ...rest, state: this.state, models };
    const [key, { why }] = slow;
    const reason = why || this.#gpu.building(key) || 'TensorRT is being prepared';
    return { ...rest, state: this.state, models, degraded: `CPU, not TensorRT: ${reason}` };
  }

  #onCpu(dir: string, route: Route): Promise<LoadedModel> {
    route.cpu ??= this.#cpu.load(dir);
    route.cpu.catch(() => {
      route.cpu = null; // tried again by the next frame
    });
    return route.cpu;
  }

  /** From the CPU to TensorRT; a failure is a reason to stay, not an error. */
  async #rise(dir: string, route: Route): Promise<void> {
    try {
      if (!route.gpu) {
        await this.#gpu.load(dir);
        route.gpu = true;
      }
      if (this.#routes.get(dir) !== route || this.#stopped) {
        await this.#gpu.unload(dir);
        return;
      }
      route.on = 'gpu';
      route.why = '';
      const { cpu } = route;
      route.cpu = null;
      if (cpu !== null) await this.#cpu.unload(dir);
    } catch (thrown) {
      route.why = asGoodpartError(thrown).message;
    }
    if (!this.#stopped) this.emit('state', this.state);
  }

  #fall(dir: string, route: Route, why: string): void {
    if (route.on === 'cpu' || this.#stopped) return;
    route.on = 'cpu';
    route.falls += 1;
    route.why = route.falls > mostFalls ? `${why} (after ${route.falls} failures it stays so)` : why;
    this.#onCpu(dir, route).then(
      () => this.emit('state', this.state),
      () => {},
    );
  }

  /** Its child ended, or came back with its models. */
  #onGpu(state: ChildState): void {
    const { models, lastError } = this.#gpu.stats();
    for (const [dir, route] of this.#routes) {
      if (route.on === 'gpu' && state !== 'running') this.#fall(dir, route, lastError ?? 'TensorRT ended');
      const sound = models.some(({ key, error }) => key === dir && error === undefined);
      if (route.on === 'cpu' && route.gpu && state === 'running' && sound && route.falls <= mostFalls) {
        void this.#rise(dir, route);
      }
    }
    this.emit('state', this.state);
  }
}

/** Of the engine, not of the picture. */
function isOfEngine({ code }: GoodpartError): boolean {
  return code === 'GP_ENGINE_FAILED' || code === 'GP_CHILD_EXITED' || isOfTensorRt(code);
}
