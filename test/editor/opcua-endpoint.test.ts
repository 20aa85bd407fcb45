import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { AsyncuaPeer } from '../plc/asyncua-peer.ts';
import { FakePlc } from '../plc/fake-plc.ts';
import { type OpcUaWrite, plcTags, siemensTemplate } from '../plc/opcua-plc.ts';
import { EditorPage } from './editor-page.ts';

const uri = 'urn:plc:one';
const secrets = ['first-secret-1', 'second-secret-2', 'legacy-secret-3'];

describe('The dialog of an OPC UA endpoint', function () {
  this.timeout(120_000);
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  const mine = join(tempDir('peer'), 'mine');
  let browser: Browser;
  let editor: EditorPage;
  let peer: AsyncuaPeer;
  let url = '';
  let port = 0;

  const flow = (more: object = {}, credentials: object = {}): FlowNode[] => [
    { id: 'tab', type: 'tab', label: 'Line' },
    { id: 'station-1', type: 'goodpart-station', configVersion: 1, name: '', line: 'l', station: 's', mode: 'run' },
    { id: 'line-opcua', type: 'goodpart-opcua-endpoint', name: 'line', host: '127.0.0.1', port, ...more, credentials },
    {
      ...{ id: 'output', type: 'goodpart-opcua-output', z: 'tab', x: 100, y: 60, configVersion: 1, name: '' },
      ...{ station: 'station-1', endpoint: 'line-opcua', wires: [[]] },
    },
  ];
  const login = (user: string, password: string) => ({
    url,
    policy: 'Basic256Sha256' as const,
    cert: mine,
    uri,
    user,
    password,
  });
  const users = () => editor.page.locator('.goodpart-user');
  const certificates = () => editor.page.locator('.goodpart-certificates');
  const deploy = async () => {
    const from = red.log.length;
    await editor.page.evaluate('RED.actions.invoke("core:deploy-flows")');
    await red.logged(/Started modified nodes|Started flows|Updated flows/, { from, timeoutMs: 20_000 });
  };

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    peer = new AsyncuaPeer(pythonWith(this, 'asyncua'));
    port = await freePort();
    url = `opc.tcp://127.0.0.1:${port}`;
    [browser] = await Promise.all([
      launchChromium(),
      red.start(),
      peer.certificate({ file: mine, uri, name: 'PLC one' }),
    ]);
    await red.deploy(flow({}, { user: 'old', password: secrets[2] }));
    await until('it is open', () => peer.endpoints(url), { timeoutMs: 40_000, everyMs: 300 });
    editor = await EditorPage.open(browser, red, 'node-red');
  });
  after(async () => {
    if (process.env.DBG) console.log(red.log);
    peer?.stop();
    await browser?.close();
    await red.stop();
  });
  afterEach(() => assert.deepEqual(editor.errors, []));

  /** The list is asked for only while it can be seen. */
  const look = async () => {
    await editor.edit('line-opcua');
    await certificates().scrollIntoViewIfNeeded();
  };

  it('lists who was refused, and the button lets them in without a restart; another one ends that', async () => {
    await look();
    await certificates().getByText('Nobody was refused.').waitFor();
    await assert.rejects(peer.connect(login('old', secrets[2])));
    await certificates().getByText('CN=PLC one').scrollIntoViewIfNeeded();
    const text = (await certificates().textContent()) ?? '';
    for (const part of [uri, 'SHA-1 ', 'SHA-256 ', 'valid ', 'seen ']) assert.ok(text.includes(part), part);
    await editor.shoot('opcua-refused');
    await certificates().getByRole('button', { name: 'Trust', exact: true }).click();
    await certificates().getByRole('button', { name: 'Distrust' }).waitFor();
    await editor.shoot('opcua-trusted');
    await peer.connect(login('old', secrets[2]));
    await peer.disconnect();
    await certificates().getByRole('button', { name: 'Distrust' }).click();
    await certificates().getByRole('button', { name: 'Delete' }).waitFor();
    await assert.rejects(peer.connect(login('old', secrets[2])));
    await certificates().getByRole('button', { name: 'Trust', exact: true }).click();
    await certificates().getByRole('button', { name: 'Distrust' }).waitFor();
    await editor.cancel();
  });

  it('gives this station’s certificate to be taken to the PLC', async () => {
    await look();
    const button = certificates().getByRole('button', { name: 'Download' });
    await button.scrollIntoViewIfNeeded();
    const [download] = await Promise.all([editor.page.waitForEvent('download'), button.click()]);
    assert.equal(download.suggestedFilename(), 'goodpart-server.der');
    const { own } = await red.json<{ own: { thumbprint: string } }>('goodpart/opcua/certificates');
    assert.ok((await certificates().textContent())?.includes(own.thumbprint));
    await editor.cancel();
  });

  it('keeps an older flow’s one user as an operator', async () => {
    await editor.edit('line-opcua');
    await users().first().scrollIntoViewIfNeeded();
    assert.equal(await users().count(), 1);
    assert.equal(await users().locator('input[type="text"]').inputValue(), 'old');
    assert.equal(await users().locator('select').inputValue(), 'operator');
    assert.equal(await users().locator('input[type="password"]').inputValue(), '');
    await editor.done();
    await peer.connect(login('old', secrets[2]));
    await peer.disconnect();
  });

  it('takes several users with roles, says what is missing, and keeps their passwords to itself', async () => {
    await editor.edit('line-opcua');
    const add = editor.page.locator('.goodpart-users .red-ui-editableList-addButton');
    await add.scrollIntoViewIfNeeded();
    const fill = async (n: number, name: string, role: string, password: string) => {
      await add.click();
      await users().nth(n).locator('input[type="text"]').fill(name);
      await users().nth(n).locator('select').selectOption(role);
      await users().nth(n).locator('input[type="password"]').fill(password);
    };
    await fill(1, 'old', 'operator', '');
    assert.deepEqual(await editor.problems(), ['Another user has this name.', 'Another user has this name.']);
    await users().nth(1).locator('input[type="text"]').fill('plc');
    assert.deepEqual(await editor.problems(), ['This user needs a password.']);
    await editor.shoot('opcua-users-problem');
    await users().nth(1).locator('input[type="password"]').fill(secrets[0]);
    await fill(2, 'hmi', 'observer', secrets[1]);
    assert.deepEqual(await editor.problems(), []);
    await editor.shoot('opcua-users');
    await editor.done();
    await deploy();
    await until('the operator is let in', () => peer.connect(login('plc', secrets[0])), {
      timeoutMs: 40_000,
      everyMs: 300,
    });
    await peer.disconnect();
    for (const [name, password] of [
      ['old', secrets[2]],
      ['hmi', secrets[1]],
    ]) {
      await peer.connect(login(name, password));
      await peer.disconnect();
    }
    await editor.edit('line-opcua');
    const seen = await editor.page.evaluate(`JSON.stringify([
      $('.goodpart-form input').map((_, input) => input.value).get(), RED.nodes.node('line-opcua').credentials, document.body.innerText])`);
    const stored = await red.json('credentials/goodpart-opcua-endpoint/line-opcua');
    const file = readFileSync(join(red.userDir, 'flows.json'), 'utf8');
    for (const text of [String(seen), JSON.stringify(stored), file, red.log]) {
      for (const secret of secrets) assert.ok(!text.includes(secret), secret);
    }
    assert.ok(!file.includes('hmi'), 'names are credentials too');
    await editor.cancel();
  });

  it('keeps the passwords of those whom nobody touches, and forgets those who are removed', async () => {
    await editor.edit('line-opcua');
    await users().nth(2).locator('select').selectOption('operator');
    const remove = editor.page.locator('.goodpart-users .red-ui-editableList-item-remove').first();
    await remove.scrollIntoViewIfNeeded();
    await remove.click();
    await editor.done();
    await deploy();
    await until(
      'the removed one is refused',
      () =>
        peer.connect(login('old', secrets[2])).then(
          () => peer.disconnect().then(() => false),
          (error: Error) => /BadUserAccessDenied/.test(error.message),
        ),
      { timeoutMs: 40_000, everyMs: 300 },
    );
    for (const [name, password] of [
      ['plc', secrets[0]],
      ['hmi', secrets[1]],
    ]) {
      await peer.connect(login(name, password));
      await peer.disconnect();
    }
    assert.equal(await users().count(), 0);
  });

  it('asks only for what its role needs', async () => {
    await editor.edit('line-opcua');
    const shown = async () => {
      const names = [
        'host',
        'port',
        'allowNone',
        'maxSessions',
        'url',
        'security',
        'clientUser',
        'template',
        'publishMs',
      ];
      const visible = await Promise.all(names.map((name) => editor.field(name).isVisible()));
      return names.filter((_, i) => visible[i]).join(' ');
    };
    assert.equal(await shown(), 'host port allowNone maxSessions');
    await editor.set('role', 'client');
    assert.equal(await shown(), 'url security clientUser template publishMs');
    assert.equal(await editor.page.locator('.goodpart-users').isVisible(), false);
    assert.match((await editor.problems()).join(), /Address/);
    await editor.set('url', 'http://plc');
    assert.match((await editor.problems()).join(), /an address such as opc\.tcp:/);
    await editor.set('url', 'opc.tcp://plc:4840');
    assert.deepEqual(await editor.problems(), []);
    await editor.page.getByLabel('Names as in …').selectOption('codesys');
    assert.match(String(await editor.get('template')), /^ns=4;s=\|var\|.+\.\{folder\}\.\{name\}$/);
    await editor.shoot('opcua-client');
    await editor.cancel();
  });
});

