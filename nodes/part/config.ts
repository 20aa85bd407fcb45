import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, names, node, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-part',
  category: 'goodpart',
  paletteLabel: 'part verdict',
  color: '#9FD0CB',
  inputs: 1,
  outputs: 1,
  fields: {
    station: node('goodpart-station'),
    rule: choice(['worst', 'kOfN']),
    /** The views that every part must have. */
    required: names({ default: 'main' }),
    /** How many of them must be good. */
    needed: whole({ default: 1, min: 1, max: 64, when: { rule: ['kOfN'] } }),
  },
  checks: [
    {
      field: 'needed',
      expected: 'a number not larger than that of the required views',
      holds: ({ rule, needed, required }) => rule !== 'kOfN' || needed <= required.length,
    },
  ],
});
