import { invalidParameter } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { Roi } from '../core/inspection.ts';
import type { FeatureKind } from './features/extractor.ts';
import type { HeadKind } from './heads/head.ts';
import { checkRegions } from './limits/regions.ts';
import type { CostGoal, FalseRejectRate } from './limits/thresholds.ts';
import { largestSide, sideStep, smallestSide } from './pictures/input-size.ts';

/** What is known of the part in a picture, where somebody says it. */
export interface PictureAttributes {
  shift?: string;
  lot?: string;
  nest?: string;
}

/** A file, a folder (the files directly in it) or a frame. */
export type PictureSource = ({ path: string } | { frame: Frame }) & PictureAttributes;

/** What good parts come from: a model is provisional until it has seen all of it. */
export interface Declared {
  shifts?: string[];
  lots?: string[];
  nests?: string[];
}

/** A network that somebody brings: an ONNX file, the layers to take, how its pictures are normalised. */
export interface BackboneFile {
  path: string;
  /** Names of tensors, from `listLayers`; empty takes the suggested ones. */
  layers?: string[];
  /** `imagenet`, `0..1`, `-1..1`, `0..255`, or mean and deviation of 0..1 pixels; not given: as the file says, else `imagenet`. */
  normalisation?: string | { mean: [number, number, number]; std: [number, number, number] };
}

export interface RegistrationLimits {
  /** Largest shift that is corrected, in parts of the frame's width and height, 0..0.25. */
  maxShift: number;
  /** Largest rotation that is corrected, degrees, 0..15. */
  maxRotation: number;
}

export interface LearningOptions {
  /** Good pictures. Of more than `most` an even selection is taken. */
  images: PictureSource[];
  /** At most so many pictures; 5000, which is also the limit, where it is not given. */
  most?: number;
  /** `<userDir>/goodpart/models` */
  modelsRoot: string;
  name: string;
  /** Whole number 0..2^32-1; chooses filters, folds and drawn defects. Default 1. */
  seed?: number;
  /**
   * True: all pictures share one aspect, which the model's input follows. False: every picture is stretched to a square.
   * `auto`: a camera's frames keep theirs, and so do files that all have the same one.
   */
  keepAspect: boolean | 'auto';
  /** Side of the model's square input, or of a square of its area: a multiple of 32 from 64 to 1024. Default 256. */
  size?: number;
  /** Default: what the frontier recommends (features/features.ts). */
  features?: FeatureKind;
  /** With features `backbone`. */
  backbone?: BackboneFile;
  /** Default `auto`: chosen by cross-validation. */
  head?: HeadKind | 'auto';
  /** Find the part in each frame before scoring; null or absent: parts lie still. */
  registration?: RegistrationLimits | null;
  /** Pictures that a person left out: sha256 digests as findings name them, or labels (paths). */
  exclude?: string[];
  declared?: Declared;
  /** Regions to propose limits for; their own limits are not looked at. */
  rois?: Roi[];
  /** Wanted shares of good parts above the limits (default 5 % and 1 %), or the costs they follow from. */
  goal?: FalseRejectRate | CostGoal;
  /** Pictures of defects, to say how many are found; a folder's subfolders are kinds. The model does not learn from them. */
  defects?: { path: string; kind?: string }[];
  /** Folders with one subfolder for each part, which holds that part's repeated pictures. */
  repeats?: { path: string }[];
  /** Draw defects into good pictures to say what can be seen; default true. */
  sensitivity?: boolean;
  /**
   * Folder of a learned model: its frames are kept, the pictures are added to them. Its features, head, size, aspect and registration
   * stay, whatever else is said here. `images` may be empty where frames are left out of it.
   */
  extend?: string;
}

/** More pictures than this were not tried: memory and time grow with them (README). */
export const mostPictures = 5000;

/** Options with every default but those that only the child knows. */
export type CheckedOptions = LearningOptions &
  Required<Pick<LearningOptions, 'seed' | 'rois' | 'most' | 'goal' | 'exclude' | 'defects' | 'repeats'>>;

/** Throws GP_CONFIG_INVALID for what cannot be learned with. */
export function checkOptions(options: LearningOptions): CheckedOptions {
  const defaults = { seed: 1, rois: [], most: mostPictures, goal: { warn: 0.05, fail: 0.01 } };
  const checked = { ...defaults, exclude: [], defects: [], repeats: [], ...options };
  const { images, most, name, seed, size, rois, goal, features, backbone, registration } = checked;
  const refuse = (field: string, expected: string, received: unknown) => {
    throw invalidParameter(field, expected, received, 'GP_CONFIG_INVALID');
  };
  const refits = checked.extend !== undefined && checked.exclude.length > 0;
  if (!Array.isArray(images) || (images.length === 0 && !refits)) {
    refuse('images', 'at least one picture or folder', images);
  }
  if (typeof name !== 'string' || name.length === 0 || name.length > 64) refuse('name', '1 to 64 characters', name);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) refuse('seed', 'a whole number 0..4294967295', seed);
  if (!Number.isInteger(most) || most < 1) refuse('most', 'a whole number of pictures', most);
  if (size !== undefined && (size % sideStep !== 0 || !(size >= smallestSide && size <= largestSide))) {
    refuse('size', `a multiple of ${sideStep} from ${smallestSide} to ${largestSide}`, size);
  }
  if (features === 'backbone' && !backbone?.path) refuse('backbone', 'an ONNX file', backbone?.path);
  if (registration) {
    const { maxShift, maxRotation } = registration;
    if (!(maxShift > 0 && maxShift <= 0.25)) refuse('registration.maxShift', 'a share above 0 up to 0.25', maxShift);
    if (!(maxRotation >= 0 && maxRotation <= 15)) refuse('registration.maxRotation', '0 to 15 degrees', maxRotation);
  }
  if ('warn' in goal) {
    const { warn, fail } = goal;
    if (!(warn > 0 && warn <= 0.5)) refuse('goal.warn', 'a share above 0 up to 0.5', warn);
    if (!(fail > 0 && fail <= warn)) refuse('goal.fail', 'a share above 0 up to the warn share', fail);
  } else {
    const { missCost, falseRejectCost, defectShare } = goal;
    if (!(missCost > 0 && Number.isFinite(missCost))) refuse('goal.missCost', 'a cost above 0', missCost);
    if (!(falseRejectCost > 0 && Number.isFinite(falseRejectCost)))
      refuse('goal.falseRejectCost', 'a cost above 0', falseRejectCost);
    if (!(defectShare > 0 && defectShare < 1)) refuse('goal.defectShare', 'a share between 0 and 1', defectShare);
  }
  checkRegions(rois);
  return checked;
}
