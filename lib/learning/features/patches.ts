import { seededRandom } from '../../core/random.ts';
import type { Levels } from '../../imaging/levels.ts';
import type { Pictures } from './extractor.ts';
import { colourGain, darkest, opponents } from './pyramid.ts';

/** Planes of one level in plain numbers: [planes, height, width], as `addPyramid` makes them in the graph. */
interface Planes {
  width: number;
  height: number;
  planes: Float32Array[];
}

/** The gain-normalised luminance and colour of a picture. */
function normalised(pixels: Levels, pictures: Pictures): Planes {
  const { channels } = pictures;
  const { width, height } = pictures.size;
  const count = width * height;
  const raw = (channels === 1 ? [null] : opponents).map((row) => {
    const plane = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const at = i * channels;
      plane[i] = row ? row[0] * pixels[at] + row[1] * pixels[at + 1] + row[2] * pixels[at + 2] : pixels[i];
    }
    return plane;
  });
  let sum = 0;
  for (const value of raw[0]) sum += value;
  const mean = sum / count;
  let square = 0;
  for (const value of raw[0]) square += (value - mean) ** 2;
  const deviation = Math.sqrt(square / count + darkest.deviation ** 2);
  const gain = colourGain / (mean + darkest.brightness);
  const planes = raw.map((plane, i) => plane.map((value) => (i === 0 ? (value - mean) / deviation : value * gain)));
  return { width, height, planes };
}

/** Every 2 x 2 pixels averaged into one. */
function halved({ width: full, height: rows, planes }: Planes): Planes {
  const width = full >> 1;
  const height = rows >> 1;
  const half = planes.map((plane) => {
    const out = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = 2 * y * full + 2 * x;
        out[y * width + x] = (plane[at] + plane[at + 1] + plane[at + full] + plane[at + full + 1]) / 4;
      }
    }
    return out;
  });
  return { width, height, planes: half };
}

/**
 * Patches of `kernel` x `kernel` pixels at seeded places of all pictures, `perLevel` on each of `levels` levels:
 * [perLevel, planes * kernel * kernel] each, as they stand in the gain-normalised picture.
 */
export async function samplePatches(
  pictures: Pictures,
  { levels, kernel, perLevel, seed }: { levels: number; kernel: number; perLevel: number; seed: number },
  progress: (done: number, total: number) => Promise<void>,
): Promise<Float32Array[]> {
  const random = seededRandom(seed);
  const length = pictures.channels * kernel * kernel;
  const out = Array.from({ length: levels }, () => new Float32Array(perLevel * length));
  for (let picture = 0; picture < pictures.count; picture++) {
    const from = Math.floor((picture * perLevel) / pictures.count);
    const to = Math.floor(((picture + 1) * perLevel) / pictures.count);
    if (to === from) continue;
    let level = normalised(pictures.pixels(picture), pictures);
    for (let i = 0; i < levels; i++) {
      for (let patch = from; patch < to; patch++) copyPatch(level, kernel, random, out[i], patch * length);
      if (i + 1 < levels) level = halved(level);
    }
    if (picture % 8 === 7) await progress(picture + 1, pictures.count);
  }
  return out;
}

function copyPatch(level: Planes, kernel: number, random: () => number, out: Float32Array, to: number): void {
  const { width, height, planes } = level;
  const left = Math.floor(random() * (width - kernel + 1));
  const top = Math.floor(random() * (height - kernel + 1));
  let at = to;
  for (const plane of planes) {
    for (let y = top; y < top + kernel; y++) {
      for (let x = left; x < left + kernel; x++) out[at++] = plane[y * width + x];
    }
  }
}
