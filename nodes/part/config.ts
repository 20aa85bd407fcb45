import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, names, node, whole } from '../../lib/node-red/config/fields.ts';

const kOfN = { rule: ['kOfN'] };

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
    k: whole({ default: 1, min: 1, max: 64, when: kOfN }),
    n: whole({ default: 1, min: 1, max: 64, when: kOfN }),
  },
  checks: [
    {
      field: 'k',
      expected: 'a number not larger than n',
      holds: ({ rule, k, n }) => rule !== 'kOfN' || k <= n,
    },
  ],
});
