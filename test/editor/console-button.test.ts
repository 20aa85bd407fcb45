import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { stationNodes } from '../kit/station-flow.ts';

const { hashSync } = require('bcryptjs') as { hashSync(password: string, rounds: number): string };

describe('The console under adminAuth', () => {
  const adminAuth = {
    type: 'credentials',
    users: [{ username: 'quality', password: hashSync('engineer', 4), permissions: '*' }],
  };
  const red = new NodeRed({ userDir: userDirWithCheckout(), adminAuth });
  let browser: Browser;

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    [browser] = await Promise.all([launchChromium(), red.start()]);
    await red.signIn('quality', 'engineer');
    await red.deploy(stationNodes('station1') as never);
  });
  after(async () => {
    await browser?.close();
    await red.stop();
  });

  it('is closed to strangers, page and data alike', async () => {
    for (const path of ['overview', 'overview.json', 'stations/station1-station/last-frame']) {
      const { status } = await fetch(`${red.url}/goodpart/${path}`);
      assert.equal(status, 401, path);
    }
  });

  it('opens from the station’s dialog, with data, and no token in any address', async () => {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();
    const addresses: string[] = [];
    context.on('request', (request) => addresses.push(request.url()));
    await page.goto(red.url);
    await page.fill('#node-dialog-login-username', 'quality');
    await page.fill('#node-dialog-login-password', 'engineer');
    await page.click('#node-dialog-login-submit');
    await page.waitForFunction('window.RED?.nodes?.node("station1-station")');
    await page.evaluate(`RED.editor.editConfig('', 'goodpart-station', 'station1-station')`);
    const [opened] = await Promise.all([context.waitForEvent('page'), page.click('.goodpart-console')]);
    await opened.getByText('station1', { exact: true }).waitFor();
    assert.ok(addresses.some((address) => address.endsWith('/goodpart/overview.json')));
    for (const address of addresses) assert.doesNotMatch(address, /access_token|Bearer/);
    await context.close();
  });
});
