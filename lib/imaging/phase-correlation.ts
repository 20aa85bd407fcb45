import { Fft, powerOfTwo } from './fft.ts';
import type { Grey } from './pyramid.ts';

export interface Peak {
  /** Pixels from the reference to the frame, whole. */
  x: number;
  y: number;
  value: number;
}

interface Spectrum {
  real: Float64Array;
  imaginary: Float64Array;
}

/**
 * Shifts between a frame and turned copies of a reference: phase correlation (Kuglin and Hines 1975) of the gradients' magnitudes
 * under a Hann window. Frequencies are weighted by a Gaussian: the highest hold noise only.
 */
export class PhaseCorrelation {
  readonly #fft: Fft;
  readonly #window: Float64Array;
  readonly #weights: Float64Array;
  readonly #references: Spectrum[];
  readonly #size: { width: number; height: number };

  /** `references`: the same picture under different turns. */
  constructor(references: Grey[]) {
    const [{ width, height }] = references;
    this.#size = { width, height };
    this.#fft = new Fft(powerOfTwo(width), powerOfTwo(height));
    const hann = (length: number) =>
      Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length));
    const across = hann(width);
    this.#window = Float64Array.from(hann(height).flatMap((down) => across.map((value) => value * down)));
    this.#weights = lowPass(this.#fft);
    this.#references = references.map((reference) => this.#spectrum(reference));
  }

  /** For each reference its highest peaks, highest first. */
  peaks(frame: Grey, each: number): Peak[][] {
    const spectrum = this.#spectrum(frame);
    return this.#references.map((reference) => this.#highest(this.#correlate(reference, spectrum), each));
  }

  #spectrum(picture: Grey): Spectrum {
    const { width, height } = this.#size;
    const real = new Float64Array(this.#fft.width * this.#fft.height);
    const imaginary = new Float64Array(real.length);
    const { values } = picture;
    for (let y = 0; y < height; y++) {
      const up = y > 0 ? -width : 0;
      const down = y < height - 1 ? width : 0;
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const gx = values[x < width - 1 ? at + 1 : at] - values[x > 0 ? at - 1 : at];
        const gy = values[at + down] - values[at + up];
        real[y * this.#fft.width + x] = Math.sqrt(gx * gx + gy * gy) * this.#window[at];
      }
    }
    this.#fft.forward(real, imaginary);
    return { real, imaginary };
  }

  #correlate(reference: Spectrum, frame: Spectrum): Float64Array {
    const real = new Float64Array(this.#weights.length);
    const imaginary = new Float64Array(real.length);
    for (let i = 0; i < real.length; i++) {
      const [a, b, c, d] = [frame.real[i], frame.imaginary[i], reference.real[i], reference.imaginary[i]];
      const r = a * c + b * d;
      const m = b * c - a * d;
      const length = Math.sqrt(r * r + m * m);
      if (length === 0) continue;
      real[i] = (r / length) * this.#weights[i];
      imaginary[i] = (m / length) * this.#weights[i];
    }
    this.#fft.inverse(real, imaginary);
    return real;
  }

  /** Local maxima of the correlation surface. */
  #highest(surface: Float64Array, count: number): Peak[] {
    const { width, height } = this.#fft;
    const found: Peak[] = [];
    for (let y = 0; y < height; y++) {
      const row = y * width;
      const above = ((y + height - 1) % height) * width;
      const below = ((y + 1) % height) * width;
      for (let x = 0; x < width; x++) {
        const value = surface[row + x];
        if (found.length === count && value <= found[count - 1].value) continue;
        const left = (x + width - 1) % width;
        const right = (x + 1) % width;
        if (surface[row + left] > value || surface[row + right] > value) continue;
        if (surface[above + x] > value || surface[below + x] > value) continue;
        found.push({ x: x > width / 2 ? x - width : x, y: y > height / 2 ? y - height : y, value });
        found.sort((a, b) => b.value - a.value);
        found.length = Math.min(found.length, count);
      }
    }
    return found;
  }
}

/** exp(-f²/2s²), f in cycles per pixel, without the mean. */
function lowPass({ width, height }: Fft): Float64Array {
  const spread = 0.15;
  const out = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const fy = Math.min(y, height - y) / height;
    for (let x = 0; x < width; x++) {
      const fx = Math.min(x, width - x) / width;
      out[y * width + x] = Math.exp(-(fx * fx + fy * fy) / (2 * spread * spread));
    }
  }
  out[0] = 0;
  return out;
}
