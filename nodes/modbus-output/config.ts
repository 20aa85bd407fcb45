import { defineConfig } from '../../lib/node-red/config/config.ts';
import { node, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-modbus-output',
  category: 'goodpart',
  paletteLabel: 'modbus output',
  color: '#DEBD5C',
  inputs: 1,
  outputs: 1,
  align: 'right',
  fields: {
    station: node('goodpart-station'),
    endpoint: node('goodpart-modbus-endpoint'),
    /** The station's registers begin at 1000 times this. */
    slot: whole({ default: 0, min: 0, max: 60 }),
  },
});
