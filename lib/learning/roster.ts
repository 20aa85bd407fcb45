import { failed } from './failure.ts';
import { Samples } from './heads/samples.ts';
import type { PictureAttributes } from './options.ts';
import type { Parent } from './parent.ts';
import { fewestPictures, type Skipped, type UsablePictures } from './pictures/picture-set.ts';
import type { Training } from './training.ts';

export type Entry = Training['pictures'][number];

/**
 * Who is in a model: the pictures of the version that is continued, then the new ones, in the order of the kept samples. Those left
 * out keep their place and are not fitted to.
 */
export class Roster {
  /** All of them, left out or not. */
  readonly all: Entry[];
  /** Those that are learned from, in order. */
  readonly used: Entry[];
  readonly excluded: Skipped[];
  /** How many of `used` come from the version that is continued: new picture i is used entry `kept + i`. */
  readonly kept: number;

  /** `groups`: of the new pictures, the same number for likely copies. Throws GP_LEARN_FAILED: too few, or nobody to leave out. */
  constructor(
    parent: Parent | undefined,
    pictures: UsablePictures,
    { exclude, groups }: { exclude: readonly string[]; groups: readonly number[] },
  ) {
    const out = new Set(exclude);
    this.excluded = [...pictures.excluded];
    const before = parent?.training.pictures ?? [];
    if (parent) checkNames(exclude, before, pictures);
    const first = 1 + Math.max(-1, ...before.map(({ group }) => group));
    const old = before.map((entry): Entry => {
      if (entry.excluded || !(out.has(entry.digest) || out.has(entry.label))) return entry;
      this.excluded.push({ path: entry.label, reason: 'left out by a person' });
      return { ...entry, excluded: true };
    });
    const added = pictures.labels.map((label, i): Entry => {
      const { shift, lot, nest }: PictureAttributes = pictures.attributes[i];
      return { label, digest: pictures.digests[i], shift, lot, nest, group: first + groups[i] };
    });
    this.all = [...old, ...added];
    this.used = this.all.filter(({ excluded }) => !excluded);
    this.kept = this.used.length - added.length;
    if (pictures.count === 0 && this.excluded.length === 0) {
      if (exclude.length > 0) throw nobody(exclude);
      throw failed('pictures', 'good pictures that the model has not learned yet', `${pictures.skipped.length} it has`);
    }
    if (this.used.length < fewestPictures) {
      throw failed('pictures', `at least ${fewestPictures} good pictures left`, String(this.used.length));
    }
  }

  /** The kept samples of those that are used. */
  keptSamples(before: Samples): Samples {
    const samples = new Samples(before.positions, before.dimensions);
    for (let i = 0; i < before.pictures; i++) if (!this.all[i].excluded) samples.addStored(before.stored(i));
    return samples;
  }
}

/** A name that fits nothing would leave a bad picture in, and nobody would know. */
function checkNames(exclude: readonly string[], before: readonly Entry[], pictures: UsablePictures): void {
  const left = [...pictures.excluded, ...pictures.skipped].map(({ path }) => path);
  const known = new Set([...before.map(({ label }) => label), ...pictures.labels, ...left]);
  const unknown = exclude.filter((entry) => !known.has(entry) && !/^[0-9a-f]{64}$/.test(entry));
  if (unknown.length > 0) throw nobody(unknown);
}

const nobody = (names: readonly string[]) =>
  failed('exclude', 'names of pictures that the model learned from', names.join(', '));
