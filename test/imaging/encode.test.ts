import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { encodeJpeg, encodePng, mapToPng16 } from '../../lib/imaging/encode.ts';
import { close, file, gradient, pixel, raw, sharpOf } from './pictures.ts';

describe('encodeJpeg', () => {
  it('writes raw pixels as a JPEG of the same size', async () => {
    const jpeg = await encodeJpeg(raw(gradient(64, 48), 64, 48, 3), { quality: 95 });
    const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.format, info.width, info.height, info.channels], ['raw', 64, 48, 3]);
    assert.ok(close(pixel(data, 64, 3, 40, 30), [125, 125, 20], 6));
  });

  it('reduces to the given width, never enlarges, and turns by EXIF', async () => {
    const wide = await sharp(await encodeJpeg(raw(gradient(64, 48), 64, 48, 3), { maxWidth: 32 })).metadata();
    assert.deepEqual([wide.width, wide.height], [32, 24]);
    const small = await sharp(await encodeJpeg(raw(gradient(64, 48), 64, 48, 3), { maxWidth: 640 })).metadata();
    assert.deepEqual([small.width, small.height], [64, 48]);
    const turned = await sharpOf(64, 48).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const upright = await sharp(await encodeJpeg(file(turned))).metadata();
    assert.deepEqual([upright.width, upright.height, upright.orientation], [48, 64, undefined]);
  });

  it('says GP_IMAGE_UNREADABLE for what it cannot read', async () => {
    const whole = await sharpOf(64, 48).jpeg().toBuffer();
    await assert.rejects(encodeJpeg(file(whole.subarray(0, whole.length / 2))), { code: 'GP_IMAGE_UNREADABLE' });
  });
});

describe('encodePng', () => {
  it('keeps every pixel, grey ones as grey', async () => {
    const colour = await sharp(await encodePng(raw(gradient(64, 48), 64, 48, 3)))
      .raw()
      .toBuffer();
    assert.deepEqual(colour, gradient(64, 48));
    const grey = Buffer.from([1, 2, 3, 250]);
    const png = await encodePng(raw(grey, 2, 2, 1));
    assert.equal((await sharp(png).metadata()).channels, 1);
    assert.deepEqual(await sharp(png).toColourspace('b-w').raw().toBuffer(), grey);
  });
});

describe('mapToPng16', () => {
  it('keeps every value to a 65535th of the range', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) }), {
          minLength: 6,
          maxLength: 6,
        }),
        async (values) => {
          const { png, min, max, notFinite } = await mapToPng16(AnomalyMap.from(3, 2, Float32Array.from(values)));
          assert.equal(notFinite, 0);
          const { data, info } = await sharp(png)
            .toColourspace('grey16')
            .raw({ depth: 'ushort' })
            .toBuffer({ resolveWithObject: true });
          assert.deepEqual([info.width, info.height, info.channels], [3, 2, 1]);
          values.forEach((value, i) => {
            const back = min + (data.readUInt16LE(i * 2) / 65535) * (max - min);
            assert.ok(Math.abs(back - value) <= (max - min) / 65535 + 1e-9, `${value} came back as ${back}`);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('counts values that are not finite', async () => {
    const map = AnomalyMap.from(2, 2, Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, 3));
    const { min, max, notFinite } = await mapToPng16(map);
    assert.deepEqual([min, max, notFinite], [1, 3, 2]);
    const none = await mapToPng16(AnomalyMap.from(1, 1, Float32Array.of(Number.NaN)));
    assert.deepEqual([none.min, none.max, none.notFinite], [0, 0, 1]);
  });
});
