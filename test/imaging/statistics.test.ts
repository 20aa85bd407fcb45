import assert from 'node:assert/strict';
import sharp from 'sharp';
import { imageStatistics } from '../../lib/imaging/statistics.ts';
import { file, raw } from './pictures.ts';

describe('imageStatistics', () => {
  it('measures brightness, spread and clipped shares', async () => {
    const data = Buffer.alloc(100 * 100, 100);
    data.fill(255, 0, 2500);
    data.fill(0, 2500, 3500);
    const result = await imageStatistics(raw(data, 100, 100, 1));
    assert.deepEqual([result.width, result.height], [100, 100]);
    assert.ok(Math.abs(result.saturated - 0.25) < 0.01 && Math.abs(result.dark - 0.1) < 0.01);
    const mean = 0.25 * 255 + 0.65 * 100;
    assert.ok(Math.abs(result.mean - mean) < 1);
    const deviation = Math.sqrt(0.25 * (255 - mean) ** 2 + 0.1 * mean ** 2 + 0.65 * (100 - mean) ** 2);
    assert.ok(Math.abs(result.deviation - deviation) < 1);
  });

  it('finds a blurred picture less sharp', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 200 * 200 }, (_, i) => (Math.sin(i * 7919) + 1) * 127));
    const blurred = await sharp(noise, { raw: { width: 200, height: 200, channels: 1 } })
      .blur(2)
      .png()
      .toBuffer();
    const before = await imageStatistics(raw(noise, 200, 200, 1));
    const after = await imageStatistics(file(blurred));
    assert.ok(after.sharpness < before.sharpness / 10, `${before.sharpness} ${after.sharpness}`);
  });

  it('takes pictures of a single pixel', async () => {
    const { mean, sharpness } = await imageStatistics(raw(Buffer.from([7]), 1, 1, 1));
    assert.deepEqual([mean, sharpness], [7, 0]);
  });
});
