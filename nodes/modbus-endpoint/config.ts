import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, host, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-modbus-endpoint',
  category: 'config',
  paletteLabel: 'modbus endpoint',
  color: '#DEBD5C',
  inputs: 0,
  outputs: 0,
  fields: {
    host: host({ default: '127.0.0.1' }),
    port: whole({ default: 1502, min: 1, max: 65_535 }),
    /** 255 answers to any. */
    unitId: whole({ default: 255, min: 0, max: 255 }),
    wordOrder: choice(['ABCD', 'CDAB', 'BADC', 'DCBA']),
    /** Which byte of a register holds the first of two characters. */
    textOrder: choice(['high', 'low']),
  },
});
