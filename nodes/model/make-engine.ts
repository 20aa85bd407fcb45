import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import { type Engine, OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { EnginePool } from '../../lib/scoring/engine-pool.ts';
import { KServeEngine } from '../../lib/scoring/kserve/kserve-engine.ts';
import { AutomaticEngine } from '../../lib/scoring/tensorrt/automatic-engine.ts';
import { SharedTensorRt } from '../../lib/scoring/tensorrt/shared-engine.ts';
import type { config } from './config.ts';

/** The engine that a model node asks for, and what tells it from others: without secrets, for it is a name. */
export interface EngineChoice {
  key: string;
  make(): Engine & Pick<EventEmitter, 'setMaxListeners'>;
}

/** `dataDir` is where models and TensorRT's plans lie. `make` throws GP_CONFIG_INVALID where the secrets do not fit. */
export function engineOf(
  values: ValuesOf<typeof config>,
  credentials: Record<string, string>,
  dataDir: string,
): EngineChoice {
  const { engine, threads, timeoutMs: loadMs, model } = values;
  const options = { name: values.name || model || 'model', loadMs };
  if (engine === 'kserve') {
    const { kserveUrls: urls, kserveModel, kserveVersion, kserveCaFile: caFile, kserveTimeoutMs: timeoutMs } = values;
    const { kserveToken: token = '' } = credentials;
    const settings = { urls, model: kserveModel, version: kserveVersion, caFile, timeoutMs };
    const secret = createHash('sha256').update(token).digest('hex');
    return {
      key: JSON.stringify({ engine, loadMs, ...settings, secret }),
      make: () => new KServeEngine(options, { ...settings, token }),
    };
  }
  const folder = join(dataDir, 'tensorrt');
  if (engine === 'tensorrt') return { key: JSON.stringify({ engine }), make: () => new SharedTensorRt(folder) };
  const one = () =>
    engine === 'auto'
      ? new AutomaticEngine({ ...options, threads }, folder)
      : new OnnxRuntimeEngine({ ...options, threads });
  // servers and a GPU's one child load beside what runs; on the processor a version gets a child of its own
  const make = () => new EnginePool(one);
  return { key: JSON.stringify({ engine, threads, loadMs }), make };
}
