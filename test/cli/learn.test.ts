import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import type { Evaluation } from '../../lib/learning/evaluation/evaluate.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import { readDescription } from '../../lib/scoring/model-store.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { command, drawGood, drawPart, drawSet, goodpart, json } from './kit.ts';

type Learned = LearnResult & { ok: boolean; files: { name: string; bytes: number }[] };

/** Two pictures of one kind of defect, and five parts presented twice each. */
async function defectsAndRepeats(folder: string): Promise<{ dir: string }> {
  const dir = join(folder, 'shown');
  for (const name of ['defects/hole', ...[0, 1, 2, 3, 4].map((part) => `repeats/${part}`)])
    mkdirSync(join(dir, name), { recursive: true });
  for (let i = 0; i < 2; i++) {
    const spot = { x: 30 + i, y: 30, size: 24 };
    writeFileSync(join(dir, 'defects/hole', `${i}.png`), await drawPart(300 + i, { spot }));
  }
  for (let i = 0; i < 10; i++) {
    writeFileSync(join(dir, 'repeats', `${i >> 1}`, `${i}.png`), await drawPart(400 + i));
  }
  return { dir };
}

const small = ['--size', '64', '--features', 'bank', '--head', 'gaussian'];

describe('goodpart learn', function () {
  this.timeout(120_000);
  let folder: string;
  let good: string;
  let model: string;
  let learned: Learned;

  before(async () => {
    folder = tempDir('learn');
    good = await drawGood(join(folder, 'good'), 24);
    model = join(folder, 'model');
    const ran = goodpart('learn', '--good', good, '--out', model, ...small, '--no-sensitivity', '--json');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    learned = json<Learned>(ran);
  });

  it('makes a folder a model, and says as JSON what it learned and wrote', async () => {
    assert.equal(learned.ok, true);
    assert.deepEqual([learned.images, learned.dir, learned.goodScores.length], [24, model, 24]);
    assert.equal(learned.head, 'gaussian');
    assert.ok(learned.median < learned.warn && learned.warn < learned.fail);
    assert.match(learned.statement, /24 good pictures/);
    const there = readdirSync(model);
    assert.deepEqual(learned.files.map(({ name }) => name).sort(), there.sort());
    for (const name of ['model.onnx', 'model.json']) assert.ok(there.includes(name), there.join(' '));
    const { name, version, calibration } = await readDescription(model);
    assert.deepEqual([name, version], ['model', '1']);
    assert.deepEqual([calibration.warn, calibration.fail], [learned.warn, learned.fail]);
  });

  it('tells defects from good parts afterwards, by the other two commands', async () => {
    const set = await drawSet(join(folder, 'set'));
    const figures = json<Evaluation>(goodpart('evaluate', '--model', model, '--data', set, '--json'));
    assert.ok((figures.imageAuroc ?? 0) > 0.9, `image ${figures.imageAuroc}`);
    assert.ok((figures.pixelAuroc ?? 0) > 0.9, `pixel ${figures.pixelAuroc}`);
    const file = join(folder, 'defect.png');
    writeFileSync(file, await drawPart(77, { spot: { x: 40, y: 24, size: 12 } }));
    const told = json<{ files: { verdict: string; peak: { x: number; y: number } }[] }>(
      goodpart('inspect', '--model', model, file, '--json'),
    ).files[0];
    assert.equal(told.verdict, 'fail');
    assert.ok(Math.hypot(told.peak.x - 40, told.peak.y - 24) <= 12, `${told.peak.x} ${told.peak.y}`);
  });

  it('gives the same bytes for the same seed', () => {
    const out = join(folder, 'same');
    assert.equal(goodpart('learn', '--good', good, '--out', out, ...small, '--no-sensitivity').status, 0);
    assert.ok(readFileSync(join(out, 'model.onnx')).equals(readFileSync(join(model, 'model.onnx'))));
  });

  it('tells people limits, what is worth a look, what can be seen and where it is', async () => {
    const odd = await drawGood(join(folder, 'odd'), 24, 100);
    writeFileSync(join(odd, 'notes.txt'), 'no picture');
    writeFileSync(join(odd, 'spot.png'), await drawPart(124, { spot: { x: 30, y: 30, size: 20 } }));
    const out = join(folder, 'told');
    const { dir: defects } = await defectsAndRepeats(folder);
    const more = ['--exclude', '3.png', '--defects', join(defects, 'defects'), '--repeats', join(defects, 'repeats')];
    const ran = goodpart('learn', '--good', odd, '--out', out, ...small, ...more);
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    assert.match(ran.stdout, /^Learned told 1 from 24 good pictures in \d+ s\.$/m);
    assert.match(ran.stdout, /^Head: gaussian/m);
    assert.match(ran.stdout, /^whole picture +[-\d.]+ +[\d.]+ +[\d.]+$/m);
    assert.match(ran.stdout, /^Left out, as you said:\n +.*\/3\.png$/m);
    assert.match(ran.stdout, /^Not usable:\n +.*notes\.txt: Expected a JPEG, PNG, TIFF or WebP picture/m);
    assert.match(ran.stdout, /^ +outlying +spot\.png: /m);
    assert.match(ran.stdout, /^Smallest drawn defect found in 95 % of trials/m);
    assert.match(ran.stdout, /^shown defects +pictures +above warn +above fail\nhole +2 +\d +\d$/m);
    assert.match(ran.stdout, /^5 parts, 10 presentations: repeatability/m);
    assert.match(ran.stdout, new RegExp(`^Written to ${out}: .*model\\.onnx`, 'm'));
  });

  it('adds pictures to a model as its next version, without starting again', async () => {
    const more = await drawGood(join(folder, 'more'), 6, 500);
    const out = join(folder, 'added');
    const ran = goodpart('learn', '--add-to', model, '--good', more, '--out', out, '--no-sensitivity', '--json');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    assert.equal(json<Learned>(ran).images, 30);
    const { name, version } = await readDescription(out);
    assert.deepEqual([name, version], ['model', '2']);
  });

  it('makes no folder where a model’s own description says to', async () => {
    const hostile = join(folder, 'hostile');
    cpSync(model, hostile, { recursive: true });
    const about = JSON.parse(readFileSync(join(hostile, 'model.json'), 'utf8'));
    writeFileSync(join(hostile, 'model.json'), JSON.stringify({ ...about, version: '../../../escaped' }));
    const out = join(folder, 'from-hostile');
    goodpart('learn', '--add-to', hostile, '--good', join(folder, 'more'), '--out', out, '--no-sensitivity');
    assert.equal(existsSync(join(folder, 'escaped')), false);
  });

  it('refuses beside a model that is added to what that model has already', () => {
    const out = join(folder, 'never');
    for (const [name, value] of Object.entries({ features: 'bank', size: '128', 'max-shift': '0.1' })) {
      const ran = goodpart('learn', '--add-to', model, '--good', good, '--out', out, `--${name}`, value);
      assert.equal(ran.status, 2);
      assert.match(ran.stderr, new RegExp(`Expected no --${name} beside --add-to`));
      assert.equal(existsSync(out), false);
    }
  });

  it('keeps a model provisional until the declared shifts were seen, by labels in a CSV file; another seed is another model', () => {
    assert.deepEqual(learned.provisional, [], 'nothing was declared');
    const csv = join(folder, 'labels.csv');
    const lines = Array.from({ length: 24 }, (_, i) => `${i}.png;${i < 12 ? 'early' : 'late'}`);
    writeFileSync(csv, ['file;shift', ...lines].join('\n'));
    const out = join(folder, 'some');
    const args = ['--labels', csv, '--declare', 'shift=early,late,night', '--seed', '2', '--no-sensitivity', '--json'];
    const { provisional } = json<Learned>(goodpart('learn', '--good', good, '--out', out, ...small, ...args));
    assert.match(provisional.join(' '), /night/);
    assert.doesNotMatch(provisional.join(' '), /early/);
    assert.ok(!readFileSync(join(out, 'model.onnx')).equals(readFileSync(join(model, 'model.onnx'))));
  });

  it('draws no bar in a pipe and leaves no half-finished model when it is interrupted', async () => {
    const out = join(folder, 'interrupted');
    const child = spawn(process.execPath, [command, 'learn', '--good', good, '--out', out, '--size', '512', '--json']);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const ended = once(child, 'exit');
    await until('it began', () => existsSync(out));
    child.kill('SIGINT');
    const [code] = await ended;
    assert.equal(code, 130);
    assert.match(stderr, /^goodpart learn: .*aborted.*\n$/);
    assert.equal((JSON.parse(stdout) as { exitCode: number }).exitCode, 130);
    assert.equal(existsSync(out), false);
  });
});

