import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import type { OverviewData } from '../../lib/console/overview-data.ts';
import { overviewData } from '../../lib/console/overview-data.ts';
import { contentSecurityPolicy, newNonce, overviewPage } from '../../lib/console/overview-page.ts';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { until } from '../kit/until.ts';
import { measureReadability } from './readability.ts';
import { inspection, now, sampleData, snapshot } from './sample.ts';

describe('the overview page', () => {
  it('is self-contained, holds no data and marks all it brings for its policy', () => {
    const page = overviewPage('abc');
    assert.deepEqual(page.match(/<(script|style)\b[^>]*>/g), ['<style nonce="abc">', '<script nonce="abc">']);
    assert.doesNotMatch(page, /https?:\/\/(?!www\.w3\.org\/2000\/svg)|innerHTML|\son[a-z]+="|style="/);
    assert.match(contentSecurityPolicy('abc'), /default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'/);
  });

  it('takes no nonce that could break out of its place', () => {
    assert.throws(() => overviewPage('"><script>'), TypeError);
    assert.notEqual(newNonce(), newNonce());
    assert.match(newNonce(), /^[A-Za-z0-9_-]{24}$/);
  });
});

describe('the overview page in Chromium', () => {
  let browser: Browser;
  let server: Server;
  let url: string;
  let data: OverviewData;
  let status = 200;
  let tokens: (string | undefined)[] = [];

  before(async function () {
    needs(this, 'chromium', existsSync(chromiumPath));
    server = createServer((request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/admin/goodpart/overview') {
        const nonce = newNonce();
        response.setHeader('content-security-policy', contentSecurityPolicy(nonce));
        response.setHeader('content-type', 'text/html').end(overviewPage(nonce));
      } else if (path === '/admin/goodpart/overview.json') {
        tokens.push(request.headers.authorization);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/goodpart/overview`;
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
  });

  beforeEach(() => {
    data = sampleData();
    status = 200;
    tokens = [];
  });

  async function open(
    options: { colorScheme?: 'light' | 'dark'; width?: number; token?: string; query?: string } = {},
  ) {
    const { colorScheme = 'light', width = 1280, token, query = '' } = options;
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        complaints.push(message.text());
    });
    if (token) await page.addInitScript(`localStorage.setItem('auth-tokens-admin', '{"access_token":"${token}"}')`);
    await page.goto(url + query);
    return { page, complaints };
  }

  const textOf = (page: Page, selector: string) => page.locator(selector).allInnerTexts();

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 400]) {
      it(`shows every station, readable, in ${colorScheme} at ${width} px`, async () => {
        const { page, complaints } = await open({ colorScheme, width });
        await page.waitForSelector('.card');
        assert.deepEqual(await textOf(page, '.word'), ['Warn, accepted', 'Fail', 'Pass', 'Not inspected']);
        assert.deepEqual(await textOf(page, '.alarm'), ['Alarm, latched: 3 of the last 10 parts failed']);
        assert.deepEqual(await textOf(page, '#summary'), ['5 stations, 3 need attention']);
        const { overflow, contrasts } = await page.evaluate(measureReadability);
        assert.ok(overflow <= 0, `${overflow} px wider than the window`);
        for (const { text, ratio } of contrasts)
          assert.ok(ratio >= 4.5, `"${text}" has a contrast of ${ratio.toFixed(2)}`);
        assert.ok(contrasts.length > 50);
        assert.deepEqual(complaints, []);
      });
    }
  }

  it('shows hostile names and part ids as the text they are', async () => {
    const hostile = '</script><img src=x onerror="document.title=1">{{nonce}}';
    const view = {
      snapshot: snapshot({ station: hostile, line: hostile }),
      last: { inspection: inspection('pass', 0.1, hostile), closedAt: now.mono },
    };
    data = overviewData([view], now);
    const { page, complaints } = await open();
    await page.waitForSelector('.card');
    assert.deepEqual(await textOf(page, 'h2'), [hostile]);
    assert.match((await textOf(page, '.part'))[0], /^Part <\/script><img/);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'Goodpart');
    assert.deepEqual(complaints, []);
  });

  it('follows what changes each second, and forgets a station that is gone', async () => {
    const { page } = await open();
    await page.waitForSelector('.card');
    const view = {
      snapshot: snapshot(),
      last: { inspection: inspection('fail', 3), closedAt: now.mono },
    };
    data = overviewData([view], now);
    await until('one card is left', async () => (await page.locator('.card').count()) === 1);
    assert.deepEqual(await textOf(page, '.word'), ['Fail']);
    data = overviewData([], now);
    await until('the page says that nothing is deployed', async () =>
      /No station is deployed/.test((await textOf(page, 'main'))[0]),
    );
  });

  it('says that contact is lost and greys what it shows, until it is back', async () => {
    const { page } = await open();
    await page.waitForSelector('.card');
    status = 503;
    await until('it says so', async () => /error 503/.test((await textOf(page, '#contact'))[0]));
    assert.equal(await page.locator('main.stale').count(), 1);
    assert.match((await textOf(page, '#contact'))[0], /What you see is from \d+ s ago/);
    status = 200;
    await until('it is back', async () => (await page.locator('main.stale').count()) === 0);
    assert.equal(await page.locator('#contact').isVisible(), false);
  });

  it("asks with the editor's own token, kept under the admin root's name", async () => {
    const { page } = await open({ token: 'from-the-editor' });
    await page.waitForSelector('.card');
    assert.equal(tokens[0], 'Bearer from-the-editor');
  });

  it('takes a token from its address out of the address at once', async () => {
    const { page } = await open({ query: '?access_token=a%2Bb%3D' });
    await page.waitForSelector('.card');
    assert.equal(tokens[0], 'Bearer a+b=');
    assert.equal(new URL(page.url()).search, '');
  });

  it('tells someone who is not signed in what to do', async () => {
    status = 401;
    const { page } = await open();
    await until('it says so', async () => /Sign in to Node-RED/.test((await textOf(page, '#contact'))[0]));
  });
});
