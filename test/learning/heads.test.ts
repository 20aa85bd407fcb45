import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import type { FeatureExtractor } from '../../lib/learning/features/extractor.ts';
import { GraphBuilder } from '../../lib/learning/graph/graph-builder.ts';
import { writeGraph } from '../../lib/learning/graph/write-graph.ts';
import { mapOf, maximumOf } from '../../lib/learning/heads/calibration.ts';
import { chooseCoreset } from '../../lib/learning/heads/coreset.ts';
import { assignFolds, fitHead, folds } from '../../lib/learning/heads/cross-fit.ts';
import { distanceOf, fitGaussian, shrinkageOf } from '../../lib/learning/heads/gaussian.ts';
import { type Bank, fitNearest, NearestCells } from '../../lib/learning/heads/nearest.ts';
import type { Samples } from '../../lib/learning/heads/samples.ts';
import { cholesky, whitenedSquare } from '../../lib/learning/math/linear-algebra.ts';
import { featureGraph, gridOf, modelGraph, projectionGraph } from '../../lib/learning/model-graph.ts';
import { Session } from '../../lib/scoring/session.ts';
import { pictureOf, randomSamples, rest } from './head-samples.ts';

/** Mean and covariance of the listed pictures at a position, by the definition. */
function moments(samples: Samples, position: number, chosen: number[]) {
  const d = samples.dimensions;
  const rows = chosen.map((picture) => samples.picture(picture).subarray(position * d, (position + 1) * d));
  const mean = Array.from({ length: d }, (_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      for (const row of rows) covariance[i * d + j] += ((row[i] - mean[i]) * (row[j] - mean[j])) / (rows.length - 1);
    }
  }
  return { mean, covariance };
}

describe('the Gaussian head', () => {
  it('gives the distances that fitting again without the fold would give', async () => {
    const samples = randomSamples(33, 6, 4, 1);
    const { dimensions: d, positions, pictures } = samples;
    const foldOf = assignFolds(pictures, 7);
    const fit = await fitGaussian(samples, foldOf, folds, rest);
    assert.ok(fit);
    for (let fold = 0; fold < folds; fold++) {
      const others = foldOf.flatMap((each, picture) => (each === fold ? [] : [picture]));
      const shrinkage = shrinkageOf(pictures);
      const all = Array.from({ length: positions }, (_, position) => moments(samples, position, others));
      for (let position = 0; position < positions; position++) {
        const { mean, covariance } = all[position];
        const matrix = covariance.map((value) => value * (1 - shrinkage));
        for (let i = 0; i < d; i++) {
          const pooled = all.reduce((sum, each) => sum + each.covariance[i * d + i], 0) / positions;
          matrix[i * d + i] += shrinkage * pooled;
        }
        assert.ok(cholesky(matrix, d));
        for (let picture = 0; picture < pictures; picture++) {
          if (foldOf[picture] !== fold) continue;
          const z = samples.picture(picture);
          const x = Float64Array.from(mean, (value, i) => z[position * d + i] - value);
          const expected = distanceOf(whitenedSquare(matrix, d, x));
          const received = fit.crossFitted[picture * positions + position];
          assert.ok(Math.abs(expected - received) < 1e-4, `${expected} ${received}`);
        }
      }
    }
  });
});

describe('what pooled variances count for', () => {
  it('falls with the pictures, from most of a covariance to next to nothing', () => {
    assert.equal(shrinkageOf(10), 0.5);
    assert.ok(shrinkageOf(5) > 0.5 && shrinkageOf(30) === 0.25);
    assert.ok(shrinkageOf(300) < 0.04 && shrinkageOf(5000) > 0);
  });
});

