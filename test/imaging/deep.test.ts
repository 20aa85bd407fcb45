import assert from 'node:assert/strict';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeTo, type ImageInput } from '../../lib/imaging/decode.ts';
import { decodeCounts } from '../../lib/imaging/decode-counts.ts';
import { encodeJpeg, encodePng16 } from '../../lib/imaging/encode.ts';
import { bytesOf, CountHistogram, countsOf, levelsOf } from '../../lib/imaging/levels.ts';
import { drawOverlay } from '../../lib/imaging/overlay.ts';
import { makeReference } from '../../lib/imaging/reference.ts';
import { layAsLearned, prepareReference, register, warp } from '../../lib/imaging/registration.ts';
import { openView, viewWindow } from '../../lib/imaging/view.ts';
import { deepPart, deepSize, png8, png16, rawInput, rawOf } from '../kit/deep-parts.ts';
import { file, raw } from './pictures.ts';

const counts = deepPart(1, 100);
const own = { ...deepSize, channels: 1 } as const;

/** A PNG of 16 bits a sample, written by hand: nothing of libvips is believed. Colour type 0 grey, 2 RGB, 4 grey with alpha. */
function written(samples: Uint16Array, { width, height }: typeof deepSize, colourType: 0 | 2 | 4): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, colourType, 0, 0, 0], 8);
  const channels = { 0: 1, 2: 3, 4: 2 }[colourType];
  const line = 1 + width * channels * 2;
  const rows = Buffer.alloc(line * height);
  for (const [i, sample] of samples.entries()) {
    rows.writeUInt16BE(sample, Math.floor(i / (width * channels)) * line + 1 + (i % (width * channels)) * 2);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat(parts);
}

