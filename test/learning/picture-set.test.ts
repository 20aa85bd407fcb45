import assert from 'node:assert/strict';
import type { ImageInput } from '../../lib/imaging/decode.ts';
import { PictureSet } from '../../lib/learning/pictures/picture-set.ts';

const [width, height] = [96, 64];

/** A raw picture of its own: `colour` tints it, `depth` 16 doubles its bytes. */
function raw(
  number: number,
  { channels = 1, colour = 0, depth = 8 }: { channels?: 1 | 3; colour?: number; depth?: 8 | 16 } = {},
): ImageInput {
  const bytes = depth / 8;
  const data = Buffer.alloc(width * height * channels * bytes);
  for (let i = 0; i < width * height; i++) {
    const value = (i * 7 + number * 13) % 200;
    for (let c = 0; c < channels; c++) data[(i * channels + c) * bytes + bytes - 1] = c === 0 ? value + colour : value;
  }
  return { data, info: { encoding: 'raw', width, height, channels, bitDepth: depth } };
}

async function setOf(pictures: ImageInput[], keepAspect = true): Promise<PictureSet> {
  const set = new PictureSet({ keepAspect, side: 64 });
  for (const [i, picture] of pictures.entries()) await set.add(i, `picture ${i + 1}`, async () => picture);
  return set;
}

const several = (count: number, more?: Parameters<typeof raw>[1]) =>
  Array.from({ length: count }, (_, i) => raw(i + 1, more));

describe('good pictures that are learned from', () => {
  it('are of three channels where they have colour, and of one where they have none', async () => {
    assert.equal((await setOf(several(20, { channels: 3, colour: 40 }))).finish().channels, 3);
    assert.equal((await setOf(several(20, { channels: 3 }))).finish().channels, 1);
    assert.equal((await setOf(several(20))).finish().channels, 1);
  });

  it('look the same as one channel or as three equal ones', async () => {
    const one = (await setOf(several(20))).finish();
    const three = (await setOf(several(20, { channels: 3 }))).finish();
    assert.deepEqual(three.pixels(3), one.pixels(3));
    assert.deepEqual(three.digests, one.digests);
  });

  it('are refused where grey ones are among coloured ones, with what to do', async () => {
    const mixed = await setOf([...several(19, { channels: 3, colour: 40 }), raw(99)]);
    assert.throws(() => mixed.finish(), {
      code: 'GP_LEARN_FAILED',
      message:
        /pictures of one camera: all in colour like picture 1, or all grey for pictures but received 1 grey of 20, first picture 20/,
    });
  });

  it('are refused where some have 16 bit and others 8, with what to do', async () => {
    const mixed = await setOf([...several(19), raw(99, { depth: 16 })]);
    assert.throws(() => mixed.finish(), {
      code: 'GP_LEARN_FAILED',
      message: /all with 8 or all with 16 bit a sample for pictures but received 1 of 20 with 16 bit, first picture 20/,
    });
  });

  it('do not contain those that a person left out, by name or by digest', async () => {
    const set = await setOf(several(24));
    const [, second] = set.finish().digests;
    const rest = set.finish(['picture 1', second]);
    assert.equal(rest.count, 22);
    assert.deepEqual(
      rest.excluded.map(({ path }) => path),
      ['picture 1', 'picture 2'],
    );
  });

  it('are kept once: the set forgets them, and what was finished has them still', async () => {
    const set = await setOf(several(20));
    const usable = set.finish();
    const third = Buffer.from(usable.pixels(2));
    set.release();
    assert.equal(set.finish([], 0).count, 0);
    assert.deepEqual(usable.pixels(2), third);
  });

  it('say which was skipped and why, in the order they came', async () => {
    const pictures = several(24);
    pictures[2] = { data: Buffer.from('no picture at all'), info: { ...raw(1).info, encoding: 'unknown' } };
    pictures[5] = pictures[4];
    const { skipped } = (await setOf(pictures)).finish();
    assert.deepEqual(
      skipped.map(({ path }) => path),
      ['picture 3', 'picture 6'],
    );
    assert.match(skipped[1].reason, /the same picture as picture 5/);
  });

  it('keep who they are of when some are moved away', async () => {
    const all = (await setOf(several(22))).finish();
    const moved = all.moved((i) => (i === 3 ? { reason: 'too far' } : { pixels: all.pixels(i) }));
    assert.equal(moved.count, 21);
    assert.deepEqual(moved.skipped, [{ path: 'picture 4', reason: 'too far' }]);
    assert.equal(moved.labels[3], 'picture 5');
    assert.equal(moved.aspect, 1.5);
  });
});
