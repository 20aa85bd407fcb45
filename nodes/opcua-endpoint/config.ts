import { defineConfig } from '../../lib/node-red/config/config.ts';
import { flag, host, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-opcua-endpoint',
  category: 'config',
  paletteLabel: 'opc ua endpoint',
  color: '#DEBD5C',
  inputs: 0,
  outputs: 0,
  fields: {
    host: host({ default: '127.0.0.1' }),
    port: whole({ default: 4840, min: 1, max: 65_535 }),
    /** Anonymous clients read and never command. */
    allowAnonymous: flag(true),
  },
  credentials: { user: 'text', password: 'password' },
});
