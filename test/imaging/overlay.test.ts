import assert from 'node:assert/strict';
import sharp from 'sharp';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { Polygon, Verdict } from '../../lib/core/inspection.ts';
import { drawable, fitted, textPath, textWidth } from '../../lib/imaging/glyphs.ts';
import { heatPixels, rangeOf } from '../../lib/imaging/heat.ts';
import { drawOverlay, type OverlayView } from '../../lib/imaging/overlay.ts';
import { pixel, raw } from './pictures.ts';

const grey = raw(Buffer.alloc(640 * 480 * 3, 120), 640, 480, 3);
const square: Polygon = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.75, 0.75],
  [0.25, 0.75],
];
const region = { index: 1, name: 'ring', polygon: square, measure: 'maximum', median: 1, warn: 2, fail: 3 } as const;
const empty: OverlayView = { map: null, rois: [], verdict: 'pass', severity: 0.2 };

async function drawn(view: OverlayView, image = grey) {
  const { data, info } = await sharp(await drawOverlay(image, view))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ...info, at: (x: number, y: number) => pixel(data, info.width, info.channels, x, y), data };
}

/** An 8x8 map of ones with one cell of another value, in the middle of the square. */
function mapWith(value: number): AnomalyMap {
  return AnomalyMap.from(
    8,
    8,
    Float32Array.from({ length: 64 }, (_, i) => (i === 4 * 8 + 4 ? value : 1)),
  );
}

describe('drawOverlay', () => {
  it('draws a banner whose colour is the verdict’s', async () => {
    const greenest = { pass: 1, warn: 0, fail: 0 };
    for (const verdict of ['pass', 'warn', 'fail'] as const) {
      const [r, g, b] = (await drawn({ ...empty, verdict })).at(620, 3);
      const strongest = [r, g, b].indexOf(Math.max(r, g, b));
      assert.equal(strongest, greenest[verdict], `${verdict}: ${[r, g, b]}`);
      if (verdict === 'warn') assert.ok(g > 100);
      if (verdict === 'fail') assert.ok(g < 70);
    }
    const [r, g, b] = (await drawn({ ...empty, verdict: 'invalid', severity: null })).at(620, 3);
    assert.ok(Math.max(r, g, b) - Math.min(r, g, b) < 45, 'invalid is grey');
  });

  it('writes different signs and words, so that verdicts differ without colour', async () => {
    const shapes = new Set<string>();
    for (const verdict of ['pass', 'warn', 'fail', 'invalid', null] as (Verdict | null)[]) {
      const jpeg = await drawOverlay(grey, { ...empty, verdict });
      const { data } = await sharp(jpeg)
        .extract({ left: 0, top: 0, width: 300, height: 36 })
        .greyscale()
        .threshold(200)
        .raw()
        .toBuffer({ resolveWithObject: true });
      shapes.add(data.toString('base64'));
    }
    assert.equal(shapes.size, 5);
  });

  it('tints what is anomalous and leaves what is normal as it was', async () => {
    const picture = await drawn({ ...empty, map: mapWith(4), rois: [{ ...region }] });
    const banner = picture.height - 480;
    const [r, g] = picture.at(360, 270 + banner);
    assert.ok(r > 180 && g < 90, `hot cell: ${[r, g]}`);
    assert.deepEqual(picture.at(220, 300 + banner), [120, 120, 120], 'a normal cell');
  });

  it('draws without thresholds, without a map, and values that are not finite', async () => {
    assert.ok((await drawn({ ...empty, map: mapWith(9) })).at(360, 306)[0] > 150);
    const broken = await drawn({ ...empty, map: mapWith(Number.NaN), rois: [{ ...region }], severity: Number.NaN });
    const [r, g, b] = broken.at(360, 270 + broken.height - 480);
    assert.ok(r > 150 && b > 150 && g < 100, `not finite is magenta: ${[r, g, b]}`);
  });

  it('outlines regions in the colour of their verdict', async () => {
    const picture = await drawn({ ...empty, rois: [{ ...region, verdict: 'fail', severity: 1.5 }] });
    const banner = picture.height - 480;
    const edge = [-1, 0, 1].map((dx) => picture.at(160 + dx, 300 + banner));
    assert.ok(
      edge.some(([r, g]) => r > 140 && g < 110),
      `${JSON.stringify(edge)}`,
    );
  });

  it('keeps the picture’s shape: large ones are reduced, small ones enlarged, tall ones fit', async () => {
    const large = await drawn(empty, raw(Buffer.alloc(2000 * 1000), 2000, 1000, 1));
    assert.equal(large.width, 1280);
    assert.ok(large.height > 640 && large.height <= 640 + 72);
    const tall = await drawn(empty, raw(Buffer.alloc(10 * 2000), 10, 2000, 1));
    assert.ok(tall.width >= 480 && tall.height <= 1280 + 72);
    const tiny = await drawn(empty, raw(Buffer.alloc(1), 1, 1, 1));
    assert.equal(tiny.width, 480);
  });

  it('takes hostile names as nothing but letters', async () => {
    const hostile = '</svg><image href="file:///etc/passwd"/>&<script>\0 ‮ Größe 検査';
    await drawOverlay(grey, { ...empty, rois: [{ ...region, name: hostile }], text: hostile.repeat(50) });
  });

  it('says GP_IMAGE_UNREADABLE for a picture that cannot be read', async () => {
    const none = { data: Buffer.alloc(0), info: { ...grey.info, encoding: 'jpeg' as const } };
    await assert.rejects(drawOverlay(none, empty), { code: 'GP_IMAGE_UNREADABLE' });
  });
});