describe('the nearest head', () => {
  const random = seededRandom(6);
  const d = 11;
  const numbers = (count: number) => Float32Array.from({ length: count * d }, () => 5 * gaussian(random));
  const floor = 0.01;
  const bankOf = (cells: Float32Array): Bank => ({ cells, floor });
  const model = new NearestCells(numbers(1), [bankOf(numbers(30)), bankOf(numbers(17)), bankOf(numbers(4))]);

  it('measures the distance to the nearest kept cell of all', () => {
    const z = numbers(40);
    const received = model.distances(z);
    for (let cell = 0; cell < 40; cell++) {
      let least = Number.POSITIVE_INFINITY;
      for (const { cells } of model.banks) {
        for (let row = 0; row < cells.length; row += d) {
          let square = 0;
          for (let k = 0; k < d; k++) square += (z[cell * d + k] - model.centre[k] - cells[row + k]) ** 2;
          least = Math.min(least, square);
        }
      }
      const expected = Math.sqrt(least + floor);
      assert.ok(Math.abs(received[cell] - expected) < 1e-5 * expected);
    }
  });

  it('finds a defect wherever it is, and no fault with a good part that has moved', async () => {
    // Every picture is the same pattern of cells, shifted along the grid by another amount.
    const grid = { width: 8, height: 1 };
    const shifted = (by: number, at: Float32Array) => {
      const z = at.slice();
      for (let i = 0; i < 8; i++) z.set(at.subarray(((i + by) % 8) * 4, ((i + by) % 8) * 4 + 4), i * 4);
      return z;
    };
    const pattern = Float32Array.from({ length: 32 }, () => 6 * gaussian(random));
    const noisy = () =>
      shifted(
        Math.floor(random() * 8),
        pattern.map((value) => value + 0.3 * gaussian(random)),
      );
    const samples = randomSamples(40, 4, 8, 1, noisy);
    const score = async (kind: 'gaussian' | 'nearest') => {
      const fit = await fitHead(kind, samples, assignFolds(40, 1), grid, { seed: 1, pause: rest });
      assert.ok(fit);
      const of = (z: Float32Array) => maximumOf(mapOf(fit.distances(z), fit.calibration, grid));
      const good = Array.from({ length: 30 }, () => of(noisy()));
      const bad = Array.from({ length: 30 }, () => of(noisy().map((value, i) => (i >> 2 === 3 ? value + 3 : value))));
      return { good: Math.max(...good), bad: Math.min(...bad) };
    };
    const nearest = await score('nearest');
    assert.ok(nearest.bad > nearest.good, `${nearest.bad} ${nearest.good}`);
    const fixed = await score('gaussian');
    assert.ok(fixed.bad < fixed.good, 'a Gaussian per position cannot tell them apart here');
  });

  it('keeps cells that leave none far away, far better than cells drawn at random', () => {
    const random = seededRandom(8);
    // A large cluster and rare cells far from it.
    const cells = Float32Array.from(
      { length: 1000 * d },
      (_, i) => gaussian(random) + (i < 20 * d ? 40 * gaussian(random) : 0),
    );
    const reach = (chosen: number[]) => {
      const bank = Float32Array.from(chosen.flatMap((row) => [...cells.subarray(row * d, (row + 1) * d)]));
      return Math.max(...new NearestCells(new Float32Array(d), [bankOf(bank)]).distances(cells));
    };
    const chosen = chooseCoreset(cells, d, 60, seededRandom(1));
    assert.equal(new Set(chosen).size, 60);
    assert.ok(reach(chosen) < 0.3 * reach(Array.from({ length: 60 }, (_, i) => 400 + i)));
    assert.deepEqual(chooseCoreset(cells, d, 60, seededRandom(1)), chosen);
    assert.equal(chooseCoreset(cells, d, 2000, seededRandom(1)).length, 1000);
    assert.equal(chooseCoreset(new Float32Array(50 * d), d, 20, seededRandom(1)).length, 1, 'repeats are not kept');
  });

  it('gives nearly the same distances in a graph, wherever the features lie', async () => {
    const far = new NearestCells(
      numbers(1).map((value) => value + 300),
      model.banks,
    );
    const z = numbers(12).map((value) => value + 300);
    const graph = new GraphBuilder('test');
    const input = graph.input('z', [1, d, 3, 4], 'float32');
    const distance = far.addDistance(graph, input, { width: 4, height: 3 });
    const session = await Session.open(writeGraph(graph.finish({ distance })));
    const channelsFirst = Float32Array.from({ length: z.length }, (_, i) => z[(i % 12) * d + Math.floor(i / 12)]);
    const { data, shape } = (await session.run({ z: { data: channelsFirst, shape: [1, d, 3, 4] } })).distance;
    await session.dispose();
    assert.deepEqual([...shape], [1, 1, 3, 4]);
    for (const [i, expected] of far.distances(z).entries()) assert.ok(Math.abs(data[i] - expected) < 1e-3 * expected);
  });

  it('calls pictures without any noise good, in learning and in the graph alike', async () => {
    // Cells that repeat exactly have distance zero, and single precision makes a small number of that.
    const repeated = numbers(12);
    const samples = randomSamples(25, d, 12, 1, (z, picture) =>
      picture % 2 ? repeated : z.map((v, i) => (i < d ? v : repeated[i])),
    );
    const grid = { width: 4, height: 3 };
    const fit = await fitHead('nearest', samples, assignFolds(25, 1), grid, { seed: 1, pause: rest });
    assert.ok(fit);
    const z = samples.picture(1);
    const channelsFirst = Float32Array.from({ length: z.length }, (_, i) => z[(i % 12) * d + Math.floor(i / 12)]);
    const graph = new GraphBuilder('test');
    const distance = fit.addDistance(graph, graph.input('z', [1, d, 3, 4], 'float32'), grid);
    const session = await Session.open(writeGraph(graph.finish({ distance })));
    const { data } = (await session.run({ z: { data: channelsFirst, shape: [1, d, 3, 4] } })).distance;
    await session.dispose();
    const [learned, inGraph] = [fit.distances(z), data].map((each) => mapOf(each, fit.calibration, grid));
    for (const [i, value] of learned.entries()) {
      assert.ok(Math.abs(value) < 1.5, `${value}`);
      assert.ok(Math.abs(value - inGraph[i]) < 0.02, `${value} ${inGraph[i]}`);
    }
  });
});

