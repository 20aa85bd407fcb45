import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, host, text, whole } from '../../lib/node-red/config/fields.ts';
import { passwordKey, slots } from './users.ts';

const server = { role: ['server'] };
const client = { role: ['client'] };

export const config = defineConfig({
  type: 'goodpart-opcua-endpoint',
  category: 'config',
  paletteLabel: 'opc ua endpoint',
  color: '#DEBD5C',
  inputs: 0,
  outputs: 0,
  fields: {
    /** Whether the PLC connects to the station, or the station to the PLC. */
    role: choice(['server', 'client']),
    host: host({ default: '127.0.0.1', when: server }),
    port: whole({ default: 4840, min: 1, max: 65_535, when: server }),
    /** Anonymous clients read and never command. */
    allowAnonymous: flag(true, { when: server }),
    /** Clients without certificate and encryption; they too only read. */
    allowNone: flag(true, { when: server }),
    maxSessions: whole({ default: 8, min: 1, max: 64, when: server }),
    /** Empty: made from the host's name. */
    applicationUri: text({ max: 200, when: server }),
    url: text({ max: 500, required: true, when: client }),
    security: choice(['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'], { when: client }),
    /** How the station's tags are called in the PLC. */
    template: text({ default: 'ns=3;s="Goodpart"."{folder}"."{name}"', max: 200, required: true, when: client }),
    /** How often the PLC looks for new commands. */
    publishMs: whole({ default: 50, min: 10, max: 5000, unit: 'ms', when: client }),
    timeoutMs: whole({ default: 3000, min: 500, max: 30_000, unit: 'ms', when: client }),
  },
  credentials: {
    user: 'text',
    /** Names and roles as JSON; each password has a credential of its own, which never comes back to a browser. */
    users: 'text',
    ...Object.fromEntries(slots.map((slot) => [passwordKey(slot), 'password' as const])),
    clientUser: 'text',
    clientPassword: 'password',
  },
  checks: [
    {
      field: 'applicationUri',
      expected: 'nothing, or urn: and a name without spaces, commas and quotes',
      holds: ({ role, applicationUri }) =>
        role !== 'server' || applicationUri === '' || /^urn:[^\s,"]+$/.test(applicationUri),
    },
    {
      field: 'url',
      expected: 'an address such as opc.tcp://192.168.0.1:4840',
      holds: ({ role, url }) => role !== 'client' || /^opc\.tcp:\/\/[^\s/@]+(\/\S*)?$/.test(url),
    },
    {
      field: 'template',
      expected: 'a node id with {folder} and {name}',
      holds: ({ role, template }) => role !== 'client' || /\{folder\}.*\{name\}/.test(template),
    },
  ],
});
