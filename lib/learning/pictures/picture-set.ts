import { createHash } from 'node:crypto';
import { asGoodpartError } from '../../core/errors.ts';
import { decodeTo, type ImageInput, readImageSize } from '../../imaging/decode.ts';
import { failed } from '../failure.ts';
import { commonAspect, inputSizeFor, type Size, sameAspect, squareInput } from './input-size.ts';

/** Fewer good pictures than this say too little about what varies. */
export const fewestPictures = 20;

export interface Skipped {
  path: string;
  reason: string;
}

interface Picture {
  label: string;
  pixels: Buffer;
  own: Size;
  digest: string;
}

export interface UsablePictures {
  size: Size;
  /** Grey, uint8, `size` each. */
  pixels: Buffer[];
  /** Where each came from. */
  labels: string[];
  skipped: Skipped[];
  /** sha256 over the decoded pictures in order. */
  digest: string;
}

/** The good pictures of one learning run, decoded as inspection decodes them; keeps pixels only, never files. */
export class PictureSet {
  readonly #keepAspect: boolean;
  readonly #pictures: (Picture | Skipped)[] = [];

  constructor(keepAspect: boolean) {
    this.#keepAspect = keepAspect;
  }

  /** Decodes picture number `index`; never throws, what cannot be read is skipped with its reason. */
  async add(index: number, label: string, load: () => Promise<ImageInput>): Promise<void> {
    try {
      const image = await load();
      const own = await sizeOf(image);
      const size = this.#keepAspect ? inputSizeFor(own) : squareInput;
      const { data } = await decodeTo(image, { ...size, channels: 1 });
      const digest = createHash('sha256').update(`${size.width}x${size.height} `).update(data).digest('hex');
      this.#pictures[index] = { label, pixels: data, own, digest };
    } catch (thrown) {
      this.#pictures[index] = { path: label, reason: asGoodpartError(thrown).message };
    }
  }

  /** What can be learned from. Throws GP_LEARN_FAILED: too few, all equal, an odd aspect where one was to be kept. */
  finish(): UsablePictures {
    const skipped: Skipped[] = [];
    const seen = new Map<string, string>();
    const used: Picture[] = [];
    let repeats = 0;
    for (const picture of this.#pictures) {
      if (!('pixels' in picture)) {
        skipped.push(picture);
        continue;
      }
      const first = seen.get(picture.digest);
      if (first !== undefined) {
        // A copy in another fold would be scored by a model that knows it.
        skipped.push({ path: picture.label, reason: `the same picture as ${first}` });
        repeats += 1;
        continue;
      }
      seen.set(picture.digest, picture.label);
      used.push(picture);
    }
    if (used.length === 1 && repeats > 0) throw failed('pictures', 'pictures that differ', `${repeats + 1} equal ones`);
    if (used.length < fewestPictures) {
      const why =
        skipped.length > 0 ? ` (${skipped.length} skipped, first ${skipped[0].path}: ${skipped[0].reason})` : '';
      throw failed('pictures', `at least ${fewestPictures} usable good pictures`, `${used.length}${why}`);
    }
    const size = this.#keepAspect ? this.#commonSize(used) : squareInput;
    const digest = createHash('sha256');
    for (const picture of used) digest.update(picture.digest);
    return {
      size,
      pixels: used.map(({ pixels }) => pixels),
      labels: used.map(({ label }) => label),
      skipped,
      digest: digest.digest('hex'),
    };
  }

  #commonSize(used: Picture[]): Size {
    const common = commonAspect(used.map((picture) => picture.own));
    const size = inputSizeFor(common);
    for (const { label, own, pixels } of used) {
      if (sameAspect(own, common) && pixels.length === size.width * size.height) continue;
      throw failed(
        `the aspect of ${label}`,
        `${aspect(common)} like the other pictures, or "keep aspect" switched off`,
        aspect(own),
      );
    }
    return size;
  }
}

const aspect = ({ width, height }: Size) => `${(width / height).toFixed(3)}:1 (${width} x ${height})`;

async function sizeOf(image: ImageInput): Promise<Size> {
  const { encoding, width, height } = image.info;
  return encoding === 'raw' && width && height ? { width, height } : readImageSize(image.data);
}
