import { invalidParameter } from '../../core/errors.ts';
import type { ModelIdentity, ScoreResult } from '../../core/inspection.ts';
import { clopperPearson } from '../limits/intervals.ts';
import { PixelCurves, type PixelFigures } from './aupro.ts';
import { auroc } from './auroc.ts';
import { type DataSet, readDataSet } from './data-set.ts';
import { readMask } from './mask.ts';
import { ModelRunner } from './model-runner.ts';
import { upsampled } from './upsample.ts';

/** A share that was counted, with its 95 % interval (Clopper and Pearson 1934). */
export interface CountedShare {
  count: number;
  of: number;
  share: number;
  low: number;
  high: number;
}

/** Shares of pictures above the model's limits. */
export interface LimitShares {
  warn: CountedShare;
  fail: CountedShare;
}

export interface Milliseconds {
  p50: number;
  p99: number;
}

export interface Evaluation {
  model: ModelIdentity;
  limits: { median: number; warn: number; fail: number };
  pictures: { good: number; defective: number; invalid: number };
  /** Good against all defective pictures by their scores; null without defective ones. */
  imageAuroc: number | null;
  /** Of all pixels, each picture in its mask's own size; null without masks or map. */
  pixelAuroc: number | null;
  /** Area under the per-region overlap up to a false-positive rate of 0.3; null likewise. */
  aupro: number | null;
  /** What the pixel figures come from; null where there are none, `pixelsWhy` then says why. */
  pixels: Omit<PixelFigures, 'pixelAuroc' | 'aupro'> | null;
  pixelsWhy: string | null;
  /** Good pictures above the limits. */
  falseRejects: LimitShares;
  /** Defective pictures above the limits; null where there are none. */
  detected: LimitShares | null;
  defects: Record<string, { pictures: number; auroc: number } & LimitShares>;
  /** Of each frame, one at a time. `whole` is decoding, waiting and running, as the caller sees it. */
  milliseconds: { decode: Milliseconds; run: Milliseconds; whole: Milliseconds };
  threads: number;
  provider: string;
  /** Pictures without a finite score: in none of the figures. */
  invalid: { path: string; reason: string }[];
}

export interface EvaluateOptions {
  model: string;
  data: string;
  /** Threads of one run, default 1. */
  threads?: number;
  /** Side of the square to which maps and masks are brought for the pixel figures; default: each picture in its own size. */
  pixels?: number;
  progress?(done: number, total: number): void;
}

/**
 * Figures of a model on a labelled set (MVTec layout). Every picture goes through the engine child as a station's frames do. Loads
 * native modules: for the command and tests only. Throws GP_INPUT_INVALID for the set, GP_MODEL_INVALID for the model.
 */
export async function evaluate({ model, data, threads = 1, pixels, progress }: EvaluateOptions): Promise<Evaluation> {
  const set = await readDataSet(data);
  const runner = await ModelRunner.open(model, { threads });
  try {
    const tally = new Tally(runner, pixels);
    const total = set.good.length + set.defects.reduce((sum, { pictures }) => sum + pictures.length, 0);
    let done = 0;
    const next = async (kind: string | null, path: string, mask: string | null) => {
      await tally.add(kind, path, mask);
      progress?.(++done, total);
    };
    for (const path of set.good) await next(null, path, null);
    for (const { name, pictures } of set.defects) for (const { path, mask } of pictures) await next(name, path, mask);
    return tally.finish(set, threads);
  } finally {
    await runner.close();
  }
}

interface Score {
  /** Null: good. */
  kind: string | null;
  score: number;
  times: ScoreResult['timings'];
}

/** Collects scores and pixels; keeps no picture and no map. */
class Tally {
  readonly #runner: ModelRunner;
  readonly #side: number | undefined;
  readonly #scores: Score[] = [];
  readonly #invalid: Evaluation['invalid'] = [];
  readonly #pixels = new PixelCurves();
  #masked = 0;
  #maps = true;

