import { fineSide, type Look } from './looks.ts';

/** For each picture the others that look most like it, the nearest first. */
export interface Neighbours {
  /** Kept for each picture. */
  readonly count: number;
  /** [pictures, count] */
  readonly indices: Int32Array;
}

const fewestNeighbours = 8;
const mostNeighbours = 30;
/** From this likeness on, one of the two pictures says nothing new. */
export const copyLikeness = 0.95;
/** From this likeness on, two pictures are no independent witnesses. */
const kinLikeness = 0.9;

/**
 * The tenth of the pictures (8 to 30) that look most like each, light and contrast aside, by the correlation of their coarse
 * thumbnails. Compares all pairs: 5,000 pictures take seconds, which is little beside learning from them.
 */
export function neighboursOf(looks: readonly Look[]): Neighbours {
  const pictures = looks.length;
  const wanted = Math.min(mostNeighbours, Math.max(fewestNeighbours, Math.round(pictures / 10)));
  const count = Math.max(0, Math.min(wanted, pictures - 1));
  const indices = new Int32Array(pictures * count).fill(-1);
  const likeness = new Float32Array(pictures * count).fill(Number.NEGATIVE_INFINITY);
  if (count === 0) return { count, indices };
  const length = looks[0].coarse.length;
  const all = new Float32Array(pictures * length);
  for (const [i, { coarse }] of looks.entries()) all.set(coarse, i * length);
  const offer = (to: number, from: number, value: number) => {
    const first = to * count;
    let at = first + count - 1;
    if (value <= likeness[at]) return;
    for (; at > first && likeness[at - 1] < value; at--) {
      likeness[at] = likeness[at - 1];
      indices[at] = indices[at - 1];
    }
    likeness[at] = value;
    indices[at] = from;
  };
  for (let i = 0; i < pictures; i++) {
    const a = all.subarray(i * length, (i + 1) * length);
    for (let j = i + 1; j < pictures; j++) {
      const b = j * length;
      let sum = 0;
      for (let k = 0; k < length; k++) sum += a[k] * all[b + k];
      offer(i, j, sum);
      offer(j, i, sum);
    }
  }
  return { count, indices };
}

/** Median of `values` over a picture's neighbours: what is usual for pictures like it. */
export function usualFor(values: ArrayLike<number>, picture: number, { count, indices }: Neighbours): number {
  const near = Array.from({ length: count }, (_, k) => values[indices[picture * count + k]]).sort((a, b) => a - b);
  const half = count >> 1;
  if (count === 0) return values[picture];
  return count % 2 ? near[half] : (near[half - 1] + near[half]) / 2;
}

/** Two pictures that show the same part, or one and its copy. `likeness`: 0.9..1. */
export interface Pair {
  a: number;
  b: number;
  likeness: number;
}

/**
 * Pairs that share what is individual in them. From both fine thumbnails the mean of the farther neighbours is taken away,
 * and what a small shift would change, which leaves what pictures of that kind do not have in common; a copy with other noise,
 * light or JPEG correlates in it by 0.97 and more, another part hardly at all.
 */
export function pairsOf(looks: readonly Look[], neighbours: Neighbours): Pair[] {
  const { count, indices } = neighbours;
  const usual = looks.map((_, i) => usualThumbnail(looks, i, neighbours));
  const seen = new Set<number>();
  const pairs: Pair[] = [];
  for (let i = 0; i < looks.length; i++) {
    for (let k = 0; k < count; k++) {
      const j = indices[i * count + k];
      const [a, b] = i < j ? [i, j] : [j, i];
      const key = a * looks.length + b;
      if (seen.has(key)) continue;
      seen.add(key);
      // Alike as seen from both sides: what is rare among one's neighbours may be common among the other's.
      const first = likenessSeen(looks[a], looks[b], usual[a]);
      if (first < kinLikeness) continue;
      const likeness = Math.min(first, likenessSeen(looks[a], looks[b], usual[b]));
      if (likeness >= kinLikeness) pairs.push({ a, b, likeness });
    }
  }
  return pairs.sort((p, q) => p.a - q.a || p.b - q.b);
}

const likenessSeen = (a: Look, b: Look, usual: Usual): number =>
  correlation(individual(a.fine, usual), individual(b.fine, usual));

/** What is usual for pictures like one: a thumbnail, and how it changes where the part lies a little elsewhere. */
interface Usual {
  mean: Float32Array;
  /** Orthonormal: the directions of a small shift. */
  shifts: Float32Array[];
}

/** Mean of the farther half of a picture's neighbours; the nearest may be its copies. */
function usualThumbnail(looks: readonly Look[], picture: number, { count, indices }: Neighbours): Usual {
  const from = count >> 1;
  const mean = new Float32Array(looks[picture].fine.length);
  for (let k = from; k < count; k++) {
    const { fine } = looks[indices[picture * count + k]];
    for (let at = 0; at < mean.length; at++) mean[at] += fine[at] / (count - from);
  }
  const across = slope(mean, 1);
  const down = slope(mean, fineSide);
  normalise(across);
  takeAway(down, across);
  normalise(down);
  return { mean, shifts: [across, down] };
}

/** Central differences, zero at the border. */
function slope(values: Float32Array, step: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let at = step; at < values.length - step; at++) {
    const column = at % fineSide;
    if (step === 1 && (column === 0 || column === fineSide - 1)) continue;
    out[at] = values[at + step] - values[at - step];
  }
  return out;
}

function takeAway(values: Float32Array, direction: Float32Array): void {
  let product = 0;
  for (let i = 0; i < values.length; i++) product += values[i] * direction[i];
  for (let i = 0; i < values.length; i++) values[i] -= product * direction[i];
}

function normalise(values: Float32Array): void {
  let square = 0;
  for (const value of values) square += value * value;
  const scale = square > 1e-12 ? 1 / Math.sqrt(square) : 0;
  for (let i = 0; i < values.length; i++) values[i] *= scale;
}

/** What a picture has beyond what is usual for its like, wherever it lies by a little (tangent distance: Simard et al. 1993). */
function individual(fine: Float32Array, { mean, shifts }: Usual): Float32Array {
  const own = fine.map((value, i) => value - mean[i]);
  for (const direction of shifts) takeAway(own, direction);
  return own;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  // Both are what is usual: nothing individual is left to compare.
  if (aa < 1e-6 || bb < 1e-6) return 0;
  return ab / Math.sqrt(aa * bb);
}

/** A number for each picture, the same for those that pairs join: such pictures belong into one fold. */
export function groupsOf(pictures: number, pairs: readonly Pair[]): number[] {
  const parent = Array.from({ length: pictures }, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  };
  for (const { a, b } of pairs) {
    const [p, q] = [root(a), root(b)];
    parent[Math.max(p, q)] = Math.min(p, q);
  }
  return parent.map((_, i) => root(i));
}
