import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { warp } from '../../lib/imaging/placement.ts';
import { falsePositiveLimit, PixelCurves } from '../../lib/learning/evaluation/aupro.ts';
import { auroc } from '../../lib/learning/evaluation/auroc.ts';
import { connectedComponents } from '../../lib/learning/evaluation/components.ts';
import { upsampled } from '../../lib/learning/evaluation/upsample.ts';

const width = 31;
const height = 22;

/** The pictures of which numpy, scipy and OpenCV gave the figures below. */
function examplePicture(k: number): { map: AnomalyMap; mask: Uint8Array | null } {
  const mask = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const x = (pixel % width) >> 2;
    const y = Math.floor(pixel / width) >> 2;
    return (x * 7 + y * 13 + k * 5) % 9 < 2 ? 1 : 0;
  });
  const cells = Float32Array.from({ length: 30 }, (_, cell) => {
    const x = Math.floor((((cell % 6) + 0.5) * width) / 6);
    const y = Math.floor(((Math.floor(cell / 6) + 0.5) * height) / 5);
    return ((cell * 37 + k * 11) % 101) / 10 + (k >= 2 ? 6 * mask[y * width + x] : 0);
  });
  return { map: AnomalyMap.from(6, 5, cells), mask: k >= 2 ? mask : null };
}

interface Picture {
  values: Float32Array;
  width: number;
  height: number;
  mask: Uint8Array | null;
}

/** By the definitions, slowly: every threshold, every region, every pixel. */
function figuresByDefinition(pictures: Picture[]): { pixelAuroc: number; aupro: number } {
  const good: number[] = [];
  const regions: number[][] = [];
  for (const picture of pictures) {
    const label = floodLabels(picture);
    const mine = new Map<number, number[]>();
    for (const [pixel, value] of picture.values.entries()) {
      if (label[pixel] === 0) good.push(value);
      else mine.set(label[pixel], [...(mine.get(label[pixel]) ?? []), value]);
    }
    regions.push(...mine.values());
  }
  const bad = regions.flat();
  let pairs = 0;
  for (const b of bad) for (const g of good) pairs += b > g ? 1 : b === g ? 0.5 : 0;
  const share = (values: number[], limit: number) => values.filter((value) => value >= limit).length / values.length;
  const thresholds = [...new Set([...good, ...bad])].sort((a, b) => b - a);
  let [x, y, area] = [0, 0, 0];
  for (const limit of thresholds) {
    const nextX = share(good, limit);
    const nextY = regions.reduce((sum, region) => sum + share(region, limit), 0) / regions.length;
    if (nextX >= falsePositiveLimit) {
      const part = nextX === x ? 0 : (falsePositiveLimit - x) / (nextX - x);
      area += (falsePositiveLimit - x) * (y + ((nextY - y) * part) / 2);
      break;
    }
    area += ((nextX - x) * (y + nextY)) / 2;
    [x, y] = [nextX, nextY];
  }
  return { pixelAuroc: pairs / bad.length / good.length, aupro: area / falsePositiveLimit };
}

/** Each marked pixel takes the smallest number of its neighbourhood until nothing changes. */
function floodLabels({ mask, width: w, height: h }: Picture): number[] {
  const label = Array.from({ length: w * h }, (_, pixel) => (mask?.[pixel] ? pixel + 1 : 0));
  for (let changed = true; changed; ) {
    changed = false;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        if (label[y * w + x] === 0) continue;
        for (let v = Math.max(0, y - 1); v <= Math.min(h - 1, y + 1); v++) {
          for (let u = Math.max(0, x - 1); u <= Math.min(w - 1, x + 1); u++) {
            const other = label[v * w + u];
            if (other !== 0 && other < label[y * w + x]) {
              label[y * w + x] = other;
              changed = true;
            }
          }
        }
      }
    }
  }
  return label;
}

function figuresOf(pictures: Picture[]) {
  const curves = new PixelCurves();
  for (const { values, width: w, height: h, mask } of pictures) curves.add(values, w, h, mask);
  return curves.finish();
}

describe('the AUROC', () => {
  it('is what scipy makes of the same numbers, ties included', () => {
    const good = Array.from({ length: 40 }, (_, i) => (i * 29) % 37);
    const bad = Array.from({ length: 25 }, (_, i) => ((i * 17) % 41) + 3);
    assert.ok(Math.abs(auroc(good, bad) - 0.6255) < 1e-12, `${auroc(good, bad)}`);
  });

  it('counts pairs, whatever the numbers', () => {
    const few = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(few, few, (good, bad) => {
        let pairs = 0;
        for (const g of good) for (const b of bad) pairs += b > g ? 1 : b === g ? 0.5 : 0;
        assert.ok(Math.abs(auroc(good, bad) - pairs / good.length / bad.length) < 1e-12);
      }),
    );
  });

  it('is 1 where all defects score higher, infinities included, and refuses what has no rank', () => {
    assert.equal(auroc([1, 2], [3, Number.POSITIVE_INFINITY]), 1);
    assert.equal(auroc([3, 4], [1, 2]), 0);
    assert.throws(() => auroc([1, Number.NaN], [2]), /Expected numbers for good scores but received NaN/);
  });
});

