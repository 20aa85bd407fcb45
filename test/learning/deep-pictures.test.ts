import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Frame } from '../../lib/core/frame.ts';
import { levelsOf } from '../../lib/imaging/levels.ts';
import { ModelRunner } from '../../lib/learning/evaluation/model-runner.ts';
import { LearningJob, type LearningOptions } from '../../lib/learning/learning-job.ts';
import { paintDefect } from '../../lib/learning/sensitivity/painter.ts';
import { describePreprocessing, type ModelInput, parseModel } from '../../lib/scoring/model-schema.ts';
import { deepPart, deepSize, png8, png16, rawOf } from '../kit/deep-parts.ts';
import { failure, freshDir } from './learning-kit.ts';

type Encode = (counts: Uint16Array) => Promise<Buffer>;

async function learned(encode: Encode, more: Partial<LearningOptions> = {}, first = 1, count = 24) {
  const dir = freshDir();
  const good = join(dir, 'good');
  mkdirSync(good);
  for (let i = 0; i < count; i++) writeFileSync(join(good, `${100 + i}.png`), await encode(deepPart(first + i)));
  const quick = { features: 'bank', head: 'gaussian', sensitivity: false, size: 128, seed: 1 } as const;
  const files = { images: [{ path: good }], modelsRoot: join(dir, 'models'), name: 'ramp' };
  const options: LearningOptions = { keepAspect: 'auto', ...files, ...quick, ...more };
  return { dir, options, result: await new LearningJob(options).run() };
}

const frameOf = (counts: Uint16Array) =>
  new Frame({
    ...{ data: rawOf(counts), encoding: 'raw', ...deepSize, channels: 1, bitDepth: 16, source: 'laser', number: 1 },
    ...{ exposedAt: 0, exposedUtc: '', settings: {} },
  });

describe('a model of pictures of 16 bits a sample', () => {
  let deep: Awaited<ReturnType<typeof learned>>;
  let runner: ModelRunner;

  before(async () => {
    deep = await learned(png16);
    runner = await ModelRunner.open(deep.result.dir);
  });
  after(() => runner?.close());

  const inspect = async (data: Buffer, by = runner) => {
    const path = join(deep.dir, 'part.png');
    writeFileSync(path, data);
    return by.inspect(path);
  };

  it('finds what lies below one step of an 8-bit picture, where a model of 8 bits does not', async () => {
    const shallow = await learned(png8);
    const other = await ModelRunner.open(shallow.result.dir);
    const missed = [];
    try {
      for (let seed = 101; seed <= 106; seed++) {
        const good = await inspect(await png16(deepPart(seed)));
        // one good part in twenty is above the warning limit by its own promise
        assert.ok(['pass', 'warn'].includes(good.verdict), `${good.reason}`);
        for (const defect of [20, 100, -100]) {
          const { verdict, severity } = await inspect(await png16(deepPart(seed, defect)));
          assert.equal(verdict, 'fail', `${defect} counts: severity ${severity}`);
          if ((await inspect(await png8(deepPart(seed, defect)), other)).verdict !== 'fail') missed.push(defect);
        }
      }
    } finally {
      await other.close();
    }
    assert.ok(missed.length >= 5, `the model of 8 bits missed ${missed}: these defects need no 16 bits`);
  });

  it('says in model.json and report how counts become levels', async () => {
    const { input, preprocessing } = runner.model.description;
    assert.equal(input.type, 'float32');
    const { window } = input;
    assert.ok(window && window.low > 29_900 && window.low < 30_200 && window.high > 32_400 && window.high < 32_800);
    assert.deepEqual(
      [preprocessing.depth, preprocessing.windowLow, preprocessing.windowHigh],
      ['uint16', window.low, window.high],
    );
    const report = JSON.parse(readFileSync(join(deep.result.dir, 'report.json'), 'utf8'));
    assert.deepEqual(report.window, window);
  });

  it('makes a picture of 8 bits invalid, in one sentence', async () => {
    const { verdict, reason } = await inspect(await png8(deepPart(101)));
    assert.equal(verdict, 'invalid');
    assert.match(reason ?? '', /Expected a picture of 16 bits a sample for picture but received one of 8 bits/);
  });

  it('is learned from frames of raw samples as from files: the very same model', async () => {
    const images = Array.from({ length: 24 }, (_, i) => ({ frame: frameOf(deepPart(1 + i)) }));
    const { modelsRoot } = deep.options;
    const raw = await new LearningJob({ ...deep.options, modelsRoot: join(modelsRoot, '..', 'raw'), images }).run();
    assert.equal(raw.model.sha256, deep.result.model.sha256);
    assert.equal(raw.model.preprocessing, deep.result.model.preprocessing);
  });

  it('is continued with more pictures in the window that it has, and its examples come back as they were', async () => {
    const more = join(deep.dir, 'more');
    mkdirSync(more);
    for (let i = 0; i < 6; i++) writeFileSync(join(more, `${i}.png`), await png16(deepPart(201 + i)));
    writeFileSync(join(more, 'shallow.png'), await png8(deepPart(210)));
    const next = await new LearningJob({ ...deep.options, images: [{ path: more }], extend: deep.result.dir }).run();
    assert.equal(next.images, 30);
    assert.match(next.skipped[0].reason, /16 bits a sample/);
    const second = await ModelRunner.open(next.dir);
    try {
      assert.deepEqual(second.model.description.input.window, runner.model.description.input.window);
      assert.equal((await inspect(await png16(deepPart(301)), second)).verdict, 'pass');
      assert.equal((await inspect(await png16(deepPart(301, 100)), second)).verdict, 'fail');
      const training = JSON.parse(readFileSync(join(deep.result.dir, 'training.json'), 'utf8'));
      for (const { file, score } of training.examples.slice(0, 3)) {
        const { result } = await inspect(readFileSync(join(deep.result.dir, file)));
        assert.ok(result && Math.abs(result.score - score) < 1e-4, `${result?.score} ${score}`);
      }
    } finally {
      await second.close();
    }
  });

  it('may be shown defects, and defects are drawn into it between two grey levels', async () => {
    const defects = join(deep.dir, 'defects');
    mkdirSync(defects);
    for (let i = 0; i < 3; i++) writeFileSync(join(defects, `${i}.png`), await png16(deepPart(401 + i, 100)));
    const { result } = await learned(png16, { defects: [{ path: defects }] }, 500, 20);
    assert.deepEqual([result.defects?.fail.shown, result.defects?.fail.found], [3, 3]);
    const defect = { kind: 'blob', x: 30, y: 30, size: 12, contrast: 0.3, angle: 0, seed: 1 } as const;
    const levels = levelsOf(deepPart(1), { low: 30_000, high: 32_600 });
    const drawn = paintDefect(levels, deepSize, 1, defect);
    const most = drawn.reduce((most, level, i) => Math.max(most, Math.abs(level - levels[i])), 0);
    assert.ok(most > 0.2 && most < 0.31, `${most}`);
  });

  it('is not learned from pictures of both kinds', async () => {
    let at = 0;
    const mixed: Encode = (counts) => (at++ % 2 ? png8(counts) : png16(counts));
    const error = await failure(learned(mixed));
    assert.match(error.message, /all with 8 or all with 16 bit a sample/);
  });
});

