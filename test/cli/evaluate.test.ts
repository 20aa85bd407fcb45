import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evaluation } from '../../lib/learning/evaluation/evaluate.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { testLimits, writeTestModel } from '../kit/models.ts';
import { childrenNamed } from '../kit/processes.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { command, drawPart, drawSet, goodpart, json } from './kit.ts';

/** The test model's score is the brightest 8 x 8 block: spots of these sets are dark, so it does worse than chance and warns of bright parts. */
describe('goodpart evaluate', () => {
  let model: string;
  let data: string;

  before(async () => {
    const root = tempDir('evaluate');
    const { name, version } = await writeTestModel(join(root, 'models'));
    model = new ModelStore(join(root, 'models')).dirOf(name, version);
    data = await drawSet(join(root, 'set'));
  });

  it('gives the figures as one JSON object, worked out from scores and maps of the station’s own engine', async () => {
    const ran = goodpart('evaluate', '--model', model, '--data', data, '--json');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    const figures = json<Evaluation & { ok: boolean }>(ran);
    assert.equal(figures.ok, true);
    assert.deepEqual(figures.pictures, { good: 8, defective: 6, invalid: 0 });
    assert.deepEqual(Object.keys(figures.defects), ['spot']);
    const { imageAuroc, pixelAuroc, aupro, pixels } = figures;
    assert.ok(imageAuroc !== null && imageAuroc >= 0 && imageAuroc <= 1);
    assert.equal(figures.defects.spot.auroc, imageAuroc);
    // dark spots where the model looks for bright ones: nearly all other pixels are brighter
    assert.ok(pixelAuroc !== null && pixelAuroc < 0.2, `${pixelAuroc}`);
    assert.ok(aupro !== null && aupro < 0.05, `${aupro}`);
    assert.deepEqual([pixels?.pictures, pixels?.regions, pixels?.defectPixels], [14, 6, 6 * 81]);
    assert.deepEqual(figures.limits, testLimits);
    const { warn, fail } = figures.falseRejects;
    assert.ok(warn.count >= fail.count && warn.of === 8);
    assert.ok(warn.low <= warn.share && warn.share <= warn.high);
    const { decode, run, whole } = figures.milliseconds;
    for (const { p50, p99 } of [decode, run, whole]) assert.ok(p50 > 0 && p99 >= p50);
    assert.equal(figures.threads, 1);
  });

  it('says the same to people', () => {
    const { status, stdout, stderr } = goodpart('evaluate', '--model', model, '--data', data);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^brightness 1 on .*: 8 good and 6 defective pictures$/m);
    assert.match(stdout, /^image AUROC +0\.\d{4}$/m);
    assert.match(stdout, /^pixel AUROC +0\.\d{4}$/m);
    assert.match(stdout, /^AU-PRO@0\.3 +0\.\d{4} +\(6 defect regions in 14 pictures\)$/m);
    assert.match(stdout, /^Good pictures above the fail limit \(200\.0\): .* of 8; /m);
    assert.match(stdout, /^ +spot +6 /m);
    assert.match(stdout, /^ +run +[\d.]+ +[\d.]+$/m);
  });

  it('ends with 1 where a wanted figure is not reached, and says which', () => {
    const args = ['evaluate', '--model', model, '--data', data];
    const { status, stdout } = goodpart(...args, '--min-pixel-auroc', '0.9');
    assert.equal(status, 1);
    assert.match(stdout, /^No: pixelAuroc 0\.\d+ does not reach 0\.9\.$/m);
    assert.equal(goodpart(...args, '--min-image-auroc', '0').status, 0);
    const ran = goodpart(...args, '--min-aupro', '0.99', '--json');
    assert.deepEqual([ran.status, json<{ ok: boolean }>(ran).ok], [1, false]);
  });

  it('brings masks and maps to one size where that is asked for', () => {
    const ran = goodpart('evaluate', '--model', model, '--data', data, '--pixels', '32', '--json');
    const { pixels } = json<Evaluation>(ran);
    assert.equal((pixels?.goodPixels ?? 0) + (pixels?.defectPixels ?? 0), 14 * 32 * 32);
  });

  it('has no pixel figures without masks, no image figure without defects, and says so', async () => {
    const bare = tempDir('evaluate-bare');
    cpSync(data, bare, { recursive: true });
    rmSync(join(bare, 'ground_truth'), { recursive: true });
    const without = goodpart('evaluate', '--model', model, '--data', bare, '--json');
    const figures = json<Evaluation>(without);
    assert.equal(without.status, 0);
    assert.ok(figures.imageAuroc !== null);
    assert.deepEqual([figures.pixelAuroc, figures.aupro, figures.pixels], [null, null, null]);
    assert.match(figures.pixelsWhy ?? '', /no masks/);
    rmSync(join(bare, 'test/spot'), { recursive: true });
    const goodOnly = goodpart('evaluate', '--model', model, '--data', bare, '--min-image-auroc', '0.1');
    assert.match(goodOnly.stdout, /no image AUROC, and the miss rate stays unknown/);
    assert.equal(goodOnly.status, 1, 'a figure that is not there reaches nothing');
  });

  it('counts a file that is no picture as not inspected, in none of the figures', async () => {
    const odd = tempDir('evaluate-odd');
    cpSync(data, odd, { recursive: true });
    writeFileSync(join(odd, 'test/spot/broken.png'), 'this is no picture');
    const whole = await drawPart(5);
    writeFileSync(join(odd, 'test/good/half.png'), whole.subarray(0, whole.length / 2));
    const { pictures, invalid } = json<Evaluation>(goodpart('evaluate', '--model', model, '--data', odd, '--json'));
    assert.deepEqual(pictures, { good: 8, defective: 6, invalid: 2 });
    assert.deepEqual(
      invalid.map(({ path }) => path.slice(odd.length)),
      ['/test/good/half.png', '/test/spot/broken.png'],
    );
    assert.match(invalid[1].reason, /Expected a JPEG, PNG, TIFF or WebP picture/);
  });

  it('stops at Ctrl-C', async () => {
    const many = await drawSet(tempDir('evaluate-many'), { good: 300, defects: 1 });
    const child = spawn(process.execPath, [command, 'evaluate', '--model', model, '--data', many]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = once(child, 'exit');
    await until('the engine runs', () => childrenNamed('engine goodpart', child.pid).length > 0);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    assert.match(stderr, /^goodpart evaluate: .*aborted\n$/);
  });

  it('says in one line what it cannot work with, and ends with 3', async () => {
    const empty = tempDir('evaluate-empty');
    const noModel = goodpart('evaluate', '--model', empty, '--data', data);
    assert.match(noModel.stderr, /^goodpart evaluate: Expected a readable model\.json in .*\n$/);
    const noSet = goodpart('evaluate', '--model', model, '--data', empty);
    assert.match(noSet.stderr, /Expected good pictures in test\/good \(MVTec layout.*but received no such folder\n$/);
    const badMask = tempDir('evaluate-mask');
    cpSync(data, badMask, { recursive: true });
    writeFileSync(join(badMask, 'ground_truth/spot/0_mask.png'), 'no picture');
    const noMask = goodpart('evaluate', '--model', model, '--data', badMask);
    assert.match(noMask.stderr, /Expected a picture for the mask .*0_mask\.png but received /);
    const damaged = join(empty, 'damaged');
    mkdirSync(damaged);
    cpSync(model, damaged, { recursive: true });
    const onnx = readFileSync(join(damaged, 'model.onnx'));
    writeFileSync(join(damaged, 'model.onnx'), onnx.subarray(0, onnx.length - 20));
    const noOnnx = goodpart('evaluate', '--model', damaged, '--data', data);
    assert.match(noOnnx.stderr, /model\.onnx sha256/);
    for (const { status, stdout, stderr } of [noModel, noSet, noMask, noOnnx]) {
      assert.deepEqual([status, stdout], [3, '']);
      assert.doesNotMatch(stderr, /\n +at /);
    }
  });
});
