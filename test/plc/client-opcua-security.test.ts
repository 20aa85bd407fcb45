import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { type OpcUaClientOptions, opcUaClientSettings } from '../../lib/plc/settings.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { ClientStation } from './client-station.ts';
import { FakePlc } from './fake-plc.ts';
import { type OpcUaWrite, plcTags, siemensTemplate } from './opcua-plc.ts';

describe('the OPC UA client, secured', () => {
  const patience = { timeoutMs: 30_000 };
  let pkiDir = '';
  let certificate = '';
  let plc: FakePlc<OpcUaWrite>;
  let url = '';
  let station: ClientStation;

  before(async function () {
    const python = pythonWith(this, 'asyncua');
    const port = await freePort();
    url = `opc.tcp://127.0.0.1:${port}`;
    const pki = join(tempDir('pki'), 'plc');
    mkdirSync(pki);
    const options = { port, tags: plcTags(), pki, users: { station: 'secret' } };
    plc = await FakePlc.start(python, 'fake_plc_opcua.py', [JSON.stringify(options)]);
    const body = readFileSync(join(pki, 'cert.der')).toString('base64');
    certificate = `-----BEGIN CERTIFICATE-----\n${body.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  });

  beforeEach(() => {
    station = new ClientStation();
    station.publish();
    pkiDir = join(tempDir('pki'), 'client');
  });
  afterEach(() => station.close(false));
  after(() => plc?.kill());

  const parsed = (more: Partial<OpcUaClientOptions>) => {
    const security = 'Basic256Sha256';
    const options = { url, pkiDir, template: siemensTemplate, security, user: 'station', password: 'secret', ...more };
    return opcUaClientSettings.parse(options);
  };
  const show = (more: Partial<OpcUaClientOptions>) => {
    station.show({ kind: 'opcua client', options: parsed(more) });
  };
  const failure = () =>
    until('the failure', () => station.states.find(({ state }) => state === 'failed')?.text, patience);
  const trust = () => {
    mkdirSync(join(pkiDir, 'trusted/certs'), { recursive: true });
    writeFileSync(join(pkiDir, 'trusted/certs/plc.pem'), certificate);
  };
  const list = (folder: string) => readdirSync(join(pkiDir, folder));

  it('refuses a certificate that nobody trusts, and takes it once it was moved', async () => {
    show({});
    const text = await failure();
    assert.match(
      text,
      /has a certificate that is not trusted \(thumbprint [0-9a-f]{40}\): trust it in this endpoint’s dialog, or move it from .*rejected to trusted\/certs$/,
    );
    assert.equal(plc.events.length, 0, 'nothing was written');
    const [file] = list('rejected');
    assert.deepEqual(
      list('trusted/certs').filter((name) => name === file),
      [],
    );
    renameSync(join(pkiDir, 'rejected', file), join(pkiDir, 'trusted/certs', file));
    await until('connected', () => station.states.at(-1)?.state === 'open', patience);
    await until('the result', () => plc.events.some(({ write }) => write[0][0] === 'Result.Sequence'));
    assert.ok(list('own/certs').includes('client_certificate.pem'));
  });

  it('says that the user or the password is wrong, never the password', async () => {
    trust();
    const before = plc.events.length;
    show({ password: 'mistaken' });
    const text = await failure();
    assert.match(text, /refused user "station" or the password \(Bad\w+\)$/);
    assert.equal(plc.events.length, before);
    assert.ok(!JSON.stringify(station.states).includes('mistaken'));
  });

  it('says that a PLC lets nobody in without a user', async () => {
    trust();
    show({ user: '', password: '' });
    assert.match(await failure(), /lets nobody in without a user \(Bad\w+\)$/);
  });

  it('says which security the PLC offers instead', async () => {
    show({ security: 'Aes256_Sha256_RsaPss' });
    assert.match(await failure(), /does not offer Aes256_Sha256_RsaPss; it offers Basic256Sha256 \(SignAndEncrypt\)$/);
  });

  it('leaves nothing behind, at whatever instant it is closed', async () => {
    trust();
    for (let ms = 0; ms < 900; ms += 45) {
      const passing = new ClientStation();
      passing.show({ kind: 'opcua client', options: parsed({}) });
      await new Promise((resolve) => setTimeout(resolve, ms));
      await passing.close(false);
    }
    await until('nobody is connected', async () => (await plc.order<{ connections: number }>({})).connections === 0);
  });

  it('lets no password out in the clear', async () => {
    const link = new PlcLink();
    const options = {
      url,
      pkiDir,
      template: siemensTemplate,
      security: 'None',
      user: 'station',
      password: 'secret',
    } as const;
    assert.throws(() => link.openOpcUaClient('plc', options), {
      code: 'GP_CONFIG_INVALID',
      message: 'Expected an encrypted connection, as a user with a password is set, for security but received "None"',
    });
    await link.stop();
  });
});
