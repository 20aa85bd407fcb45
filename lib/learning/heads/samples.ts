import { invalidParameter } from '../../core/errors.ts';

/** One picture's projected features in 16 bits: value = values · scale of its dimension. */
export interface StoredPicture {
  /** [positions, dimensions] */
  values: Int16Array;
  /** [dimensions]; NaN where the dimension held a number that is none. */
  scale: Float32Array;
}

const steps = 32767;

/**
 * Projected features z of all good pictures, what every head is fitted to. Each picture has one scale per dimension, its
 * largest magnitude over 32,767: no range to be known in advance, nothing is clipped, the error is below 1/65,000 of that
 * magnitude, and 5,000 pictures of 1,024 positions and 100 dimensions take 1.0 GB. A number that is not finite reads as NaN.
 */
export class Samples {
  readonly positions: number;
  readonly dimensions: number;
  readonly #pictures: StoredPicture[] = [];

  constructor(positions: number, dimensions: number) {
    this.positions = positions;
    this.dimensions = dimensions;
  }

  get pictures(): number {
    return this.#pictures.length;
  }

  /** Takes one picture's features [positions, dimensions]. */
  add(z: Float32Array): void {
    const { positions, dimensions: d } = this;
    if (z.length !== positions * d) {
      throw invalidParameter('features of a picture', `${positions} x ${d} numbers`, z.length);
    }
    const scale = new Float32Array(d);
    const broken = new Float32Array(d); // stays zero, or becomes NaN
    for (let at = 0; at < z.length; at += d) {
      for (let k = 0; k < d; k++) {
        const size = Math.abs(z[at + k]);
        if (size > scale[k]) scale[k] = size;
        broken[k] += size * 0;
      }
    }
    const inverse = new Float64Array(d);
    for (let k = 0; k < d; k++) {
      scale[k] = scale[k] / steps + broken[k];
      inverse[k] = scale[k] > 0 ? 1 / scale[k] : 0;
    }
    const values = new Int16Array(z.length);
    for (let at = 0; at < z.length; at += d) {
      for (let k = 0; k < d; k++) {
        const step = Math.round(z[at + k] * inverse[k]);
        values[at + k] = Math.max(-steps, Math.min(steps, step));
      }
    }
    this.#pictures.push({ values, scale });
  }

  /** Takes a picture as it was stored; it is kept, not copied. */
  addStored(picture: StoredPicture): void {
    const { positions, dimensions: d } = this;
    if (picture.values.length !== positions * d || picture.scale.length !== d) {
      throw invalidParameter('stored features of a picture', `${positions} x ${d} numbers`, picture.values.length);
    }
    this.#pictures.push(picture);
  }

  stored(picture: number): StoredPicture {
    return this.#pictures[picture];
  }

  /** Features of one picture, [positions, dimensions]. */
  picture(picture: number): Float32Array {
    const { values, scale } = this.#pictures[picture];
    const out = new Float32Array(values.length);
    expand(values, scale, 0, values.length, out, 0);
    return out;
  }

  /** Features of one cell into `out` from `at` on. */
  cell(picture: number, position: number, out: Float32Array, at: number): void {
    const { values, scale } = this.#pictures[picture];
    const d = this.dimensions;
    expand(values, scale, position * d, (position + 1) * d, out, at);
  }

  /** Features at the positions `from` to `to` (not included) of all pictures: [to - from, pictures, dimensions]. */
  block(from: number, to: number): Float32Array {
    const d = this.dimensions;
    const row = this.pictures * d;
    const out = new Float32Array((to - from) * row);
    for (const [p, { values, scale }] of this.#pictures.entries()) {
      for (let position = from; position < to; position++) {
        expand(values, scale, position * d, (position + 1) * d, out, (position - from) * row + p * d);
      }
    }
    return out;
  }
}

function expand(values: Int16Array, scale: Float32Array, from: number, to: number, out: Float32Array, at: number) {
  const d = scale.length;
  for (let cell = from; cell < to; cell += d, at += d) {
    for (let k = 0; k < d; k++) out[at + k] = values[cell + k] * scale[k];
  }
}
