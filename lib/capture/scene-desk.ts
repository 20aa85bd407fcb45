import { GoodpartError } from '../core/errors.ts';
import {
  likeness,
  type PartTemplate,
  partMask,
  partPatch,
  partTemplate,
  templateOf,
  templateText,
} from '../imaging/part-likeness.ts';
import { greyOf } from '../imaging/pyramid.ts';
import { type RegionBox, regionBox, regionMask } from '../imaging/region-mask.ts';
import {
  hasCommonLayout,
  makeReference,
  type PreparedReference,
  prepareReference,
  proposeMinAgreement,
  type RegistrationPicture,
} from '../imaging/registration.ts';
import { boxPixels } from '../imaging/scene-box.ts';
import { measureScene, type SceneSubject, shiftOf } from '../imaging/scene-measures.ts';
import type { ScenePicture } from '../imaging/scene-picture.ts';
import type { LearnedScene, Measures, SceneConfig } from './scene-protocol.ts';

interface Collected {
  picture: RegistrationPicture;
  patch: Float32Array | null;
  measures: Measures;
}

interface Geometry {
  width: number;
  height: number;
  mask: Uint8Array;
  box: RegionBox;
  part: { box: RegionBox; mask: Uint8Array } | null;
}

/** How far a moved camera is looked for: beyond it the reference is simply not found. */
const search = { maxShift: 0.25, maxRotation: 5 };
/**
 * As large as a reference becomes at most: a tenth of its pixel is 0.1 % of the frame, and a larger one costs time with every frame.
 * Nor is more kept of a frame that is learned.
 */
const keptArea = 80 * 80;
const leastBox = 48;
export const mostCollected = 1000;

/** One scene check in the child: its regions in pixels, its references prepared, the picture before, and what it is learning. */
export class SceneDesk {
  readonly #config: SceneConfig;
  readonly #reference: PreparedReference | null;
  readonly #typical: PartTemplate | null;
  readonly #empty: PartTemplate | null;
  #geometry: Geometry | null = null;
  #previous: Float32Array | null = null;
  /** Of the frames to be learned: one of them may be measured as well, and would be the same as itself. */
  #previousCollected: Float32Array | null = null;
  #collected: Collected[] = [];

  /** Throws GP_MODEL_INVALID or GP_CONFIG_INVALID where a reference is damaged. */
  constructor(config: SceneConfig) {
    this.#config = config;
    const { reference } = config;
    this.#reference = reference && prepareReference({ ...search, minAgreement: reference.minAgreement, reference });
    this.#typical = opened(config.typical);
    this.#empty = opened(config.empty);
  }

  measure(picture: ScenePicture): Measures {
    const { mask, box, part } = this.#geometryOf(picture);
    const previous = this.#previous;
    this.#previous = picture.grey;
    return measureScene(picture, {
      ...{ mask, box, previous, reference: this.#reference },
      part: part && this.#typical && { ...part, typical: this.#typical, empty: this.#empty },
    });
  }

  /** Keeps what is needed of a frame to learn from it; answers how many there are. Throws GP_LEARN_FAILED for another size of picture. */
  collect(picture: ScenePicture): number {
    if (this.#collected.length >= mostCollected) throw failed(`At most ${mostCollected} frames can be learned at once`);
    const last = this.#geometry;
    const first = this.#collected.length === 0;
    if (!first && last !== null && (last.width !== picture.width || last.height !== picture.height)) {
      throw failed('The pictures have different sizes: learn with the camera’s own');
    }
    const { mask, box, part } = this.#geometryOf(picture);
    const subject: SceneSubject = {
      mask,
      box,
      previous: first ? null : this.#previousCollected,
      reference: null,
      part: null,
    };
    const measures = measureScene(picture, subject);
    this.#previousCollected = picture.grey;
    const shrink = Math.min(1, Math.sqrt(keptArea / (box.width * box.height)));
    const size = { width: Math.round(box.width * shrink), height: Math.round(box.height * shrink) };
    const { values } = greyOf(boxPixels(picture, box), box, 1, size);
    this.#collected.push({
      picture: { ...size, channels: 1, pixels: Uint8Array.from(values, Math.round) },
      patch: part && partPatch(picture, part.box),
      measures,
    });
    return this.#collected.length;
  }

  forget(): void {
    this.#collected = [];
  }

  /** From good frames: their measures, against the reference and the typical part that they make. `reference` null: they have no common layout. */
  learnGood(): LearnedScene {
    const collected = this.#take();
    const { box, part, width, height } = this.#geometry as Geometry;
    const made = makeReference(
      collected.map(({ picture }) => picture),
      search,
    );
    const prepared = prepareReference({ ...search, minAgreement: -1, reference: made });
    const shifts = collected.map(({ picture }) =>
      shiftOf(picture, { box, frame: { width, height }, reference: prepared }),
    );
    const agreements = shifts.map(({ agreement }) => agreement);
    const minAgreement = proposeMinAgreement(agreements);
    const patches = collected.flatMap(({ patch }) => (patch === null ? [] : [patch]));
    const typical = part && patches.length > 0 ? partTemplate(patches) : null;
    const still = hasCommonLayout(agreements);
    const frames = collected.map(({ measures, patch }, i) => ({
      ...measures,
      ...(still && shifts[i]),
      ...(part && typical && patch && { part: likeness(patch, typical, part.mask) }),
    }));
    return {
      frames,
      reference: still ? { ...made, minAgreement } : null,
      typical: typical && templateText(typical),
      empty: this.#config.empty,
      emptyLikeness: part && typical && this.#empty && likeness(this.#empty, typical, part.mask),
    };
  }

  /** From frames of the empty nest: how like the typical part and how like each other they are. */
  learnEmpty(): LearnedScene {
    const collected = this.#take();
    const { part } = this.#geometry as Geometry;
    const typical = this.#typical;
    if (part === null || typical === null) throw failed('Learn good parts before the empty nest');
    const patches = collected.flatMap(({ patch }) => (patch === null ? [] : [patch]));
    const empty = partTemplate(patches);
    const frames = patches.map((patch) => ({
      part: likeness(patch, typical, part.mask),
      empty: likeness(patch, empty, part.mask),
    }));
    const { reference, typical: text } = this.#config;
    return { frames, reference, typical: text, empty: templateText(empty), emptyLikeness: null };
  }

  #take(): Collected[] {
    const collected = this.#collected;
    if (collected.length === 0) throw failed('No frame was collected');
    this.#collected = [];
    return collected;
  }

  #geometryOf({ width, height }: ScenePicture): Geometry {
    if (this.#geometry?.width === width && this.#geometry.height === height) return this.#geometry;
    const size = { width, height };
    const { region, part: polygon } = this.#config;
    let part: Geometry['part'] = null;
    if (polygon !== null) {
      const box = regionBox(polygon, size, 2);
      part = { box, mask: partMask(polygon, box, size) };
    }
    this.#geometry = { ...size, mask: regionMask(region, size), box: regionBox(region, size, leastBox), part };
    return this.#geometry;
  }
}

function opened(text: string | null): PartTemplate | null {
  if (text === null) return null;
  const template = templateOf(text);
  if (template === undefined) throw new GoodpartError('GP_CONFIG_INVALID', 'A learned picture of the part is damaged');
  return template;
}

function failed(text: string): GoodpartError {
  return new GoodpartError('GP_LEARN_FAILED', text);
}