describe('model.json of a model of 8 bits', () => {
  const input: ModelInput = {
    ...{ name: 'image', width: 64, height: 64, channels: 1, layout: 'NHWC', type: 'uint8', resize: 'stretch' },
  } as const;

  it('says the same as before there were others', () => {
    assert.deepEqual(describePreprocessing(input), {
      decoder: 'goodpart-decode',
      version: 1,
      resize: 'stretch',
      kernel: 'linear',
      antialias: true,
      shrinkOnLoad: false,
      orientation: 'exif',
      colour: 'srgb',
      alpha: 'dropped',
      depth: 'uint8',
      width: 64,
      height: 64,
      channels: 1,
      layout: 'NHWC',
      type: 'uint8',
      scale: 1,
    });
  });

  it('has no window', () => {
    const withWindow = { ...input, window: { low: 0, high: 65_535 } };
    const model = (of: ModelInput) => ({
      ...{ schema: 1, name: 'm', version: '1', sha256: '0'.repeat(64), input: of, units: 'u', tool: 't' },
      ...{ preprocessing: describePreprocessing(of), outputs: { map: 'map', score: null } },
      ...{ trainingSet: { images: 1, digest: '' }, createdAt: '2026-01-01T00:00:00Z' },
      calibration: { median: 0, warn: 1, fail: 2, scores: [], method: '' },
    });
    assert.equal(parseModel(model(input)).input.window, undefined);
    assert.throws(() => parseModel(model(withWindow)), { field: 'model.json.input.window' });
    const turned = { ...withWindow, type: 'float32', window: { low: 9, high: 9 } } as const;
    assert.throws(() => parseModel(model(turned)), /expected low < high/);
    assert.throws(() => parseModel({ ...model({ ...turned, window: { low: 1, high: 9 } }), preprocessing: {} }), {
      field: 'model.json.preprocessing',
    });
  });
});
