import { defineConfig } from '../../lib/node-red/config/config.ts';
import { node } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-opcua-output',
  category: 'goodpart',
  paletteLabel: 'opc ua output',
  color: '#DEBD5C',
  inputs: 1,
  outputs: 1,
  align: 'right',
  fields: {
    station: node('goodpart-station'),
    endpoint: node('goodpart-opcua-endpoint'),
  },
});