/** Colour or grey means of cells: the smallest features that there are. */
const meanColour = (channels: 1 | 3, stride: number): FeatureExtractor => ({
  kind: 'bank',
  description: 'mean colour',
  channels,
  stride,
  add(graph, picture, { width, height }) {
    const planes = graph.reshape(graph.transpose(graph.cast(picture), [0, 3, 1, 2]), [1, channels, height, width]);
    return graph.pool('AveragePool', planes, stride);
  },
});

describe('the written model', () => {
  const size = { width: 48, height: 32 };
  const channels = 3;
  const random = seededRandom(2);
  const feed = (pixels: Uint8Array) => ({ image: { data: pixels, shape: [1, 32, 48, 3] } });
  const drawn = () => Uint8Array.from({ length: 32 * 48 * 3 }, () => 256 * random());

  for (const stride of [8, 16]) {
    const extractor = meanColour(channels, stride);
    const parts = { size, channels, extractor } as const;
    const projection = {
      channels,
      dimensions: 2,
      weights: Float32Array.of(0.1, 0, 0, 0, 0.1, 0.1),
      bias: Float32Array.of(-9, 4),
      explained: 1,
    };
    const grid = gridOf(size, extractor);

    it(`has a grid of its features’ stride, ${stride} pixels`, async () => {
      assert.deepEqual(grid, { width: 48 / stride, height: 32 / stride });
      const session = await Session.open(writeGraph(featureGraph(parts)));
      assert.deepEqual(session.outputs[0].shape, [1, 3, grid.height, grid.width]);
      await session.dispose();
    });

    for (const kind of ['gaussian', 'nearest'] as const) {
      it(`scores as learning did: ${kind} head, cells of ${stride} pixels`, async () => {
        const project = await Session.open(writeGraph(projectionGraph({ ...parts, projection })));
        const z = async (pixels: Uint8Array) => (await project.run(feed(pixels))).features.data;
        const positions = grid.width * grid.height;
        const pictures = await Promise.all(Array.from({ length: 25 }, () => z(drawn())));
        const samples = randomSamples(25, 2, positions, 1, (_, i) => pictures[i]);
        const head = await fitHead(kind, samples, assignFolds(25, 1), grid, { seed: 1, pause: rest });
        assert.ok(head);
        const bytes = writeGraph(modelGraph({ ...parts, projection, head, calibration: head.calibration }));
        const session = await Session.open(bytes);
        const pixels = drawn();
        const { map, score } = await session.run(feed(pixels));
        const expected = mapOf(head.distances(await z(pixels)), head.calibration, grid);
        for (const [i, value] of expected.entries())
          assert.ok(Math.abs(map.data[i] - value) < 1e-3 * Math.max(1, Math.abs(value)));
        assert.equal(score.data[0], Math.max(...map.data));
        await session.dispose();
        await project.dispose();
        assert.deepEqual(writeGraph(modelGraph({ ...parts, projection, head, calibration: head.calibration })), bytes);
      });
    }
  }
});

describe('fitting a head', () => {
  it('takes time in proportion to the pictures', async () => {
    const cpuMs = async (kind: 'gaussian' | 'nearest', pictures: number) => {
      const random = seededRandom(1);
      const samples = randomSamples(pictures, 24, 32, 1, () => pictureOf(24, 32, random));
      const foldOf = assignFolds(pictures, 1);
      const began = process.cpuUsage();
      if (kind === 'gaussian') await fitGaussian(samples, foldOf, folds, rest);
      else await fitNearest(samples, foldOf, folds, { seed: 1, cells: 300, pause: rest });
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1000;
    };
    for (const kind of ['gaussian', 'nearest'] as const) {
      await cpuMs(kind, 100);
      const [few, many] = [await cpuMs(kind, 150), await cpuMs(kind, 600)];
      assert.ok(many < 8 * few + 200, `${kind}: 150 pictures ${few} ms, 600 pictures ${many} ms`);
    }
  });
});
