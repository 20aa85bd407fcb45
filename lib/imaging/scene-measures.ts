import type { SceneMeasure } from '../core/inspection.ts';
import { focusMeasure } from './focus.ts';
import { likeness, type PartTemplate, partPatch } from './part-likeness.ts';
import type { Size } from './placement.ts';
import type { RegistrationPicture } from './reference.ts';
import type { RegionBox } from './region-mask.ts';
import { type PreparedReference, register } from './register.ts';
import { boxPixels } from './scene-box.ts';
import type { ScenePicture } from './scene-picture.ts';

/** What is measured is there, NaN where it means nothing; what cannot be measured at all (colour of a grey picture) is absent. */
export type SceneMeasures = Partial<Record<SceneMeasure, number>>;

export interface SceneSubject {
  /** The reference region, of the picture's size. */
  mask: Uint8Array;
  box: RegionBox;
  /** Grey values of the picture before, where there was one of this size. */
  previous: Float32Array | null;
  reference: PreparedReference | null;
  part: { box: RegionBox; mask: Uint8Array; typical: PartTemplate; empty: PartTemplate | null } | null;
}

const clippedHigh = 0.98;
const clippedLow = 0.02;

/**
 * Measures a picture at the scene's scale (`decodeScene`), within the reference region unless it says otherwise:
 * - `level`: mean grey, 0..1 of full scale. The mean and not the median: it follows the light in proportion whatever the picture shows.
 * - `bright`, `dark`: shares 0..1 of pixels at 0.98 or more in a channel, at 0.02 or less in all.
 * - `contrast`: standard deviation by mean (RMS contrast, Peli 1990): independent of how much light there is, not of stray light.
 * - `focus`: `focusMeasure`, 1/pixel². `noise`: standard deviation, 0..1 of full scale (Immerkær 1996).
 * - `redGreen`, `blueGreen`: channel means as ratios; absent for a grey picture.
 * - `change`: root mean square difference of the whole picture to the one before, by its standard deviation; absent where there was none.
 *   A live camera never gives 0: sensor noise turns some pixel by a step.
 * - `shift`: how far the region has moved at most, as a share of the longer side; NaN where `agreement` (correlation, -1..1) is so low
 *   that the place means nothing. Absent without a reference.
 * - `part`, `empty`: likeness of the part's region to the typical part and to the empty nest, -1..1; absent without templates.
 */
export function measureScene(picture: ScenePicture, subject: SceneSubject): SceneMeasures {
  const { mask, box, previous, reference, part } = subject;
  const { mean, deviation, bright, dark } = levels(picture, mask);
  const measures: SceneMeasures = {
    ...{ level: mean, bright, dark, contrast: deviation / mean },
    focus: focusMeasure(picture.grey, picture, mask),
    noise: noiseOf(picture, mask),
    ...colourOf(picture, mask),
    ...(reference &&
      shiftOf({ ...box, channels: 1, pixels: boxPixels(picture, box) }, { box, frame: picture, reference })),
  };
  if (previous !== null && previous.length === picture.grey.length)
    measures.change = relativeChange(picture.grey, previous);
  if (part !== null) {
    const patch = partPatch(picture, part.box);
    measures.part = likeness(patch, part.typical, part.mask);
    if (part.empty !== null) measures.empty = likeness(patch, part.empty, part.mask);
  }
  return measures;
}

function levels({ grey, colour }: ScenePicture, mask: Uint8Array) {
  let [count, sum, squares, bright, dark] = [0, 0, 0, 0, 0];
  for (let i = 0; i < grey.length; i++) {
    if (mask[i] === 0) continue;
    const value = grey[i];
    count += 1;
    sum += value;
    squares += value * value;
    const most = colour === null ? value : Math.max(colour[i * 3], colour[i * 3 + 1], colour[i * 3 + 2]);
    if (most >= clippedHigh) bright += 1;
    else if (most <= clippedLow) dark += 1;
  }
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return { mean, deviation, bright: bright / count, dark: dark / count };
}

function colourOf({ colour }: ScenePicture, mask: Uint8Array): Pick<SceneMeasures, 'redGreen' | 'blueGreen'> {
  if (colour === null) return {};
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    red += colour[i * 3];
    green += colour[i * 3 + 1];
    blue += colour[i * 3 + 2];
  }
  return { redGreen: red / green, blueGreen: blue / green };
}

/** Mean response to a mask that light, edges' slopes and shading do not excite, scaled to a Gaussian's standard deviation. */
function noiseOf({ grey, width, height }: ScenePicture, mask: Uint8Array): number {
  let [count, sum] = [0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      if (mask[at] === 0) continue;
      const up = at - width;
      const down = at + width;
      const corners = grey[up - 1] + grey[up + 1] + grey[down - 1] + grey[down + 1];
      const sides = grey[up] + grey[down] + grey[at - 1] + grey[at + 1];
      sum += Math.abs(corners - 2 * sides + 4 * grey[at]);
      count += 1;
    }
  }
  return (Math.sqrt(Math.PI / 2) * sum) / (6 * count);
}

/** How far the picture of a box has moved against the reference: see `measureScene`. `frame`: size of the whole picture that `box` is part of. */
export function shiftOf(
  picture: RegistrationPicture,
  { box, frame, reference }: { box: RegionBox; frame: Size; reference: PreparedReference },
): { shift: number; agreement: number } {
  const { dx, dy, rotation, agreement } = register(picture.pixels, picture, picture.channels, reference);
  const moved = Math.hypot(dx * box.width, dy * box.height);
  const turned = 2 * Math.sin((Math.abs(rotation) * Math.PI) / 360) * (Math.hypot(box.width, box.height) / 2);
  const shift = (moved + turned) / Math.max(frame.width, frame.height);
  return { agreement, shift: agreement >= reference.limits.minAgreement ? shift : Number.NaN };
}

function relativeChange(now: Float32Array, before: Float32Array): number {
  let [sum, squares, difference] = [0, 0, 0];
  for (let i = 0; i < now.length; i++) {
    sum += now[i];
    squares += now[i] * now[i];
    difference += (now[i] - before[i]) ** 2;
  }
  const variance = squares / now.length - (sum / now.length) ** 2;
  return variance > 1e-9 ? Math.sqrt(difference / now.length / variance) : Number.NaN;
}
