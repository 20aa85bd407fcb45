import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Browser, Locator } from 'playwright-core';
import type { LiveLook } from '../../lib/capture/live-watch.ts';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until as within } from '../kit/until.ts';
import { EditorPage } from './editor-page.ts';

/** The camera's process rests between two looks, longer on a busy machine. */
const until = <T>(what: string, check: () => T | Promise<T>) => within(what, check, { timeoutMs: 40_000 });

let row = 0;
const camera = (id: string, station: string, more: object): FlowNode => ({
  id,
  type: 'goodpart-camera',
  z: 'tab-1',
  x: 160,
  y: 60 + 60 * row++,
  configVersion: 1,
  name: '',
  station,
  view: 'main',
  source: 'simulator',
  run: 'triggered',
  wires: [[]],
  ...more,
});
const station = (id: string) => ({
  id,
  type: 'goodpart-station',
  configVersion: 1,
  name: '',
  line: 'line1',
  station: `${id}-name`,
});
const flow: FlowNode[] = [
  { id: 'tab-1', type: 'tab', label: 'Line' },
  station('station-1'),
  { ...station('station-2'), mode: 'run', deadlineMs: 200, maxOpen: 4 },
  camera('waiting', 'station-1', { view: 'main', simWidth: 800, simHeight: 600 }),
  camera('lost', 'station-1', { view: 'side', source: 'folder', path: '/nowhere/at/all' }),
  // nobody judges its parts: each ends at its deadline, and the next one comes
  camera('moving', 'station-2', { run: 'free', intervalMs: 150, simWidth: 320, simHeight: 240, encoding: 'raw' }),
];

const look = (server: NodeRed, id: string) => server.json<LiveLook>(`goodpart/camera/${id}/live`);

