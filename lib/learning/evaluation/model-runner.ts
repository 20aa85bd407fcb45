import type { AnomalyMap } from '../../core/anomaly-map.ts';
import { systemClock } from '../../core/clock.ts';
import { asGoodpartError, type GoodpartError } from '../../core/errors.ts';
import { Frame } from '../../core/frame.ts';
import type { ScoreResult, Verdict } from '../../core/inspection.ts';
import type { ImageInput } from '../../imaging/decode.ts';
import { judgeView, type ViewJudgement } from '../../rules/judge.ts';
import { wholeFrameRoi } from '../../rules/polygon.ts';
import { type LoadedModel, OnnxRuntimeEngine } from '../../scoring/engine.ts';
import type { MapArea } from '../../scoring/model-schema.ts';
import { loadFile } from '../pictures/files.ts';

/** What a model says of one picture file. */
export interface Inspected {
  path: string;
  verdict: Verdict;
  /** 0 a typical good part, 1 at the fail limit; null where invalid. */
  severity: number | null;
  /** Null where the picture could not be scored; may then hold numbers that are not finite. */
  result: ScoreResult | null;
  /** Why it did not pass; null where it did. */
  reason: string | null;
  /** The picture itself, null where the file could not be read. */
  image: ImageInput | null;
}

/** Scoring one picture takes at most this, with the largest picture and model on the slowest machine that was tried. */
const longestMs = 120_000;
const pictureCodes: readonly string[] = ['GP_IMAGE_UNREADABLE', 'GP_PART_MISPLACED'];

/** A model run on files exactly as a station runs it on frames: the same engine child, the limits of its own calibration. */
export class ModelRunner {
  readonly model: LoadedModel;
  readonly #engine: OnnxRuntimeEngine;

  private constructor(engine: OnnxRuntimeEngine, model: LoadedModel) {
    this.#engine = engine;
    this.model = model;
  }

  /** Throws GP_MODEL_INVALID, GP_CHILD_…. */
  static async open(dir: string, { threads = 1 }: { threads?: number } = {}): Promise<ModelRunner> {
    const engine = new OnnxRuntimeEngine({ name: 'goodpart', threads, hungMs: longestMs, loadMs: longestMs });
    try {
      return new ModelRunner(engine, await engine.load(dir));
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** A file that cannot be read or holds no whole picture is `invalid`; throws only where the engine itself fails. */
  async inspect(path: string): Promise<Inspected> {
    let image: ImageInput;
    try {
      image = await loadFile(path);
    } catch (thrown) {
      return invalid(path, asGoodpartError(thrown), null);
    }
    const { data, info } = image;
    const frame = new Frame({
      ...info,
      data,
      source: 'file',
      number: 1,
      exposedAt: systemClock.mono(),
      exposedUtc: systemClock.utc(),
      settings: {},
    });
    let result: ScoreResult;
    try {
      result = await this.#engine.score(this.model.key, frame, { deadlineMs: longestMs });
    } catch (thrown) {
      const error = asGoodpartError(thrown);
      if (!pictureCodes.includes(error.code)) throw error;
      return invalid(path, error, image);
    }
    const { verdict, severity, reasons } = this.#judge(result);
    return { path, verdict, severity, result, reason: reasons[0]?.text ?? null, image };
  }

  async close(): Promise<void> {
    await this.#engine.stop();
  }

  /** The calibration's limits are limits of the score: a map's maximum is another number in some imported models. */
  #judge(result: ScoreResult): ViewJudgement {
    const finite = result.map === null || isFiniteWithin(result.map, this.model.description.outputs.mapArea);
    const score = { ...result, score: finite ? result.score : Number.NaN, map: null };
    const rois = [wholeFrameRoi(this.model.description.calibration)];
    return judgeView({ score, rois, viewName: 'picture' });
  }
}

/** A map of a part of the frame has no numbers outside of it: there nothing was looked at. */
function isFiniteWithin(map: AnomalyMap, [left, top, right, bottom]: MapArea = [0, 0, 1, 1]): boolean {
  return map.values().every((value, cell) => {
    const x = ((cell % map.width) + 0.5) / map.width;
    const y = (Math.floor(cell / map.width) + 0.5) / map.height;
    return Number.isFinite(value) || x < left || x > right || y < top || y > bottom;
  });
}

function invalid(path: string, { message }: GoodpartError, image: ImageInput | null): Inspected {
  return { path, verdict: 'invalid', severity: null, result: null, reason: message, image };
}
