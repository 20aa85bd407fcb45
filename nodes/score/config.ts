import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, node, number, text, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-score',
  category: 'goodpart',
  paletteLabel: 'anomaly score',
  color: '#9FD0CB',
  inputs: 1,
  outputs: 1,
  fields: {
    station: node('goodpart-station'),
    model: node('goodpart-model'),
    /** verify: asked for what the first model is in doubt of; classify: names what is not good. */
    stage: choice(['first', 'verify', 'classify']),
    /** Whose model is kept warm, and the view of a picture that comes without an inspection. */
    view: text({ default: 'main', required: true }),
    timeoutMs: whole({ default: 1000, min: 10, max: 600_000, unit: 'ms' }),
    /** Below it a defect is not named. */
    leastConfidence: number({ default: 0.5, min: 0, max: 1, when: { stage: ['classify'] } }),
  },
});
