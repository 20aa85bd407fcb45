import { createHash } from 'node:crypto';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import { type ChildEngine, OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { KServeEngine } from '../../lib/scoring/kserve/kserve-engine.ts';
import type { config } from './config.ts';

/** The engine that a model node asks for, and what tells it from others: without secrets, for it is a name. */
export interface EngineChoice {
  key: string;
  make(): ChildEngine;
}

/** `make` throws GP_CONFIG_INVALID where the secrets do not fit. */
export function engineOf(values: ValuesOf<typeof config>, credentials: Record<string, string>): EngineChoice {
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
  return { key: JSON.stringify({ threads, loadMs }), make: () => new OnnxRuntimeEngine({ ...options, threads }) };
}
