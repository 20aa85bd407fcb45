import { shuffled } from '../../core/random.ts';
import type { Look } from './looks.ts';
import { bestHalves, type Halves, measureHalves } from './mixture.ts';
import { principalAxes, project } from './principal.ts';

/** What pictures were compared by. */
export type ClusterView = 'texture' | 'layout' | 'light';

/** Good pictures that are of several kinds, which one model would blur into one. */
export interface Clusters {
  by: ClusterView;
  count: number;
  /** Pictures of each cluster, the largest first. */
  sizes: number[];
  /** The cluster of each picture, 0 the largest. */
  of: number[];
  /** Pictures nearest to each cluster's middle. */
  examples: { picture: number; label: string }[][];
  /** Ashman's D of the weakest division: from 2 on two humps can be told apart, from 5.5 on they are raised. */
  separation: number;
  /** For people. */
  sentence: string;
}

/**
 * Far beyond what a smooth spread gives: a normal one cut in halves has 2.7, an even one 3.5. Single-product sets with
 * much variation stay below 5, mixtures of two products or two set-ups lie above 5.8 (README).
 */
const leastSeparation = 5.5;
/** Between two kinds of part there are hardly any pictures. */
const mostValley = 0.25;
/** A smaller share is a few outlying pictures, not a kind of part. */
const leastShare = 0.1;
const fewestOfCluster = 8;
/** One axis for so many pictures, or chance separates them. */
const picturesPerAxis = 20;
const mostAxes = 5;
const examplesShown = 6;
/** Kinds are looked for among so many; the others are told by their nearest. */
const searched = 400;

/**
 * Whether pictures fall into several kinds by one descriptor each (shape [d], any scale), null where they are of one kind:
 * leading principal axes, divided by two Gaussians again and again (dip-means' recursion with Ashman's D as the test:
 * Ashman, Bird and Zepf, "Detecting bimodality in astronomical datasets", AJ 108, 1994). `seed` chooses the pictures searched.
 */
export function findClusters(
  descriptors: readonly Float32Array[],
  labels: readonly string[],
  seed: number,
  by: ClusterView = 'texture',
): Clusters | null {
  const pictures = descriptors.length;
  const chosen = shuffled([...descriptors.keys()], seed)
    .slice(0, searched)
    .sort((a, b) => a - b);
  const groups = divide(chosen, descriptors);
  if (groups.members.length < 2) return null;
  const of = new Array<number>(pictures).fill(-1);
  for (const [cluster, members] of groups.members.entries()) for (const picture of members) of[picture] = cluster;
  for (let picture = 0; picture < pictures; picture++) {
    if (of[picture] < 0) of[picture] = of[nearest(descriptors, chosen, picture)];
  }
  return describe(of, groups, descriptors, labels, by);
}

interface Groups {
  members: number[][];
  separation: number;
}

/** A group that does not fall into two clear halves may still fall into three or four; so far it is looked on. */
const looksOn = 2;

function divide(chosen: number[], descriptors: readonly Float32Array[]): Groups {
  const fewest = Math.max(fewestOfCluster, Math.ceil(chosen.length * leastShare));
  const parts = (group: number[], left: number): Groups => {
    const whole: Groups = { members: [group], separation: Number.POSITIVE_INFINITY };
    const halves = group.length < 2 * fewest ? null : bestHalves(along(group, descriptors), fewest);
    if (halves === null) return whole;
    const clear = isClear(halves);
    if (!clear && left === 0) return whole;
    const [a, b] = [false, true]
      .map((side) => group.filter((_, i) => halves.second[i] === side))
      .map((half) => parts(half, clear ? looksOn : left - 1));
    const members = [...a.members, ...b.members];
    const separation = Math.min(a.separation, b.separation);
    if (clear) return { members, separation: Math.min(separation, halves.separation) };
    if (members.length === 2) return whole;
    // Halves that are groups of their own may lie in a row: then each must be clear of each.
    const between = a.members.flatMap((one) => b.members.map((other) => apart(one, other, descriptors)));
    if (!between.every((pair) => pair !== null && isClear(pair))) return whole;
    return { members, separation: Math.min(separation, ...between.map((pair) => pair?.separation ?? 0)) };
  };
  return parts(chosen, looksOn);
}

