import { correlation } from './alignment.ts';
import { bytesOf, type Levels } from './levels.ts';
import { type Placement, type Size, warp } from './placement.ts';
import { detrended, type Grey, greyOf, halved } from './pyramid.ts';
import { prepareReference, type ReferencePicture, register, smallestSide } from './register.ts';

/** A decoded picture: HWC. */
export interface RegistrationPicture extends Size {
  pixels: Levels;
  channels: 1 | 3;
}

/** About so many pixels has a reference: more cost time and do not place a part better. */
const referenceArea = 128 * 128;
/** Two halvings. */
const sideStep = 4;
/** More pictures do not make the mean any clearer. */
const mostPictures = 48;
const rounds = 3;
/** Share of the pictures that the mean is taken of: those that agree best. */
const keptShare = 0.75;

/**
 * The reference of a set of good pictures: the mean of pictures moved onto each other, begun with the one most like the others
 * and laid where the middle one of them lies. The same pictures in the same order give the same bytes.
 * `aspect`: width by height of the camera's frames where the pictures are stretched.
 */
export function makeReference(
  pictures: readonly RegistrationPicture[],
  o: { maxShift: number; maxRotation: number; aspect?: number },
): ReferencePicture {
  const aspect = o.aspect ?? pictures[0].width / pictures[0].height;
  const size = referenceSize(pictures[0], aspect);
  const count = Math.min(mostPictures, pictures.length);
  const greys: Uint8Array[] = Array.from({ length: count }, (_, i) => {
    const picture = pictures[Math.floor((i * pictures.length) / count)];
    return bytes(greyOf(picture.pixels, picture, picture.channels, size));
  });
  let reference = greys[medoid(greys, size)];
  for (let round = 0; round < rounds; round++) {
    const prepared = prepareReference({ ...o, minAgreement: -1, reference: { ...size, pixels: text(reference) } });
    const placed = greys.map((grey) => ({ grey, at: register(grey, size, 1, prepared) }));
    const kept = placed.sort((a, b) => b.at.agreement - a.at.agreement).slice(0, Math.ceil(count * keptShare));
    const mean = meanOf(kept.map(({ grey, at }) => warp(grey, size, 1, at)));
    reference = warp(mean, size, 1, opposite(middleOf(kept.map(({ at }) => at)), size));
  }
  return { ...size, pixels: text(reference) };
}

function referenceSize(own: Size, aspect: number): Size {
  const area = Math.min(referenceArea, own.width * own.height);
  const side = (length: number) => Math.max(smallestSide, Math.round(length / sideStep) * sideStep);
  return { width: side(Math.sqrt(area * aspect)), height: side(Math.sqrt(area / aspect)) };
}

/** The picture that agrees best with all others as they lie. */
function medoid(greys: Uint8Array[], size: Size): number {
  const small = greys.map((grey) => {
    const level = halved(halved(greyOf(grey, size, 1, size)));
    return detrended(level, Math.max(1, Math.round(Math.sqrt(level.width * level.height) / 8)));
  });
  const still = { x: 0, y: 0, angle: 0 };
  const sums = small.map((one) => small.reduce((sum, other) => sum + correlation(one, other, still), 0));
  return sums.indexOf(Math.max(...sums));
}

function meanOf(pictures: Uint8Array[]): Uint8Array {
  const sums = new Float64Array(pictures[0].length);
  for (const picture of pictures) for (let i = 0; i < sums.length; i++) sums[i] += picture[i];
  return Uint8Array.from(sums, (sum) => Math.round(sum / pictures.length));
}

function middleOf(placements: Placement[]): Placement {
  const middle = (key: keyof Placement) => {
    const sorted = placements.map((placement) => placement[key]).sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  };
  return { dx: middle('dx'), dy: middle('dy'), rotation: middle('rotation') };
}

/** The placement that undoes another one, in a picture that is not stretched. */
function opposite({ dx, dy, rotation }: Placement, { width, height }: Size): Placement {
  const angle = (rotation * Math.PI) / 180;
  const [x, y] = [dx * width, dy * height];
  return {
    dx: -(Math.cos(angle) * x + Math.sin(angle) * y) / width,
    dy: (Math.sin(angle) * x - Math.cos(angle) * y) / height,
    rotation: -rotation,
  };
}

const bytes = ({ values }: Grey) => bytesOf(values);
const text = (pixels: Uint8Array) => Buffer.from(pixels).toString('base64');
