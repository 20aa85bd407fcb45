import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, node, whole } from '../../lib/node-red/config/fields.ts';

const kOfN = { rule: ['kOfN'] };

export const config = defineConfig({
  type: 'goodpart-alarm',
  category: 'goodpart',
  paletteLabel: 'alarm',
  color: '#E4A89A',
  inputs: 1,
  /** The message at once; the alarm as it latches and is reset. */
  outputs: 2,
  fields: {
    station: node('goodpart-station'),
    rule: choice(['kOfN', 'consecutive', 'duration']),
    needed: whole({ default: 3, min: 1, max: 1000, when: kOfN }),
    outOf: whole({ default: 10, min: 1, max: 1000, when: kOfN }),
    count: whole({ default: 3, min: 1, max: 1000, when: { rule: ['consecutive'] } }),
    durationMs: whole({ default: 5000, min: 1, max: 86_400_000, unit: 'ms', when: { rule: ['duration'] } }),
    /** Whether a warn counts like a fail. */
    warns: flag(false),
    /** The PLC's number of this alarm. */
    code: whole({ default: 1, min: 1, max: 65_535 }),
  },
  checks: [
    {
      field: 'needed',
      expected: 'a number not larger than the parts looked at',
      holds: ({ rule, needed, outOf }) => rule !== 'kOfN' || needed <= outOf,
    },
  ],
});
