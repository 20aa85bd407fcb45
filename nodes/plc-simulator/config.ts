import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, host, number, text, whole } from '../../lib/node-red/config/fields.ts';

const modbus = { protocol: ['modbus'] };
const opcua = { protocol: ['opcua'] };

export const config = defineConfig({
  type: 'goodpart-plc-simulator',
  category: 'goodpart',
  paletteLabel: 'plc simulator (desk test)',
  color: '#C9C9C9',
  inputs: 1,
  outputs: 2,
  fields: {
    protocol: choice(['modbus', 'opcua']),
    host: host({ default: '127.0.0.1', when: modbus }),
    port: whole({ default: 1502, min: 1, max: 65_535, when: modbus }),
    /** First register of the station: 1000 times its slot. */
    base: whole({ default: 0, min: 0, max: 65_195, when: modbus }),
    url: text({ default: 'opc.tcp://127.0.0.1:4840', max: 300, required: true, when: opcua }),
    /** Empty: the only station that is shown there. */
    stationId: text({ max: 100, when: opcua }),
    partsPerMinute: number({ default: 60, min: 1, max: 2000 }),
    pitch: whole({ default: 2, min: 1, max: 8 }),
    cycleMs: whole({ default: 10, min: 2, max: 200, unit: 'ms' }),
    expectedRecipe: whole({ default: 0, min: 0, max: 65_534 }),
    /** As in the simulated camera: then it draws the parts that lie on the belt. */
    seed: whole({ default: 1, min: 0, max: 4_294_967_295 }),
    defectRate: number({ default: 0.1, min: 0, max: 1 }),
  },
  credentials: { user: 'text', password: 'password' },
  checks: [
    {
      field: 'url',
      expected: 'an address such as opc.tcp://127.0.0.1:4840',
      holds: ({ protocol, url }) => protocol !== 'opcua' || /^opc\.tcp:\/\/\S+$/.test(url),
    },
    {
      field: 'cycleMs',
      expected: 'at most 12000 / (parts per minute · slots from part to part)',
      holds: ({ cycleMs, partsPerMinute, pitch }) => cycleMs <= 12_000 / (partsPerMinute * pitch),
    },
  ],
});
