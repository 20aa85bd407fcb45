import { defineConfig } from '../../lib/node-red/config/config.ts';
import { flag, node, number, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-evidence',
  category: 'goodpart',
  paletteLabel: 'evidence',
  color: '#D9CFA3',
  inputs: 1,
  outputs: 1,
  fields: {
    station: node('goodpart-station'),
    keepFail: flag(true),
    keepWarn: flag(true),
    keepInvalid: flag(true),
    /** Of the parts that passed, this many keep their picture; every inspection has its record. */
    passPercent: number({ default: 1, min: 0, max: 100, unit: '%' }),
    maxPictures: whole({ default: 20_000, min: 10, max: 10_000_000 }),
    maxMegabytes: whole({ default: 5000, min: 10, max: 100_000_000, unit: 'MB' }),
    overlay: flag(true),
    map: flag(true),
  },
});
