import assert from 'node:assert/strict';
import { gaussian, mixSeed, type Random, seededRandom, shuffled } from '../../lib/core/random.ts';
import { clustersOf, findClusters, meanFeatures } from '../../lib/learning/pictures/clusters.ts';
import { lookAt } from '../../lib/learning/pictures/looks.ts';

const dimensions = 30;

/** `count` descriptors whose axes vary less and less, as projected features do, moved by `shift` along some of them. */
function kind(count: number, shift: number, random: Random, spread = 1): Float32Array[] {
  return Array.from({ length: count }, () =>
    Float32Array.from(
      { length: dimensions },
      (_, k) => (spread * gaussian(random) * 3) / (1 + k / 3) + (k % 4 === 1 ? shift : 0),
    ),
  );
}

const labelsOf = (descriptors: readonly unknown[]) => descriptors.map((_, i) => `part ${i}`);
const find = (descriptors: Float32Array[], seed = 1) => findClusters(descriptors, labelsOf(descriptors), seed);

describe('kinds of part among the good pictures', () => {
  it('are not raised for one product, however many pictures of it there are', () => {
    for (const count of [20, 30, 45, 60, 100, 300, 700]) {
      for (let seed = 0; seed < 4; seed++) {
        const clusters = find(kind(count, 0, seededRandom(mixSeed(seed, count))), seed);
        assert.equal(clusters, null, `${count} pictures, seed ${seed}: ${clusters?.separation}`);
      }
    }
  });

  it('are not raised for one that varies evenly, nor for a few outlying pictures', () => {
    const random = seededRandom(5);
    const even = Array.from({ length: 200 }, (_, i) => Float32Array.of(i / 20, random(), random()));
    assert.equal(find(even), null);
    assert.equal(find([...kind(200, 0, random), ...kind(5, 40, random)]), null);
  });

  it('are found half and half, and told apart without a mistake', () => {
    const random = seededRandom(2);
    const clusters = find([...kind(60, 0, random), ...kind(60, 9, random)]);
    assert.ok(clusters);
    assert.deepEqual(clusters.sizes, [60, 60]);
    assert.equal(new Set(clusters.of.slice(0, 60)).size, 1);
    assert.notEqual(clusters.of[0], clusters.of[60]);
    assert.match(
      clusters.sentence,
      /This looks like 2 products or set-ups \(60 \+ 60 pictures\): learn them separately/,
    );
  });

  it('are found where one is rare, and where one varies much more than the other', () => {
    const random = seededRandom(3);
    assert.deepEqual(find([...kind(30, 9, random), ...kind(120, 0, random)])?.sizes, [120, 30]);
    assert.deepEqual(find([...kind(100, 0, random, 0.2), ...kind(100, 10, random, 1.2)])?.count, 2);
  });

  it('are found where there are three, the largest first, with the most typical pictures of each', () => {
    const random = seededRandom(4);
    const mixed = [...kind(50, -11, random), ...kind(90, 0, random), ...kind(70, 11, random)];
    const clusters = find(mixed);
    assert.ok(clusters);
    assert.deepEqual(clusters.sizes, [90, 70, 50]);
    for (const [cluster, examples] of clusters.examples.entries()) {
      assert.equal(examples.length, 6);
      for (const { picture, label } of examples) {
        assert.equal(clusters.of[picture], cluster);
        assert.equal(label, `part ${picture}`);
      }
    }
  });

  it('are the same whatever the order of the pictures, and for the same seed exactly the same', () => {
    const random = seededRandom(6);
    const mixed = [...kind(40, 0, random), ...kind(80, 9, random)];
    assert.deepEqual(find(mixed), find(mixed));
    const order = shuffled([...mixed.keys()], 9);
    const moved = find(order.map((i) => mixed[i]));
    assert.deepEqual(
      moved?.of,
      order.map((i) => (i < 40 ? 1 : 0)),
    );
  });

  it('are told for every picture where only a part of thousands is searched', () => {
    const random = seededRandom(8);
    const clusters = find([...kind(1500, 0, random), ...kind(500, 9, random)]);
    assert.deepEqual(clusters?.sizes, [1500, 500]);
  });

  it('are raised by light alone, which features do not see', () => {
    const random = seededRandom(10);
    const picture = (light: number) => {
      const own = light * (1 + 0.03 * gaussian(random));
      return Uint8Array.from({ length: 64 * 64 }, (_, i) => {
        const ring = 50 * Math.cos(Math.hypot((i % 64) - 32, Math.floor(i / 64) - 32) / 5);
        return Math.max(0, Math.min(255, (100 + ring + 4 * gaussian(random)) * own));
      });
    };
    const looks = Array.from({ length: 80 }, (_, i) =>
      lookAt(picture(i % 5 === 0 ? 1.3 : 1), { width: 64, height: 64 }, 1),
    );
    const clusters = clustersOf({ features: kind(80, 0, random), looks }, labelsOf(looks), 1);
    assert.equal(clusters?.by, 'light');
    assert.deepEqual(clusters?.sizes, [64, 16]);
    assert.match(clusters?.sentence ?? '', /2 set-ups of the light/);
    const even = looks.filter((_, i) => i % 5 !== 0);
    assert.equal(clustersOf({ features: null, looks: even }, labelsOf(even), 1), null);
  });

  it('make no trouble where all pictures are equal, or there are hardly any', () => {
    assert.equal(find(Array.from({ length: 50 }, () => new Float32Array(4).fill(2))), null);
    assert.equal(find(kind(3, 0, seededRandom(1))), null);
  });

  it('take the mean of the projected features over the positions', () => {
    const z = Float32Array.of(1, 10, 3, 20, 5, 30);
    assert.deepEqual([...meanFeatures(z, 2)], [3, 20]);
  });
});
