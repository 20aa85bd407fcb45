import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { until } from '../kit/until.ts';
import { FakePlc } from '../plc/fake-plc.ts';

const { hashSync } = createRequire(require.resolve('node-red'))('bcryptjs') as {
  hashSync(password: string, rounds: number): string;
};
const user = (username: string, permissions: string | string[]) => ({
  username,
  password: hashSync('secret', 4),
  permissions,
});
const station: FlowNode = { id: 'station', type: 'goodpart-station', line: 'l', station: 's', mode: 'run' };
const tab: FlowNode = { id: 'tab', type: 'tab', label: 'line' };
const output = (id: string, type: string, endpoint: string, more: object = {}): FlowNode => ({
  ...{ id, type: `goodpart-${type}`, z: 'tab', station: 'station', endpoint, wires: [[]] },
  ...more,
});

describe('PLC endpoints in a Node-RED with users', function () {
  this.timeout(120_000);
  const users = [user('engineer', '*'), user('reader', ['flows.read', 'goodpart.read'])];
  const red = new NodeRed({ userDir: userDirWithCheckout(), adminAuth: { type: 'credentials', users } });
  const post = (body: object = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const status = async (path: string, init?: RequestInit) => (await red.request(`goodpart/opcua/${path}`, init)).status;
  const unknown = `certificates/${'0'.repeat(64)}`;
  let port = 0;

  /** What is not named stays as it was deployed before. */
  const none = { users: '', password: '', password2: '', clientUser: '', clientPassword: '' };
  const flow = (endpoint: object, credentials: object = {}): FlowNode[] => [
    tab,
    station,
    {
      id: 'opcua',
      type: 'goodpart-opcua-endpoint',
      host: '127.0.0.1',
      port,
      ...endpoint,
      credentials: { ...none, ...credentials },
    },
    output('out', 'opcua-output', 'opcua'),
  ];

  before(async () => {
    port = await freePort();
    await red.start();
    await red.signIn('engineer', 'secret');
    await red.deploy(flow({}));
  });
  after(() => red.stop());

  it('show certificates to whoever may read, and let only whoever may write decide or connect', async () => {
    await until('the own certificate', async () => (await status('certificates/own/server')) === 200, {
      timeoutMs: 40_000,
      everyMs: 200,
    });
    await red.signIn('reader', 'secret', 'goodpart.read');
    assert.equal(await status('certificates'), 200);
    assert.equal(await status('certificates/own/server'), 200);
    for (const action of ['trust', 'distrust', 'delete']) {
      assert.equal(await status(`${unknown}/${action}`, post()), 401, action);
    }
    assert.equal(await status('browse', post({ url: 'opc.tcp://127.0.0.1:1' })), 401);
    red.token = undefined;
    assert.equal(await status('certificates'), 401);
    assert.equal(await status('certificates/own/server'), 401);
    await red.signIn('engineer', 'secret');
  });

  it('answer what cannot be done with a sentence', async () => {
    for (const path of [`${unknown}/trust`, 'certificates/..%2F..%2Fflows.json/trust', `${unknown}/constructor`]) {
      assert.equal(await status(path, post()), 400, path);
    }
    assert.equal(await status('certificates/own/private'), 404);
    assert.equal(await status('certificates/own/client'), 404);
    assert.equal(await status('browse', post({ url: 5 })), 400);
    assert.equal(await status('browse', post({ url: 'http://127.0.0.1', security: 'None' })), 400);
    assert.equal(await status(`browse`, { ...post(), headers: { 'content-type': 'text/plain' } }), 415);
  });

  const refused: [what: string, endpoint: object, credentials: object, sentence: RegExp][] = [
    [
      'a user without a password',
      {},
      { users: JSON.stringify([{ slot: 2, name: 'plc', role: 'operator' }]) },
      /Expected a password for user "plc"/,
    ],
    [
      'two users of one name',
      {},
      {
        users: JSON.stringify([
          { slot: 1, name: 'plc', role: 'operator' },
          { slot: 2, name: 'plc ', role: 'observer' },
        ]),
        ...{ password: 'a', password2: 'b' },
      },
      /Expected a name of its own for user "plc"/,
    ],
    ['nobody who may come in', { allowAnonymous: false }, {}, /Expected a user, as anonymous clients are not allowed/],
    ['a client without an address', { role: 'client' }, {}, /for url but received ""/],
    ['a template without names', { role: 'client', url: 'opc.tcp://plc', template: 'ns=3;s=x' }, {}, /\{folder\}/],
    [
      'a password without encryption',
      { role: 'client', url: 'opc.tcp://plc', security: 'None' },
      { clientUser: 'station', clientPassword: 'never-shown-5' },
      /an encrypted connection/,
    ],
  ];
  for (const [what, endpoint, credentials, sentence] of refused) {
    it(`refuse ${what} in one sentence`, async () => {
      const from = red.log.length;
      await red.deploy(flow(endpoint, credentials));
      await red.logged(sentence, { from });
      assert.ok(!red.log.includes('never-shown-5'));
    });
  }

  it('write into a PLC’s registers as a Modbus client, each station in its own slot', async function () {
    const python = pythonWith(this, 'pymodbus');
    const plcPort = await freePort();
    const plc = await FakePlc.start<{ write: number; words: number[] }>(python, 'fake_plc_modbus.py', [plcPort, 4000]);
    try {
      await red.deploy([
        tab,
        station,
        {
          ...{ id: 'plc', type: 'goodpart-modbus-endpoint', role: 'client', plcHost: '127.0.0.1', plcPort },
          ...{ base: 500, unitId: 255, pollMs: 20 },
        },
        output('out', 'modbus-output', 'plc', { slot: 2 }),
      ]);
      const proof = { get: [2518, 4] };
      await until('the map is in the PLC', async () => {
        const words = await plc.order<number[]>(proof);
        return JSON.stringify(words) === JSON.stringify([0x1234, 0x5678, 0x3f80, 0]);
      });
      const beat = async () => (await plc.order<number[]>({ get: [2504, 1] }))[0];
      const first = await beat();
      await until('the heartbeat counts', async () => (await beat()) !== first);
    } finally {
      await plc.kill();
    }
  });
});
