import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until } from '../kit/until.ts';
import { EditorPage } from './editor-page.ts';
import { cases, everyNode, region } from './every-node.ts';

/** Set to a folder to look at the dialogs: one picture of each. */
const pictures = process.env.GOODPART_SCREENSHOTS;

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

for (const release of releases) {
  describe(`The dialogs on ${release}`, function () {
    this.timeout(60_000);
    let nodeRed: NodeRed;
    let browser: Browser;
    let editor: EditorPage;

    before(async function () {
      needs(this, chromiumPath, existsSync(chromiumPath));
      nodeRed = new NodeRed({ release, userDir: userDirWithCheckout() });
      [browser] = await Promise.all([launchChromium(), nodeRed.start()]);
      await nodeRed.deploy([...everyNode, oldCamera]);
      editor = await EditorPage.open(browser, nodeRed);
    });
    after(async () => {
      await browser?.close();
      await nodeRed?.stop();
    });
    afterEach(() => {
      assert.deepEqual(editor.errors.splice(0), []);
    });

    const shoot = async (name: string) => {
      if (pictures) await editor.page.screenshot({ path: join(pictures, `${release}-${name}.png`) });
    };

    it('finds nothing wrong with nodes that are right', async () => {
      await shoot('flow');
      for (const { node } of cases) assert.deepEqual(await editor.validation(node.id), [], node.type);
    });

    for (const { node, change } of cases) {
      it(`${node.type} opens, saves and reopens with what was changed, and is explained`, async () => {
        await editor.edit(node.id);
        assert.deepEqual(await editor.problems(), []);
        await editor.set('name', 'changed');
        for (const [field, value] of Object.entries(change)) await editor.set(field, value);
        assert.deepEqual(await editor.problems(), []);
        await shoot(node.type);
        await editor.done();
        await editor.edit(node.id);
        for (const [field, value] of Object.entries({ name: 'changed', ...change })) {
          assert.equal(await editor.get(field), value, field);
        }
        await editor.cancel();
        await editor.page.evaluate(`RED.sidebar.help.show(${JSON.stringify(node.type)})`);
        const help = await until('the help is shown', () => editor.page.locator('.red-ui-help').last().textContent());
        assert.match(help, /Details/);
      });
    }

    it('shows every word in the user’s language', async () => {
      const german = await EditorPage.open(browser, nodeRed, { locale: 'de-DE' });
      for (const { node } of cases) {
        await german.edit(node.id);
        const text = (await german.page.locator('.goodpart-form').textContent()) ?? '';
        assert.doesNotMatch(text, /\b(label|hint|section|choice|intro|region)\.\w/, node.type);
        if (node.type === 'goodpart-camera') assert.match(text, /Bilder/);
        await german.cancel();
      }
      assert.deepEqual(german.errors, []);
      await german.page.close();
    });

    it('names the field, what was expected and what came, as the runtime would', async () => {
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
    });

    it('asks for a station in one sentence', async () => {
      await editor.page.evaluate(
        `RED.nodes.import([{ id: 'lonely', type: 'goodpart-part', z: 'tab-1', x: 400, y: 400, wires: [[]] }])`,
      );
      assert.deepEqual(await editor.validation('lonely'), ['Expected a station for “Station” but received ""']);
    });

    it('shows only the rows that mean something', async () => {
      await editor.edit('camera-1');
      assert.equal(await editor.field('path').isVisible(), true);
      assert.equal(await editor.field('defectRate').isVisible(), false);
      await editor.set('source', 'simulator');
      assert.equal(await editor.field('path').isVisible(), false);
      assert.equal(await editor.field('defectRate').isVisible(), true);
      await shoot('camera-simulator');
      await editor.cancel();
    });

    it('brings a node of an old flow to the newest version when it is saved', async () => {
      assert.deepEqual(await editor.validation('old-camera'), []);
      await editor.edit('old-camera');
      assert.equal(await editor.get('view'), 'main');
      await editor.done();
      const { configVersion, view, seed } = await editor.stored('old-camera');
      assert.deepEqual(
        { version: Number(configVersion), view, seed: Number(seed) },
        { version: 1, view: 'main', seed: 1 },
      );
    });

    describe('regions', () => {
      const limit = (name: string) => editor.page.locator(`[data-limit="${name}"] input`).first();

      it('refuses limits that contradict each other or are no numbers', async () => {
        await editor.edit('rules-1');
        await limit('fail').fill('1.5');
        assert.deepEqual(await editor.problems(), [
          'Expected at least the warn limit (2) for “Region 1: Fail from” but received 1.5',
        ]);
        await shoot('rules-problem');
        await limit('fail').fill('');
        assert.deepEqual(await editor.problems(), [
          'Expected a finite number for “Region 1: Fail from” but received null',
        ]);
        await limit('fail').fill('4');
        assert.deepEqual(await editor.problems(), []);
        await editor.done();
        const { rois } = await editor.stored('rules-1');
        assert.deepEqual(rois, [{ ...region, fail: 4 }]);
      });

      it('are drawn by clicks, and refused when they cross themselves', async () => {
        await editor.edit('rules-1');
        await editor.page.locator('.red-ui-editableList-addButton').click();
        const board = editor.page.locator('.goodpart-board');
        const box = (await board.boundingBox())!;
        const click = (x: number, y: number) =>
          board.click({ position: { x: Math.round(x * box.width), y: Math.round(y * box.height) } });
        for (const [x, y] of [
          [0.1, 0.1],
          [0.6, 0.1],
          [0.6, 0.5],
          [0.1, 0.5],
          [0.1, 0.1],
        ] as const)
          await click(x, y);
        assert.deepEqual(await editor.problems(), []);
        await shoot('rules-drawn');
        await editor.page.locator('.goodpart-tools button').first().click();
        for (const [x, y] of [
          [0.1, 0.1],
          [0.6, 0.5],
          [0.6, 0.1],
          [0.1, 0.5],
          [0.1, 0.1],
        ] as const)
          await click(x, y);
        const [problem] = await editor.problems();
        assert.match(problem, /Expected a polygon that does not cross or touch itself for “Region 2: outline”/);
        await editor.done();
        assert.equal((await editor.validation('rules-1')).length, 1);
        const { rois } = (await editor.stored('rules-1')) as { rois: { polygon: number[][] }[] };
        assert.equal(rois[1].polygon.length, 4);
        assert.ok(Math.abs(rois[1].polygon[1][0] - 0.6) < 0.02);
      });

      it('have corners that are dragged', async () => {
        await editor.edit('rules-1');
        const board = editor.page.locator('.goodpart-board');
        await board.scrollIntoViewIfNeeded();
        const box = (await board.boundingBox())!;
        await editor.page.mouse.move(box.x + 0.2 * box.width, box.y + 0.2 * box.height);
        await editor.page.mouse.down();
        await editor.page.mouse.move(box.x + 0.05 * box.width, box.y + 0.05 * box.height, { steps: 3 });
        await editor.page.mouse.up();
        await editor.done();
        const { rois } = (await editor.stored('rules-1')) as { rois: { polygon: number[][] }[] };
        const [x, y] = rois[0].polygon[0];
        assert.ok(Math.abs(x - 0.05) < 0.02 && Math.abs(y - 0.05) < 0.02, `${x} ${y}`);
      });
    });
  });
}