describe('the regions of a mask', () => {
  it('join over edges and corners', () => {
    const rows = ['1.1....', '.1...11', '....11.', '1......', '11...1.'];
    const mask = Uint8Array.from(rows.join(''), (sign) => (sign === '1' ? 1 : 0));
    const { labels, sizes } = connectedComponents(mask, 7, 5);
    assert.deepEqual(sizes, [3, 4, 3, 1]);
    assert.equal(labels[0], labels[2]);
    assert.notEqual(labels[0], labels[13]);
  });

  it('are as many and as large as scipy.ndimage.label with a full neighbourhood says', () => {
    const sizes = [2, 3, 4].map((k) =>
      connectedComponents(examplePicture(k).mask ?? new Uint8Array(), width, height)
        .sizes.toSorted((a, b) => a - b)
        .join(' '),
    );
    assert.deepEqual(sizes, [
      '8 8 12 16 16 16 16 16 16 16 16',
      '8 12 12 16 16 16 16 16 16 16 16',
      '8 8 12 12 16 16 16 16 16 16 16 16',
    ]);
  });

  it('may fill a large picture', () => {
    const { sizes } = connectedComponents(new Uint8Array(2000 * 1500).fill(1), 2000, 1500);
    assert.deepEqual(sizes, [3_000_000]);
  });
});

describe('pixel AUROC and AUPRO', () => {
  const drawn = (seed: number, ties: boolean): Picture[] => {
    const random = seededRandom(seed);
    return [null, 0.1, 0.3].map((share) => {
      const mask = share === null ? null : Uint8Array.from({ length: 96 }, () => (random() < share ? 1 : 0));
      const values = Float32Array.from({ length: 96 }, (_, pixel) => {
        const value = gaussian(random) + (mask?.[pixel] ?? 0);
        return ties ? Math.round(value * 2) / 2 : value;
      });
      return { values, width: 12, height: 8, mask };
    });
  };

  it('are what the definitions give, on drawn pictures', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const pictures = drawn(seed, seed % 2 === 0);
      const expected = figuresByDefinition(pictures);
      const { pixelAuroc, aupro, rounding } = figuresOf(pictures);
      assert.ok(rounding < (seed % 2 === 0 ? 0.2 : 0.002), `${rounding}`);
      assert.ok(Math.abs((pixelAuroc ?? 0) - expected.pixelAuroc) < 1e-3, `seed ${seed}: AUROC ${pixelAuroc}`);
      assert.ok(Math.abs((aupro ?? 0) - expected.aupro) < 2e-3, `seed ${seed}: AUPRO ${aupro}`);
    }
  });

  it('are what numpy, scipy and OpenCV make of the same pictures', () => {
    const pictures = [0, 1, 2, 3, 4].map((k) => {
      const { map, mask } = examplePicture(k);
      return { values: upsampled(map, width, height), width, height, mask };
    });
    const { pixelAuroc, aupro, regions, goodPixels, defectPixels, rounding } = figuresOf(pictures);
    assert.deepEqual({ regions, goodPixels, defectPixels }, { regions: 34, goodPixels: 2926, defectPixels: 484 });
    assert.ok(rounding < 1e-3);
    assert.ok(Math.abs((pixelAuroc ?? 0) - 0.7053264265095497) < 2e-4, `${pixelAuroc}`);
    assert.ok(Math.abs((aupro ?? 0) - 0.40358290445364753) < 5e-4, `${aupro}`);
  });

  it('leave out what the model does not look at', () => {
    const [good, first, second] = drawn(7, false);
    const half = (picture: Picture, value: number): Picture => ({
      ...picture,
      values: picture.values.map((own, pixel) => (pixel < 48 ? value : own)),
    });
    const lower = (picture: Picture): Picture => ({
      values: picture.values.slice(48),
      width: 12,
      height: 4,
      mask: picture.mask?.slice(48) ?? null,
    });
    const blind = figuresOf([good, first, second].map((picture) => half(picture, Number.NaN)));
    assert.deepEqual(blind, figuresOf([good, first, second].map(lower)));
  });

  it('are null without defects or without good pixels', () => {
    const [good] = drawn(3, false);
    assert.equal(figuresOf([good]).pixelAuroc, null);
    const all = figuresOf([{ ...good, mask: new Uint8Array(96).fill(1) }]);
    assert.deepEqual([all.pixelAuroc, all.aupro], [null, null]);
  });

  it('say by how much the rounding of values can move them', () => {
    const flat = { values: new Float32Array(96).fill(2.5), width: 12, height: 8, mask: new Uint8Array(96) };
    flat.mask.fill(1, 0, 10);
    const { pixelAuroc, rounding } = figuresOf([flat]);
    assert.deepEqual([pixelAuroc, rounding], [0.5, 0.5]);
  });
});

describe('a map over its picture', () => {
  it('is interpolated as OpenCV does it', () => {
    const values = upsampled(examplePicture(2).map, width, height);
    const row = (y: number, from: number) => [...values.slice(y * width + from, y * width + from + 4)];
    const near = (received: number[], expected: number[]) => {
      const far = received.filter((value, i) => Math.abs(value - expected[i]) > 2e-4);
      assert.deepEqual(far, [], `${received}`);
    };
    near(row(0, 0), [8.2, 8.2, 8.2, 7.7919354]);
    near(row(11, 13), [4.745455, 6.490909, 8.236364, 9.981818]);
  });

  it('lies where the part lay, when the frame was registered before scoring', () => {
    const side = 64;
    const frame = Buffer.alloc(side * side, 0);
    for (let y = 40; y < 44; y++) frame.fill(200, y * side + 20, y * side + 24);
    const placed = { dx: 0.1, dy: -0.05, rotation: 8 };
    const seen = warp(frame, { width: side, height: side }, 1, placed);
    const map = AnomalyMap.from(side, side, Float32Array.from(seen));
    const back = upsampled(map, side, side, placed);
    assert.equal(map.values().indexOf(Math.max(...map.values())) === 41 * side + 21, false);
    for (const [x, y, expected] of [
      [21, 41, 200],
      [22, 42, 200],
      [10, 41, 0],
      [21, 50, 0],
    ]) {
      assert.ok(Math.abs(back[y * side + x] - expected) < 25, `${x} ${y}: ${back[y * side + x]}`);
    }
  });
});
