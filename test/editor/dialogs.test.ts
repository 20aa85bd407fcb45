import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until } from '../kit/until.ts';
import { EditorPage } from './editor-page.ts';
import { cases, everyNode, region } from './every-node.ts';

const oldCamera: FlowNode = {
  id: 'old-camera',
  type: 'goodpart-camera',
  z: 'tab-1',
  x: 160,
  y: 400,
  name: 'old',
  station: 'station-1',
  source: 'simulator',
  wires: [[]],
};

/** Node-RED 5 and 4.1 side by side: what takes time here is Node-RED sliding its dialogs in and out. */
describe('The dialogs on Node-RED 5 and 4.1', () => {
  let servers: NodeRed[] = [];
  let browser: Browser;
  let editors: EditorPage[] = [];

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    servers = releases.map((release) => new NodeRed({ release, userDir: userDirWithCheckout() }));
    [browser] = await Promise.all([launchChromium(), ...servers.map((server) => server.start())]);
    await Promise.all(servers.map((server) => server.deploy([...everyNode, oldCamera])));
    editors = await Promise.all(servers.map((server, i) => EditorPage.open(browser, server, releases[i])));
  });
  after(async () => {
    await browser?.close();
    await Promise.all(servers.map((server) => server.stop()));
  });
  afterEach(() => {
    for (const { errors, release } of editors) assert.deepEqual(errors.splice(0), [], release);
  });

  const onBoth = (work: (editor: EditorPage) => Promise<void>) => async () => {
    await Promise.all(editors.map(work));
  };

  it(
    'find nothing wrong with nodes that are right',
    onBoth(async (editor) => {
      await editor.shoot('flow');
      for (const { node } of cases) assert.deepEqual(await editor.validation(node.id), [], node.type);
    }),
  );

  for (const { node, change } of cases) {
    it(
      `of ${node.type} opens, saves and reopens with what was changed, and is explained`,
      onBoth(async (editor) => {
        await editor.edit(node.id);
        assert.deepEqual(await editor.problems(), []);
        await editor.set('name', 'changed');
        for (const [field, value] of Object.entries(change)) await editor.set(field, value);
        assert.deepEqual(await editor.problems(), []);
        await editor.shoot(node.type);
        await editor.done();
        await editor.edit(node.id);
        for (const [field, value] of Object.entries({ name: 'changed', ...change })) {
          assert.equal(await editor.get(field), value, field);
        }
        await editor.cancel();
        await editor.page.evaluate(`RED.sidebar.help.show(${JSON.stringify(node.type)})`);
        const help = await until('the help is shown', () => editor.page.locator('.red-ui-help').last().textContent());
        assert.match(help, /Details/);
      }),
    );
  }

  it('speak the user’s language, in a dark theme as well', async () => {
    const german = await EditorPage.open(browser, servers[0], releases[0], { locale: 'de-DE', dark: true });
    const words = {
      'camera-1': /Bildbreite/,
      'rules-1': /aus dem aktiven Rezept/,
      'score-1': /nachprüfen: im Zweifel noch einmal/,
    };
    for (const [id, expected] of Object.entries(words)) {
      await german.edit(id);
      await german.shoot(`german-dark-${id}`);
      for (const part of ['h4', '.goodpart-hint', '.form-row > label']) {
        const { text: ink, ground } = await german.brightness(`.goodpart-form ${part}`);
        assert.ok(ground < 90 && ink - ground > 60, `${part}: ${ink} on ${ground}`);
      }
      const text = (await german.page.locator('.goodpart-form').textContent()) ?? '';
      assert.match(text, /Station|Ansicht/);
      assert.match(text, expected);
      await german.cancel();
    }
    assert.deepEqual(german.errors, []);
    await german.page.close();
  });

  it(
    'name the field, what was expected and what came, as the runtime would',
    onBoth(async (editor) => {
      await editor.edit('station-1');
      await editor.set('maxOpen', '99');
      const sentence = 'Expected a whole number from 1 to 16 for “Parts in flight” but received "99"';
      assert.deepEqual(await editor.problems(), [sentence]);
      await editor.done();
      assert.deepEqual(await editor.validation('station-1'), [sentence]);
      await editor.edit('station-1');
      await editor.set('maxOpen', '2');
      assert.deepEqual(await editor.problems(), []);
      await editor.done();
    }),
  );

  it(
    'ask for a station in one sentence',
    onBoth(async (editor) => {
      const lonely = { id: 'lonely', type: 'goodpart-part', z: 'tab-1', x: 400, y: 400, wires: [[]] };
      await editor.page.evaluate(`RED.nodes.import([${JSON.stringify(lonely)}])`);
      assert.deepEqual(await editor.validation('lonely'), ['Expected a station for “Station” but received ""']);
    }),
  );

  it(
    'show only the rows that mean something',
    onBoth(async (editor) => {
      await editor.edit('camera-1');
      assert.equal(await editor.field('path').isVisible(), true);
      assert.equal(await editor.field('defectRate').isVisible(), false);
      await editor.set('source', 'simulator');
      assert.equal(await editor.field('path').isVisible(), false);
      assert.equal(await editor.field('defectRate').isVisible(), true);
      await editor.shoot('camera-simulator');
      await editor.cancel();
    }),
  );

  it(
    'bring a node of an old flow to the newest version when it is saved',
    onBoth(async (editor) => {
      assert.deepEqual(await editor.validation('old-camera'), []);
      await editor.edit('old-camera');
      assert.equal(await editor.get('view'), 'main');
      await editor.done();
      const { configVersion, view, seed } = await editor.stored('old-camera');
      const saved = { version: Number(configVersion), view, seed: Number(seed) };
      assert.deepEqual(saved, { version: 1, view: 'main', seed: 1 });
    }),
  );

  it(
    'refuse limits of regions that contradict each other or are no numbers',
    onBoth(async (editor) => {
      const fail = editor.page.locator('[data-limit="fail"] input').first();
      await editor.edit('rules-1');
      await fail.fill('1.5');
      assert.deepEqual(await editor.problems(), [
        'Expected at least the warn limit (2) for “Region 1: Fail from” but received 1.5',
      ]);
      await editor.shoot('rules-problem');
      await fail.fill('');
      assert.deepEqual(await editor.problems(), [
        'Expected a finite number for “Region 1: Fail from” but received null',
      ]);
      await fail.fill('4');
      assert.deepEqual(await editor.problems(), []);
      await editor.done();
      const { rois } = await editor.stored('rules-1');
      assert.deepEqual(rois, [{ ...region, fail: 4 }]);
    }),
  );

  it(
    'draw regions by clicks, and refuse those that cross themselves',
    onBoth(async (editor) => {
      await editor.edit('rules-1');
      await editor.page.locator('.red-ui-editableList-addButton').click();
      const board = editor.page.locator('.goodpart-board');
      const { width, height } = (await board.boundingBox())!;
      const draw = async (...corners: [number, number][]) => {
        for (const [x, y] of [...corners, corners[0]]) {
          await board.click({ position: { x: Math.round(x * width), y: Math.round(y * height) } });
        }
      };
      await draw([0.1, 0.1], [0.6, 0.1], [0.6, 0.5], [0.1, 0.5]);
      assert.deepEqual(await editor.problems(), []);
      await editor.shoot('rules-drawn');
      await editor.page.locator('.goodpart-tools button').first().click();
      await draw([0.1, 0.1], [0.6, 0.5], [0.6, 0.1], [0.1, 0.5]);
      const [problem] = await editor.problems();
      assert.match(problem, /Expected a polygon that does not cross or touch itself for “Region 2: outline”/);
      await editor.done();
      assert.equal((await editor.validation('rules-1')).length, 1);
      const { rois } = (await editor.stored('rules-1')) as { rois: { polygon: number[][] }[] };
      assert.equal(rois[1].polygon.length, 4);
      assert.ok(Math.abs(rois[1].polygon[1][0] - 0.6) < 0.02);
    }),
  );

  it(
    'forget a region that is removed, though its row still fades when the dialog is saved',
    onBoth(async (editor) => {
      await editor.edit('rules-1');
      const rows = editor.page.locator('.goodpart-region');
      const before = await rows.count();
      // the fading, slowed down so that saving is certain to come before its end
      await editor.page.evaluate('jQuery.fx.off = false; jQuery.fx.interval = 1e6');
      await editor.page.locator('.red-ui-editableList-item-remove').last().click();
      assert.equal(await rows.count(), before, 'the row is still there');
      await editor.done();
      await editor.page.evaluate('jQuery.fx.off = true; jQuery.fx.interval = 13');
      const { rois } = (await editor.stored('rules-1')) as { rois: object[] };
      assert.equal(rois.length, before - 1);
    }),
  );

  it(
    'let corners be dragged',
    onBoth(async (editor) => {
      await editor.edit('rules-1');
      const board = editor.page.locator('.goodpart-board');
      await board.scrollIntoViewIfNeeded();
      const { x: left, y: top, width, height } = (await board.boundingBox())!;
      await editor.page.mouse.move(left + 0.2 * width, top + 0.2 * height);
      await editor.page.mouse.down();
      await editor.page.mouse.move(left + 0.05 * width, top + 0.05 * height, { steps: 3 });
      await editor.page.mouse.up();
      await editor.done();
      const { rois } = (await editor.stored('rules-1')) as { rois: { polygon: number[][] }[] };
      const [x, y] = rois[0].polygon[0];
      assert.ok(Math.abs(x - 0.05) < 0.02 && Math.abs(y - 0.05) < 0.02, `${x} ${y}`);
    }),
  );

  it(
    'draw the scene check’s two outlines on one board, the part’s only where it is checked',
    onBoth(async (editor) => {
      await editor.edit('scene-1');
      const board = editor.page.locator('.goodpart-board');
      const tools = editor.page.locator('.goodpart-tools');
      await tools.scrollIntoViewIfNeeded();
      const { width, height } = (await board.boundingBox())!;
      await tools.locator('select').selectOption('partRegion');
      for (const [x, y] of [
        [0.5, 0.5],
        [0.95, 0.5],
        [0.95, 0.9],
        [0.5, 0.5],
      ]) {
        await board.click({ position: { x: Math.round(x * width), y: Math.round(y * height) } });
      }
      assert.deepEqual(await editor.problems(), []);
      await editor.shoot('scene-drawn');
      await editor.set('part', false);
      assert.equal(await tools.locator('option').count(), 1);
      assert.equal(await board.locator('polygon').count(), 1);
      await editor.set('part', true);
      await editor.done();
      const { region: kept, partRegion } = (await editor.stored('scene-1')) as Record<string, number[][]>;
      assert.equal(kept.length, 4);
      assert.equal(partRegion.length, 3);
      assert.ok(Math.abs(partRegion[1][0] - 0.95) < 0.02, `${partRegion}`);
    }),
  );
});
