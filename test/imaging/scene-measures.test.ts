import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { encodeJpeg } from '../../lib/imaging/encode.ts';
import { regionBox, regionMask } from '../../lib/imaging/region-mask.ts';
import { measureScene, type SceneSubject } from '../../lib/imaging/scene-measures.ts';
import { decodeScene, type ScenePicture } from '../../lib/imaging/scene-picture.ts';

const size = { width: 120, height: 80 };

/** A raw picture of `pixel`'s samples, 0..1 of full scale. */
function raw(
  channels: 1 | 3,
  bitDepth: 8 | 16,
  pixel: (x: number, y: number, channel: number) => number,
  scale = size,
) {
  const { width, height } = scale;
  const full = bitDepth === 8 ? 255 : 65535;
  const samples = Array.from({ length: width * height * channels }, (_, i) => {
    const at = Math.floor(i / channels);
    const value = pixel(at % width, Math.floor(at / width), i % channels);
    return Math.max(0, Math.min(full, Math.round(value * full)));
  });
  const data = bitDepth === 8 ? Buffer.from(samples) : Buffer.from(Uint16Array.from(samples).buffer);
  return { data, info: { encoding: 'raw' as const, width, height, channels, bitDepth } };
}

const whole = (picture: ScenePicture, more: Partial<SceneSubject> = {}): SceneSubject => {
  const { width, height } = picture;
  const mask = regionMask([], picture);
  return { mask, box: { left: 0, top: 0, width, height }, previous: null, reference: null, part: null, ...more };
};
const measured = async (image: Parameters<typeof decodeScene>[0], more: Partial<SceneSubject> = {}) => {
  const picture = await decodeScene(image);
  return measureScene(picture, whole(picture, more));
};
const near = (value: number | undefined, expected: number, within: number) =>
  assert.ok(value !== undefined && Math.abs(value - expected) <= within, `${value}, expected ${expected}`);

/** Stripes between two levels. */
const stripes = (x: number, low: number, high: number) => (x % 12 < 6 ? low : high);

