import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, host, text, whole } from '../../lib/node-red/config/fields.ts';

const server = { role: ['server'] };
const client = { role: ['client'] };

export const config = defineConfig({
  type: 'goodpart-modbus-endpoint',
  category: 'config',
  paletteLabel: 'modbus endpoint',
  color: '#DEBD5C',
  inputs: 0,
  outputs: 0,
  fields: {
    /** Whether the PLC connects to the station, or the station to the PLC. */
    role: choice(['server', 'client']),
    host: host({ default: '127.0.0.1', when: server }),
    port: whole({ default: 1502, min: 1, max: 65_535, when: server }),
    maxClients: whole({ default: 8, min: 1, max: 64, when: server }),
    plcHost: text({ max: 253, required: true, when: client }),
    plcPort: whole({ default: 502, min: 1, max: 65_535, when: client }),
    /** Of a server, 255 answers to any; of a PLC, 255 is the device itself. */
    unitId: whole({ default: 255, min: 0, max: 255 }),
    /** The register of the PLC in which the map begins. */
    base: whole({ default: 0, min: 0, max: 65_195, when: client }),
    wordOrder: choice(['ABCD', 'CDAB', 'BADC', 'DCBA']),
    /** Which byte of a register holds the first of two characters. */
    textOrder: choice(['high', 'low']),
    pollMs: whole({ default: 20, min: 5, max: 5000, unit: 'ms', when: client }),
    timeoutMs: whole({ default: 1000, min: 100, max: 30_000, unit: 'ms', when: client }),
  },
  checks: [
    {
      field: 'plcHost',
      expected: 'a host name or an IP address',
      holds: ({ role, plcHost }) => role !== 'client' || /^[A-Za-z0-9_.:%-]{1,253}$/.test(plcHost),
    },
  ],
});
