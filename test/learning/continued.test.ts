import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Frame } from '../../lib/core/frame.ts';
import { LearningJob, type LearningOptions, type LearnResult } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { type ModelDescription, parseModel } from '../../lib/scoring/model-schema.ts';
import { tempDir } from '../kit/temp.ts';

const modelsRoot = tempDir('continued');
const parts = syntheticParts(60, 96, 64, 3);
const frames = (list: Frame[]) => list.map((frame) => ({ frame }));

function learn(more: Partial<LearningOptions>): Promise<LearnResult> {
  const quick = { features: 'bank', head: 'gaussian', sensitivity: false, keepAspect: true, size: 64 } as const;
  return new LearningJob({ images: [], modelsRoot, name: 'ring', ...quick, ...more }).run();
}

const readModel = (dir: string): ModelDescription =>
  parseModel(JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8')));
const training = (dir: string) => JSON.parse(readFileSync(join(dir, 'training.json'), 'utf8'));

describe('a model that goes on learning', () => {
  let first: LearnResult;
  let more: LearnResult;
  before(async () => {
    first = await learn({ images: frames(parts.slice(0, 30)) });
    more = await learn({ images: frames(parts.slice(20, 60)), extend: first.dir });
  });

  it('keeps the good pictures it had and adds those it had not', () => {
    assert.equal(first.images, 30);
    assert.equal(more.images, 60);
    assert.equal(more.model.version, '2');
    assert.equal(more.goodScores.length, 60);
    assert.equal(more.skipped.length, 10);
    assert.match(more.skipped[0].reason, /has learned it before/);
    assert.deepEqual(training(more.dir).parent, { version: '1', sha256: first.model.sha256 });
    const [lineage, before] = [more, first].map(({ dir }) => readModel(dir).lineage);
    assert.deepEqual([lineage?.parent, before?.parent], [{ version: '1', sha256: first.model.sha256 }, null]);
    assert.match(before?.software ?? '', /^@goodpart\/node-red-inspection \d+\.\d+\.\d+/);
    assert.deepEqual(before?.settings.made, { features: first.features, head: first.head });
  });

  it('needs no more disk for the old ones: their features are the same file', () => {
    const file = 'samples-0001.bin';
    assert.equal(statSync(join(first.dir, file)).ino, statSync(join(more.dir, file)).ino);
    assert.ok(existsSync(join(more.dir, 'samples-0002.bin')));
  });

  it('scores a new part like a model that learned all at once, and the limits are from all', async () => {
    const engine = new OnnxRuntimeEngine({ name: 'continued', threads: 1 });
    try {
      const { key } = await engine.load(more.dir);
      const [unseen] = syntheticParts(1, 96, 64, 999);
      const { score } = await engine.score(key, unseen, { deadlineMs: 10_000 });
      assert.ok(score < more.fail * 1.5, `${score} against ${more.fail}`);
      const sorted = [...more.goodScores].sort((a, b) => a - b);
      assert.equal(more.warn, sorted[Math.ceil(61 * 0.95) - 1]);
    } finally {
      await engine.stop();
    }
  });

  it('learns again without the pictures a person left out, and never takes them back', async () => {
    const [one, two] = training(more.dir).pictures as { digest: string; label: string }[];
    const without = await learn({ extend: more.dir, exclude: [one.digest, two.digest] });
    assert.equal(without.images, 58);
    assert.deepEqual(
      without.excluded.map(({ path }) => path),
      [one.label, two.label],
    );
    await assert.rejects(learn({ images: frames(parts.slice(0, 40)), extend: without.dir }), {
      message: /good pictures that the model has not learned yet for pictures but received 40 it has/,
    });
  });

  it('can be continued more than once, with the very same features', async () => {
    const third = await learn({ images: frames(syntheticParts(5, 96, 64, 77)), extend: more.dir });
    assert.equal(third.images, 65);
    assert.equal(training(third.dir).origin, training(first.dir).origin);
  });

  it('names the picture that a new one repeats by its number among all', async () => {
    const fresh = syntheticParts(24, 96, 64, 555);
    const copy = Buffer.from(fresh[7].data);
    copy[0] ^= 1;
    const { info } = fresh[20];
    fresh[20] = new Frame({ ...info, encoding: 'raw', width: 96, height: 64, channels: 1, bitDepth: 8, data: copy });
    const { dir, findings } = await learn({ images: frames(fresh), extend: first.dir });
    const { pictures } = training(dir);
    const repeats = findings.filter(({ of }) => of !== undefined);
    assert.ok(repeats.length > 0, 'a copy is found');
    for (const { picture, digest, of } of repeats) {
      assert.equal(pictures[picture].digest, digest);
      assert.equal(pictures[of?.picture ?? -1].digest, of?.digest);
    }
  });

  it('says that it draws defects into pictures that it knows, where no others are left', async () => {
    const exclude = [training(first.dir).pictures[0].digest];
    const { sensitivity } = await learn({ extend: first.dir, exclude, sensitivity: true });
    assert.match(sensitivity?.statement ?? '', /good pictures that the model has learned, which look better to it/);
    assert.doesNotMatch(sensitivity?.statement ?? '', /had not seen/);
  });

  it('does not pass over a name to leave out that is nobody’s, though others are added', async () => {
    const run = learn({ images: frames(parts.slice(30)), extend: first.dir, exclude: ['nobody.png'] });
    await assert.rejects(run, { code: 'GP_LEARN_FAILED', message: /for exclude but received nobody\.png/ });
  });

  it('says so when there is nobody of that name to leave out', async () => {
    await assert.rejects(learn({ extend: more.dir, exclude: ['nobody.png'] }), {
      code: 'GP_LEARN_FAILED',
      message: /names of pictures that the model learned from for exclude but received nobody\.png/,
    });
  });

  it('refuses kept features that were cut, and says what to do', async () => {
    const { dir } = await learn({ images: frames(parts.slice(0, 25)), name: 'cut' });
    truncateSync(join(dir, 'samples-0001.bin'), 5000);
    const run = learn({ images: frames(parts.slice(25)), extend: dir, name: 'cut' });
    await assert.rejects(run, { code: 'GP_STATE_DAMAGED', message: /learn again from all good pictures/ });
  });

  it('refuses kept features that are not those of the pictures it names, and says what to do', async () => {
    const { dir } = await learn({ images: frames(parts.slice(0, 25)), name: 'fewer' });
    const about = training(dir);
    writeFileSync(join(dir, 'training.json'), JSON.stringify({ ...about, pictures: about.pictures.slice(1) }));
    const run = learn({ images: frames(parts.slice(25)), extend: dir, name: 'fewer' });
    await assert.rejects(run, { code: 'GP_STATE_DAMAGED', message: /24 pictures .* 25; learn again/ });
  });

  it('refuses a model without kept features, and says what to do', async () => {
    const { dir } = await learn({ images: frames(parts.slice(0, 25)), name: 'bare' });
    writeFileSync(join(dir, 'training.json'), '{}');
    const run = learn({ images: frames(parts.slice(25)), extend: dir, name: 'bare' });
    await assert.rejects(run, { code: 'GP_LEARN_FAILED', message: /learn again from all good pictures/ });
  });
});
