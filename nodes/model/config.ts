import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, text, whole } from '../../lib/node-red/config/fields.ts';
import { kserveChecks, kserveFields } from './kserve-fields.ts';

export const config = defineConfig({
  type: 'goodpart-model',
  category: 'config',
  paletteLabel: 'model',
  color: '#C7D3DA',
  inputs: 0,
  outputs: 0,
  fields: {
    /** Empty: the model that the active recipe names. */
    model: text(),
    /** Empty: the recipe's version, else the newest. */
    version: text(),
    /** auto: TensorRT where this machine has it, else its processor. */
    engine: choice(['auto', 'onnxruntime', 'tensorrt', 'kserve']),
    /** 0 = one for each processor core. */
    threads: whole({ default: 1, min: 0, max: 64, when: { engine: ['auto', 'onnxruntime'] } }),
    ...kserveFields,
    /** Recipes whose models stay loaded, the active one included. */
    keepLoaded: whole({ default: 3, min: 1, max: 32 }),
    timeoutMs: whole({ default: 30_000, min: 1000, max: 600_000, unit: 'ms' }),
  },
  credentials: { kserveToken: 'password' },
  checks: kserveChecks,
});
