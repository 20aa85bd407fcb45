import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until } from '../kit/until.ts';
import { EditorPage } from './editor-page.ts';

const camera = (id: string, more: object): FlowNode => ({
  id,
  type: 'goodpart-camera',
  z: 'tab-1',
  x: 160,
  y: 100,
  configVersion: 1,
  name: '',
  station: 'station-1',
  source: 'simulator',
  run: 'triggered',
  wires: [[]],
  ...more,
});
const flow: FlowNode[] = [
  { id: 'tab-1', type: 'tab', label: 'Line' },
  { id: 'station-1', type: 'goodpart-station', configVersion: 1, name: '', line: 'line1', station: 'station1' },
  camera('waiting', { view: 'main' }),
  camera('collecting', { view: 'top', run: 'collect', simWidth: 320, simHeight: 240, encoding: 'raw', y: 160 }),
  camera('lost', { view: 'side', source: 'folder', path: '/nowhere/at/all', y: 220 }),
];

describe('The live view in the camera’s dialog on Node-RED 5 and 4.1', function () {
  this.timeout(60_000);
  let servers: NodeRed[] = [];
  let browser: Browser;
  let editors: EditorPage[] = [];
  const asked = new Map<EditorPage, string[]>();

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    servers = releases.map((release) => new NodeRed({ release, userDir: userDirWithCheckout() }));
    [browser] = await Promise.all([launchChromium(), ...servers.map((server) => server.start())]);
    await Promise.all(servers.map((server) => server.deploy(flow)));
    editors = await Promise.all(servers.map((server, i) => EditorPage.open(browser, server, releases[i])));
    for (const editor of editors) {
      await editor.page.setViewportSize({ width: 1500, height: 1900 });
      const urls: string[] = [];
      asked.set(editor, urls);
      editor.page.on('request', (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith('/goodpart/')) urls.push(`${request.method()} ${pathname}`);
      });
    }
  });
  after(async () => {
    await browser?.close();
    await Promise.all(servers.map((server) => server.stop()));
  });
  afterEach(() => {
    for (const { errors, release } of editors) assert.deepEqual(errors.splice(0), [], release);
  });

  const onBoth = (work: (editor: EditorPage, server: NodeRed) => Promise<void>) => async () => {
    await Promise.all(editors.map((editor, i) => work(editor, servers[i])));
  };

  it(
    'look',
    onBoth(async (editor) => {
      const { page } = editor;
      await editor.edit('waiting');
      await page.locator('.goodpart-live figure p:visible').waitFor();
      await editor.shoot('live-none');
      await page.locator('.goodpart-take').click();
      await page.locator('.goodpart-live img:visible').waitFor();
      for (let i = 0; i < 6; i++) {
        await page.locator('.goodpart-take:enabled').click();
        await new Promise((r) => setTimeout(r, 400));
      }
      await page.locator('.goodpart-find').click();
      await page.locator('.goodpart-device').click();
      await page.locator('.goodpart-live summary').last().click();
      await editor.shoot('live-some');
      await editor.cancel();
      await editor.edit('lost');
      await page.locator('.goodpart-live-state[data-kind=bad]').waitFor();
      await until('', () => page.locator('.goodpart-fault').isVisible());
      await editor.shoot('live-lost');
      await editor.cancel();
    }),
  );
  it('dark', async () => {
    const german = await EditorPage.open(browser, servers[0], releases[0], { locale: 'de-DE', dark: true });
    await german.page.setViewportSize({ width: 1500, height: 1900 });
    await german.edit('waiting');
    await german.page.locator('.goodpart-live img:visible').waitFor();
    await german.shoot('live-dark');
    await german.page.close();
  });
});
