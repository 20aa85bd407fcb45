import { defaultRoot, isTopicRoot } from '../../lib/core/topics.ts';
import { defineConfig } from '../../lib/node-red/config/config.ts';
import { flag, node, text, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-report',
  category: 'goodpart',
  paletteLabel: 'report',
  color: '#DEBD5C',
  inputs: 1,
  /** Results; status. */
  outputs: 2,
  fields: {
    station: node('goodpart-station'),
    root: text({ default: defaultRoot, required: true, max: 128 }),
    repeatS: whole({ default: 30, min: 1, max: 3600, unit: 's' }),
    /** Nothing is sent until a status message at the input says that the output is connected. */
    waits: flag(false),
  },
  checks: [
    {
      field: 'root',
      expected: 'names separated by /, none of them empty, without + and #, the first not beginning with $',
      holds: ({ root }) => isTopicRoot(root),
    },
  ],
});
