import { join } from 'node:path';
import type { GoodpartError } from '../../core/errors.ts';
import { redactor } from '../../process/redact.ts';
import type { ChildState } from '../../process/supervised-child.ts';
import { ChildEngine, type ChildEngineOptions, type EngineStats } from '../engine.ts';
import type { Health } from './replicas.ts';
import { checkKServe, type KServeSettings } from './settings.ts';

/**
 * Runs models on servers that speak the KServe v2 protocol. Its `state` is `waiting` while no server can run a model that is loaded, and
 * becomes `running` by itself; with some of several servers left out `stats().degraded` says which and why.
 * The constructor throws GP_CONFIG_INVALID. `load` and `score` also reject with GP_SERVER_FAILED and GP_SERVER_TIMEOUT.
 */
export class KServeEngine extends ChildEngine {
  readonly #health = new Map<string, Health>();

  constructor(options: ChildEngineOptions, settings: KServeSettings) {
    const { token } = checkKServe(settings);
    const { loadMs = 60_000 } = options;
    super(options, {
      engine: 'kserve',
      module: join(__dirname, 'kserve-child.js'),
      load: { settings, loadMs },
      redact: redactor([token]),
    });
  }

  override get state(): ChildState {
    return super.state === 'running' && this.#lost() !== undefined ? 'waiting' : super.state;
  }

  override stats(): EngineStats {
    const stats = super.stats();
    const lost = this.#lost();
    if (stats.state === 'running' && lost) return { ...stats, state: 'waiting', lastError: lost.text };
    const fewer = this.#ofLoaded().find(({ total, healthy, opening }) => healthy + opening < total);
    if (fewer === undefined) return stats;
    const { total, healthy, opening, text } = fewer;
    return { ...stats, degraded: `${healthy + opening} of ${total} inference servers can be used: ${text}` };
  }

  override async unload(key: string): Promise<void> {
    await super.unload(key);
    if (!super.stats().models.some((model) => model.key === key)) this.#health.delete(key);
  }

  protected override told(type: string, body: unknown): void {
    if (type !== 'health') return;
    const { key, ...health } = body as Health & { key: string };
    this.#health.set(key, health);
    if (health.healthy > 0) this.recovered(key);
    this.emit('state', this.state);
  }

  /** The servers come back by themselves: no reason to start the child anew. */
  protected override outlives({ code }: GoodpartError): boolean {
    return code.startsWith('GP_SERVER_') || code === 'GP_MODEL_INVALID';
  }

  /** Of models that were loaded once: one that never could be has told so to who asked for it. */
  #ofLoaded(): Health[] {
    return super.stats().models.flatMap(({ key }) => this.#health.get(key) ?? []);
  }

  #lost(): Health | undefined {
    return this.#ofLoaded().find(({ healthy, opening }) => healthy + opening === 0);
  }
}
