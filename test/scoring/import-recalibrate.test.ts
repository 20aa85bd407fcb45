import assert from 'node:assert/strict';
import { calibrationOf, recalibrated, refuseClamped } from '../../lib/scoring/import/recalibrate.ts';
import type { ImportedKind } from '../../lib/scoring/model-schema.ts';

const described = (kind: ImportedKind, scale: 'raw' | 'normalised') => ({
  imported: { kind, producer: 'pytorch', scale },
  calibration: calibrationOf(kind, scale, null),
});
const limits = { median: 0.2, warn: 0.6, fail: 0.7, method: 'rank 99 of 100' };
const spread = Array.from({ length: 100 }, (_, i) => 0.1 + i / 200);

describe('recalibrating an imported model on good frames', () => {
  it('takes limits and scores, and says that they come from good frames', () => {
    const { calibration } = recalibrated(described('anomalib-2', 'raw'), spread, limits);
    assert.deepEqual(calibration, { ...limits, scores: spread, source: 'good frames' });
  });

  it('refuses scores that a normalisation has cut off at 0 and 1, and says how to export raw ones', () => {
    const clamped = spread.map((score, i) => (i % 10 === 0 ? 0 : i % 10 === 5 ? 1 : score));
    assert.throws(
      () => recalibrated(described('anomalib-2', 'normalised'), clamped, limits),
      (error: Record<string, string>) => {
        assert.equal(error.code, 'GP_LEARN_FAILED');
        assert.match(error.message, /20 of 100 that are exactly 0 or 1/);
        assert.match(error.message, /PostProcessor\(enable_normalization=False, enable_thresholding=False\)/);
        return true;
      },
    );
    assert.throws(
      () => refuseClamped(described('generic', 'raw'), [0, 0, 0, 0.2]),
      /export the model again without the part/,
    );
  });

  it('takes a single 0 among many, and normalised scores that are not cut off', () => {
    refuseClamped(described('anomalib-2', 'normalised'), [0, ...spread]);
    assert.equal(recalibrated(described('anomalib-2', 'normalised'), spread, limits).calibration.fail, 0.7);
  });

  it('refuses a limit that normalised scores can never exceed', () => {
    assert.throws(
      () => recalibrated(described('anomalib-2', 'normalised'), spread, { ...limits, fail: 1 }),
      /nothing could fail/,
    );
    assert.equal(recalibrated(described('anomalib-2', 'raw'), spread, { ...limits, fail: 7 }).calibration.fail, 7);
  });

  it('refuses too few scores and scores that are no numbers', () => {
    assert.throws(() => refuseClamped(described('generic', 'raw'), [1.5, 2.5]), /at least 3/);
    assert.throws(() => refuseClamped(described('generic', 'raw'), [1.5, 2.5, Number.NaN]), /finite numbers/);
  });
});
