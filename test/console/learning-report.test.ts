import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { learningPage } from '../../lib/console/learning-page.ts';
import { contentSecurityPolicy, newNonce } from '../../lib/console/overview-page.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { until } from '../kit/until.ts';
import { digestOf, sampleReport } from '../learning/report-sample.ts';
import { measureReadability } from './readability.ts';

describe('the learning page', () => {
  it('marks all it brings for its policy, and says where nothing was learned yet', async () => {
    const page = learningPage(JSON.stringify(await sampleReport()), 'abc');
    assert.deepEqual(page.match(/<(script|style)\b[^>]*>/g), ['<style nonce="abc">', '<script nonce="abc">']);
    assert.match(learningPage(null, 'abc'), /Nothing learned yet/);
  });

  it('refuses a report that it does not know', () => {
    for (const text of ['', '{', 'null', '{"schema":2}']) {
      assert.throws(
        () => learningPage(text),
        (error) => GoodpartError.is(error) && error.code === 'GP_INPUT_INVALID' && /learn again/.test(error.message),
      );
    }
  });
});

describe('the learning page in Chromium', () => {
  let browser: Browser;
  let server: Server;
  let url: string;
  let report: string;
  let asked: { body: string; token: string | undefined; type: string | undefined }[] = [];
  let reply: { status: number; body: object };

  const bodyOf = async (request: IncomingMessage) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    return text;
  };

  before(async function () {
    needs(this, 'chromium', existsSync(chromiumPath));
    report = JSON.stringify(await sampleReport());
    server = createServer(async (request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/admin/goodpart/learning/abc/report') {
        const nonce = newNonce();
        response.setHeader('content-security-policy', contentSecurityPolicy(nonce));
        response.setHeader('content-type', 'text/html').end(learningPage(report, nonce));
      } else if (path === '/admin/goodpart/learning/abc/exclude' && request.method === 'POST') {
        const { authorization, 'content-type': type } = request.headers;
        asked.push({ body: await bodyOf(request), token: authorization, type });
        response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/goodpart/learning/abc/report`;
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
    asked = [];
    reply = { status: 202, body: {} };
  });

  async function open(options: { colorScheme?: 'light' | 'dark'; width?: number; token?: string } = {}) {
    const { colorScheme = 'light', width = 1280, token } = options;
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        complaints.push(message.text());
    });
    if (token) await page.addInitScript(`localStorage.setItem('auth-tokens-admin', '{"access_token":"${token}"}')`);
    await page.goto(url);
    return { page, complaints };
  }

  const textOf = async (page: Page, selector: string) => (await page.locator(selector).allInnerTexts())[0];
  const choose = (page: Page, picture: number) =>
    page
      .locator(`input[value="${digestOf(picture)}"]`)
      .first()
      .check();

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 400]) {
      it(`is readable, in ${colorScheme} at ${width} px, under its policy`, async () => {
        const { page, complaints } = await open({ colorScheme, width });
        assert.deepEqual(await page.locator('h2').allInnerTexts(), [
          ...[
            'What it can and cannot see',
            'The limits',
            'Pictures to look at',
            'What it has seen',
            'How it was learned',
          ],
        ]);
        await choose(page, 3);
        const { overflow, contrasts } = await page.evaluate(measureReadability);
        assert.ok(overflow <= 0, `${overflow} px wider than the window`);
        for (const { text, ratio } of contrasts) {
          assert.ok(ratio >= 4.5, `"${text}" has a contrast of ${ratio.toFixed(2)}`);
        }
        assert.ok(contrasts.length > 100);
        assert.ok((await page.locator('svg[role="img"][aria-label]').count()) >= 2);
        assert.deepEqual(complaints, []);
      });
    }
  }

  it('shows hostile names as the text they are', async () => {
    const { page, complaints } = await open();
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    assert.match(await page.title(), /^bracket <left> 4/);
    assert.match((await page.locator('article h4').allInnerTexts())[0], /<img src=x/);
    assert.deepEqual(complaints, []);
  });

  it('learns again without the pictures that were chosen, asking with the editor’s own token', async () => {
    const { page } = await open({ token: 'from-the-editor' });
    assert.equal(await page.locator('#action').isVisible(), false);
    await choose(page, 3);
    assert.equal(await textOf(page, '#chosen'), '1 picture chosen');
    await choose(page, 9);
    assert.equal(await textOf(page, '#chosen'), '2 pictures chosen');
    await page.locator('#again').click();
    await until('the page says that it began', async () =>
      /Learning again without 2 pictures/.test(await textOf(page, '#answer')),
    );
    assert.deepEqual(asked, [
      {
        body: JSON.stringify({ digests: [digestOf(3), digestOf(9)] }),
        token: 'Bearer from-the-editor',
        type: 'application/json',
      },
    ]);
    assert.equal(await page.locator('#again').isDisabled(), true);
  });

  it('shows what the node says, and lets someone try again after an error', async () => {
    const { page } = await open();
    await choose(page, 9);
    reply = { status: 400, body: { message: 'Learning is already running' } };
    await page.locator('#again').click();
    await until('it says so', async () => /already running/.test(await textOf(page, '#answer')));
    reply = { status: 403, body: {} };
    await page.locator('#again').click();
    await until('it says so', async () => /You may look at this report/.test(await textOf(page, '#answer')));
    reply = { status: 202, body: { message: 'Learning has begun without them' } };
    await page.locator('#again').click();
    await until('it says so', async () => /has begun/.test(await textOf(page, '#answer')));
    assert.equal(asked.length, 3);
  });

  it('forgets the choice when asked to', async () => {
    const { page } = await open();
    await choose(page, 9);
    await page.locator('#clear').click();
    assert.equal(await page.locator('#action').isVisible(), false);
    assert.equal(await page.locator('input:checked').count(), 0);
  });
});
