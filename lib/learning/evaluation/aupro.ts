import { invalidParameter } from '../../core/errors.ts';
import { connectedComponents } from './components.ts';

export interface PixelFigures {
  /** Area under the ROC of all pixels; null where there are no defect pixels or no others. */
  pixelAuroc: number | null;
  /** Area under the per-region overlap up to a false-positive rate of 0.3, divided by 0.3; null likewise. */
  aupro: number | null;
  pictures: number;
  /** Connected defect regions. */
  regions: number;
  goodPixels: number;
  defectPixels: number;
  /** The figures are no further than this from those of unrounded map values. */
  rounding: number;
}

export const falsePositiveLimit = 0.3;

/** Sign, exponent and 12 bits of the fraction: values within 1/4096 of each other share a bin. */
const binBits = 21;
const bins = 2 ** binBits;

/**
 * Pixel AUROC and AUPRO over any number of pictures in 50 MB: of each pixel only the bin of its value is kept.
 *
 * The per-region overlap at a threshold is the mean, over all connected regions of all masks, of the share of a region's
 * pixels above it; the false-positive rate counts the pixels outside all regions. Bergmann et al., "The MVTec Anomaly
 * Detection Dataset", IJCV 2021. A region's mean share is a sum over its pixels, each weighing 1 / size: so one weighted
 * histogram holds the whole curve. Between two bins both curves are straight, which counts equal values half.
 */
export class PixelCurves {
  readonly #good = new Float64Array(bins);
  readonly #defect = new Float64Array(bins);
  /** Of each defect pixel 1 / (pixels of its region). */
  readonly #overlap = new Float64Array(bins);
  #pictures = 0;
  #regions = 0;
  #goodPixels = 0;
  #defectPixels = 0;

  /**
   * `values`: one number per pixel, row by row; NaN where the model does not look (a centre crop): such a pixel is left out.
   * `mask`: not 0 where defective; null for a good picture. Throws GP_INPUT_INVALID for another number of pixels.
   */
  add(values: Float32Array, width: number, height: number, mask: Uint8Array | null): void {
    const pixels = width * height;
    if (values.length !== pixels) throw invalidParameter('map values', `${pixels} values`, values.length);
    if (mask !== null && mask.length !== pixels) throw invalidParameter('mask', `${pixels} pixels`, mask.length);
    const seen = mask?.map((mark, pixel) => (Number.isNaN(values[pixel]) ? 0 : mark));
    const { labels, sizes } = seen === undefined ? nothing : connectedComponents(seen, width, height);
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let pixel = 0; pixel < pixels; pixel++) {
      if (Number.isNaN(values[pixel])) continue;
      const bin = binOf(bits[pixel]);
      const label = labels[pixel] ?? 0;
      if (label === 0) {
        this.#goodPixels += 1;
        this.#good[bin] += 1;
      } else {
        this.#defectPixels += 1;
        this.#defect[bin] += 1;
        this.#overlap[bin] += 1 / sizes[label - 1];
      }
    }
    this.#pictures += 1;
    this.#regions += sizes.length;
  }

  finish(): PixelFigures {
    const [goodPixels, defectPixels, regions] = [this.#goodPixels, this.#defectPixels, this.#regions];
    const counts = { pictures: this.#pictures, regions, goodPixels, defectPixels };
    if (goodPixels === 0 || defectPixels === 0) return { pixelAuroc: null, aupro: null, ...counts, rounding: 0 };
    const whole = areaUnder(this.#good, goodPixels, this.#defect, defectPixels, 1);
    const overlap = areaUnder(this.#good, goodPixels, this.#overlap, regions, falsePositiveLimit);
    return {
      pixelAuroc: whole.area,
      aupro: overlap.area / falsePositiveLimit,
      ...counts,
      rounding: Math.max(whole.rounding, overlap.rounding / falsePositiveLimit),
    };
  }
}

const nothing = { labels: new Int32Array(0), sizes: [] as number[] };

/** The bits of -0, which is no less than 0; negative numbers have larger ones. */
const negativeZero = 0x80000000;

/** The place of a float32 among all others, from its bits: negative ones in reverse order below the positive ones. */
function binOf(bits: number): number {
  const isNegative = bits > negativeZero;
  const ordered = isNegative ? ~bits >>> 0 : (bits | negativeZero) >>> 0;
  return ordered >>> (32 - binBits);
}

/** Area under the share of `found` above a threshold, over the share of `good` above it from 0 to `limit`. */
function areaUnder(
  good: Float64Array,
  allGood: number,
  found: Float64Array,
  allFound: number,
  limit: number,
): { area: number; rounding: number } {
  let x = 0;
  let y = 0;
  let area = 0;
  let rounding = 0;
  for (let bin = bins - 1; bin >= 0 && x < limit; bin--) {
    if (good[bin] === 0 && found[bin] === 0) continue;
    const dx = good[bin] / allGood;
    const dy = found[bin] / allFound;
    const share = x + dx <= limit ? 1 : (limit - x) / dx;
    area += dx * share * (y + (dy * share) / 2);
    rounding += (dx * share * dy) / 2;
    x += dx;
    y += dy;
  }
  return { area, rounding };
}
