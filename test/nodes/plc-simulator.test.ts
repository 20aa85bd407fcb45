import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { BeltAnswer, BeltView } from '../../lib/console/belt-data.ts';
import { measureReadability } from '../console/readability.ts';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs, repositoryRoot } from '../kit/needs.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { freePort } from '../kit/ports.ts';
import { until } from '../kit/until.ts';

const page = 'goodpart/plc-simulator/gp4-plc';

/** The example as a user imports it, on free ports; what it learns is small and quickly learned. */
async function example(): Promise<FlowNode[]> {
  const file = join(repositoryRoot, 'examples/04-plc-simulator.json');
  const flow = JSON.parse(readFileSync(file, 'utf8')) as FlowNode[];
  const [modbus, opcua] = [await freePort(), await freePort()];
  return flow.map((node) => {
    if (node.type === 'goodpart-modbus-endpoint' || node.type === 'goodpart-plc-simulator') {
      const faster = node.type === 'goodpart-plc-simulator' ? { partsPerMinute: 120 } : {};
      return { ...node, port: modbus, ...faster };
    }
    if (node.type === 'goodpart-opcua-endpoint') return { ...node, port: opcua };
    if (node.type === 'goodpart-camera') return { ...node, simWidth: 160, simHeight: 120 };
    const quick = { count: 20, size: 128, features: 'bank', head: 'gaussian', sensitivity: false };
    return node.type === 'goodpart-learn' ? { ...node, ...quick } : node;
  });
}

describe('the PLC simulator example', function () {
  this.timeout(600_000);
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  let browser: Browser | undefined;

  before(async () => {
    await red.start();
    await red.deploy(await example());
  });

  after(async () => {
    await browser?.close();
    await red.stop();
  });

  const answer = () => red.json<BeltAnswer>(`${page}/state.json`);
  const command = (body: object) =>
    red.request(`${page}/command`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  async function when(what: string, holds: (view: BeltView) => boolean, timeoutMs = 60_000): Promise<BeltView> {
    return until(
      what,
      async () => {
        const { view } = await answer();
        return view !== null && holds(view) ? view : undefined;
      },
      { timeoutMs, everyMs: 100 },
    );
  }

  it('learns, inspects what the simulated PLC triggers and sorts it: none in the wrong box', async () => {
    const view = await when('good parts and a defect are sorted', inspected, 500_000);
    assert.deepEqual([view.totals.goodBox.wrong, view.totals.lost], [0, 0], JSON.stringify(view.totals));
    assert.ok(view.station.lastResult !== null && view.link.connected);
    function inspected({ totals }: BeltView): boolean {
      return totals.goodBox.right >= 10 && totals.rejectBin.right >= 1;
    }
  });

  it('takes faults from its page and from messages, and only such as there are', async () => {
    assert.equal((await command({ action: 'fault', name: 'cable-pulled', on: true })).status, 200);
    await when('the link is down', ({ link, plc }) => !link.connected && plc.allReject);
    assert.equal((await command({ action: 'fault', name: 'cable-pulled', on: false })).status, 200);
    const { totals } = await when('the link is back', ({ plc }) => !plc.allReject);
    await when('parts pass again', (view) => view.totals.goodBox.right > totals.goodBox.right);
    for (const body of [{ action: 'fault', name: 'constructor', on: true }, { action: 'explode' }, [], null]) {
      assert.equal((await command(body ?? {})).status, 400, JSON.stringify(body));
    }
    assert.equal((await red.request('goodpart/plc-simulator/nothing/state.json')).status, 400);
    const pressed = await red.request('inject/gp4-sticks', { method: 'POST' });
    assert.equal(pressed.status, 200);
    await when('the message has switched it', ({ faults }) => faults.includes('ejector-sticks'));
    await red.request('inject/gp4-works', { method: 'POST' });
    await when('and off again', ({ faults }) => faults.length === 0);
  });

  for (const [locale, colorScheme] of [
    ['en-GB', 'light'],
    ['de-DE', 'dark'],
  ] as const) {
    it(`shows the belt in Chromium, ${locale}, ${colorScheme}: readable, by keyboard, live`, async function () {
      needs(this, 'chromium', existsSync(chromiumPath));
      browser ??= await launchChromium();
      const context = await browser.newContext({ locale, colorScheme, viewport: { width: 1280, height: 1000 } });
      const tab = await context.newPage();
      const complaints: string[] = [];
      tab.on('pageerror', (error) => complaints.push(error.message));
      tab.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await tab.goto(`${red.url}/${page}/belt`);
      await tab.waitForSelector('#drawing svg .part');
      assert.equal(await tab.locator('html').getAttribute('lang'), locale.slice(0, 2));
      const { overflow, contrasts } = await tab.evaluate(measureReadability);
      assert.ok(overflow <= 0, `${overflow} px wider than the window`);
      for (const { text, ratio } of contrasts)
        assert.ok(ratio >= 4.5, `"${text}" has a contrast of ${ratio.toFixed(2)}`);
      const name = locale === 'en-GB' ? 'Bin full' : 'Behälter voll';
      const toggle = tab.getByRole('button', { name });
      await toggle.focus();
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('button[aria-pressed="true"]');
      await when('the line stands', ({ stands }) => stands === 'fault');
      await until('the page says so', async () => /710/.test((await tab.locator('#handshake').textContent()) ?? ''));
      if (process.env.GOODPART_SHOTS) await tab.screenshot({ path: `/tmp/shot-${locale}.png` });
      await toggle.press('Space');
      await until('it goes by', async () => (await tab.locator('button[aria-pressed="true"]').count()) === 0);
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }
});
