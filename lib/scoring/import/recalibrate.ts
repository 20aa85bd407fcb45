import { GoodpartError } from '../../core/errors.ts';
import type { ImportedKind, ModelDescription } from '../model-schema.ts';
import type { ExportMetadata } from './metadata.ts';

type Description = Omit<ModelDescription, 'schema' | 'sha256'>;
type Calibration = ModelDescription['calibration'];
type Scale = NonNullable<ModelDescription['imported']>['scale'];

/** In these numbers half of all parts can be exactly 0 or 1 by chance; of scores that are cut off, many are. */
const mostClamped = 0.05;

/** Limits to start with, from what the file says: flagged as not calibrated here. Without any, limits with which nothing passes. */
export function calibrationOf(kind: ImportedKind, scale: Scale, metadata: ExportMetadata | null): Calibration {
  const start = (median: number, limit: number, method: string): Calibration => ({
    median,
    warn: limit,
    fail: limit,
    scores: [],
    method: `${method} Not calibrated here: the false-reject rate on this station is unknown.`,
    source: 'file',
  });
  if (scale === 'normalised') return start(0, 0.5, 'The training’s own limit, which its normalisation puts at 0.5.');
  if (scale === 'log-odds') return start(-Math.log(99), 0, 'The limit where good and not good are equally likely.');
  const isOld = kind === 'anomalib-0' || kind === 'anomalib-1';
  const threshold = isOld ? (metadata?.imageThreshold ?? null) : null;
  if (threshold === null) {
    return {
      median: 0,
      warn: 0,
      fail: 0,
      scores: [],
      method: 'The file gives no limit: with these nothing passes. Recalibrate on good frames.',
      source: 'none',
    };
  }
  const { min, max } = metadata ?? {};
  // where anomalib's normalisation (x − threshold) / (max − min) + 0.5 is 0, so that 1.0 is the limit for every version
  const range = min != null && max != null && max > min ? max - min : Math.abs(threshold) * 2 || 2;
  // anomalib calls a score anomalous that is equal to the threshold; here a limit still belongs to the good side
  return start(threshold - range / 2, belowFloat32(threshold), `image_threshold ${threshold} of ${metadata?.file}.`);
}

function belowFloat32(value: number): number {
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  float[0] = value;
  if (float[0] < value) return float[0];
  if (float[0] === 0) return -1e-45;
  bits[0] += float[0] > 0 ? -1 : 1;
  return float[0];
}

/**
 * Refuses scores of good frames that cannot be calibrated with. Throws GP_LEARN_FAILED: fewer than three, not finite, or cut off at
 * 0 and 1 by a normalisation in the graph, beyond which no limit can be found.
 */
export function refuseClamped(description: Pick<Description, 'imported'>, scores: readonly number[]): void {
  const refuse = (expected: string, received: string, toDo: string) =>
    new GoodpartError(
      'GP_LEARN_FAILED',
      `Expected ${expected} for scores of good frames but received ${received}: ${toDo}`,
      {
        field: 'scores',
        expected,
        received,
      },
    );
  if (scores.length < 3) throw refuse('at least 3', String(scores.length), 'show more good frames');
  const bad = scores.find((score) => !Number.isFinite(score));
  if (bad !== undefined) throw refuse('finite numbers', String(bad), 'the model does not work on these frames');
  const clamped = scores.filter((score) => score === 0 || score === 1).length;
  if (clamped < 2 || clamped <= mostClamped * scores.length) return;
  const isAnomalib = description.imported?.kind === 'anomalib-2';
  throw refuse(
    'raw scores',
    `${clamped} of ${scores.length} that are exactly 0 or 1, cut off by a normalisation inside the model, so that no limit can be found from them`,
    isAnomalib
      ? 'export the model again with raw scores: in anomalib ' +
          'Patchcore(…, post_processor=PostProcessor(enable_normalization=False, enable_thresholding=False))'
      : 'export the model again without the part that cuts its scores off',
  );
}

/**
 * The description with limits that were found from `scores`, those of good frames by this model. Throws GP_LEARN_FAILED as
 * `refuseClamped` does, and for a limit that a normalised score can never exceed.
 */
export function recalibrated<D extends Pick<Description, 'imported' | 'calibration'>>(
  description: D,
  scores: readonly number[],
  limits: { median: number; warn: number; fail: number; method: string },
): D {
  refuseClamped(description, scores);
  const { median, warn, fail, method } = limits;
  if (description.imported?.scale === 'normalised' && fail >= 1) {
    throw new GoodpartError(
      'GP_LEARN_FAILED',
      `Expected a fail limit below 1 but received ${fail}: the model's normalised scores end at 1, so nothing could fail. Export it with ` +
        'PostProcessor(enable_normalization=False, enable_thresholding=False)',
      { field: 'calibration.fail', expected: 'a fail limit below 1', received: String(fail) },
    );
  }
  const calibration: Calibration = { median, warn, fail, scores: [...scores], method, source: 'good frames' };
  return { ...description, calibration };
}
