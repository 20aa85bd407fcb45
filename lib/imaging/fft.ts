/** Sides are powers of two; twiddle factors and scratch of one size, made once. */
export class Fft {
  readonly width: number;
  readonly height: number;
  readonly #rows: Plan;
  readonly #columns: Plan;

  /** Throws RangeError where a side is not a power of two. */
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#rows = plan(width);
    this.#columns = width === height ? this.#rows : plan(height);
  }

  /** Forward transform in place: `real` and `imaginary` are [height, width]. */
  forward(real: Float64Array, imaginary: Float64Array): void {
    const { width, height } = this;
    for (let y = 0; y < height; y++) transform(real, imaginary, y * width, 1, this.#rows);
    for (let x = 0; x < width; x++) transform(real, imaginary, x, width, this.#columns);
  }

  /** Inverse transform in place, without the division by width x height. */
  inverse(real: Float64Array, imaginary: Float64Array): void {
    this.forward(imaginary, real); // swapping the parts conjugates before and after
  }
}

/** The next power of two that is not below `length`. */
export function powerOfTwo(length: number): number {
  let power = 1;
  while (power < length) power *= 2;
  return power;
}

interface Plan {
  length: number;
  reversed: Uint32Array;
  cos: Float64Array;
  sin: Float64Array;
  /** One line at a time: columns lie far apart in memory. */
  real: Float64Array;
  imaginary: Float64Array;
}

function plan(length: number): Plan {
  if (length < 1 || (length & (length - 1)) !== 0) throw new RangeError(`${length} is no power of two`);
  const reversed = new Uint32Array(length);
  for (let i = 1; i < length; i++) reversed[i] = (reversed[i >> 1] >> 1) | (i & 1 ? length >> 1 : 0);
  const half = Math.max(1, length >> 1);
  const turn = (i: number) => (-2 * Math.PI * i) / length;
  return {
    length,
    reversed,
    cos: Float64Array.from({ length: half }, (_, i) => Math.cos(turn(i))),
    sin: Float64Array.from({ length: half }, (_, i) => Math.sin(turn(i))),
    real: new Float64Array(length),
    imaginary: new Float64Array(length),
  };
}

/** Radix 2, decimation in time (Cooley and Tukey 1965), of `length` values that lie `step` apart. */
function transform(outReal: Float64Array, outImaginary: Float64Array, at: number, step: number, line: Plan): void {
  const { length, reversed, cos, sin, real, imaginary } = line;
  for (let i = 0; i < length; i++) {
    const from = at + reversed[i] * step;
    real[i] = outReal[from];
    imaginary[i] = outImaginary[from];
  }
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let start = 0; start < length; start += 2 * half) {
      for (let k = 0, turn = 0; k < half; k++, turn += stride) {
        const low = start + k;
        const high = low + half;
        const r = real[high] * cos[turn] - imaginary[high] * sin[turn];
        const i = real[high] * sin[turn] + imaginary[high] * cos[turn];
        real[high] = real[low] - r;
        imaginary[high] = imaginary[low] - i;
        real[low] += r;
        imaginary[low] += i;
      }
    }
  }
  for (let i = 0, to = at; i < length; i++, to += step) {
    outReal[to] = real[i];
    outImaginary[to] = imaginary[i];
  }
}
