import { createHash } from 'node:crypto';
import { asGoodpartError } from '../../core/errors.ts';
import { type DecodeTarget, decodeTo, type ImageInput, openImage } from '../../imaging/decode.ts';
import { decodeCounts, luminance as luminanceCounts } from '../../imaging/decode-counts.ts';
import { CountHistogram, fullWindow, type Levels, type LevelWindow, levelsOf } from '../../imaging/levels.ts';
import { failed } from '../failure.ts';
import type { Pictures } from '../features/extractor.ts';
import type { PictureAttributes } from '../options.ts';
import { commonAspect, inputSizeFor, type Size, sameAspect, squareInput } from './input-size.ts';

/** Fewer good pictures than this say too little about what varies. */
export const fewestPictures = 20;

export interface Skipped {
  path: string;
  reason: string;
}

/** How pictures become the model's input. `fixed`: a model that exists, or a backbone that takes one size only. */
export interface Framing {
  keepAspect: boolean;
  side: number;
  fixed?: Size;
  channels?: 1 | 3;
  /** Of a model that exists; null: of one of 8 bits. Not given: pictures of 16 bits a sample make a window of their own. */
  window?: LevelWindow | null | undefined;
}

interface Picture extends PictureAttributes {
  label: string;
  /** Counts for 16 bits a sample, as long as nothing moved them. */
  pixels: Levels | Uint16Array;
  channels: 1 | 3;
  bitDepth: 8 | 16;
  own: Size;
}

/** What can be learned from: levels of one size and depth, and where each came from. */
export class UsablePictures implements Pictures {
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly window: LevelWindow | undefined;
  readonly labels: string[];
  readonly attributes: PictureAttributes[];
  /** sha256 of each picture's pixels and size, hex. */
  readonly digests: string[];
  readonly skipped: Skipped[];
  /** What a person left out and why it is not among the rest. */
  readonly excluded: Skipped[];
  /** Size of the pictures as the camera gave them: the most usual one. */
  readonly own: Size;
  readonly #pixels: (Levels | Uint16Array)[];

  constructor(
    { size, channels, own, window }: Pick<UsablePictures, 'size' | 'channels' | 'own' | 'window'>,
    used: (Picture & { digest: string })[],
    skipped: Skipped[],
    excluded: Skipped[],
  ) {
    this.size = size;
    this.channels = channels;
    this.own = own;
    this.window = window;
    this.labels = used.map(({ label }) => label);
    this.attributes = used.map(({ shift, lot, nest }) => ({ shift, lot, nest }));
    this.digests = used.map(({ digest }) => digest);
    this.skipped = skipped;
    this.excluded = excluded;
    this.#pixels = used.map(({ pixels }) => pixels);
  }

  /** Width by height of the camera's frames. */
  get aspect(): number {
    return this.own.width / this.own.height;
  }

  get count(): number {
    return this.#pixels.length;
  }

  pixels(picture: number): Levels {
    const pixels = this.#pixels[picture];
    return pixels instanceof Uint16Array ? levelsOf(pixels, this.window ?? fullWindow) : pixels;
  }

  /** The same set after each picture was moved (registration); pictures for which `move` gives null are left out. */
  moved(move: (picture: number) => { pixels: Levels } | { reason: string }): UsablePictures {
    const kept: (Picture & { digest: string })[] = [];
    const skipped = [...this.skipped];
    for (let i = 0; i < this.count; i++) {
      const result = move(i);
      const label = this.labels[i];
      if ('reason' in result) {
        skipped.push({ path: label, reason: result.reason });
        continue;
      }
      const { pixels } = result;
      const { channels, own } = this;
      kept.push({
        ...this.attributes[i],
        label,
        pixels,
        channels,
        bitDepth: this.window ? 16 : 8,
        own,
        digest: this.digests[i],
      });
      this.#pixels[i] = pixels; // frees the picture as it was: thousands of them fill a Jetson
    }
    return new UsablePictures(this, kept, skipped, this.excluded);
  }
}

/** The good pictures of one learning run, decoded as inspection decodes them; keeps pixels only, never files. */
export class PictureSet {
  readonly #framing: Framing;
  readonly #pictures: (Picture | Skipped)[] = [];

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** One picture as it goes into the graph of this set's framing, which must be fixed. */
  async read(load: () => Promise<ImageInput>): Promise<Levels> {
    const { fixed, channels, window } = this.#framing;
    if (!fixed || !channels || window === undefined) throw new Error('a framing that is not fixed');
    const target = { ...fixed, channels };
    if (window === null) return (await decodeTo(await load(), target)).data;
    return levelsOf((await decodeCounts(await load(), target)).data, window);
  }

  /** Decodes picture number `index`; never throws, what cannot be read is skipped with its reason. */
  async add(
    index: number,
    label: string,
    load: () => Promise<ImageInput>,
    about: PictureAttributes = {},
  ): Promise<void> {
    try {
      const image = await load();
      const { width, height, bitDepth } = await openImage(image);
      const own = { width, height };
      const { channels: wanted = 'own', window } = this.#framing;
      const inCounts = window === undefined ? bitDepth === 16 : window !== null;
      const target: DecodeTarget = { ...this.sizeFor(own), channels: wanted };
      const { data, channels } = await (inCounts ? decodeCounts : decodeTo)(image, target);
      this.#pictures[index] = { ...about, label, pixels: data, channels, bitDepth, own };
    } catch (thrown) {
      this.#pictures[index] = { path: label, reason: asGoodpartError(thrown).message };
    }
  }

  /** Forgets the pictures: what `finish` gave is all that is needed, and registration replaces it picture by picture. */
  release(): void {
    this.#pictures.length = 0;
  }

