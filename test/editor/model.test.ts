import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until } from '../kit/until.ts';
import { EditorPage } from './editor-page.ts';

const token = 'bearer-token-44';

describe('The dialog of a model that runs on inference servers', function () {
  this.timeout(90_000);
  const red = new NodeRed({ userDir: userDirWithCheckout() });
  let browser: Browser;
  let editor: EditorPage;
  const flow: FlowNode[] = [
    { id: 'tab', type: 'tab', label: 'Line' },
    { id: 'model', type: 'goodpart-model', configVersion: 1, name: '', model: '', version: '', threads: 1 },
    { id: 'station-1', type: 'goodpart-station', configVersion: 1, name: '', line: 'l', station: 's', mode: 'run' },
    {
      ...{ id: 'score', type: 'goodpart-score', z: 'tab', x: 100, y: 60, configVersion: 1, name: '', view: 'main' },
      ...{ station: 'station-1', model: 'model', wires: [[]] },
    },
  ];

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    [browser] = await Promise.all([launchChromium(), red.start()]);
    await red.deploy(flow);
    editor = await EditorPage.open(browser, red, 'node-red');
  });
  after(async () => {
    await browser?.close();
    await red.stop();
  });

  it('refuses addresses that carry a password', async () => {
    await editor.edit('model');
    await editor.set('engine', 'kserve');
    await editor.set('kserveUrls', 'https://user:pw@10.0.0.5');
    await editor.done();
    assert.match(JSON.stringify(await editor.validation('model')), /without user, password and query/);
  });

  it('shows what the engine chosen has, and keeps the token as a credential', async () => {
    await editor.edit('model');
    const shown = async () => {
      const names = ['threads', 'kserveUrls', 'kserveModel', 'kserveVersion', 'kserveToken', 'kserveCaFile'];
      const visible = await Promise.all(names.map((name) => editor.field(name).isVisible()));
      return names.filter((_, i) => visible[i]).join(' ');
    };
    await editor.set('engine', 'onnxruntime');
    assert.equal(await shown(), 'threads');
    await editor.set('engine', 'kserve');
    assert.equal(await shown(), 'kserveUrls kserveModel kserveVersion kserveToken kserveCaFile');
    await editor.set('kserveUrls', 'https://10.0.0.5:8000, https://10.0.0.6:8000');
    await editor.set('kserveToken', token);
    await editor.shoot('model-kserve');
    await editor.done();
    assert.deepEqual(await editor.validation('model'), []);
    await editor.page.evaluate('RED.actions.invoke("core:deploy-flows")');
    const stored = await until('the deploy', () => {
      const text = readFileSync(join(red.userDir, 'flows.json'), 'utf8');
      return text.includes('10.0.0.6') ? text : null;
    });
    assert.ok(!stored.includes(token));
    assert.ok(!red.log.includes(token));
    assert.deepEqual(editor.errors, []);
  });
});
