import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-picture',
  category: 'goodpart',
  paletteLabel: 'picture',
  color: '#D9CFA3',
  inputs: 1,
  outputs: 1,
  fields: {
    content: choice(['overlay', 'frame']),
    maxWidth: whole({ default: 640, min: 32, max: 4096, unit: 'px' }),
    quality: whole({ default: 80, min: 1, max: 100 }),
  },
});
