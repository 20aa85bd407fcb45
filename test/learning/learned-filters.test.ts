import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import type { Pictures } from '../../lib/learning/features/extractor.ts';
import { kMeans } from '../../lib/learning/features/k-means.ts';
import { addFilters, type FilterOptions, learnFilters } from '../../lib/learning/features/learned-filters.ts';
import { samplePatches } from '../../lib/learning/features/patches.ts';
import { addPyramid } from '../../lib/learning/features/pyramid.ts';
import { GraphBuilder } from '../../lib/learning/graph/graph-builder.ts';
import { writeGraph } from '../../lib/learning/graph/write-graph.ts';
import { Session } from '../../lib/scoring/session.ts';

const size = { width: 64, height: 64 };
const nothing = async () => {};

function texture(channels: 1 | 3, count = 10): Pictures {
  const random = seededRandom(5);
  const all = Array.from({ length: count }, () =>
    Buffer.from(
      Array.from({ length: 64 * 64 * channels }, (_, i) => 128 + 40 * Math.sin(i / 7) + 20 * gaussian(random)),
    ),
  );
  return { count, size, channels, pixels: (i) => all[i] };
}

describe('k-means', () => {
  const random = seededRandom(2);
  const centres = [
    [0, 0],
    [10, 0],
    [0, 10],
  ];
  const points = Float32Array.from(
    Array.from({ length: 300 }, (_, i) => centres[i % 3].map((value) => value + 0.3 * gaussian(random))).flat(),
  );

  it('finds the middle of each heap of points, the same for the same seed', async () => {
    const found = await kMeans(points, 2, { k: 3, iterations: 20, seed: 4 }, nothing);
    for (const [x, y] of centres) {
      const least = Math.min(...[0, 1, 2].map((c) => Math.hypot(found[c * 2] - x, found[c * 2 + 1] - y)));
      assert.ok(least < 0.2, `${[...found]}`);
    }
    assert.deepEqual(await kMeans(points, 2, { k: 3, iterations: 20, seed: 4 }, nothing), found);
  });

  it('gives numbers where there are fewer different points than centroids', async () => {
    const same = new Float32Array(40).fill(3);
    const found = await kMeans(same, 2, { k: 5, iterations: 4, seed: 1 }, nothing);
    assert.ok(found.every((value) => value === 3));
  });
});

describe('learned filters', () => {
  const options: FilterOptions = {
    seed: 1,
    strides: [1, 1, 1],
    centroids: 10,
    contrast: 0.03,
    regularisation: 0.5,
    patches: 3000,
  };

  it('learn from patches as the graph sees them, spread over all pictures', async () => {
    const pictures = texture(3);
    const asked: number[] = [];
    const pixels = (i: number) => {
      asked.push(i);
      return pictures.pixels(i);
    };
    const watched: Pictures = { ...pictures, pixels };
    const [fine, , coarse] = await samplePatches(watched, { levels: 3, kernel: 7, perLevel: 200, seed: 1 }, nothing);
    assert.deepEqual(asked, [...Array(10).keys()]);
    assert.equal(fine.length, 200 * 3 * 49);
    const spread = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    assert.ok(spread(coarse) < spread(fine), 'noise is averaged away on the coarse level');
  });

  it('have whitened axes: patches of the good pictures vary as much along each, faint ones less', async () => {
    const exact = { ...options, regularisation: 1e-6, contrast: 1e-6 };
    const pictures = texture(1);
    const [filters] = await learnFilters(pictures, exact, nothing);
    const [patches] = await samplePatches(pictures, { levels: 3, kernel: 7, perLevel: 3000, seed: 1 }, nothing);
    const axes = filters.whitening.length / 49;
    assert.equal(axes, 48);
    for (const axis of [0, 20, 47]) {
      let square = 0;
      for (let p = 0; p < 3000; p++) {
        const patch = patches.subarray(p * 49, (p + 1) * 49);
        const mean = patch.reduce((a, b) => a + b, 0) / 49;
        const deviation = Math.sqrt(patch.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 49);
        let along = 0;
        for (let i = 0; i < 49; i++) along += (patch[i] / deviation) * filters.whitening[axis * 49 + i];
        square += along * along;
      }
      assert.ok(Math.abs(square / 3000 - 1) < 0.02, `axis ${axis}: ${square / 3000}`);
    }
  });

  for (const channels of [1, 3] as const) {
    it(`give in the graph what the method says, computed patch by patch (${channels} channel)`, async () => {
      const pictures = texture(channels);
      const learned = await learnFilters(pictures, options, nothing);
      const graph = new GraphBuilder('test');
      const input = graph.input('image', [1, 64, 64, channels], 'uint8');
      const pyramid = addPyramid(graph, input, size);
      const planes = [pyramid[0].luminance, ...(pyramid[0].colour ? [pyramid[0].colour] : [])];
      const level = graph.unary('Relu', graph.concatChannels([...planes, ...planes.map((p) => graph.unary('Neg', p))]));
      const features = graph.concatChannels(addFilters(graph, pyramid, learned, options));
      const session = await Session.open(writeGraph(graph.finish({ features, level })));
      const run = await session.run({ image: { data: pictures.pixels(0), shape: [1, 64, 64, channels] } });
      await session.dispose();
      const value = (plane: number, y: number, x: number) =>
        run.level.data[(plane * 64 + y) * 64 + x] - run.level.data[((plane + channels) * 64 + y) * 64 + x];
      const { centroids, whitening } = learned[0];
      const n = 49 * channels;
      const axes = whitening.length / n;
      const sums = new Array<number>(10).fill(0);
      let nearest = 0;
      // The cell in row 3, column 4: no patch of it touches the border.
      for (let y = 24; y < 32; y++) {
        for (let x = 32; x < 40; x++) {
          const patch: number[] = [];
          for (let plane = 0; plane < channels; plane++) {
            const own: number[] = [];
            for (let dy = -3; dy <= 3; dy++) for (let dx = -3; dx <= 3; dx++) own.push(value(plane, y + dy, x + dx));
            const mean = own.reduce((a, b) => a + b, 0) / 49;
            patch.push(...own.map((each) => each - mean));
          }
          const scale = 1 / Math.sqrt(patch.reduce((sum, each) => sum + each * each, 0) / n + options.contrast);
          const distances = sums.map((_, c) => {
            let square = 0;
            for (let axis = 0; axis < axes; axis++) {
              let along = 0;
              for (let i = 0; i < n; i++) along += patch[i] * scale * whitening[axis * n + i];
              square += (along - centroids[c * axes + axis]) ** 2;
            }
            return Math.sqrt(square);
          });
          const mean = distances.reduce((a, b) => a + b, 0) / distances.length;
          for (const [c, distance] of distances.entries()) sums[c] += Math.max(0, mean - distance) / 64;
          nearest += Math.min(...distances) / 64;
        }
      }
      const at = (channel: number) => run.features.data[channel * 64 + 3 * 8 + 4];
      for (const [c, sum] of sums.entries())
        assert.ok(Math.abs(at(c) - Math.sqrt(sum)) < 2e-3, `${c}: ${at(c)}, ${sum}`);
      assert.ok(Math.abs(at(10) - nearest) < 2e-3, `${at(10)} and ${nearest}`);
    });
  }
});
