import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, text, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-station',
  category: 'config',
  paletteLabel: 'station',
  color: '#C7D3DA',
  inputs: 0,
  outputs: 0,
  fields: {
    line: text({ default: 'line1', required: true }),
    station: text({ default: 'station1', required: true }),
    /** Only for a station that has no saved state yet. */
    mode: choice(['run', 'shadow', 'offline']),
    deadlineMs: whole({ default: 2000, min: 50, max: 600_000, unit: 'ms' }),
    maxOpen: whole({ default: 2, min: 1, max: 16 }),
    /** 0 = never. */
    staleAfterMs: whole({ default: 0, min: 0, max: 3_600_000, unit: 'ms' }),
    /** A result leaves the ring only when the PLC has taken it. */
    acknowledged: flag(false),
  },
});
