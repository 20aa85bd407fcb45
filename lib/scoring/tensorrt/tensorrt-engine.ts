import { join } from 'node:path';
import type { GoodpartError } from '../../core/errors.ts';
import { ChildEngine, type EngineStats, type LoadedModel } from '../engine.ts';
import { isOfTensorRt } from './addon.ts';
import type { Building } from './prepare.ts';

/** A plan is built for minutes on a small device, twice where half precision is refused. */
const loadMs = 40 * 60_000;
/** Progress is told in steps of so much: each is a status and a tag that change. */
const step = 0.1;

/**
 * TensorRT on the machine's GPU, in one child for all models. `folder` holds the addon and the plans. `load` takes minutes where the plan is not
 * in the cache, `stats().degraded` then says how far it is; it also rejects with the codes of TensorRT in lib/core/errors.ts.
 */
export class TensorRtEngine extends ChildEngine {
  readonly #building = new Map<string, Building>();

  constructor(folder: string) {
    super(
      { name: 'TensorRT', loadMs, hungMs: 10_000 },
      {
        engine: 'tensorrt',
        module: join(__dirname, 'tensorrt-child.js'),
        load: { folder },
      },
    );
  }

  /** How far the building of a model's plan is, for people; undefined where none is built. */
  building(key: string): string | undefined {
    const building = this.#building.get(key);
    return building && `TensorRT builds its plan (${building.precision}, ${Math.round(building.share * 100)} %)`;
  }

  override stats(): EngineStats {
    const stats = super.stats();
    const [key] = this.#building.keys();
    return key === undefined ? stats : { ...stats, degraded: this.building(key) };
  }

  override async load(dir: string): Promise<LoadedModel> {
    try {
      return await super.load(dir);
    } finally {
      if (this.#building.delete(dir)) this.emit('state', this.state);
    }
  }

  protected override told(type: string, body: unknown): void {
    if (type !== 'building') return;
    const { key, ...building } = body as Building & { key: string };
    const known = this.#building.get(key);
    if (known?.precision === building.precision && building.share < known.share + step) return;
    this.#building.set(key, building);
    this.emit('state', this.state);
  }

  /** What TensorRT does not take after a restart leaves the others running. */
  protected override outlives({ code }: GoodpartError): boolean {
    return isOfTensorRt(code) || code === 'GP_MODEL_INVALID';
  }
}
