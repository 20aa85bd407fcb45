import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { bytesOf } from '../../lib/imaging/levels.ts';
import { Describer, fitProjection } from '../../lib/learning/describer.ts';
import type { FeatureExtractor, Pictures } from '../../lib/learning/features/extractor.ts';
import { type FeatureOptions, prepareFeatures } from '../../lib/learning/features/features.ts';
import { mostDimensions, ProjectionFit } from '../../lib/learning/features/projection.ts';
import { writeGraph } from '../../lib/learning/graph/write-graph.ts';
import { featureGraph } from '../../lib/learning/model-graph.ts';
import { Session } from '../../lib/scoring/session.ts';

const size = { width: 96, height: 64 };
const kinds = ['bank', 'filters', 'thorough'] as const;
const small: FeatureOptions = { filters: { centroids: 12, patches: 1500 } };

type Pixel = (x: number, y: number) => readonly number[];

function picture(pixel: Pixel, channels: 1 | 3): Buffer {
  const data = Buffer.alloc(size.width * size.height * channels);
  for (let y = 0, at = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      for (const value of pixel(x, y)) data[at++] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
  return data;
}

/** A striped part with noise of its own. */
function part(seed: number, channels: 1 | 3, tint: Pixel = () => [0, 0, 0]): Buffer {
  const random = seededRandom(seed);
  return picture((x, y) => {
    const value = 110 + 30 * Math.sin(x / 5) + 15 * Math.cos(y / 3) + 3 * gaussian(random);
    return channels === 1 ? [value] : tint(x, y).map((more) => value + more);
  }, channels);
}

function parts(channels: 1 | 3, count = 12): Pictures {
  const all = Array.from({ length: count }, (_, i) => part(i + 1, channels));
  return { count, size, channels, pixels: (i) => all[i] };
}

const prepare = (kind: (typeof kinds)[number], pictures: Pictures, seed = 1, options = small) =>
  prepareFeatures({ kind }, pictures, seed, { threads: 1, progress: async () => {} }, options);

async function featuresOf(extractor: FeatureExtractor, channels: 1 | 3, pictures: Uint8Array[]) {
  const session = await Session.open(writeGraph(featureGraph({ size, channels, extractor })), { threads: 1 });
  const out: Float32Array[] = [];
  for (const data of pictures) {
    const { features } = await session.run({ image: { data, shape: [1, size.height, size.width, channels] } });
    assert.deepEqual(features.shape, [1, extractor.channels, size.height / 8, size.width / 8]);
    out.push(features.data);
  }
  await session.dispose();
  return out;
}

const farthest = (a: Float32Array, b: Float32Array) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

describe('the built-in features', () => {
  for (const kind of kinds) {
    it(`${kind}: as many numbers as promised for grey and coloured pictures, finite for a uniform one too`, async () => {
      for (const channels of [1, 3] as const) {
        const extractor = await prepare(kind, parts(channels));
        const uniform = new Uint8Array(size.width * size.height * channels);
        const all = await featuresOf(extractor, channels, [part(99, channels), uniform, uniform.fill(255)]);
        assert.ok(all.every((features) => features.every(Number.isFinite)));
        assert.match(extractor.description, /7 x 7/);
      }
    });

    it(`${kind}: a change of exposure leaves them alone, a scratch does not`, async () => {
      for (const channels of [1, 3] as const) {
        const extractor = await prepare(kind, parts(channels));
        const before = part(50, channels);
        const darker = before.map((value) => value * 0.8);
        const scratched = Buffer.from(before).fill(
          210,
          (30 * size.width + 20) * channels,
          (30 * size.width + 60) * channels,
        );
        const [a, b, c] = await featuresOf(extractor, channels, [before, darker, scratched]);
        assert.ok(farthest(a, b) * 4 < farthest(a, c), `${farthest(a, b)} against ${farthest(a, c)}`);
      }
    });

    it(`${kind}: a stain of another colour but the same brightness is far outside what good parts show`, async () => {
      const good = parts(3);
      const extractor = await prepare(kind, good);
      // 0.299 R + 0.587 G + 0.114 B is the same in and outside the stain.
      const stain: Pixel = (x, y) => ((x - 48) ** 2 + (y - 32) ** 2 < 64 ? [20, -10.19, 0] : [0, 0, 0]);
      const pictures = [...Array(12).keys()].map((i) => bytesOf(good.pixels(i)));
      const [stained, other, ...learned] = await featuresOf(extractor, 3, [
        part(70, 3, stain),
        part(71, 3),
        ...pictures,
      ]);
      const cell = 4 * 12 + 6;
      const strangeness = (features: Float32Array) => {
        let worst = 0;
        for (let at = cell; at < features.length; at += 96) {
          const values = learned.map((each) => each[at]);
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
          worst = Math.max(worst, Math.abs(features[at] - mean) / (deviation + 1e-3));
        }
        return worst;
      };
      assert.ok(strangeness(stained) > 5 * strangeness(other), `${strangeness(stained)} and ${strangeness(other)}`);
    });

    it(`${kind}: the same seed and pictures give the same bytes, another seed others`, async () => {
      const bytes = async (seed: number) => {
        const extractor = await prepare(kind, parts(1), seed);
        return writeGraph(featureGraph({ size, channels: 1, extractor }));
      };
      const first = await bytes(3);
      assert.ok(first.equals(await bytes(3)));
      assert.ok(!first.equals(await bytes(4)));
    });
  }

  it('thorough holds the bank and the filters, and a coarser convolution stride changes no shape', async () => {
    const pictures = parts(1);
    const [bank, filters, thorough] = await Promise.all(kinds.map((kind) => prepare(kind, pictures)));
    const statistics = 10;
    assert.equal(thorough.channels, bank.channels + filters.channels - statistics);
    const coarse = await prepare('thorough', pictures, 1, { ...small, strides: [4, 2, 1] });
    const [fine, coarser] = [await featuresOf(thorough, 1, [part(60, 1)]), await featuresOf(coarse, 1, [part(60, 1)])];
    assert.equal(fine[0].length, coarser[0].length);
    assert.notDeepEqual(fine, coarser);
  });

  it('thorough tells of each cell and of the 7 x 7 around it', async () => {
    const pictures = parts(1);
    const extractor = await prepare('thorough', pictures);
    const tools = { seed: 1, threads: 1, progress: async () => {} };
    const projection = await fitProjection(pictures, extractor, tools);
    const describer = await Describer.open(pictures, { extractor, projection }, 1);
    const z = await describer.z(pictures.pixels(0));
    await describer.dispose();
    const { width, height } = describer.grid;
    const [d, half] = [describer.dimensions, projection.dimensions];
    assert.ok(half <= mostDimensions / 2 && d === 2 * half && z.length === d * width * height);
    for (const [x, y] of [
      [0, 0],
      [5, 4],
      [width - 1, 2],
    ]) {
      let [sum, count] = [0, 0];
      for (let v = Math.max(0, y - 3); v <= Math.min(height - 1, y + 3); v++) {
        for (let u = Math.max(0, x - 3); u <= Math.min(width - 1, x + 3); u++, count++) sum += z[(v * width + u) * d];
      }
      assert.ok(Math.abs(z[(y * width + x) * d + half] - sum / count) < 1e-3, `cell ${x}, ${y}`);
    }
  });

  it('refuses to learn filters where nothing varies, in one sentence', async () => {
    const uniform = Buffer.alloc(size.width * size.height, 90);
    const pictures: Pictures = { count: 20, size, channels: 1, pixels: () => uniform };
    await assert.rejects(prepare('filters', pictures), { code: 'GP_LEARN_FAILED', message: /something varies/ });
  });
});

describe('the projection', () => {
  const random = seededRandom(8);
  const cells = 4000;
  /** Two ordinary channels and one that is 0 but for one cell in a thousand. */
  const features = Float32Array.from({ length: 3 * cells }, (_, i) =>
    i < 2 * cells ? gaussian(random) : i % 1000 === 7 ? 1 : 0,
  );
  const weightOf = (alike?: { from: number; to: number }[]) => {
    const fit = new ProjectionFit(3, alike);
    fit.add(features, cells, 1, 0);
    const projection = fit.finish(3);
    assert.ok(projection);
    let square = 0;
    for (let k = 0; k < projection.dimensions; k++) square += projection.weights[k * 3 + 2] ** 2;
    return Math.sqrt(square);
  };

  it('blows a rare channel up to the scale of the others, unless it is known to be of their unit', () => {
    assert.ok(weightOf() > 10, `${weightOf()}`);
    assert.ok(weightOf([{ from: 0, to: 3 }]) < 2, `${weightOf([{ from: 0, to: 3 }])}`);
  });
});