  constructor(runner: ModelRunner, side: number | undefined) {
    this.#runner = runner;
    this.#side = side;
  }

  async add(kind: string | null, path: string, mask: string | null): Promise<void> {
    const { verdict, result, reason } = await this.#runner.inspect(path);
    if (verdict === 'invalid' || result === null) {
      this.#invalid.push({ path, reason: reason ?? 'not inspected' });
      return;
    }
    const { score, map, image, timings, registration } = result;
    this.#scores.push({ kind, score, times: timings });
    if (map === null) {
      this.#maps = false;
      return;
    }
    if (kind !== null && mask === null) return;
    const marked = mask === null ? null : await readMask(mask, this.#side);
    // A mask that marks nothing says nothing about where the defect is.
    if (marked !== null && !marked.pixels.includes(1)) return;
    const { width, height } = marked ?? (this.#side === undefined ? image : { width: this.#side, height: this.#side });
    const values = upsampled(map, width, height, registration, image.width / image.height);
    this.#pixels.add(values, width, height, marked?.pixels ?? null);
    if (marked !== null) this.#masked += 1;
  }

  finish({ defects }: DataSet, threads: number): Evaluation {
    const { identity, description, provider } = this.#runner.model;
    const { median, warn, fail } = description.calibration;
    const limits = { median, warn, fail };
    const scoresOf = (wanted: (kind: string | null) => boolean) =>
      this.#scores.filter(({ kind }) => wanted(kind)).map(({ score }) => score);
    const good = scoresOf((kind) => kind === null);
    const defective = scoresOf((kind) => kind !== null);
    if (good.length === 0) {
      throw invalidParameter('data', 'a good picture that can be scored', this.#invalid[0]?.reason ?? 'none');
    }
    const kinds = defects.map(({ name }) => ({ name, scores: scoresOf((kind) => kind === name) }));
    const { pixelAuroc, aupro, ...pixels } = this.#pixels.finish();
    const times = this.#scores.map((entry) => entry.times);
    return {
      model: identity,
      limits,
      pictures: { good: good.length, defective: defective.length, invalid: this.#invalid.length },
      imageAuroc: defective.length === 0 ? null : auroc(good, defective),
      pixelAuroc,
      aupro,
      pixels: pixelAuroc === null ? null : pixels,
      pixelsWhy: this.#pixelsWhy(defective.length, pixelAuroc),
      falseRejects: above(good, limits),
      detected: defective.length === 0 ? null : above(defective, limits),
      defects: Object.fromEntries(
        kinds
          .filter(({ scores }) => scores.length > 0)
          .map(({ name, scores }) => [
            name,
            { pictures: scores.length, auroc: auroc(good, scores), ...above(scores, limits) },
          ]),
      ),
      milliseconds: {
        decode: percentiles(times.map(({ decode }) => decode)),
        run: percentiles(times.map(({ run }) => run)),
        whole: percentiles(times.map(({ total }) => total)),
      },
      threads,
      provider,
      invalid: this.#invalid,
    };
  }

  #pixelsWhy(defective: number, pixelAuroc: number | null): string | null {
    if (!this.#maps) return 'The model gives no map: there are no pixel figures.';
    if (this.#masked === 0) return 'There are no masks in ground_truth: there are no pixel figures.';
    if (pixelAuroc === null) return 'All pixels are marked as defects: there are no pixel figures.';
    const without = defective - this.#masked;
    return without === 0
      ? null
      : `${without} defective pictures have no mask or one that marks nothing: not in the pixel figures.`;
  }
}

function above(scores: number[], { warn, fail }: { warn: number; fail: number }): LimitShares {
  const share = (limit: number) => {
    const count = scores.filter((score) => score > limit).length;
    return { count, of: scores.length, share: count / scores.length, ...clopperPearson(count, scores.length) };
  };
  return { warn: share(warn), fail: share(fail) };
}

/** Nearest-rank percentiles. */
function percentiles(values: number[]): Milliseconds {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p99: at(0.99) };
}