describe('a picture of 16 bits a sample', () => {
  it('is decoded to the very counts, from a PNG and from raw samples wherever they begin', async () => {
    const odd = Buffer.concat([Buffer.of(0), rawOf(counts)]).subarray(1);
    const all: [string, ImageInput][] = [
      ['grey PNG', file(written(counts, deepSize, 0))],
      ['raw', rawInput(counts)],
      ['raw from an odd byte on', { data: odd, info: rawInput(counts).info }],
    ];
    for (const [what, image] of all) {
      const decoded = await decodeCounts(image, own);
      assert.deepEqual(decoded.data, counts, what);
      assert.deepEqual([decoded.channels, decoded.width, decoded.height], [1, 128, 96]);
    }
  });

  it('keeps colour and drops alpha; grey of colour, colour of grey, and another size stay in counts', async () => {
    const n = counts.length;
    const rgb = Uint16Array.from({ length: n * 3 }, (_, i) => (counts[Math.floor(i / 3)] + (i % 3) * 11) & 0xffff);
    const colour = file(written(rgb, deepSize, 2));
    assert.deepEqual((await decodeCounts(colour, { ...deepSize, channels: 'own' })).data, rgb);
    const grey = (await decodeCounts(colour, own)).data;
    assert.ok(grey.every((value, i) => Math.abs(value - (counts[i] + 0.7152 * 11 + 0.0722 * 22)) <= 1));
    const alpha = Uint16Array.from({ length: n * 2 }, (_, i) => (i % 2 ? 65_535 : counts[i >> 1]));
    assert.deepEqual((await decodeCounts(file(written(alpha, deepSize, 4)), own)).data, counts);
    const three = (await decodeCounts(rawInput(counts), { ...deepSize, channels: 3 })).data;
    assert.deepEqual([three.length, three[300], three[301]], [n * 3, counts[100], counts[100]]);
    const half = await decodeCounts(rawInput(counts), { width: 64, height: 48, channels: 1 });
    assert.equal(half.data.length, 64 * 48);
    assert.ok(new Set(half.data.map((value) => value % 257)).size > 200, 'no steps of 8 bits');
  });

  it('of 8 bits is refused in one sentence where 16 are needed', async () => {
    const shallow = [file(await png8(counts)), raw(Buffer.alloc(own.width * own.height), own.width, own.height, 1)];
    for (const image of shallow) {
      await assert.rejects(decodeCounts(image, own), {
        code: 'GP_IMAGE_UNREADABLE',
        message: /Expected a picture of 16 bits a sample for picture but received one of 8 bits/,
      });
    }
  });

  it('of one channel and 8 bits is decoded to the very samples', async () => {
    const bytes = Buffer.from(bytesOf(levelsOf(counts, { low: 29_900, high: 32_900 })));
    const shallow = await sharp(bytes, { raw: own }).toColourspace('b-w').png().toBuffer();
    for (const image of [raw(bytes, own.width, own.height, 1), file(shallow)]) {
      const { data, channels, bitDepth } = await decodeTo(image, { ...deepSize, channels: 'own' });
      assert.ok(data.equals(bytes));
      assert.deepEqual([channels, bitDepth], [1, 8]);
    }
  });

  it('gives back its counts from levels, whatever the window', () => {
    fc.assert(
      fc.property(
        fc.uint16Array({ minLength: 1, maxLength: 50 }),
        fc.nat({ max: 65_534 }),
        fc.integer({ min: 1, max: 65_535 }),
        (some, low, width) => {
          const window = { low, high: Math.min(65_535, low + width) };
          const levels = levelsOf(some, window);
          assert.deepEqual(countsOf(levels, window), some);
          assert.ok(levelsOf(Uint16Array.of(window.low, window.high), window).every((level, i) => level === i * 255));
        },
      ),
    );
  });

  it('makes a window that hot pixels do not widen and that is never narrower than a count a level', () => {
    const histogram = new CountHistogram();
    const hot = counts.slice();
    hot.set([0, 65_535, 65_535], 50);
    histogram.add(hot);
    const { low, high } = histogram.window();
    assert.ok(low > 29_900 && low < 30_100 && high > 32_400 && high < 32_800, `${low} ${high}`);
    for (const [value, from, to] of [
      [500, 373, 628],
      [0, 0, 255],
      [65_535, 65_280, 65_535],
    ]) {
      const flat = new CountHistogram();
      flat.add(new Uint16Array(100).fill(value));
      assert.deepEqual(flat.window(), { low: from, high: to });
    }
  });

  it('is moved by registration without losing what lies between two grey levels', () => {
    const window = { low: 30_000, high: 32_600 };
    const lines = (shift: number, deep: number) =>
      Uint16Array.from(
        deepPart(3),
        (count, i) => count + ((i % 128) + shift > 60 && (i % 128) + shift < 70 ? 400 : deep),
      );
    const still = levelsOf(lines(0, 0), window);
    const pictures = [0, 0, 0].map(() => ({ ...deepSize, pixels: still, channels: 1 as const }));
    const limits = { maxShift: 0.1, maxRotation: 0, minAgreement: 0.3 };
    const prepared = prepareReference({ ...limits, reference: makeReference(pictures, limits) });
    const moved = levelsOf(lines(4, 0), window);
    const found = register(moved, deepSize, 1, prepared);
    assert.ok(Math.abs(found.dx * 128 + 4) < 0.5, `${found.dx * 128}`);
    const laid = layAsLearned(moved, deepSize, 1, found, prepared);
    assert.ok(laid instanceof Float32Array);
    const fractions = laid.filter((level) => Math.abs(level - Math.round(level)) > 0.05).length;
    assert.ok(fractions > laid.length / 2);
    const nowhere = { dx: 0, dy: 0, rotation: 0 };
    assert.deepEqual(warp(moved, deepSize, 1, nowhere), moved);
    assert.ok(warp(bytesOf(moved), deepSize, 1, nowhere) instanceof Uint8Array);
  });

  it('is shown through a window of its own, and kept as PNG with the very counts', async () => {
    const image = rawInput(counts);
    const window = await viewWindow(image);
    assert.ok(window && window.low > 29_900 && window.high < 32_900 && window.high - window.low > 2_400);
    const { data } = await sharp(await encodeJpeg(image, { quality: 100 }))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.ok(Math.max(...data) > 245 && Math.min(...data) < 10, 'the ramp is seen from black to white');
    const drawn = await drawOverlay(image, { map: null, rois: [], verdict: 'pass', severity: 0 });
    const middle = await sharp(drawn).extract({ left: 0, top: 80, width: 480, height: 200 }).greyscale().stats();
    assert.ok(middle.channels[0].stdev > 40, `${middle.channels[0].stdev}`);
    const png = await encodePng16(image);
    assert.equal((await sharp(png).metadata()).depth, 'ushort');
    assert.deepEqual((await decodeCounts(file(png), own)).data, counts);
    const shallow = file(await png8(counts));
    assert.deepEqual([await viewWindow(shallow), (await openView(shallow)).window], [null, null]);
    assert.ok((await png16(counts)).length > 1000);
  });
});
