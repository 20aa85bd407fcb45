import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { writeTestModel } from '../kit/models.ts';
import { tempDir } from '../kit/temp.ts';
import { goodpart, json } from './kit.ts';

interface Told {
  ok: boolean;
  counts: Record<string, number>;
  files: {
    file: string;
    verdict: string;
    score: number | null;
    severity: number | null;
    peak: { x: number; y: number } | null;
    reason: string | null;
    overlay: string | null;
  }[];
}

/** Grey 128 x 64, with one block of another brightness at the place of cell (5, 2) of the model's 8 x 8 map. */
async function picture(path: string, brightness: number): Promise<string> {
  const data = Buffer.alloc(128 * 64, 60);
  for (let y = 16; y < 24; y++) data.fill(brightness, y * 128 + 80, y * 128 + 96);
  await sharp(data, { raw: { width: 128, height: 64, channels: 1 } })
    .png()
    .toFile(path);
  return path;
}

/** The test model passes up to brightness 150, warns up to 200 and fails above. */
describe('goodpart inspect', () => {
  let folder: string;
  let model: string;
  let nan: string;
  let files: Record<'good' | 'odd' | 'bad', string>;

  before(async () => {
    folder = tempDir('inspect');
    const store = new ModelStore(join(folder, 'models'));
    const plain = await writeTestModel(store.root);
    model = store.dirOf(plain.name, plain.version);
    const broken = await writeTestModel(store.root, { name: 'nan', nan: true });
    nan = store.dirOf(broken.name, broken.version);
    files = {
      good: await picture(join(folder, 'good.png'), 100),
      odd: await picture(join(folder, 'odd.png'), 180),
      bad: await picture(join(folder, 'bad.png'), 250),
    };
  });

  it('tells verdict, severity and where the score is highest, and ends with 1 unless all pass', () => {
    const ran = goodpart('inspect', '--model', model, files.good, files.odd, files.bad, '--json');
    assert.deepEqual([ran.status, ran.stderr], [1, '']);
    const { ok, counts, files: told } = json<Told>(ran);
    assert.equal(ok, false);
    assert.deepEqual(counts, { pass: 1, warn: 1, fail: 1, invalid: 0 });
    assert.deepEqual(
      told.map(({ file, verdict }) => [file, verdict]),
      [
        [files.good, 'pass'],
        [files.odd, 'warn'],
        [files.bad, 'fail'],
      ],
    );
    const [, , bad] = told;
    assert.ok(bad.score !== null && Math.abs(bad.score - 250) < 8, `${bad.score}`);
    assert.ok(Math.abs((bad.severity ?? 0) - (bad.score - 50) / 150) < 1e-6);
    const { x, y } = bad.peak ?? { x: 0, y: 0 };
    assert.deepEqual([x, y], [88, 20], 'in pixels of the picture, the middle of the cell');
    assert.equal(goodpart('inspect', '--model', model, files.good).status, 0);
  });

  it('never passes what it could not read or score', () => {
    const text = join(folder, 'note.txt');
    writeFileSync(text, 'no picture');
    const ran = goodpart('inspect', '--model', model, text, join(folder, 'absent.png'), files.good, '--json');
    assert.equal(ran.status, 1);
    const { files: told } = json<Told>(ran);
    assert.deepEqual(
      told.map(({ verdict, score, severity }) => [verdict, score === null, severity === null]),
      [
        ['invalid', true, true],
        ['invalid', true, true],
        ['pass', false, false],
      ],
    );
    assert.match(told[0].reason ?? '', /Expected a JPEG, PNG, TIFF or WebP picture/);
    assert.match(told[1].reason ?? '', /no such file/);
    const broken = goodpart('inspect', '--model', nan, files.good, '--json');
    assert.equal(broken.status, 1);
    assert.deepEqual([json<Told>(broken).files[0].verdict, json<Told>(broken).files[0].score], ['invalid', null]);
  });

  it('says it to people in one line for each file', () => {
    const { status, stdout } = goodpart('inspect', '--model', model, files.good, files.bad);
    assert.equal(status, 1);
    assert.match(stdout, /^verdict +severity +score +peak x, y +file$/m);
    assert.match(stdout, /^fail +1\.\d\d +2\d\d\.\d +88, 20 +.*bad\.png$/m);
    assert.match(stdout, /^2 inspected: 1 pass, 1 fail$/m);
  });

  it('draws the heat maps, a file each even for pictures of one name', async () => {
    const out = join(folder, 'overlays');
    const ran = goodpart('inspect', '--model', model, '--overlay', out, files.bad, files.bad, '--json');
    const told = json<Told>(ran).files;
    assert.deepEqual(readdirSync(out).sort(), ['bad_2_overlay.jpg', 'bad_overlay.jpg']);
    assert.deepEqual(
      told.map(({ overlay }) => overlay),
      [join(out, 'bad_overlay.jpg'), join(out, 'bad_2_overlay.jpg')],
    );
    const { width = 0, format } = await sharp(join(out, 'bad_overlay.jpg')).metadata();
    assert.ok(width >= 480 && format === 'jpeg');
  });

  it('stands for the files of a folder, and says where there are none', () => {
    const { files: told } = json<Told>(goodpart('inspect', '--model', model, folder, '--json'));
    assert.deepEqual(
      told.map(({ file }) => file.slice(folder.length + 1)),
      ['bad.png', 'good.png', 'note.txt', 'odd.png'],
    );
    const { status, stderr } = goodpart('inspect', '--model', model, tempDir('inspect-empty'));
    assert.equal(status, 3);
    assert.match(stderr, /^goodpart inspect: Expected pictures in .* but received an empty folder\n$/);
  });

  it('says in one line that overlays cannot be written', () => {
    const { status, stderr } = goodpart('inspect', '--model', model, '--overlay', files.good, files.bad);
    assert.equal(status, 3);
    assert.match(stderr, /^goodpart inspect: Expected a folder that can be written for --overlay but received .*\n$/);
  });
});
