import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { GoodpartError } from '../../lib/core/errors.ts';
import { decodeTo, type ImageInput, readImageSize } from '../../lib/imaging/decode.ts';
import { close, file, gradient, pixel, raw, sharpOf } from './pictures.ts';

const rgb = { width: 64, height: 48, channels: 3 } as const;

async function refused(image: ImageInput, message: RegExp): Promise<void> {
  await assert.rejects(decodeTo(image, rgb), (error) => {
    assert.ok(GoodpartError.is(error), String(error));
    assert.equal(error.code, 'GP_IMAGE_UNREADABLE');
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

describe('decodeTo', () => {
  it('gives raw pixels of the target size back unchanged', async () => {
    const data = gradient(64, 48);
    const decoded = await decodeTo(raw(data, 64, 48, 3), rgb);
    assert.deepEqual(decoded, { data, width: 64, height: 48, channels: 3, bitDepth: 8 });
  });

  it('keeps grey pictures grey and coloured ones in colour where that is asked for', async () => {
    const own = { width: 64, height: 48, channels: 'own' } as const;
    const colour = await decodeTo(raw(gradient(64, 48), 64, 48, 3), own);
    const grey = await decodeTo(raw(Buffer.alloc(64 * 48, 7), 64, 48, 1), own);
    assert.deepEqual([colour.channels, colour.data.length], [3, 64 * 48 * 3]);
    assert.deepEqual([grey.channels, grey.data.length], [1, 64 * 48]);
  });

  for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
    it(`reads ${format} and says the size of the picture itself`, async () => {
      const data = await sharpOf(128, 96).toFormat(format).toBuffer();
      const decoded = await decodeTo(file(data), rgb);
      assert.equal(decoded.data.length, 64 * 48 * 3);
      assert.deepEqual([decoded.width, decoded.height], [128, 96]);
      const middle = pixel(decoded.data, 64, 3, 40, 30);
      assert.ok(close(middle, [126, 126, 20], 6), `${middle}`);
    });
  }

  it('scales 16-bit files and raw samples to 8 bits by their full scale', async () => {
    const samples = Uint16Array.from({ length: 64 * 48 }, (_, i) => i * 21);
    const png = await sharp(samples, { raw: { width: 64, height: 48, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const bytes = Buffer.from(samples.buffer);
    const odd = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
    for (const image of [file(png), raw(bytes, 64, 48, 1, 16), raw(odd, 64, 48, 1, 16)]) {
      const { data } = await decodeTo(image, { ...rgb, channels: 1 });
      for (const at of [0, 100, 2000, 3071])
        assert.ok(Math.abs(data[at] - (at * 21) / 257) <= 1, `${data[at]} at ${at}`);
    }
  });

  it('reads CMYK as sRGB', async () => {
    const data = await sharpOf(64, 48).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    assert.equal((await sharp(data).metadata()).space, 'cmyk');
    const decoded = await decodeTo(file(data), rgb);
    assert.equal(decoded.data.length, 64 * 48 * 3);
    const middle = pixel(decoded.data, 64, 3, 40, 30);
    assert.ok(close(middle, [125, 125, 20], 45), `${middle}`);
  });

  it('turns pictures as their EXIF orientation says', async () => {
    const data = await sharpOf(64, 48).withMetadata({ orientation: 6 }).png().toBuffer();
    assert.deepEqual(await readImageSize(data), { width: 48, height: 64 });
    const decoded = await decodeTo(file(data), { width: 48, height: 64, channels: 3 });
    assert.deepEqual([decoded.width, decoded.height], [48, 64]);
    // orientation 6: the stored top left is seen at the top right
    assert.ok(pixel(decoded.data, 48, 3, 46, 1)[2] > 200);
    assert.ok(pixel(decoded.data, 48, 3, 1, 1)[2] < 60);
  });

  it('drops alpha, and takes the first of several pages', async () => {
    const alpha = await sharpOf(64, 48).ensureAlpha(1).png().toBuffer();
    assert.deepEqual((await decodeTo(file(alpha), rgb)).data, gradient(64, 48));
    const solid = (value: number) => Buffer.alloc(32 * 32 * 3, value);
    const pages = await sharp(Buffer.concat([solid(10), solid(240)]), {
      raw: { width: 32, height: 64, channels: 3, pageHeight: 32 },
    })
      .webp({ lossless: true })
      .toBuffer();
    assert.equal((await sharp(pages).metadata()).pages, 2);
    const decoded = await decodeTo(file(pages), { width: 32, height: 32, channels: 3 });
    assert.deepEqual([decoded.width, decoded.height], [32, 32]);
    assert.deepEqual(decoded.data, solid(10));
  });

  it('makes one channel of three and three of one', async () => {
    const grey = Buffer.from([10, 200, 30, 90]);
    const three = await decodeTo(raw(grey, 2, 2, 1), { width: 2, height: 2, channels: 3 });
    assert.deepEqual([...three.data], [10, 10, 10, 200, 200, 200, 30, 30, 30, 90, 90, 90]);
    const white = Buffer.alloc(4 * 3, 255);
    const one = await decodeTo(raw(white, 2, 2, 3), { width: 2, height: 2, channels: 1 });
    assert.deepEqual([...one.data], [255, 255, 255, 255]);
  });

  it('antialiases: stripes finer than the target become grey, not stripes', async () => {
    const data = Buffer.alloc(256 * 256);
    for (let i = 0; i < data.length; i++) data[i] = i % 2 ? 255 : 0;
    const decoded = await decodeTo(raw(data, 256, 256, 1), { width: 50, height: 50, channels: 1 });
    for (const value of decoded.data) assert.ok(value > 110 && value < 145, `${value}`);
  });

  it('reduces by the kernel that its description names', async () => {
    // An edge reduced by four; other kernels overshoot (lanczos, cubic) or stay hard (nearest)
    const data = Buffer.alloc(64 * 8);
    for (let i = 0; i < data.length; i++) data[i] = i % 64 < 29 ? 40 : 200;
    const decoded = await decodeTo(raw(data, 64, 8, 1), { width: 16, height: 2, channels: 1 });
    const row = [...decoded.data.subarray(0, 16)];
    const expected = [40, 40, 40, 40, 40, 40, 50, 150, 200, 200, 200, 200, 200, 200, 200, 200];
    assert.ok(close(row, expected, 1), `${row}`);
  });

  it('gives the same pixels for the same bytes every time', async () => {
    const data = await sharpOf(333, 222).jpeg().toBuffer();
    const first = await decodeTo(file(data), rgb);
    for (let i = 0; i < 3; i++) assert.deepEqual(await decodeTo(file(Buffer.from(data)), rgb), first);
  });
});

describe('decodeTo refuses', () => {
  it('files that are empty, tiny or no pictures', async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="9" height="9"/></svg>',
    );
    const bmp = Buffer.concat([Buffer.from('BM'), Buffer.alloc(200, 1)]);
    const gif = await sharpOf(16, 16).gif().toBuffer();
    for (const data of [Buffer.alloc(0), Buffer.from([0xff]), Buffer.from('not a picture at all'), svg, bmp, gif]) {
      await refused(
        file(data),
        /^Expected a JPEG, PNG, TIFF or WebP picture for picture but received Buffer of \d+ bytes$/,
      );
    }
  });

  it('files cut off anywhere', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
      const data = await sharpOf(200, 150).toFormat(format).toBuffer();
      for (let tenth = 1; tenth < 10; tenth++) {
        await refused(file(data.subarray(0, Math.floor((data.length * tenth) / 10))), /^Expected an? /);
      }
    }
  });

  it('pictures beyond 100 megapixels before decoding them', async () => {
    const jpeg = Buffer.from(await sharpOf(64, 48).jpeg().toBuffer());
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(65500, frame + 5);
    jpeg.writeUInt16BE(65500, frame + 7);
    const png = Buffer.from(await sharpOf(64, 48).png().toBuffer());
    png.writeUInt32BE(60000, 16);
    png.writeUInt32BE(60000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const began = performance.now();
    const before = process.memoryUsage().rss;
    for (const data of [jpeg, png]) await refused(file(data), /at most 100000000 pixels/);
    await refused(raw(Buffer.alloc(1), 20_000, 20_000, 1), /at most 100000000 pixels/);
    assert.ok(performance.now() - began < 2000);
    assert.ok(process.memoryUsage().rss - before < 200e6);
  });

  it('raw pixels of another size than said', async () => {
    for (const size of [64 * 48 * 3 - 1, 64 * 48 * 3 + 1, 0]) {
      await refused(raw(Buffer.alloc(size), 64, 48, 3), /Expected a Buffer of 9216 bytes for raw picture/);
    }
    await refused(raw(Buffer.alloc(10), 10, 1, 1, 12), /8 or 16 bit for raw picture/);
    await refused(raw(Buffer.alloc(10), 0, 1, 1), /width, height, 1 to 4 channels/);
  });

  it('or reads damaged files, but never crashes, hangs or throws anything else', async () => {
    const files = await Promise.all(
      (['jpeg', 'png', 'webp', 'tiff'] as const).map((format) => sharpOf(40, 30).toFormat(format).toBuffer()),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        async (original, damages) => {
          const data = Buffer.from(original);
          for (const [where, mask] of damages) data[Math.floor(where * data.length)] ^= mask;
          try {
            assert.equal((await decodeTo(file(data), rgb)).data.length, 64 * 48 * 3);
          } catch (error) {
            assert.ok(GoodpartError.is(error) && error.code === 'GP_IMAGE_UNREADABLE', String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