  sizeFor(own: Size): Size {
    const { fixed, keepAspect, side } = this.#framing;
    return fixed ?? (keepAspect ? inputSizeFor(own, side) : squareInput(side));
  }

  /**
   * What can be learned from, without `exclude` (digests or labels). Throws GP_LEARN_FAILED: fewer than `fewest`, all equal, an
   * odd aspect where one was to be kept, grey among coloured or 8 among 16 bit.
   */
  finish(exclude: readonly string[] = [], fewest = fewestPictures): UsablePictures {
    const read = this.#pictures.filter((picture) => 'pixels' in picture);
    const channels = this.#framing.channels ?? commonChannels(read);
    checkDepths(read);
    const out = new Set(exclude);
    const excluded: Skipped[] = [];
    const skipped: Skipped[] = [];
    const seen = new Map<string, string>();
    const used: (Picture & { digest: string })[] = [];
    for (const picture of this.#pictures) {
      if (!('pixels' in picture)) {
        skipped.push(picture);
        continue;
      }
      const { label, own } = picture;
      const pixels = picture.channels === channels ? picture.pixels : greyOf(picture.pixels);
      const size = this.sizeFor(own);
      const digest = createHash('sha256').update(`${size.width}x${size.height} `).update(bytesIn(pixels)).digest('hex');
      if (out.has(label) || out.has(digest)) {
        excluded.push({ path: label, reason: 'left out by a person' });
        continue;
      }
      const first = seen.get(digest);
      if (first !== undefined) {
        // A copy in another fold would be scored by a model that knows it.
        skipped.push({ path: label, reason: `the same picture as ${first}` });
        continue;
      }
      seen.set(digest, label);
      used.push({ ...picture, pixels, channels, digest });
    }
    if (used.length === 1 && fewest > 1 && read.length > 1 && excluded.length === 0) {
      throw failed('pictures', 'pictures that differ', `${read.length} equal ones`);
    }
    if (used.length < fewest) {
      const first = skipped[0];
      const why = first ? ` (${skipped.length} skipped, first ${first.path}: ${first.reason})` : '';
      throw failed('pictures', `at least ${fewest} usable good pictures`, `${used.length}${why}`);
    }
    const { fixed, keepAspect, side } = this.#framing;
    const size = fixed ?? (keepAspect && used.length > 0 ? oneSize(used, side) : squareInput(side));
    const own = used.length > 0 ? commonAspect(used.map((picture) => picture.own)) : size;
    const window = this.#framing.window === undefined ? windowOf(used) : (this.#framing.window ?? undefined);
    return new UsablePictures({ size, channels, own, window }, used, skipped, excluded);
  }
}

/** For pictures of 16 bits a sample. */
function windowOf(used: Picture[]): LevelWindow | undefined {
  const histogram = new CountHistogram();
  for (const { pixels } of used) if (pixels instanceof Uint16Array) histogram.add(pixels);
  return used.some(({ pixels }) => pixels instanceof Uint16Array) ? histogram.window() : undefined;
}

const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);

function oneSize(used: Picture[], side: number): Size {
  const common = commonAspect(used.map((picture) => picture.own));
  const size = inputSizeFor(common, side);
  for (const { label, own, pixels, channels } of used) {
    if (sameAspect(own, common) && pixels.length === size.width * size.height * channels) continue;
    const expected = `${aspect(common)} like the other pictures, or "keep aspect" switched off`;
    throw failed(`the aspect of ${label}`, expected, aspect(own));
  }
  return size;
}

const aspect = ({ width, height }: Size) => `${(width / height).toFixed(3)}:1 (${width} x ${height})`;

/** Differences of colour above this, in grey levels, are more than a JPEG encoder's rounding. */
const colourLevels = 8;
const colourShare = 0.001;

/** Whether a picture of three channels shows any colour. */
function isColoured({ pixels, channels }: Picture): boolean {
  if (channels === 1) return false;
  const levels = pixels instanceof Uint16Array ? colourLevels * 257 : colourLevels;
  let coloured = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    const [r, g, b] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > levels) coloured += 1;
  }
  return coloured > (pixels.length / 3) * colourShare;
}

/** 3 where the pictures have colour. Throws where single-channel ones are among coloured ones: they are of two cameras. */
function commonChannels(read: Picture[]): 1 | 3 {
  const coloured = read.find(isColoured);
  if (coloured === undefined) return 1;
  const grey = read.filter(({ channels }) => channels === 1);
  if (grey.length === 0) return 3;
  const expected = `pictures of one camera: all in colour like ${coloured.label}, or all grey`;
  throw failed('pictures', expected, `${grey.length} grey of ${read.length}, first ${grey[0].label}`);
}

function checkDepths(read: Picture[]): void {
  const deep = read.filter(({ bitDepth }) => bitDepth === 16);
  if (deep.length === 0 || deep.length === read.length) return;
  const received = `${deep.length} of ${read.length} with 16 bit, first ${deep[0].label}`;
  throw failed('pictures', 'pictures of one camera: all with 8 or all with 16 bit a sample', received);
}

/** Luminance (Rec. 709 weights) of pictures in which hardly any pixel has colour: within a grey level of the decoder's. */
function greyOf(pixels: Levels | Uint16Array): Buffer | Uint16Array {
  if (pixels instanceof Uint16Array) return luminanceCounts(pixels);
  const out = Buffer.allocUnsafe(pixels.length / 3);
  for (let i = 0; i < out.length; i++) {
    out[i] = Math.round(0.2126 * pixels[i * 3] + 0.7152 * pixels[i * 3 + 1] + 0.0722 * pixels[i * 3 + 2]);
  }
  return out;
}
