import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { chromiumPath, launchChromium } from '../kit/chromium.ts';
import { needs } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { bytesOf, cnn } from '../learning/tiny-backbones.ts';
import { EditorPage } from './editor-page.ts';
import { everyNode } from './every-node.ts';

const { hashSync } = require('bcryptjs') as { hashSync(password: string, rounds: number): string };
const pictures = process.env.GOODPART_SCREENSHOTS;

describe('The dialog of learn good parts on Node-RED 5 and 4.1', () => {
  let servers: NodeRed[] = [];
  let browser: Browser;
  let editors: EditorPage[] = [];
  const backbone = join(tempDir('backbone'), 'tiny.onnx');

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    writeFileSync(backbone, bytesOf(cnn({ maps: true, normalises: 'subtract and divide', sides: ['h', 'w'] })));
    servers = releases.map((release) => new NodeRed({ release, userDir: userDirWithCheckout() }));
    [browser] = await Promise.all([launchChromium(), ...servers.map((server) => server.start())]);
    await Promise.all(servers.map((server) => server.deploy(everyNode)));
    editors = await Promise.all(servers.map((server, i) => EditorPage.open(browser, server, releases[i])));
    // the dialog is long: high enough to look at all of it
    if (pictures) for (const { page } of editors) await page.setViewportSize({ width: 1500, height: 3000 });
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
    'shows what the choices ask for, and nothing else',
    onBoth(async (editor) => {
      const visible = async (...fields: string[]) => {
        const shown: string[] = [];
        for (const field of fields) if (await editor.field(field).isVisible()) shown.push(field);
        return shown;
      };
      const optional = ['backbone', 'layers', 'normalisation', 'maxShift', 'maxRotation', 'missCost', 'defectShare'];
      const rates = ['path', 'warnRate', 'failRate'];
      await editor.edit('learn-1');
      assert.deepEqual(await visible(...optional, ...rates), rates);
      await editor.shoot('learn-plain');
      for (const [field, value] of Object.entries({ source: 'messages', features: 'backbone', goal: 'costs' })) {
        await editor.set(field, value);
      }
      await editor.set('registration', true);
      assert.deepEqual(await visible(...optional, ...rates), optional);
      await editor.cancel();
    }),
  );

  it(
    'lists the layers of a backbone, takes those that are ticked, and says why a file is none',
    onBoth(async (editor) => {
      const { page } = editor;
      await editor.edit('learn-1');
      await editor.set('features', 'backbone');
      await editor.set('backbone', `${backbone}.txt`);
      await page.locator('.goodpart-layers-button').click();
      const problem = page.locator('.goodpart-more .goodpart-problem');
      await problem.waitFor();
      assert.match(
        (await problem.textContent()) ?? '',
        /^Expected a readable ONNX file for backbone but received .+tiny\.onnx\.txt/,
      );
      // Chromium logs every answer that is an error
      assert.match(editor.errors.splice(0).join(), /400/);

      await editor.set('backbone', backbone);
      await editor.set('layers', 'stem2.relu, layer9');
      await page.locator('.goodpart-layers-button').click();
      await page.locator('.goodpart-layer').first().waitFor();
      assert.equal(await problem.textContent(), 'Not in this file: layer9');
      const ticked = () => page.locator('.goodpart-layer:has(input:checked) b').allInnerTexts();
      assert.deepEqual(await ticked(), ['stem2.relu']);

      await editor.set('layers', '');
      await page.locator('.goodpart-layers-button').click();
      await until('the suggested ones', async () => (await ticked()).join() === 'layer1,layer2');
      assert.deepEqual(await page.locator('.goodpart-layer').allInnerTexts(), [
        'stem1.relu\n1 × 4 × 128 × 128 · map · every 2 px',
        'stem2.relu\n1 × 6 × 64 × 64 · map · every 4 px',
        'layer1\n1 × 8 × 32 × 32 · map · every 8 px · output · suggested',
        'layer2\n1 × 12 × 16 × 16 · map · every 16 px · output · suggested',
      ]);
      assert.match(
        (await page.locator('.goodpart-more .goodpart-hint').textContent()) ?? '',
        /^Its pixels: the file normalises by itself/,
      );
      await editor.shoot('learn-backbone');
      await page.locator('.goodpart-layer input[value="layer2"]').click();
      assert.equal(await editor.get('layers'), 'layer1');
      assert.deepEqual(await editor.problems(), []);
      await editor.done();
      const { features, layers } = await editor.stored('learn-1');
      assert.deepEqual({ features, layers }, { features: 'backbone', layers: 'layer1' });
    }),
  );

  it(
    'says that there is no report yet, and what is wrong with a size',
    onBoth(async (editor) => {
      await editor.edit('learn-1');
      await editor.page.locator('.goodpart-report').click();
      await until(
        'the sentence',
        async () => (await editor.problems()).join() === 'This node does not run: deploy it first',
      );
      assert.match(editor.errors.splice(0).join(), /400/);
      await editor.cancel();
      await editor.edit('learn-1');
      await editor.set('size', '100');
      assert.deepEqual(await editor.problems(), ['Expected a multiple of 32 for “Input size” but received "100"']);
      await editor.cancel();
    }),
  );

  it('is German for a German', async () => {
    const german = await EditorPage.open(browser, servers[0], releases[0], { locale: 'de-DE', dark: true });
    if (pictures) await german.page.setViewportSize({ width: 1500, height: 3000 });
    await german.edit('learn-1');
    for (const [field, value] of Object.entries({ features: 'backbone', backbone, goal: 'costs' })) {
      await german.set(field, value);
    }
    await german.set('registration', true);
    await german.page.locator('.goodpart-layers-button').click();
    await german.page.locator('.goodpart-layer').first().waitFor();
    await german.shoot('learn-german-dark');
    const text = (await german.page.locator('.goodpart-form').textContent()) ?? '';
    for (const words of ['Bericht des letzten Lernens', 'Arbeitsschichten', 'alle 8 px', 'Nachweis']) {
      assert.ok(text.includes(words), words);
    }
    assert.doesNotMatch(text, /(label|hint|choice|section|layer)\.\w/, 'a word is missing');
    assert.deepEqual(german.errors, []);
    await german.page.close();
  });
});