const isClear = ({ separation, valley }: Halves) => separation >= leastSeparation && valley <= mostValley;

/** Coordinates of the pictures on as many leading axes as their number bears; none where they do not vary. */
function along(group: number[], descriptors: readonly Float32Array[]): Float64Array[] {
  const most = Math.min(mostAxes, Math.floor(group.length / picturesPerAxis));
  const points = group.map((picture) => descriptors[picture]);
  const axes = principalAxes(points, most);
  return points.map((point) => project(point, axes));
}

function apart(one: number[], other: number[], descriptors: readonly Float32Array[]): Halves | null {
  const both = [...one, ...other];
  const second = both.map((_, i) => i >= one.length);
  return measureHalves(along(both, descriptors), second);
}

function nearest(descriptors: readonly Float32Array[], chosen: number[], picture: number): number {
  let best = chosen[0];
  let least = Number.POSITIVE_INFINITY;
  for (const other of chosen) {
    const value = squaredDistance(descriptors[picture], descriptors[other]);
    if (value < least) {
      least = value;
      best = other;
    }
  }
  return best;
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return sum;
}

function describe(
  found: number[],
  { members, separation }: Groups,
  descriptors: readonly Float32Array[],
  labels: readonly string[],
  by: ClusterView,
): Clusters {
  const size = (cluster: number) => found.filter((value) => value === cluster).length;
  const order = members.map((_, cluster) => cluster).sort((a, b) => size(b) - size(a) || a - b);
  const of = found.map((cluster) => order.indexOf(cluster));
  const count = members.length;
  const sizes = order.map(size);
  const examples = order.map((_, cluster) => examplesOf(of, cluster, descriptors, labels));
  const what = by === 'light' ? 'set-ups of the light' : 'products or set-ups';
  const sentence = `This looks like ${count} ${what} (${sizes.join(' + ')} pictures): learn them separately, or say that they belong together.`;
  return { by, count, sizes, of, examples, separation, sentence };
}

function examplesOf(of: number[], cluster: number, descriptors: readonly Float32Array[], labels: readonly string[]) {
  const members = [...of.keys()].filter((picture) => of[picture] === cluster);
  const mean = new Float64Array(descriptors[0].length);
  for (const picture of members)
    for (let k = 0; k < mean.length; k++) mean[k] += descriptors[picture][k] / members.length;
  const far = new Map(members.map((picture) => [picture, squaredDistance(descriptors[picture], mean)]));
  return members
    .sort((a, b) => far.get(a)! - far.get(b)! || a - b)
    .slice(0, examplesShown)
    .map((picture) => ({ picture, label: labels[picture] }));
}

/**
 * The clusters that separate best by what is known of the pictures, null where they are of one kind. `features`: for each
 * picture the mean of its projected features over all positions, shape [D]. Light is looked at in the pictures themselves,
 * since features do not see it; without looks it is not looked at.
 */
export function clustersOf(
  { features, looks }: { features: readonly Float32Array[] | null; looks: readonly Look[] | null },
  labels: readonly string[],
  seed: number,
): Clusters | null {
  const light = looks?.map(({ mean, deviation, highlight }) =>
    Float32Array.of(Math.log(mean + 5), Math.log(deviation + 5), Math.log(highlight + 5)),
  );
  const found = [
    features && findClusters(features, labels, seed, 'texture'),
    light && findClusters(light, labels, seed, 'light'),
  ].filter((clusters) => !!clusters);
  return found.sort((a, b) => b.separation - a.separation)[0] ?? null;
}

/** Mean over the positions of one picture's projected features z [positions, D]: its descriptor by texture. */
export function meanFeatures(z: Float32Array, dimensions: number): Float32Array {
  const positions = z.length / dimensions;
  const sum = new Float64Array(dimensions);
  for (let at = 0; at < z.length; at += dimensions) for (let k = 0; k < dimensions; k++) sum[k] += z[at + k];
  return Float32Array.from(sum, (value) => value / positions);
}