describe('heatPixels', () => {
  const alphas = (pixels: Buffer) => Array.from({ length: pixels.length / 4 }, (_, i) => pixels[i * 4 + 3]);

  it('is transparent up to half way to the limit and grows beyond', () => {
    const map = AnomalyMap.from(5, 1, Float32Array.of(0, 5, 7.5, 10, 20));
    const [a, b, c, d, e] = alphas(heatPixels(map, [], { median: 0, fail: 10 }));
    assert.deepEqual([a, b], [0, 0]);
    assert.ok(0 < c && c < d && d < e, `${[c, d, e]}`);
  });

  it('takes each cell’s range from its region and leaves ignore regions out', () => {
    const half = (left: number): Polygon => [
      [left, 0],
      [left + 0.5, 0],
      [left + 0.5, 1],
      [left, 1],
    ];
    const map = AnomalyMap.from(2, 1, Float32Array.of(8, 8));
    const inspect = { mode: 'inspect', polygon: half(0), range: { median: 0, fail: 100 } } as const;
    const [left, right] = alphas(heatPixels(map, [inspect], { median: 0, fail: 4 }));
    assert.ok(left === 0 && right > 100);
    const ignore = { mode: 'ignore', polygon: half(0.5), range: null } as const;
    assert.deepEqual(alphas(heatPixels(map, [inspect, ignore], { median: 0, fail: 4 })), [0, 0]);
  });

  it('finds a range in a map of nothing but NaN', () => {
    assert.deepEqual(rangeOf(AnomalyMap.from(1, 1, Float32Array.of(Number.NaN))), { median: 0, fail: 1 });
  });
});

describe('letters', () => {
  it('exist for all of ASCII and differ from each other', () => {
    const seen = new Map<string, string>();
    for (let code = 33; code < 127; code++) {
      const letter = String.fromCharCode(code);
      const path = textPath(letter, 0, 0, 6);
      assert.ok(path.length > 0, letter);
      assert.ok(!seen.has(path), `${letter} looks like ${seen.get(path)}`);
      seen.set(path, letter);
    }
  });

  it('fall back for what cannot be drawn and are cut to a width', () => {
    assert.equal(drawable('Größe é 検'), 'Grosse e ?');
    assert.equal(fitted('short', 6, 1000), 'short');
    const cut = fitted('a rather long text', 6, 60);
    assert.ok(cut.endsWith('..') && textWidth(cut, 6) <= 60, cut);
    assert.equal(fitted('abcdef', 6, 1), '');
  });
});
