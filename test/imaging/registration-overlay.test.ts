import assert from 'node:assert/strict';
import sharp from 'sharp';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { heatInFrame } from '../../lib/imaging/heat.ts';
import { drawOverlay, type OverlayView } from '../../lib/imaging/overlay.ts';
import { raw } from './pictures.ts';

const grey = raw(Buffer.alloc(640 * 480, 120), 640, 480, 1);
/** One hot cell, right of the middle and above it: its centre lies at (0.6875, 0.4375). */
const map = AnomalyMap.from(
  8,
  8,
  Float32Array.from({ length: 64 }, (_, i) => (i === 3 * 8 + 5 ? 9 : 1)),
);

/** Where the tint lies, 0..1 of the picture below the banner. */
async function middleOfHeat(registration?: { dx: number; dy: number; rotation: number; agreement: number }) {
  const view: OverlayView = { map, rois: [], verdict: 'fail', severity: 2, range: { median: 1, fail: 3 } };
  const jpeg = await drawOverlay(grey, { ...view, ...(registration && { registration }) });
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const banner = info.height - 480;
  let [x, y, weight] = [0, 0, 0];
  for (let row = banner + 3; row < info.height; row++) {
    for (let column = 0; column < 640; column++) {
      const at = (row * info.width + column) * 3;
      const tint = Math.max(0, data[at] - data[at + 2] - 12);
      x += tint * (column + 0.5);
      y += tint * (row - banner + 0.5);
      weight += tint;
    }
  }
  return { x: x / weight / 640, y: y / weight / 480 };
}

describe('drawOverlay of a registered part', () => {
  it('tints where the part lay, not where it was learned', async () => {
    const close = ({ x, y }: { x: number; y: number }, expected: [number, number]) =>
      assert.ok(Math.hypot(x - expected[0], y - expected[1]) < 0.015, `${x} ${y}, expected ${expected}`);
    close(await middleOfHeat(), [0.6875, 0.4375]);
    close(await middleOfHeat({ dx: -0.2, dy: 0.1, rotation: 0, agreement: 1 }), [0.4875, 0.5375]);
    // (120, -30) pixels from the middle, turned by 90° clockwise: (30, 120)
    close(await middleOfHeat({ dx: 0, dy: 0, rotation: 90, agreement: 1 }), [0.5 + 30 / 640, 0.5 + 120 / 480]);
  });

  it('leaves clear what the map does not cover', () => {
    const pixels = Buffer.from(Array.from({ length: 4 * 4 * 4 }, () => 255));
    const moved = heatInFrame(
      pixels,
      { width: 4, height: 4 },
      { dx: 0.5, dy: 0, rotation: 0 },
      { width: 8, height: 8 },
    );
    const covers = Array.from({ length: 8 }, (_, x) => moved[(4 * 8 + x) * 4 + 3]);
    assert.deepEqual(covers, [0, 0, 0, 0, 255, 255, 255, 255]);
  });
});
