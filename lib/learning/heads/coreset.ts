import { gaussian, type Random } from '../../core/random.ts';

/** Dimensions in which distances between candidates are compared: Johnson and Lindenstrauss, as PatchCore does. */
const sketch = 32;

/**
 * Chooses `count` of the candidates [n, dimensions] so that every candidate is near a chosen one: greedy k-centre
 * (Gonzalez 1985; Sener and Savarese 2018, arXiv 1708.00489), compared in a random projection. Returns their indices in
 * the order they were chosen, all of them where there are no more than `count`. n · count · 32 operations.
 */
export function chooseCoreset(candidates: Float32Array, dimensions: number, count: number, random: Random): number[] {
  const n = candidates.length / dimensions;
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  const points = project(candidates, dimensions, random);
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const chosen: number[] = [];
  let next = Math.floor(random() * n);
  while (chosen.length < count) {
    chosen.push(next);
    const at = next * sketch;
    const centre = points.slice(at, at + sketch);
    let farthest = -1;
    for (let i = 0; i < n; i++) {
      const row = i * sketch;
      let square = 0;
      for (let k = 0; k < sketch; k += 4) {
        const a = points[row + k] - centre[k];
        const b = points[row + k + 1] - centre[k + 1];
        const c = points[row + k + 2] - centre[k + 2];
        const d = points[row + k + 3] - centre[k + 3];
        square += a * a + b * b + (c * c + d * d);
      }
      if (square < nearest[i]) nearest[i] = square;
      if (nearest[i] > farthest) {
        farthest = nearest[i];
        next = i;
      }
    }
    if (farthest <= 0) break; // what is left repeats what is chosen
  }
  return chosen;
}

/** Candidates [n, dimensions] → [n, sketch] by a Gaussian random matrix. */
function project(candidates: Float32Array, dimensions: number, random: Random): Float64Array {
  const n = candidates.length / dimensions;
  const matrix = Float64Array.from({ length: dimensions * sketch }, () => gaussian(random));
  const points = new Float64Array(n * sketch);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < dimensions; k++) {
      const value = candidates[i * dimensions + k];
      for (let j = 0; j < sketch; j++) points[i * sketch + j] += value * matrix[k * sketch + j];
    }
  }
  return points;
}
