import { seededRandom } from '../../core/random.ts';
import { addProducts } from '../math/linear-algebra.ts';

/**
 * k-means of points [count,n] by Lloyd's iterations from seeded points: centroids [k,n]. A centroid that loses all its
 * points goes on from a seeded point. The same points and seed give the same centroids. `pause` is awaited once an iteration.
 */
export async function kMeans(
  points: Float32Array,
  n: number,
  { k, iterations, seed }: { k: number; iterations: number; seed: number },
  pause: () => Promise<void>,
): Promise<Float32Array> {
  const count = points.length / n;
  const random = seededRandom(seed);
  const any = () => Math.floor(random() * count) * n;
  const centroids = new Float32Array(k * n);
  for (let c = 0; c < k; c++) {
    const at = any();
    centroids.set(points.subarray(at, at + n), c * n);
  }
  const sums = new Float64Array(k * n);
  const members = new Uint32Array(k);
  for (let iteration = 0; iteration < iterations; iteration++) {
    assign(points, n, centroids, sums, members);
    for (let c = 0; c < k; c++) {
      const lost = members[c] === 0;
      const at = lost ? any() : 0;
      for (let i = 0; i < n; i++) centroids[c * n + i] = lost ? points[at + i] : sums[c * n + i] / members[c];
    }
    await pause();
  }
  return centroids;
}

/** Sums and numbers of the points nearest to each centroid. */
function assign(
  points: Float32Array,
  n: number,
  centroids: Float32Array,
  sums: Float64Array,
  members: Uint32Array,
): void {
  const k = members.length;
  sums.fill(0);
  members.fill(0);
  const start = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    for (let i = 0; i < n; i++) start[c] -= (centroids[c * n + i] * centroids[c * n + i]) / 2;
  }
  const likeness = new Float64Array(k);
  for (let p = 0; p < points.length; p += n) {
    // The nearest centroid has the largest x·c - |c|²/2.
    likeness.set(start);
    addProducts(likeness, points, p, centroids);
    let best = 0;
    for (let c = 1; c < k; c++) if (likeness[c] > likeness[best]) best = c;
    members[best] += 1;
    for (let i = 0; i < n; i++) sums[best * n + i] += points[p + i];
  }
}
