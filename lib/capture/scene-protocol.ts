import { GoodpartError } from '../core/errors.ts';
import type { FrameInfo } from '../core/frame.ts';
import type { Polygon, SceneMeasure } from '../core/inspection.ts';

/** Pictures of what was learned, as a recipe holds them. */
export interface SceneReferences {
  /** The reference region of a typical good frame, for the shift; null: not learned. */
  reference: { width: number; height: number; pixels: string; minAgreement: number } | null;
  /** The part's region with a typical part and with nothing in it; base64. */
  typical: string | null;
  empty: string | null;
}

/** What a scene check looks at. Empty polygons are the whole frame; `part` null: not looked for. */
export interface SceneConfig extends SceneReferences {
  region: Polygon;
  part: Polygon | null;
}

/** A measure is absent where it cannot be had, NaN where it means nothing. */
export type Measures = Partial<Record<SceneMeasure, number>>;

export type PictureInfo = Pick<FrameInfo, 'encoding' | 'width' | 'height' | 'channels' | 'bitDepth'>;

/** JSON has no NaN: names in the body, numbers as bytes. */
export function packMeasures(measures: Measures): { keys: string[]; numbers: Buffer } {
  const keys = Object.keys(measures) as SceneMeasure[];
  const numbers = Buffer.alloc(keys.length * 8);
  for (const [i, key] of keys.entries()) numbers.writeDoubleLE(measures[key] ?? Number.NaN, i * 8);
  return { keys, numbers };
}

export function unpackMeasures(keys: readonly string[], numbers: Buffer): Measures {
  if (numbers.length !== keys.length * 8) {
    throw new GoodpartError('GP_PROTOCOL', `${keys.length} measures came with ${numbers.length} bytes`);
  }
  return Object.fromEntries(keys.map((key, i) => [key, numbers.readDoubleLE(i * 8)]));
}

/** What the child has made of the frames that it was given to learn. */
export interface LearnedScene extends SceneReferences {
  frames: Measures[];
  /** Likeness of the empty nest, learned before, to the typical part; null where there is none. */
  emptyLikeness: number | null;
}
