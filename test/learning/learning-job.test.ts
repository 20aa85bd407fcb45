import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../lib/core/frame.ts';
import { decodeTo } from '../../lib/imaging/decode.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { Session } from '../../lib/scoring/session.ts';
import { freshDir, job, png, roi, wide } from './learning-kit.ts';

describe('learning job', () => {
  it('loads nothing native into the process that starts it', () => {
    const module = join(__dirname, '../../lib/learning/learning-job.js');
    const script = `require(${JSON.stringify(module)}); console.log(JSON.stringify(Object.keys(require.cache)))`;
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    const loaded = JSON.parse(stdout) as string[];
    assert.ok(loaded.includes(module));
    assert.deepEqual(
      loaded.filter((path) => /node_modules.(sharp|onnxruntime|protobufjs)/.test(path)),
      [],
    );
  });

  it('decides by itself: files of one aspect keep it, mixed ones are stretched', async () => {
    const root = freshDir();
    const folder = freshDir();
    for (const [i, frame] of wide.entries()) writeFileSync(join(folder, `a-${i}.png`), await png(frame));
    const inputOf = async () => {
      const { model } = await job(root, { images: [{ path: folder }], keepAspect: 'auto', size: 128 }).run();
      const { width, height } = (await new ModelStore(root).read(model.name, model.version)).input;
      return `${width} x ${height}`;
    };
    const sized: number[] = [];
    const some = job(root, { images: [{ path: folder }], keepAspect: 'auto', size: 128, most: 21 });
    const few = await some.run(({ stage, total }) => {
      if (stage === 'reading sizes') sized.push(total);
    });
    assert.equal(sized[0], 21, 'tells that it looks at sizes, of no picture that is not learned from');
    assert.equal(few.images, 21);
    assert.match(few.statement, /even selection of 21 out of 24/);
    const kept = await inputOf();
    assert.notEqual(kept, '128 x 128');
    for (const [i, frame] of syntheticParts(2, 96, 96, 5).entries()) {
      writeFileSync(join(folder, `b-${i}.png`), await png(frame));
    }
    assert.equal(await inputOf(), '128 x 128');
  });

  describe('with good pictures', () => {
    const root = freshDir();
    const folder = freshDir();
    const stages: string[] = [];
    let fromFiles: LearnResult;

    before(async () => {
      for (const [i, frame] of wide.entries()) {
        writeFileSync(join(folder, `part-${String(i).padStart(2, '0')}.png`), await png(frame));
      }
      const broken = (await png(wide[0])).subarray(0, 200);
      writeFileSync(join(folder, 'zz-broken.png'), broken);
      writeFileSync(join(folder, 'zz-copy.png'), await png(wide[3]));
      writeFileSync(join(folder, 'zz-empty.jpg'), '');
      const rois = [
        roi(1, {}),
        roi(2, { measure: 'percentile' }),
        roi(3, { measure: 'area' }),
        roi(0, {
          mode: 'ignore',
          polygon: [
            [0.4, 0.4],
            [0.6, 0.4],
            [0.6, 0.6],
          ],
        }),
      ];
      fromFiles = await job(root, { images: [{ path: folder }], rois }).run(({ stage, done, total }) => {
        assert.ok(done <= total);
        if (stages.at(-1) !== stage) stages.push(stage);
      });
    });

    it('writes a version that the store takes, with the input following the aspect', async () => {
      const store = new ModelStore(root);
      const model = await store.read('ring', '1');
      assert.equal(fromFiles.dir, store.dirOf('ring', '1'));
      assert.deepEqual([model.input.width, model.input.height, model.input.channels], [288, 224, 1]);
      assert.equal(model.sha256, fromFiles.model.sha256);
      assert.deepEqual(model.calibration.scores, fromFiles.goodScores);
      assert.equal(model.trainingSet.images, 24);
      assert.deepEqual(readdirSync(root), ['ring']);
      assert.deepEqual(readdirSync(join(root, 'ring')), ['1']);
    });

    it('counts what it skipped, with reasons', () => {
      assert.equal(fromFiles.images, 24);
      assert.equal(fromFiles.goodScores.length, 24);
      assert.deepEqual(
        fromFiles.skipped.map(({ path }) => path.slice(folder.length + 1)),
        ['zz-broken.png', 'zz-copy.png', 'zz-empty.jpg'],
      );
      assert.match(fromFiles.skipped[1].reason, /same picture as .*part-03/);
    });

    it('shows its progress in order', () => {
      const order = [
        'reading',
        'checking pictures',
        'projection',
        'features',
        'fitting gaussian',
        'writing',
        'checking',
      ];
      assert.deepEqual(stages.slice(0, order.length), order);
    });

    it('proposes limits with an honest statement, for the whole and for each region', () => {
      const { median, warn, fail, goodScores, rois, statement } = fromFiles;
      assert.ok(median < warn && warn < fail);
      assert.ok(warn >= Math.max(...goodScores), '24 pictures: the largest score');
      assert.match(statement, /extrapolated/);
      assert.match(statement, /miss rate is unknown/);
      assert.deepEqual(
        rois.map(({ index, measure }) => [index, measure]),
        [
          [1, 'maximum'],
          [2, 'percentile'],
          [3, 'area'],
        ],
      );
      for (const region of rois) assert.ok(region.median < region.warn && region.warn < region.fail, region.name);
      assert.ok(rois[0].fail <= fail + 1e-6 && rois[0].median <= median);
      assert.ok(rois[2].areaAbove !== null && rois[2].fail <= 1);
    });

    it('gives the same bytes for the same pictures and seed, as the next version', async () => {
      const again = await job(root).run();
      assert.equal(again.model.version, '2');
      assert.equal(again.model.sha256, fromFiles.model.sha256);
      assert.deepEqual(again.goodScores, fromFiles.goodScores);
      assert.deepEqual(readdirSync(join(root, 'ring')).sort(), ['1', '2']);
    });

    it('names the good pictures that are worth a look', () => {
      const { highest, goodScores } = fromFiles;
      assert.equal(highest.length, 5);
      assert.equal(highest[0].score, Math.max(...goodScores));
      assert.match(highest[0].path, /part-\d\d\.png$/);
    });

    it('is run by the engine like any other model, with the same score as the bare graph', async () => {
      const engine = new OnnxRuntimeEngine({ name: 'learned', threads: 1 });
      try {
        const { key } = await engine.load(fromFiles.dir);
        const result = await engine.score(key, wide[0], { deadlineMs: 10_000 });
        const session = await Session.open(readFileSync(join(fromFiles.dir, 'model.onnx')));
        const { data } = await decodeTo(wide[0], { width: 288, height: 224, channels: 1 });
        const { score } = await session.run({ image: { data, shape: [1, 224, 288, 1] } });
        await session.dispose();
        assert.ok(Math.abs(result.score - score.data[0]) < 1e-4);
        assert.deepEqual([result.map?.width, result.map?.height], [36, 28]);
        assert.deepEqual(result.model, fromFiles.model);
      } finally {
        await engine.stop();
      }
    });

    it('shows a spot where it is', async () => {
      const model = await new ModelStore(root).read('ring', '1');
      const session = await Session.open(readFileSync(join(fromFiles.dir, 'model.onnx')));
      const { width, height } = model.input;
      const map = async (frame: Frame, spoil: boolean) => {
        const data = Buffer.from(frame.data);
        if (spoil) for (let y = 14; y < 20; y++) for (let x = 100; x < 106; x++) data[y * 128 + x] = 10;
        const image = await decodeTo({ data, info: frame.info }, { width, height, channels: 1 });
        return session.run({ image: { data: image.data, shape: [1, height, width, 1] } });
      };
      const [unseen] = syntheticParts(1, 128, 96, 77);
      const clean = await map(unseen, false);
      const spoiled = await map(unseen, true);
      await session.dispose();
      assert.ok(spoiled.score.data[0] > Math.max(fromFiles.fail, clean.score.data[0]));
      const [, , rows, columns] = spoiled.map.shape;
      assert.deepEqual([rows, columns], [height / 8, width / 8]);
      const at = spoiled.map.data.indexOf(spoiled.score.data[0]);
      const [x, y] = [((at % columns) + 0.5) / columns, (Math.floor(at / columns) + 0.5) / rows];
      assert.ok(Math.abs(x - 103 / 128) < 0.06 && Math.abs(y - 17 / 96) < 0.06, `peak at ${x}, ${y}`);
    });
  });
});