describe('The dialog of an OPC UA endpoint that is a client', function () {
  this.timeout(120_000);
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  const secret = 'plc-secret-4';
  let browser: Browser;
  let editor: EditorPage;
  let plc: FakePlc<OpcUaWrite>;
  let url = '';

  const flow = (): FlowNode[] => [
    { id: 'tab', type: 'tab', label: 'Line' },
    { id: 'station-1', type: 'goodpart-station', configVersion: 1, name: '', line: 'l', station: 's', mode: 'run' },
    {
      id: 'to-plc',
      type: 'goodpart-opcua-endpoint',
      name: 'plc',
      role: 'client',
      url,
      template: 'ns=9;s={folder}.{name}',
    },
    {
      ...{ id: 'output', type: 'goodpart-opcua-output', z: 'tab', x: 100, y: 60, configVersion: 1, name: '' },
      ...{ station: 'station-1', endpoint: 'to-plc', wires: [[]] },
    },
  ];
  const said = (text: string | RegExp) => editor.page.locator('.goodpart-form').getByText(text).first().waitFor();
  const press = async (name: string) => {
    const button = editor.page.locator('.goodpart-form').getByRole('button', { name, exact: true }).first();
    await button.scrollIntoViewIfNeeded();
    await button.click();
  };

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    const python = pythonWith(this, 'asyncua');
    const port = await freePort();
    url = `opc.tcp://127.0.0.1:${port}`;
    const options = { port, tags: plcTags(), users: { station: secret }, pki: tempDir('plc-pki') };
    [browser, plc] = await Promise.all([
      launchChromium(),
      FakePlc.start<OpcUaWrite>(python, 'fake_plc_opcua.py', [JSON.stringify(options)]),
      red.start(),
    ]);
    await red.deploy(flow());
    editor = await EditorPage.open(browser, red, 'node-red');
  });
  after(async () => {
    await browser?.close();
    await red.stop();
    await plc?.kill();
  });
  afterEach(() =>
    assert.deepEqual(
      editor.errors.filter((text) => !/status of 400/.test(text)),
      [],
    ),
  );

  it('tests the connection, lets the PLC’s certificate be trusted, and finds its tags', async () => {
    await editor.edit('to-plc');
    await editor.set('security', 'Basic256Sha256');
    await editor.set('clientUser', 'station');
    await editor.set('clientPassword', secret);
    await press('Test the connection');
    await said(/has a certificate that is not trusted/);
    await editor.shoot('opcua-client-untrusted');
    await editor.page.locator('.goodpart-certificates').scrollIntoViewIfNeeded();
    await press('Trust');
    await editor.page.locator('.goodpart-certificates').getByRole('button', { name: 'Distrust' }).waitFor();
    await press('Test the connection');
    await said(/^Connected/);
    await press('Browse the PLC');
    await press('Goodpart');
    const tag = editor.page.getByRole('treeitem').filter({ hasText: '"Goodpart"."Result"."Sequence"' }).last();
    await tag.scrollIntoViewIfNeeded();
    await editor.shoot('opcua-browse');
    await tag.getByRole('button', { name: 'Use' }).click();
    assert.equal(await editor.get('template'), siemensTemplate);
    await editor.done();
  });

  it('connects when it is deployed: the PLC gets the station’s tags', async () => {
    await editor.page.evaluate('RED.actions.invoke("core:deploy-flows")');
    await until(
      'the PLC is written to',
      () => plc.events.some(({ write }) => write.some(([name]) => name === 'Status.BootId')),
      {
        timeoutMs: 40_000,
      },
    );
    await editor.page.locator('.red-ui-flow-node-status-label', { hasText: 'connected to' }).waitFor();
    await editor.shoot('opcua-client-deployed');
  });

  it('uses the stored password for browsing, and only where it was stored for', async () => {
    await editor.edit('to-plc');
    await press('Browse the PLC');
    await said(/Open down to the structure/);
    await editor.set('url', url.replace('127.0.0.1', 'localhost'));
    await press('Browse the PLC');
    await said('Type the password once more, or deploy first');
    await editor.cancel();
    assert.ok(!red.log.includes(secret));
    assert.ok(!readFileSync(join(red.userDir, 'flows.json'), 'utf8').includes(secret));
  });
});
