import { gaussian, type Random, seededRandom } from '../../lib/core/random.ts';
import { Samples } from '../../lib/learning/heads/samples.ts';

export const rest = async () => {};

/** Features of one picture about 3, [positions, dimensions]. */
export function pictureOf(dimensions: number, positions: number, random: Random): Float32Array {
  return Float32Array.from({ length: dimensions * positions }, () => 3 + gaussian(random));
}

/** Kept features of `pictures` random pictures, each passed through `alter`. */
export function randomSamples(
  pictures: number,
  dimensions: number,
  positions: number,
  seed: number,
  alter: (z: Float32Array, picture: number) => Float32Array = (z) => z,
): Samples {
  const random = seededRandom(seed);
  const samples = new Samples(positions, dimensions);
  for (let i = 0; i < pictures; i++) samples.add(alter(pictureOf(dimensions, positions, random), i));
  return samples;
}
