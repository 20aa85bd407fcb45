import assert from 'node:assert/strict';
import fc from 'fast-check';
import { commonAspect, inputSizeFor, sameAspect } from '../../lib/learning/pictures/input-size.ts';

describe('input size', () => {
  const table: [number, number, number, number][] = [
    [256, 256, 256, 256],
    [2000, 2000, 256, 256],
    [640, 480, 288, 224],
    [480, 640, 224, 288],
    [1920, 1080, 352, 192],
    [1280, 1024, 288, 224],
    [1920, 1200, 320, 192],
    [4096, 256, 1024, 64],
    [100_000, 100, 1024, 64],
    [1, 1, 256, 256],
  ];
  for (const [width, height, w, h] of table) {
    it(`is ${w} x ${h} for frames of ${width} x ${height}`, () => {
      assert.deepEqual(inputSizeFor({ width, height }), { width: w, height: h });
    });
  }

  it('has sides of whole 32 pixels, an area near 256 x 256 and an aspect within 12 % of the frame’s', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 8000 }),
        fc.double({ min: 0.07, max: 15, noNaN: true }),
        (height, aspect) => {
          const frame = { width: Math.max(1, Math.round(height * aspect)), height };
          const size = inputSizeFor(frame);
          assert.equal(size.width % 32, 0);
          assert.equal(size.height % 32, 0);
          const area = (size.width * size.height) / 65536;
          assert.ok(area > 0.6 && area < 1.6, `area ${area}`);
          const stretch = Math.abs(Math.log(((size.width / size.height) * frame.height) / frame.width));
          assert.ok(stretch < 0.12, `stretched by ${stretch} from ${frame.width} x ${frame.height}`);
        },
      ),
    );
  });

  it('refuses a picture without pixels', () => {
    assert.throws(() => inputSizeFor({ width: 0, height: 5 }), /picture size/);
  });

  it('calls aspects the same within one per cent and finds the common one', () => {
    assert.ok(sameAspect({ width: 640, height: 480 }, { width: 1280, height: 961 }));
    assert.ok(!sameAspect({ width: 640, height: 480 }, { width: 640, height: 470 }));
    const square = { width: 5, height: 5 };
    const wide = { width: 10, height: 5 };
    assert.deepEqual(commonAspect([square, wide, { width: 20, height: 10 }]), wide);
  });
});
