import { invalidParameter } from '../core/errors.ts';
import type { Registration } from '../core/inspection.ts';
import { align, correlation, type Motion, prepareTemplate, type Template } from './alignment.ts';
import type { Levels } from './levels.ts';
import { PhaseCorrelation } from './phase-correlation.ts';
import type { Size } from './placement.ts';
import { detrended, type Grey, greyOf, halved } from './pyramid.ts';

/** How far from its learned position a part is still inspected, and how well it must agree; as in model.json. */
export interface RegistrationLimits {
  /** In parts of the frame's width and height; 0: shifts are not sought. */
  maxShift: number;
  /** Degrees; 0: rotations are not sought. */
  maxRotation: number;
  /** Correlation coefficient. */
  minAgreement: number;
}

/** A reference picture as model.json holds it: grey, uint8, row by row, base64; its aspect is that of the camera's frames. */
export interface ReferencePicture extends Size {
  pixels: string;
}

/** What `register` needs of a reference, worked out once per model. */
export interface PreparedReference {
  readonly limits: RegistrationLimits;
  /** Width by height of the camera's frames. */
  readonly aspect: number;
  /** The reference itself. */
  readonly grey: Grey;
  /** Fine to coarse. */
  readonly levels: readonly { template: Template; radius: number }[];
  readonly coarse: PhaseCorrelation;
  /** Turns that `coarse` was prepared for, radians. */
  readonly turns: readonly number[];
}

/** Of the reference; its coarsest level has a quarter of its sides. */
export const smallestSide = 16;
const mostPixels = 512 * 512;
const levelCount = 3;
/** The local mean is taken over about this share of the picture's side. */
const detrendShare = 0.25;
/** Gauss-Newton steps on each level, fine to coarse. */
const steps = [4, 6, 8];
/** Between turns that are tried: half of it is well within reach of the coarsest level's Gauss-Newton steps. */
const turnStep = 5;
const peaksPerTurn = 2;
const triedStarts = 3;
/** Motions of the coarsest level that differ by fewer pixels are the same. */
const samePlace = 0.5;
/** What two places leave unexplained may differ by this factor. */
const nearlyAsWell = 1.25;
const beyondLimits = 2;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Throws GP_MODEL_INVALID where the reference picture is none. */
export function prepareReference(o: RegistrationLimits & { reference: ReferencePicture }): PreparedReference {
  const { maxShift, maxRotation, minAgreement, reference } = o;
  const { width, height } = reference;
  if (Math.min(width, height) < smallestSide || width * height > mostPixels) {
    const expected = `sides of at least ${smallestSide} and at most ${mostPixels} pixels`;
    throw invalidParameter('model.json.registration.reference', expected, `${width}x${height}`, 'GP_MODEL_INVALID');
  }
  const pixels = Buffer.from(reference.pixels, 'base64');
  if (pixels.length !== width * height) {
    const field = 'model.json.registration.reference.pixels';
    throw invalidParameter(field, `${width * height} bytes in base64`, `${pixels.length} bytes`, 'GP_MODEL_INVALID');
  }
  const freedom = { shift: maxShift > 0, rotation: maxRotation > 0 };
  const grey = greyOf(pixels, reference, 1, reference);
  const pyramid = pyramidOf(grey);
  const levels = pyramid.map((level) => {
    const radius = radiusOf(level);
    return { template: prepareTemplate(detrended(level, radius), freedom), radius };
  });
  const reach = freedom.rotation ? Math.ceil((1.5 * maxRotation) / turnStep) : 0;
  const turns = Array.from({ length: 2 * reach + 1 }, (_, i) => radians((i - reach) * turnStep));
  const base = levels[1].template.picture;
  const coarse = new PhaseCorrelation(turns.map((turn) => turned(base, turn)));
  return { limits: { maxShift, maxRotation, minAgreement }, aspect: width / height, grey, levels, coarse, turns };
}

/** Where the part of the reference lies in a picture (HWC). The picture may be stretched: the reference's aspect counts. */
export function register(pixels: Levels, size: Size, channels: 1 | 3, prepared: PreparedReference): Registration {
  const { levels } = prepared;
  const { width, height } = levels[0].template.picture;
  const frames = pyramidOf(greyOf(pixels, size, channels, { width, height })).map((level, i) =>
    detrended(level, levels[i].radius),
  );
  const scale = (from: number, to: number) => levels[to].template.picture.width / levels[from].template.picture.width;
  const middle = levels[1].template;
  const refined = coarseMotions(frames, prepared).map((motion) =>
    align(middle, frames[1], scaled(motion, scale(2, 1)), steps[1]),
  );
  const motion = align(
    levels[0].template,
    frames[0],
    scaled(bestOf(refined, middle, frames[1], prepared.limits), scale(1, 0)),
    steps[0],
  );
  const agreement = correlation(middle.picture, frames[1], scaled(motion, scale(0, 1)));
  return {
    dx: motion.x / width,
    dy: motion.y / height,
    rotation: (motion.angle * 180) / Math.PI,
    agreement,
  };
}