describe('the scene measures', () => {
  it('are those of a picture that can be worked out by hand', async () => {
    const measures = await measured(raw(1, 8, (x) => stripes(x, 0.2, 0.6)));
    near(measures.level, 0.4, 0.002);
    near(measures.contrast, 0.5, 0.005);
    assert.deepEqual([measures.bright, measures.dark], [0, 0]);
    assert.ok(!('redGreen' in measures) && !('change' in measures) && !('shift' in measures) && !('part' in measures));
  });

  it('are the same for 16 bits as for 8, and for three channels as for one', async () => {
    const scene = (x: number, y: number) => stripes(x, 0.1, 0.7) * (0.5 + y / 160);
    const known = await measured(raw(1, 8, scene));
    for (const [channels, bitDepth] of [
      [1, 16],
      [3, 8],
      [3, 16],
    ] as const) {
      const other = await measured(raw(channels, bitDepth, scene));
      for (const key of ['level', 'contrast', 'focus'] as const)
        near(other[key], known[key] ?? 0, 0.01 * (known[key] ?? 0));
    }
  });

  it('do not lose the few grey values of a 16-bit picture that uses a hundredth of its range', async () => {
    const thermal = (low: number) => raw(1, 16, (x) => low + stripes(x, 0, 0.01));
    const [one, other] = [await measured(thermal(0.3)), await measured(thermal(0.301))];
    near(one.level, 0.305, 0.0002);
    near((other.level ?? 0) - (one.level ?? 0), 0.001, 0.0002);
    assert.ok(Number.isFinite(one.focus));
  });

  it('count what is clipped: bright in any channel, dark in all', async () => {
    const red = await measured(raw(3, 8, (x, _, k) => (x < 60 ? (k === 0 ? 1 : 0.1) : 0.5)));
    near(red.bright, 0.5, 0.02);
    near(red.dark, 0, 0.001);
    const black = await measured(raw(3, 8, (x) => (x < 30 ? 0 : 0.5)));
    near(black.dark, 0.25, 0.02);
  });

  it('say the colour as ratios, whatever the brightness', async () => {
    for (const gain of [0.3, 0.9]) {
      const measures = await measured(raw(3, 16, (_x, _y, k) => gain * [0.6, 0.8, 0.4][k]));
      near(measures.redGreen, 0.75, 0.002);
      near(measures.blueGreen, 0.5, 0.002);
    }
  });

  it('estimate the noise of the sensor, not of the scene', async () => {
    for (const sigma of [0.01, 0.03]) {
      const random = seededRandom(4);
      const noisy = raw(1, 16, (x) => 0.3 + 0.3 * (x / 120) + sigma * gaussian(random));
      near((await measured(noisy)).noise, sigma, 0.1 * sigma);
    }
  });

  it('see the same picture again as no change, and another exposure of the same part as one', async () => {
    const exposure = (seed: number) => {
      const random = seededRandom(seed);
      return raw(1, 8, (x) => stripes(x, 0.2, 0.6) + 0.004 * gaussian(random));
    };
    const first = await decodeScene(exposure(1));
    const change = async (image: ReturnType<typeof exposure>) =>
      (await measured(image, { previous: first.grey })).change;
    assert.equal(await change(exposure(1)), 0);
    const noise = (await change(exposure(2))) ?? 0;
    assert.ok(noise > 0.01 && noise < 0.05, `${noise}`);
    const other = await decodeScene(raw(1, 8, () => 0.5, { width: 60, height: 60 }));
    assert.ok(!('change' in (await measured(exposure(1), { previous: other.grey }))), 'of another size');
  });

  it('look at the reference region only', async () => {
    const triangle: [number, number][] = [
      [0, 0],
      [0.5, 0],
      [0, 0.5],
    ];
    const image = raw(1, 8, (x, y) => ((x + 0.5) / 120 + (y + 0.5) / 80 < 0.47 ? 0.7 : 0.1));
    const picture = await decodeScene(image);
    const measures = measureScene(picture, whole(picture, { mask: regionMask(triangle, picture) }));
    near(measures.level, 0.7 - 0.6 * (1 - (0.47 / 0.5) ** 2), 0.02);
  });

  it('are NaN, never a number, where a picture shows nothing', async () => {
    const black = await measured(
      raw(3, 8, () => 0),
      { previous: new Float32Array(size.width * size.height) },
    );
    for (const key of ['contrast', 'focus', 'redGreen', 'blueGreen', 'change'] as const) {
      assert.ok(Number.isNaN(black[key]), `${key} is ${black[key]}`);
    }
    const picture = await decodeScene(raw(1, 8, () => 0.5));
    const nowhere = measureScene(picture, whole(picture, { mask: new Uint8Array(size.width * size.height) }));
    assert.ok(Number.isNaN(nowhere.level) && Number.isNaN(nowhere.bright) && Number.isNaN(nowhere.focus));
  });

  it('are taken at 640 pixels, JPEG as well, with the aspect kept', async () => {
    const large = { width: 1600, height: 900 };
    const image = raw(3, 8, (x, y) => stripes(Math.floor(x / 8), 0.2, 0.6) * (y < 450 ? 1 : 0.8), large);
    const jpeg = await encodeJpeg(image, { quality: 92 });
    const file = { encoding: 'jpeg' as const, width: null, height: null, channels: null, bitDepth: null };
    for (const one of [image, { data: jpeg, info: file }]) {
      const picture = await decodeScene(one);
      assert.deepEqual([picture.width, picture.height], [640, 360]);
      near(measureScene(picture, whole(picture)).level, 0.36, 0.005);
    }
    await assert.rejects(decodeScene({ data: jpeg.subarray(0, 5000), info: file }), { code: 'GP_IMAGE_UNREADABLE' });
  });
});

describe('a region in pixels', () => {
  it('holds the pixels whose centres lie in the polygon', () => {
    const square: [number, number][] = [
      [0.25, 0.25],
      [0.75, 0.25],
      [0.75, 0.75],
      [0.25, 0.75],
    ];
    const mask = regionMask(square, { width: 8, height: 4 });
    assert.deepEqual(
      Array.from({ length: 4 }, (_, y) => mask.subarray(y * 8, y * 8 + 8).join('')),
      ['00000000', '00111100', '00111100', '00000000'],
    );
    assert.ok(regionMask([], { width: 3, height: 2 }).every((one) => one === 1));
  });

  it('is boxed inside the picture, with the least size where the picture has it', () => {
    const corner: [number, number][] = [
      [0.97, 0.97],
      [1, 0.97],
      [1, 1],
    ];
    assert.deepEqual(regionBox(corner, { width: 200, height: 100 }, 48), { left: 152, top: 52, width: 48, height: 48 });
    assert.deepEqual(regionBox(corner, { width: 40, height: 30 }, 48), { left: 0, top: 0, width: 40, height: 30 });
  });
});
