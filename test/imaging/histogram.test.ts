import assert from 'node:assert/strict';
import sharp from 'sharp';
import { describeSamples, histogram } from '../../lib/imaging/histogram.ts';
import { middleOf } from '../../lib/imaging/middle.ts';
import { previewJpeg } from '../../lib/imaging/preview.ts';
import { file, gradient, pixel, raw } from './pictures.ts';

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const wide = (samples: ArrayLike<number>) => Buffer.from(Uint16Array.from(samples).buffer);

describe('the histogram', () => {
  it('tells the channels of a colour picture apart', async () => {
    const { channels, to, bitDepth, width, height } = await histogram(raw(gradient(300, 200), 300, 200, 3));
    assert.deepEqual([to, bitDepth, width, height], [255, 8, 300, 200]);
    assert.deepEqual(
      channels.map(({ channel, bins }) => [channel, bins.length, Math.round(sum(bins) * 1e6) / 1e6]),
      [
        ['red', 64, 1],
        ['green', 64, 1],
        ['blue', 64, 1],
      ],
    );
    const [red, , blue] = channels;
    assert.equal(Math.round(red.mean), 100);
    assert.deepEqual([red.min, blue.max], [0, 250]);
    // three quarters and more of the blue samples are 20: the sixth of 64 intervals
    assert.ok(blue.bins[5] > 0.9 && Math.abs(blue.bins[62] - 1 / 16) < 0.01, `${blue.bins[5]} ${blue.bins[62]}`);
  });

  it('counts a small highlight of a large picture for what it is, where reducing would average it away', async () => {
    const [width, height] = [1500, 1000];
    const data = Buffer.alloc(width * height, 128);
    // single overexposed pixels, one of a hundred
    for (let i = 0; i < data.length; i += 97) data[i] = 255;
    const { channels, pixels } = await histogram(raw(data, width, height, 1));
    assert.ok(pixels <= 250_000 && pixels > 200_000, `${pixels}`);
    assert.ok(Math.abs(channels[0].clippedHigh - 1 / 97) < 0.003, `${channels[0].clippedHigh}`);
    assert.equal(channels[0].clippedLow, 0);
    assert.equal(channels[0].max, 255);
  });

  it('keeps the range of 16 bits, raw and in a file, and takes 12 bits in 16 for what they are', async () => {
    const [width, height] = [64, 64];
    const twelve = Array.from({ length: width * height }, (_, i) => i % 4096);
    const own = await histogram(raw(wide(twelve), width, height, 1, 16));
    assert.deepEqual([own.to, own.bitDepth, own.channels[0].min, own.channels[0].max], [4095, 16, 0, 4095]);
    assert.ok(own.channels[0].bins.every((share) => Math.abs(share - 1 / 64) < 1e-9));
    assert.deepEqual(own.window, { low: 20, high: 4075 });
    const full = twelve.map((value) => value * 16);
    const png = await sharp(Uint16Array.from(full), { raw: { width, height, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const read = await histogram(file(png));
    assert.deepEqual([read.to, read.channels[0].max, read.channels[0].channel], [65535, 65520, 'grey']);
    assert.ok(read.channels[0].clippedHigh > 0, 'the end of 12 bits shifted up is clipped');
  });

  it('describes one value only', () => {
    const { channels, window } = describeSamples(new Uint8Array(100).fill(7), { channels: 1, bitDepth: 8, bins: 64 });
    assert.equal(channels[0].bins[1], 1);
    assert.deepEqual(window, { low: 7, high: 7 });
  });

  it('says of a damaged picture that it is', async () => {
    await assert.rejects(histogram(file(Buffer.alloc(100))), { code: 'GP_IMAGE_UNREADABLE' });
  });
});

describe('the preview', () => {
  const window = { low: 0, high: 255 };

  it('is small, whatever the picture’s shape, and never enlarged', async () => {
    const tall = await sharp(
      await previewJpeg(raw(gradient(200, 1500), 200, 1500, 3), { maxSide: 640, window }),
    ).metadata();
    assert.deepEqual([tall.format, tall.width, tall.height], ['jpeg', 85, 640]);
    const small = await sharp(await previewJpeg(raw(gradient(50, 40), 50, 40, 3), { maxSide: 640, window })).metadata();
    assert.deepEqual([small.width, small.height], [50, 40]);
  });

  it('shows 16 bits through the window: a dark thermal picture is not black', async () => {
    const [width, height] = [64, 64];
    const samples = Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 1000 : 1200));
    const jpeg = await previewJpeg(raw(wide(samples), width, height, 1, 16), {
      maxSide: 640,
      window: { low: 1000, high: 1200 },
    });
    assert.equal((await sharp(jpeg).metadata()).channels, 1);
    const data = await sharp(jpeg).toColourspace('b-w').raw().toBuffer();
    const [left] = pixel(data, width, 1, 5, 30);
    const [right] = pixel(data, width, 1, 60, 30);
    assert.ok(left < 10 && right > 245, `${left} ${right}`);
  });
});

describe('the middle of a picture', () => {
  it('is its middle half, in its own pixels as far as they may be', async () => {
    const [width, height] = [400, 200];
    const data = Buffer.alloc(width * height, 10);
    for (let y = 50; y < 150; y++) data.fill(200, y * width + 100, y * width + 300);
    const middle = await middleOf(raw(data, width, height, 1));
    assert.deepEqual([middle.width, middle.height], [200, 100]);
    assert.ok(middle.values.every((value) => value === 200));
    const reduced = await middleOf(raw(data, width, height, 1), { mostPixels: 5_000 });
    assert.deepEqual([reduced.width, reduced.height], [100, 50]);
  });

  it('keeps 16 bits, grey and colour', async () => {
    const grey = await middleOf(raw(wide(new Array(64).fill(40_000)), 8, 8, 1, 16));
    assert.deepEqual([...new Set(grey.values)], [40_000]);
    const colour = await middleOf(raw(wide(new Array(64 * 3).fill(40_000)), 8, 8, 3, 16));
    assert.ok(Math.abs(colour.values[0] - 40_000) < 600, `${colour.values[0]}`);
  });
});
