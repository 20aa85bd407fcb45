import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { adoptSegments, readSegments, segmentsOf, writeSegment } from '../../lib/learning/heads/sample-segments.ts';
import { Samples } from '../../lib/learning/heads/samples.ts';
import { needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';

const origin = 'ab'.repeat(32);

function features(positions: number, dimensions: number, seed: number, size = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: positions * dimensions }, () => size * gaussian(random));
}

function samplesOf(pictures: Float32Array[], positions: number, dimensions: number): Samples {
  const samples = new Samples(positions, dimensions);
  for (const z of pictures) samples.add(z);
  return samples;
}

describe('kept features', () => {
  it('come back within half a step of 1/32,767 of the dimension’s largest, whatever their size', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -20, max: 20 }), (seed, exponent) => {
        const z = features(7, 3, seed, 10 ** exponent);
        const back = samplesOf([z], 7, 3).picture(0);
        for (let k = 0; k < 3; k++) {
          const column = z.filter((_, i) => i % 3 === k).map(Math.abs);
          const step = Math.max(...column) / 32767;
          for (let i = k; i < z.length; i += 3)
            assert.ok(Math.abs(back[i] - z[i]) <= 0.51 * step, `${z[i]} ${back[i]}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are the same by picture, by position and by cell', () => {
    const samples = samplesOf([features(5, 4, 1), features(5, 4, 2), features(5, 4, 3)], 5, 4);
    const block = samples.block(1, 4);
    assert.equal(block.length, 3 * 3 * 4);
    const cell = new Float32Array(6);
    for (let picture = 0; picture < 3; picture++) {
      const z = samples.picture(picture);
      for (let position = 1; position < 4; position++) {
        const own = z.subarray(position * 4, position * 4 + 4);
        assert.deepEqual(block.slice(((position - 1) * 3 + picture) * 4).slice(0, 4), own.slice());
        samples.cell(picture, position, cell, 2);
        assert.deepEqual(cell.slice(2), own.slice());
      }
    }
  });

  it('keep what is no number as such, and refuse a picture of another grid', () => {
    const z = features(5, 4, 1);
    z[6] = Number.NaN;
    z[11] = Number.POSITIVE_INFINITY;
    const back = samplesOf([z], 5, 4).picture(0);
    assert.ok(Number.isNaN(back[6]) && Number.isNaN(back[11]) && Number.isFinite(back[4]));
    assert.ok(
      samplesOf([new Float32Array(20)], 5, 4)
        .picture(0)
        .every((value) => value === 0),
    );
    assert.throws(() => new Samples(5, 4).add(new Float32Array(16)), /Expected 5 x 4 numbers/);
  });
});

describe('kept features on disk', () => {
  const first = [features(6, 3, 1), features(6, 3, 2)];
  const later = [features(6, 3, 3)];

  /** A folder of one segment and its file. */
  async function written(): Promise<{ folder: string; path: string }> {
    const folder = tempDir('segments');
    const file = await writeSegment(folder, samplesOf(first, 6, 3), origin);
    return { folder, path: join(folder, file) };
  }

  it('are read as they were written', async () => {
    const { folder } = await written();
    const back = await readSegments(folder, origin);
    const before = samplesOf(first, 6, 3);
    assert.deepEqual([back.positions, back.dimensions, back.pictures], [6, 3, 2]);
    for (let i = 0; i < 2; i++) assert.deepEqual(back.picture(i), before.picture(i));
    assert.deepEqual(readdirSync(folder), ['samples-0001.bin']);
  });

  it('grow by later pictures in a new version, which shares the files of the older one and leaves it as it was', async () => {
    const parent = await written();
    const folder = join(parent.folder, 'next');
    mkdirSync(folder);
    assert.deepEqual(await adoptSegments(parent.folder, folder), ['samples-0001.bin']);
    assert.equal(statSync(join(folder, 'samples-0001.bin')).ino, statSync(parent.path).ino);
    const samples = await readSegments(folder, origin);
    samples.add(later[0]);
    assert.equal(await writeSegment(folder, samples, origin, 2), 'samples-0002.bin');
    const all = await readSegments(folder, origin);
    const atOnce = samplesOf([...first, ...later], 6, 3);
    assert.equal(all.pictures, 3);
    for (let i = 0; i < 3; i++) assert.deepEqual(all.picture(i), atOnce.picture(i));
    assert.equal((await readSegments(parent.folder, origin)).pictures, 2);
    assert.deepEqual(await segmentsOf(parent.folder), ['samples-0001.bin']);
  });

  it('are copied where the other folder is on another disk', async function () {
    const other = '/dev/shm';
    const parent = await written();
    needs(this, 'a second file system', existsSync(other) && statSync(other).dev !== statSync(parent.path).dev);
    const folder = mkdtempSync(join(other, 'goodpart-'));
    try {
      await adoptSegments(parent.folder, folder);
      assert.deepEqual(readFileSync(join(folder, 'samples-0001.bin')), readFileSync(parent.path));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are refused with one clear error where any byte was altered', async () => {
    const { folder, path } = await written();
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 3) {
      const altered = Buffer.from(bytes);
      altered[at] ^= 0x10;
      writeFileSync(path, altered);
      await assert.rejects(readSegments(folder, origin), { code: 'GP_STATE_DAMAGED', message: /learn again from all/ });
    }
    writeFileSync(path, bytes);
    assert.equal((await readSegments(folder, origin)).pictures, 2);
  });

  it('are refused where the file is cut, empty, of another program, of other features, or missing', async () => {
    const { folder, path } = await written();
    const size = statSync(path).size;
    await assert.rejects(
      readSegments(folder, 'cd'.repeat(32)),
      /Expected features cdcdcdcdcdcd .* received features abab/,
    );
    for (const cut of [size - 1, 60, 20, 0]) {
      truncateSync(path, cut);
      await assert.rejects(readSegments(folder, origin), { code: 'GP_STATE_DAMAGED' });
    }
    writeFileSync(path, Buffer.alloc(500, 'x'));
    await assert.rejects(readSegments(folder, origin), /begins with GPSAMPL1/);
    await assert.rejects(readSegments(tempDir('none'), origin), /at least one file samples-0001\.bin/);
  });

  it('are not mixed with those of another grid', async () => {
    const { folder } = await written();
    await writeSegment(folder, samplesOf([features(4, 3, 1)], 4, 3), origin);
    await assert.rejects(readSegments(folder, origin), /Expected 6 x 3 numbers a picture .* received "?4 x 3/);
  });
});
