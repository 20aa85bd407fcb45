import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { focusMeasure } from '../../lib/imaging/focus.ts';

const size = { width: 96, height: 64 };

/** Bars and a disc with edges of `softness` pixels, as a lens out of focus gives them. */
function scene(softness: number, { gain = 1, offset = 0, noise = 0 } = {}): Float64Array {
  const random = seededRandom(7);
  const edge = (distance: number) => 0.5 * (1 + Math.tanh(distance / softness));
  return Float64Array.from({ length: size.width * size.height }, (_, i) => {
    const [x, y] = [i % size.width, Math.floor(i / size.width)];
    const bar = edge(4 - Math.abs((x % 20) - 10)) * (y > 40 ? 1 : 0.3);
    const disc = edge(14 - Math.hypot(x - 48, y - 26));
    return offset + gain * (0.1 + 0.5 * Math.max(bar, disc)) + noise * gaussian(random);
  });
}

describe('the focus measure', () => {
  it('falls with every step out of focus', () => {
    const values = [0.5, 1, 1.5, 2, 3, 4].map((softness) => focusMeasure(scene(softness), size));
    for (let i = 1; i < values.length; i++) assert.ok(values[i] < values[i - 1] * 0.95, `${values}`);
  });

  it('does not care for brightness, gain or the unit of the samples', () => {
    const sharp = focusMeasure(scene(1), size);
    for (const change of [{ gain: 0.4 }, { offset: 0.3 }, { gain: 65535, offset: 1000 }]) {
      assert.ok(Math.abs(focusMeasure(scene(1, change), size) / sharp - 1) < 1e-6, JSON.stringify(change));
    }
  });

  it('is not deceived by noise: a noisy blurred picture stays below a clean sharp one', () => {
    const [sharp, blurred] = [focusMeasure(scene(1), size), focusMeasure(scene(3, { noise: 0.02 }), size)];
    assert.ok(blurred < 0.7 * sharp, `${blurred} against ${sharp}`);
  });

  it('looks at the pixels of the region only', () => {
    const picture = scene(1);
    const below = Uint8Array.from({ length: picture.length }, (_, i) => (i / size.width > 44 ? 1 : 0));
    const before = focusMeasure(picture, size, below);
    for (let i = 0; i < 40 * size.width; i++) picture[i] = 0.5;
    assert.equal(focusMeasure(picture, size, below), before);
  });

  it('says NaN, never a number, where there is nothing to see', () => {
    const even = new Float64Array(size.width * size.height).fill(0.31);
    assert.ok(Number.isNaN(focusMeasure(even, size)));
    assert.ok(Number.isNaN(focusMeasure(scene(1), size, new Uint8Array(even.length))));
    assert.ok(Number.isNaN(focusMeasure([0.1], { width: 1, height: 1 })));
  });
});