describe('goodpart learn, with what it cannot learn from', function () {
  this.timeout(120_000);
  const folder = tempDir('learn-bad');

  /** Runs it and checks that it ends with 3, one line, no stack, no folder. */
  function refusal(good: string, ...more: string[]): string {
    const out = join(folder, `out-${basename(good)}`);
    const { status, stdout, stderr } = goodpart('learn', '--good', good, '--out', out, ...small, ...more);
    assert.deepEqual([status, stdout], [3, ''], stderr);
    assert.match(stderr, /^goodpart learn: [^\n]+\n$/);
    assert.doesNotMatch(stderr, /\bat .*\.(js|ts):\d+/);
    assert.equal(existsSync(out), false, 'nothing is left behind');
    return stderr;
  }

  it('says that there is no such folder, or nothing in it, or that another was meant', async () => {
    assert.match(
      refusal(join(folder, 'absent')),
      /Expected a folder of good pictures for --good but received .*absent, which does not exist/,
    );
    mkdirSync(join(folder, 'empty'));
    assert.match(refusal(join(folder, 'empty')), /which holds no file/);
    await drawGood(join(folder, 'set/train/good'), 1);
    assert.match(refusal(join(folder, 'set')), /which holds no file: did you mean .*set\/train\/good\?/);
  });

  it('does not take a folder with good pictures in it for one of defects', async () => {
    const good = await drawGood(join(folder, 'test/good'), 21);
    const defects = join(folder, 'test');
    assert.match(
      refusal(good, '--defects', defects),
      /a folder of defects for --defects but received .*test, which holds good pictures/,
    );
  });

  it('says how many good pictures it needs', async () => {
    const three = await drawGood(join(folder, 'three'), 3);
    assert.match(refusal(three), /Expected at least 20 usable good pictures for pictures but received 3\n/);
  });

  it('says which file is no picture, where too few are', () => {
    const texts = join(folder, 'texts');
    mkdirSync(texts);
    for (let i = 0; i < 25; i++) writeFileSync(join(texts, `${i}.png`), 'no picture at all');
    assert.match(refusal(texts), /at least 20 usable good pictures .* received 0 \(25 skipped, first .*0\.png: /);
  });

  it('names a picture of another aspect where one aspect is to be kept', async () => {
    const sizes = await drawGood(join(folder, 'sizes'), 22);
    const wide = await sharp(await drawPart(99))
      .resize(128, 48, { fit: 'fill' })
      .png()
      .toBuffer();
    writeFileSync(join(sizes, '7.png'), wide);
    assert.match(refusal(sizes, '--aspect', 'keep'), /the aspect of .*7\.png/);
    const out = join(folder, 'stretched');
    const ran = goodpart('learn', '--good', sizes, '--out', out, ...small, '--no-sensitivity', '--json');
    assert.equal(ran.status, 0, 'found out by itself, they are stretched');
  });

  it('names the odd one among pictures of two depths, and of grey and colour', async () => {
    const depths = await drawGood(join(folder, 'depths'), 22);
    const deep = await sharp(await drawPart(99))
      .toColourspace('grey16')
      .png()
      .toBuffer();
    writeFileSync(join(depths, '9.png'), deep);
    assert.match(refusal(depths), /all with 8 or all with 16 bit .* first .*9\.png/);
    const colours = await drawGood(join(folder, 'colours'), 22);
    const red = { create: { width: 64, height: 64, channels: 3 as const, background: { r: 200, g: 20, b: 20 } } };
    writeFileSync(join(colours, '9.png'), await sharp(red).png().toBuffer());
    assert.match(refusal(colours), /all in colour like .*9\.png, or all grey/);
  });

  it('names what was to be left out and is not there: it would stay in', async () => {
    const good = await drawGood(join(folder, 'left'), 21);
    assert.match(
      refusal(good, '--exclude', 'nobody.png'),
      /one of the good pictures or its digest for --exclude but received nobody\.png/,
    );
  });

  it('does not touch a folder that holds something, and says before learning that one cannot be written', async () => {
    const good = await drawGood(join(folder, 'fine'), 21);
    const full = tempDir('learn-full');
    writeFileSync(join(full, 'letter.txt'), 'mine');
    const taken = goodpart('learn', '--good', good, '--out', full, ...small, '--json');
    assert.equal(taken.status, 3);
    const { error } = json<{ error: { message: string; code: string } }>(taken);
    assert.match(error.message, /Expected a new or empty folder for --out but received .*, which holds letter\.txt/);
    assert.deepEqual(readdirSync(full), ['letter.txt']);
    for (const nowhere of [join(full, 'letter.txt/model'), '/proc/model/of/mine']) {
      const below = goodpart('learn', '--good', good, '--out', nowhere, ...small);
      assert.equal(below.status, 3);
      assert.match(below.stderr, /^goodpart learn: Expected a folder that can be written for --out but received .*\n$/);
    }
    const file = goodpart('learn', '--good', good, '--out', join(full, 'letter.txt'), ...small);
    assert.match(file.stderr, /but received the file .*letter\.txt\n$/);
  });

  it('refuses settings that learning refuses as wrong usage, and leaves no folder', async () => {
    const out = join(folder, 'odd-size');
    const { status, stderr } = goodpart('learn', '--good', join(folder, 'fine'), '--out', out, '--size', '100');
    assert.equal(status, 2);
    assert.match(stderr, /Expected a multiple of 32 from 64 to 1024 for size but received 100/);
    assert.equal(existsSync(out), false);
  });
});