describe('The report of a learning node under adminAuth', () => {
  const adminAuth = {
    type: 'credentials',
    users: [{ username: 'quality', password: hashSync('engineer', 4), permissions: '*' }],
  };
  const userDir = userDirWithCheckout();
  const red = new NodeRed({ userDir, adminAuth });
  const path = join(userDir, 'good');
  const recipes = join(userDir, 'goodpart/stations/line1/station1/recipes/1');
  let browser: Browser;

  const z = 'station1-tab';
  const flow: FlowNode[] = [
    ...(stationNodes('station1') as FlowNode[]),
    {
      id: 'go',
      z,
      type: 'inject',
      x: 100,
      y: 60,
      topic: 'learn',
      props: [{ p: 'topic', vt: 'str' }],
      wires: [['learn']],
    },
    {
      ...{ id: 'learn', z, type: 'goodpart-learn', x: 300, y: 60, station: 'station1-station', view: 'main' },
      ...{ model: 'parts', source: 'folder', path, features: 'bank', head: 'gaussian', size: 64 },
      ...{ sensitivity: true, shifts: 'early', wires: [[], [], []] },
    },
  ];

  before(async function () {
    needs(this, chromiumPath, existsSync(chromiumPath));
    mkdirSync(path);
    const size = { width: 96, height: 64, channels: 1 as const };
    const write = ({ data }: { data: Buffer }, i: number) => {
      const picture = sharp(data, { raw: size });
      // one of them is out of focus
      return (i === 7 ? picture.blur(3) : picture).toFile(join(path, `part ${i}.png`));
    };
    [browser] = await Promise.all([
      launchChromium(),
      red.start(),
      ...syntheticParts(24, size.width, size.height, 5).map(write),
    ]);
    await red.signIn('quality', 'engineer');
    await red.deploy(flow);
  });
  after(async () => {
    await browser?.close();
    await red.stop();
  });

  it('is closed to strangers, and so are the layers and leaving pictures out', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ digests: ['0'.repeat(64)] });
    const asked: [string, RequestInit][] = [
      ['learning/learn/report', {}],
      ['learning/layers?path=/etc/hostname', {}],
      ['learning/learn/exclude', { method: 'POST', headers, body }],
    ];
    for (const [route, init] of asked) {
      const { status } = await fetch(`${red.url}/goodpart/${route}`, init);
      assert.equal(status, 401, route);
    }
  });

  it('says in one sentence that there is none, or that a request is no list of pictures', async () => {
    const answer = async (route: string, body?: unknown) => {
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const response = await red.request(`goodpart/learning/${route}`, body === undefined ? {} : post);
      assert.equal(response.status, 400);
      return ((await response.json()) as { message: string }).message;
    };
    const page = async () => (await red.request('goodpart/learning/learn/report')).text();
    await until('it runs', async () => /Nothing learned yet/.test(await page()));
    assert.match(await answer('nobody/report'), /^This node does not run/);
    const digests = ['0'.repeat(64)];
    assert.match(await answer('learn/exclude', { digests }), /^Nothing was learned yet for view main/);
    for (const wrong of [{}, [], { digests: [] }, { digests: ['part 7.png'] }, { digests: 'all' }]) {
      assert.match(await answer('learn/exclude', wrong), /^Expected a list of sha256 digests of pictures for digests/);
    }
    assert.match(await answer('layers'), /^Expected the path of an ONNX file for backbone/);
  });

  it('opens from the dialog, and a picture that is left out there is learned without', async () => {
    await red.request('inject/go', { method: 'POST' });
    await until('the recipe', () => existsSync(join(recipes, '1.json')), { timeoutMs: 30_000 });

    const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
    const page = await context.newPage();
    const addresses: string[] = [];
    context.on('request', (request) => addresses.push(request.url()));
    await page.goto(red.url);
    await page.fill('#node-dialog-login-username', 'quality');
    await page.fill('#node-dialog-login-password', 'engineer');
    await page.click('#node-dialog-login-submit');
    await page.waitForFunction('window.RED?.nodes?.node("learn")');
    await page.evaluate(`RED.editor.edit(RED.nodes.node('learn'))`);
    const open = async () => {
      const [report] = await Promise.all([context.waitForEvent('page'), page.click('.goodpart-report')]);
      await report.getByRole('heading', { name: 'parts version' }).waitFor();
      return report;
    };
    const report = await open();
    const text = (await report.locator('main').textContent()) ?? '';
    assert.match(text, /version 1/);
    assert.match(text, /24 good pictures\s+provisional/i);
    assert.match(text, /The model has seen no frame of shift "early"/);
    await report.getByText('part 7.png').first().waitFor();
    if (pictures) await report.screenshot({ path: join(pictures, 'learn-report.png'), fullPage: true });
    await report.locator('input[name="leave"]').first().check();
    await report.getByRole('button', { name: 'Learn again without it' }).click();
    await report.getByText('Learning has begun').waitFor();
    if (pictures) await report.screenshot({ path: join(pictures, 'learn-report-again.png') });
    await report.close();

    await until('the next recipe', () => existsSync(join(recipes, '2.json')), { timeoutMs: 30_000 });
    const renewed = await open();
    const said = (await renewed.locator('main').textContent()) ?? '';
    assert.match(said, /version 2/);
    assert.match(said, /23 good pictures/);
    for (const address of addresses) assert.doesNotMatch(address, /access_token|Bearer/);
    await context.close();
  });
});