/** False where the part lies too far off, or agrees too little for its place to mean anything. */
export function withinLimits(registration: Registration, limits: RegistrationLimits): boolean {
  const { dx, dy, rotation, agreement } = registration;
  return (
    agreement >= limits.minAgreement &&
    Math.abs(dx) <= limits.maxShift &&
    Math.abs(dy) <= limits.maxShift &&
    Math.abs(rotation) <= limits.maxRotation
  );
}

/** Places where the part may lie, in pixels of the coarsest level, refined there. */
function coarseMotions(frames: Grey[], { levels, coarse, turns, limits }: PreparedReference): Motion[] {
  const { template } = levels[2];
  const scale = template.picture.width / levels[1].template.picture.width;
  const starts = coarse
    .peaks(frames[1], peaksPerTurn)
    .flatMap((peaks, i) =>
      peaks.map(({ x, y }) =>
        scaled(limits.maxShift > 0 ? { x, y, angle: turns[i] } : { x: 0, y: 0, angle: turns[i] }, scale),
      ),
    )
    .map((start) => ({ start, value: correlation(template.picture, frames[2], start) }))
    .sort((a, b) => b.value - a.value)
    .slice(0, triedStarts)
    .map(({ start }) => start);
  const found: Motion[] = [];
  for (const start of [{ x: 0, y: 0, angle: 0 }, ...starts]) {
    const motion = align(template, frames[2], start, steps[2]);
    if (found.every((other) => distance(template, motion, other) > samePlace)) found.push(motion);
  }
  return found;
}

/**
 * The place that leaves least unexplained. A repetitive or round part fits in many: of those that fit nearly as well as the best, the
 * nearest to the reference. Beyond the limits a place must fit much better, for among many places some fit by chance.
 */
function bestOf(
  motions: Motion[],
  template: Template,
  frame: Grey,
  { maxShift, maxRotation }: RegistrationLimits,
): Motion {
  const still = { x: 0, y: 0, angle: 0 };
  const { width, height } = template.picture;
  const judged = motions.map((motion) => {
    const { x, y, angle } = motion;
    const within =
      Math.abs(x) <= maxShift * width && Math.abs(y) <= maxShift * height && Math.abs(angle) <= radians(maxRotation);
    const unexplained = 1 - correlation(template.picture, frame, motion);
    return { motion, far: distance(template, motion, still), unexplained: unexplained * (within ? 1 : beyondLimits) };
  });
  const enough = Math.min(...judged.map(({ unexplained }) => unexplained)) * nearlyAsWell;
  return judged.filter(({ unexplained }) => unexplained <= enough).sort((a, b) => a.far - b.far)[0].motion;
}

/** How far a typical pixel lies apart under two motions, in pixels. */
function distance({ arm }: Template, a: Motion, b: Motion): number {
  return Math.hypot(a.x - b.x, a.y - b.y, (a.angle - b.angle) * arm);
}

function pyramidOf(fine: Grey): Grey[] {
  const levels = [fine];
  while (levels.length < levelCount) levels.push(halved(levels[levels.length - 1]));
  return levels;
}

function radiusOf({ width, height }: Size): number {
  return Math.max(1, Math.round((Math.sqrt(width * height) * detrendShare) / 2));
}

function scaled({ x, y, angle }: Motion, scale: number): Motion {
  return { x: x * scale, y: y * scale, angle };
}

/** The reference as a frame would show it if the part were turned: bilinear, zero beyond the edge. */
function turned(picture: Grey, angle: number): Grey {
  if (angle === 0) return picture;
  const { width, height, values } = picture;
  const out = new Float32Array(values.length);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const cx = (width - 1) / 2;
  const cy = (height - 1) / 2;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const x = cx + cos * (column - cx) + sin * (row - cy);
      const y = cy - sin * (column - cx) + cos * (row - cy);
      if (x < 0 || y < 0 || x >= width - 1 || y >= height - 1) continue;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const from = top * width + left;
      const upper = values[from] + (x - left) * (values[from + 1] - values[from]);
      const lower = values[from + width] + (x - left) * (values[from + width + 1] - values[from + width]);
      out[at] = upper + (y - top) * (lower - upper);
    }
  }
  return { width, height, values: out };
}
