import type { Polygon } from '../../lib/core/inspection.ts';
import { defineConfig } from '../../lib/node-red/config/config.ts';
import { flag, node, number, structure, text, whole } from '../../lib/node-red/config/fields.ts';
import { checkPolygon } from '../../lib/rules/polygon.ts';

/** Empty: the whole frame. */
function outline(field: string) {
  return (stored: unknown): Polygon => {
    if (Array.isArray(stored) && stored.length === 0) return [];
    checkPolygon(stored, field);
    return stored;
  };
}

export const config = defineConfig({
  type: 'goodpart-scene',
  category: 'goodpart',
  paletteLabel: 'scene check',
  color: '#A9C6DB',
  inputs: 1,
  /** The part; what was learned, and progress. */
  outputs: 2,
  fields: {
    station: node('goodpart-station'),
    view: text({ default: 'main', required: true }),
    exposure: flag(true),
    saturation: flag(true),
    contrast: flag(true),
    focus: flag(true),
    shift: flag(true),
    frozen: flag(true),
    colour: flag(true),
    noise: flag(false),
    /** *Part present*: an empty nest is no part. */
    part: flag(false),
    region: structure({ default: [], parse: outline('region') }),
    partRegion: structure({ default: [], parse: outline('partRegion'), when: { part: ['true'] } }),
    /** Good frames to learn from. */
    count: whole({ default: 50, min: 20, max: 500 }),
    /** Factor on the width of all bands. */
    tolerance: number({ default: 1, min: 0.25, max: 4 }),
    timeoutMs: whole({ default: 1000, min: 10, max: 600_000, unit: 'ms' }),
  },
});
