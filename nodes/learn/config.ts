import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, node, number, path, text, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-learn',
  category: 'goodpart',
  paletteLabel: 'learn good parts',
  color: '#9FD0CB',
  inputs: 1,
  /** The result; progress; a request for one picture (with source messages). */
  outputs: 3,
  fields: {
    station: node('goodpart-station'),
    view: text({ default: 'main', required: true }),
    model: text({ default: 'parts', required: true }),
    source: choice(['folder', 'messages']),
    path: path({ when: { source: ['folder'] } }),
    /** Pictures to collect from messages, or at most to take from the folder. */
    count: whole({ default: 300, min: 20, max: 1000 }),
    keepAspect: choice(['auto', 'camera', 'stretch']),
    /** Share of good parts that may be called warn or fail. */
    warnRate: number({ default: 0.05, min: 0.0001, max: 0.5 }),
    failRate: number({ default: 0.01, min: 0.0001, max: 0.5 }),
    seed: whole({ default: 1, min: 0, max: 4_294_967_295 }),
    activate: flag(true),
  },
  checks: [
    {
      field: 'failRate',
      expected: 'at most the warn rate',
      holds: ({ failRate, warnRate }) => failRate <= warnRate,
    },
  ],
});
