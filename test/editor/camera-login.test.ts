import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { SnapshotServer } from '../capture/snapshot-server.ts';
import { sharpOf } from '../imaging/pictures.ts';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until } from '../kit/until.ts';
import { EditorPage } from './editor-page.ts';

const secret = 'open-sesame-42';
const token = 'bearer-token-43';

describe('The login of a camera’s snapshot address', function () {
  this.timeout(90_000);
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  let server: SnapshotServer;
  let browser: Browser;
  let editor: EditorPage;

  const camera = (more: object): FlowNode => ({
    ...{ id: 'camera', type: 'goodpart-camera', z: 'tab', x: 160, y: 60, configVersion: 1, name: '', view: 'main' },
    ...{ station: 'station-1', source: 'folder', path: '/nowhere', run: 'triggered', wires: [['seen']], ...more },
  });
  const flow = (more: object = {}, credentials: object = {}): FlowNode[] => [
    { id: 'tab', type: 'tab', label: 'Line' },
    {
      id: 'station-1',
      type: 'goodpart-station',
      configVersion: 1,
      name: '',
      line: 'line1',
      station: 'one',
      mode: 'run',
    },
    { ...camera(more), credentials },
    { id: 'seen', type: 'debug', z: 'tab', x: 400, y: 60, active: true, console: 'true', complete: 'true', wires: [] },
  ];
  const health = async () => {
    const { stations } = await red.json<{ stations: object[] }>('goodpart/overview.json');
    return JSON.stringify(stations);
  };

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    const jpeg = await sharpOf(64, 48).jpeg().toBuffer();
    server = await new SnapshotServer().start();
    const basic = `Basic ${Buffer.from(`inspector:${secret}`).toString('base64')}`;
    server.answer = ({ headers: { authorization } }, response) => {
      const known = authorization === basic || authorization === `Bearer ${token}`;
      response.writeHead(known ? 200 : 401).end(known ? jpeg : '');
    };
    [browser] = await Promise.all([launchChromium(), red.start()]);
    await red.deploy(flow());
    editor = await EditorPage.open(browser, red, 'node-red');
  });
  after(async () => {
    await browser?.close();
    await Promise.all([red.stop(), server?.stop()]);
  });

  it('shows the fields that it has, and where pictures can be pushed to', async () => {
    await editor.edit('camera');
    const shown = async () => {
      const names = ['path', 'pattern', 'url', 'auth', 'user', 'password', 'token', 'run', 'timeoutMs'];
      const visible = await Promise.all(names.map((name) => editor.field(name).isVisible()));
      return names.filter((_, i) => visible[i]).join(' ');
    };
    assert.equal(await shown(), 'path run timeoutMs');
    await editor.set('source', 'watch');
    assert.equal(await shown(), 'path pattern run timeoutMs');
    await editor.set('source', 'http');
    assert.equal(await shown(), 'url auth run timeoutMs');
    await editor.set('auth', 'digest');
    assert.equal(await shown(), 'url auth user password run timeoutMs');
    await editor.set('auth', 'bearer');
    assert.equal(await shown(), 'url auth token run timeoutMs');
    await editor.set('source', 'push');
    assert.equal(await shown(), 'run');
    const note = await editor.page.locator('#goodpart-upload').textContent();
    assert.ok(note?.endsWith(`${red.url}/goodpart/camera/camera/upload`), `${note}`);
    await editor.set('source', 'http');
    await editor.set('url', server.url());
    await editor.set('token', token);
    await editor.shoot('camera-login');
    await editor.done();
    assert.deepEqual(editor.errors, []);
  });

  it('lets the camera in, and a wrong one shows in the status; no secret is told anywhere', async () => {
    await editor.page.evaluate('RED.actions.invoke("core:deploy-flows")');
    await until('it is let in', () => server.authorizations.includes(`Bearer ${token}`));
    const http = { source: 'http', url: server.url('/pic?key=QUERYKEY'), auth: 'basic' };
    await red.deploy(flow(http, { user: 'inspector', password: `${secret}-wrong` }));
    await red.logged(/401: it refused the basic login/);
    await red.deploy(flow(http, { user: 'inspector', password: secret }));
    await until('it is let in', () => server.authorizations.at(-1)?.startsWith('Basic') && server.requests > 2);
    await red.deploy(flow(http, { user: '', password: '' }));
    await red.logged(/Expected one for the basic login for user but received/);
    await red.deploy(flow({ ...http, url: `http://inspector:${secret}@127.0.0.1/` }, { user: 'a', password: 'b' }));
    await red.logged(/without user and password/);
    const told = [
      red.log,
      await health(),
      readFileSync(join(red.userDir, 'flows.json'), 'utf8').replace(/"url":[^,]*/g, ''),
    ];
    for (const text of told) {
      for (const word of [secret, token, 'QUERYKEY'])
        assert.ok(!text.includes(word), `${word} in ${text.slice(0, 2000)}`);
    }
  });
});
