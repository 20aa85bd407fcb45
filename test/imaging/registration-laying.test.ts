import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seededRandom } from '../../lib/core/random.ts';
import { toFrame, toReference } from '../../lib/imaging/placement.ts';
import {
  laidFromElsewhere,
  layAsLearned,
  makeReference,
  prepareReference,
  register,
  warp,
} from '../../lib/imaging/registration.ts';
import { photograph } from './moved-part.ts';

const size = { width: 160, height: 128 };
const still = { dx: 0, dy: 0, rotation: 0 };
const placement = fc.record({
  dx: fc.double({ min: -0.3, max: 0.3, noNaN: true }),
  dy: fc.double({ min: -0.3, max: 0.3, noNaN: true }),
  rotation: fc.double({ min: -45, max: 45, noNaN: true }),
});

/** Mean and largest difference, without a border of so many pixels. */
function difference(a: Buffer, b: Buffer, border = 0): { mean: number; most: number } {
  let [sum, most, count] = [0, 0, 0];
  for (let y = border; y < size.height - border; y++) {
    for (let x = border; x < size.width - border; x++) {
      const away = Math.abs(a[y * size.width + x] - b[y * size.width + x]);
      sum += away;
      most = Math.max(most, away);
      count += 1;
    }
  }
  return { mean: sum / count, most };
}

describe('a placement', () => {
  it('leads to the frame and back', () => {
    fc.assert(
      fc.property(placement, fc.double({ min: 0.3, max: 3, noNaN: true }), (place, aspect) => {
        const there = toFrame(place, size, aspect);
        const back = toReference(place, size, aspect);
        for (const [x, y] of [
          [0, 0],
          [160, 0],
          [31, 77],
        ]) {
          const fx = there.xx * x + there.xy * y + there.x0;
          const fy = there.yx * x + there.yy * y + there.y0;
          assert.ok(Math.abs(back.xx * fx + back.xy * fy + back.x0 - x) < 1e-6);
          assert.ok(Math.abs(back.yx * fx + back.yy * fy + back.y0 - y) < 1e-6);
        }
      }),
    );
  });

  it('turns about the middle of the frame, clockwise, and keeps lengths in the camera’s frame', () => {
    const { xx, xy, x0, yx, yy, y0 } = toFrame({ ...still, rotation: 90 }, { width: 100, height: 100 }, 2);
    const at = (x: number, y: number) => [xx * x + xy * y + x0, yx * x + yy * y + y0].map(Math.round);
    assert.deepEqual(at(50, 50), [50, 50]);
    // a quarter of the height to the right of the middle goes below it: the frame is twice as wide as high
    assert.deepEqual(at(75, 50), [50, 100]);
  });
});

describe('warp', () => {
  it('leaves a picture that lies as learned as it is', () => {
    const pixels = photograph(size);
    assert.deepEqual(warp(pixels, size, 1, still), pixels);
  });

  it('moves each channel by whole pixels and goes on at the edge', () => {
    const pixels = Buffer.from(Array.from({ length: 4 * 2 * 3 }, (_, i) => i));
    const moved = warp(pixels, { width: 4, height: 2 }, 3, { ...still, dx: 0.25 });
    assert.deepEqual([...moved.subarray(0, 12)], [3, 4, 5, 6, 7, 8, 9, 10, 11, 9, 10, 11]);
  });

  it('lays a part that was shifted and turned as it was learned', () => {
    const lying = { dx: 0.04, dy: -0.03, rotation: 4 };
    const laid = warp(photograph(size, lying), size, 1, lying);
    const { mean, most } = difference(laid, photograph(size), 16);
    assert.ok(mean < 0.8 && most < 12, `${mean} ${most}`);
    const before = difference(photograph(size, lying), photograph(size), 16);
    assert.ok(before.most > 80, 'it lay elsewhere');
  });

  it('takes the camera’s aspect into account in a stretched picture', () => {
    const lying = { dx: 0, dy: 0, rotation: 5 };
    const laid = warp(photograph(size, lying, 2), size, 1, lying, 2);
    assert.ok(difference(laid, photograph(size, {}, 2), 16).mean < 1);
    const naive = warp(photograph(size, lying, 2), size, 1, lying);
    assert.ok(difference(naive, photograph(size, {}, 2), 16).mean > 2);
  });
});

describe('layAsLearned', () => {
  const set = Array.from({ length: 4 }, (_, seed) => ({
    pixels: photograph(size, { noise: 2, seed }),
    ...size,
    channels: 1 as const,
  }));
  const limits = { maxShift: 0.06, maxRotation: 5 };
  const reference = prepareReference({ ...limits, minAgreement: 0.5, reference: makeReference(set, limits) });

  it('fills what the frame does not show as the reference goes on there', () => {
    const lying = { dx: 0.15, dy: -0.1, rotation: 0 };
    const frame = photograph(size, lying);
    const filled = difference(layAsLearned(frame, size, 1, lying, reference), photograph(size));
    const stretched = difference(warp(frame, size, 1, lying), photograph(size));
    assert.ok(filled.mean < 3 && filled.mean < stretched.mean / 2, `${filled.mean} ${stretched.mean}`);
  });

  it('changes nothing that the frame shows, and fills each channel of a colour picture', () => {
    const lying = { dx: 0.1, dy: 0, rotation: 0 };
    const grey = photograph(size, lying);
    const colour = Buffer.from([...grey].flatMap((value) => [value, Math.round(value / 2), 10]));
    const laid = layAsLearned(colour, size, 3, lying, reference);
    const moved = warp(colour, size, 3, lying);
    const columns = size.width - 17;
    for (let y = 0; y < size.height; y++) {
      const row = y * size.width * 3;
      assert.deepEqual(laid.subarray(row, row + columns * 3), moved.subarray(row, row + columns * 3));
    }
    assert.notDeepEqual(laid, moved);
  });

  it('shows a good part as if it had lain elsewhere, and the part is where it was', () => {
    const random = seededRandom(4);
    const pixels = photograph(size, { noise: 2 });
    const place = register(pixels, size, 1, reference);
    for (let i = 0; i < 10; i++) {
      const laid = laidFromElsewhere(pixels, size, 1, place, reference, random);
      assert.ok(laid, 'found where it was moved to');
      const { mean, most } = difference(laid, pixels, 14);
      assert.ok(mean > 0.3 && mean < 3 && most < 45, `${mean} ${most}`);
      const again = register(laid, size, 1, reference);
      assert.ok(Math.abs(again.dx) < 0.004 && Math.abs(again.rotation) < 0.3, JSON.stringify(again));
    }
  });
});
