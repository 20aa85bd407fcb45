import type { Roi } from '../../lib/core/inspection.ts';
import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, node, structure, text } from '../../lib/node-red/config/fields.ts';
import { checkRois } from '../../lib/rules/polygon.ts';

function parseRois(stored: unknown): Roi[] {
  checkRois(stored);
  return stored;
}

export const config = defineConfig({
  type: 'goodpart-rules',
  category: 'goodpart',
  paletteLabel: 'roi rules',
  color: '#9FD0CB',
  inputs: 1,
  outputs: 1,
  fields: {
    station: node('goodpart-station'),
    /** `drawn`: outlines and measures from here, limits as learned for them. */
    thresholds: choice(['recipe', 'drawn', 'fixed']),
    view: text({ default: 'main', required: true, when: { thresholds: ['drawn'] } }),
    /** Whether this view's verdict is the part's. */
    final: flag(true),
    rois: structure({ default: [], parse: parseRois, when: { thresholds: ['drawn', 'fixed'] } }),
  },
  checks: [
    {
      field: 'rois',
      expected: 'at least one region to inspect',
      holds: ({ thresholds, rois }) => thresholds === 'recipe' || rois.some(({ mode }) => mode === 'inspect'),
    },
  ],
});