describe('The live view in the camera’s dialog on Node-RED 5 and 4.1', function () {
  this.timeout(180_000);
  let servers: NodeRed[] = [];
  let browser: Browser;
  let editors: EditorPage[] = [];
  const requests = new Map<EditorPage, string[]>();

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    servers = releases.map((release) => new NodeRed({ release, userDir: userDirWithCheckout() }));
    [browser] = await Promise.all([launchChromium(), ...servers.map((server) => server.start())]);
    await Promise.all(servers.map((server) => server.deploy(flow)));
    for (const server of servers) {
      await until('the cameras run', async () => {
        for (const id of ['moving', 'lost', 'waiting']) await look(server, id);
        return true;
      });
    }
    editors = await Promise.all(servers.map((server, i) => EditorPage.open(browser, server, releases[i])));
    for (const editor of editors) {
      await editor.page.setViewportSize({ width: 1500, height: 1900 });
      const seen: string[] = [];
      requests.set(editor, seen);
      editor.page.on('request', (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith('/goodpart/')) seen.push(`${request.method()} ${pathname}`);
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
  const part = (editor: EditorPage, selector: string) => editor.page.locator(`.goodpart-live ${selector}`);
  /** As it is seen: line breaks, and nothing of what is hidden. */
  const shown = async (locator: Locator) => (await locator.first().allInnerTexts()).join();
  const textOf = (editor: EditorPage, selector: string) => shown(part(editor, selector));

  /** Resolves when the moving camera has taken several more pictures: longer than any pause between two looks. */
  const later = async (server: NodeRed) => {
    const { counters } = await look(server, 'moving');
    await until('a second has passed', async () => {
      return (await look(server, 'moving')).counters.exposed >= counters.exposed + 7;
    });
  };

  it(
    'follows a camera that moves, and asks nothing any more once the dialog is closed, either way',
    onBoth(async (editor, server) => {
      const asked = requests.get(editor)!;
      for (const close of ['cancel', 'done'] as const) {
        await editor.edit('moving');
        const seen = new Set<string>();
        await until('three pictures', async () => {
          const source = await part(editor, 'img').getAttribute('src');
          if (source !== null && (await part(editor, 'img').isVisible())) seen.add(source);
          return seen.size >= 3;
        });
        assert.match(
          await textOf(editor, '.goodpart-live-caption'),
          /^Picture \d+, \d+\.\d s ago\s+320 × 240 px · 8 bit raw/,
        );
        await editor[close]();
        const before = asked.length;
        assert.ok(before > 0);
        await later(server);
        assert.equal(asked.length, before, asked.slice(before).join());
      }
    }),
  );

  it(
    'rests while nobody can see it: the window hidden, another tab of the dialog in front',
    onBoth(async (editor, server) => {
      const asked = requests.get(editor)!;
      const asks = () => {
        const before = asked.length;
        return until('it asks', () => asked.length > before);
      };
      const hide = (hidden: boolean) =>
        editor.page.evaluate(`(() => {
          Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        })()`);
      const rests = async () => {
        const before = asked.length;
        await later(server);
        assert.equal(asked.length, before, asked.slice(before).join());
      };
      await editor.edit('moving');
      await asks();
      await hide(true);
      await rests();
      await hide(false);
      await asks();
      const tab = (name: string) =>
        editor.page.locator(`.red-ui-tray .red-ui-tab-link-button[href$="editor-tab-${name}"]`).click();
      await tab('description');
      await rests();
      await tab('properties');
      await asks();
      await editor.cancel();
    }),
  );

  it(
    'takes no picture by looking and one by its button, with its histogram and how sharp it is',
    onBoth(async (editor, server) => {
      await editor.edit('waiting');
      await until('it says so', async () => /looking at it takes none/.test(await textOf(editor, 'figure')));
      const asked = requests.get(editor)!;
      const before = asked.length;
      await until('several looks', () => asked.length > before + 3);
      assert.equal((await look(server, 'waiting')).counters.exposed, 0);
      await editor.shoot('live-none');
      for (let number = 1; number <= 3; number++) {
        const button = part(editor, '.goodpart-take');
        await until('the button is free', () => button.isEnabled());
        await button.focus();
        await editor.page.keyboard.press('Enter');
        await until(`picture ${number}`, async () => {
          return (await textOf(editor, '.goodpart-live-caption')).startsWith(`Picture ${number},`);
        });
        assert.equal((await look(server, 'waiting')).counters.exposed, number);
      }
      assert.match(
        await textOf(editor, '.goodpart-histogram .goodpart-gauge-words'),
        /mean \d+ of 255\s+nothing clipped/,
      );
      assert.match(
        await textOf(editor, '.goodpart-focus .goodpart-gauge-words'),
        /^\d+ % of the best seen \(0\.\d+ of 0\.\d+\)/,
      );
      const drawn = await editor.page.evaluate(`$('.goodpart-live canvas').toArray().map((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0))`);
      assert.deepEqual(drawn, [true, true]);
      const folds = part(editor, 'summary');
      assert.match(await shown(folds.nth(1)), /Pictures taken: 3 · of these used: 3 · Losses: none/);
      await folds.nth(0).click();
      assert.match(await textOf(editor, 'details table'), /Simulated\s+yes/);
      await part(editor, '.goodpart-read').click();
      await until('asked', () => asked.includes('POST /goodpart/camera/waiting/settings'));
      await editor.shoot('live');
      await editor.cancel();
    }),
  );

  it(
    'lists the cameras that there are; choosing one fills in its fields, and the dialog says what would run',
    onBoth(async (editor) => {
      await editor.edit('waiting');
      await editor.set('seed', '7');
      const plan = editor.page.locator('.goodpart-plan');
      assert.match(
        await shown(plan),
        /Would draw parts of 800 × 600 px, delivered as JPEG \(small\); .* is 0\.1\. One picture for each trigger/,
      );
      assert.match(await textOf(editor, '> .goodpart-note'), /shows after the next deploy/);
      const find = editor.page.locator('.goodpart-find');
      await find.focus();
      await editor.page.keyboard.press('Enter');
      const device = editor.page.locator('.goodpart-device');
      await device.waitFor();
      assert.equal(
        await shown(device),
        'Simulated line, 640 x 480\nPicture width 640 · Picture height 480 · Random seed 1',
      );
      await device.focus();
      await editor.page.keyboard.press('Enter');
      assert.equal(await device.getAttribute('aria-pressed'), 'true');
      for (const [field, value] of [
        ['simWidth', '640'],
        ['simHeight', '480'],
        ['seed', '1'],
      ]) {
        assert.equal(await editor.get(field), value);
      }
      assert.match(await shown(plan), /parts of 640 × 480 px/);
      await editor.set('source', 'folder');
      assert.equal(await find.isVisible(), false);
      assert.equal(await plan.isVisible(), false, 'a folder without a path would not run');
      await editor.set('path', '/data/parts');
      assert.equal(await editor.field('seed').isVisible(), false, 'no chance, no random seed');
      await editor.set('order', 'shuffle');
      assert.equal(await editor.field('seed').isVisible(), true);
      assert.match(await shown(plan), /Would give the pictures of “\/data\/parts” shuffled, .*again and again\./);
      await editor.cancel();
    }),
  );

  it(
    'says at its field what keeps the source from opening, and of a camera that does not run that it must be deployed',
    onBoth(async (editor) => {
      await editor.edit('lost');
      const fault = editor.page.locator('[data-field="path"] > .goodpart-fault');
      await fault.waitFor();
      assert.match(await shown(fault), /^Expected a readable folder for path but received "\/nowhere\/at\/all"/);
      assert.equal(await part(editor, '.goodpart-live-state').getAttribute('data-kind'), 'bad');
      await editor.shoot('live-lost');
      await editor.cancel();
      const fresh = camera('fresh', 'station-1', { view: 'new' });
      await editor.page.evaluate(`RED.nodes.import([${JSON.stringify(fresh)}])`);
      await editor.edit('fresh');
      await until('it says so', async () => /^Deploy first/.test(await textOf(editor, '.goodpart-live-state')));
      assert.equal(await part(editor, '.goodpart-take').isVisible(), false);
      await editor.cancel();
    }),
  );

  it('is readable in German and in the dark', async () => {
    const german = await EditorPage.open(browser, servers[0], releases[0], { locale: 'de-DE', dark: true });
    await german.page.setViewportSize({ width: 1500, height: 1900 });
    await german.edit('waiting');
    await part(german, 'img:visible').waitFor();
    await german.shoot('live-german-dark');
    for (const text of [
      '.goodpart-live-caption > span',
      '.goodpart-gauge-words',
      'summary',
      'summary > span',
      '.goodpart-plan',
    ]) {
      const { text: ink, ground } = await german.brightness(`.goodpart-form ${text}`);
      assert.ok(ground < 90 && ink - ground > 60, `${text}: ${ink} on ${ground}`);
    }
    const words = (await shown(german.page.locator('.goodpart-form'))).replaceAll(/simulated line.*/g, '');
    assert.match(
      words,
      /Bild machen[\s\S]*Helligkeit[\s\S]*Schärfe[\s\S]*Zurückgelesene Einstellungen[\s\S]*Zeichnete Teile/,
    );
    assert.doesNotMatch(words, /live\.|count\.|plan\.|find\.|__/);
    assert.deepEqual(german.errors, []);
    await german.page.close();
  });
});
