import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, node, property, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-trigger',
  category: 'goodpart',
  paletteLabel: 'trigger',
  color: '#A9C6DB',
  inputs: 1,
  outputs: 2,
  fields: {
    station: node('goodpart-station'),
    source: choice(['message', 'timer', 'announce', 'plc']),
    intervalMs: whole({ default: 1000, min: 20, max: 3_600_000, unit: 'ms', when: { source: ['timer'] } }),
    partIdProperty: property({ default: 'part.id', when: { source: ['message', 'announce'] } }),
    recipeProperty: property({ default: '', when: { source: ['message', 'announce'] } }),
    triggerIdProperty: property({ default: '', when: { source: ['message', 'announce'] } }),
  },
});
