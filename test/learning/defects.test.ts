import assert from 'node:assert/strict';
import { judgeDefects, type ShownDefect } from '../../lib/learning/limits/defects.ts';
import { proposeThresholds } from '../../lib/learning/limits/thresholds.ts';

const good = Array.from({ length: 300 }, (_, i) => i / 100); // 0 … 2.99
const thresholds = proposeThresholds(good, { warn: 0.05, fail: 0.01 }); // warn 2.85, fail 2.97
const shown = (kind: string, ...scores: number[]): ShownDefect[] =>
  scores.map((score, i) => ({ label: `${kind}/${i}.png`, kind, score }));

describe('defects that are shown', () => {
  it('say how many the limits find, with Clopper and Pearson’s limits, each kind apart', () => {
    const defects = [...shown('scratch', 5, 6, 7, 2.9), ...shown('dent', 9, 1)];
    const result = judgeDefects(defects, thresholds, good);
    assert.ok(result);
    assert.deepEqual([result.fail.found, result.warn.found, result.shown], [4, 5, 6]);
    // scipy: binomtest(4, 6).proportion_ci(0.95, 'exact')
    assert.ok(Math.abs(result.fail.interval.low - 0.2227780955) < 1e-6, `${result.fail.interval.low}`);
    assert.ok(Math.abs(result.fail.interval.high - 0.9567281317) < 1e-6, `${result.fail.interval.high}`);
    const byKind = result.kinds.map(({ kind, warn, fail }) => [kind, fail.found, warn.found, fail.shown]);
    assert.deepEqual(byKind, [
      ['dent', 1, 1, 2],
      ['scratch', 3, 4, 4],
    ]);
    assert.match(
      result.statement,
      /Of 6 shown defects 4 \(67 %, with 95 % confidence 22 % to 96 %\) are above the fail/,
    );
  });

  it('list what does not fail, and what finding it would cost', () => {
    const result = judgeDefects([...shown('scratch', 2.9, 5), ...shown('dent', 1)], thresholds, good);
    const [nearest, farthest] = result?.missed ?? [];
    assert.deepEqual([nearest.label, nearest.verdict, farthest.verdict], ['scratch/0.png', 'warn', 'pass']);
    assert.ok(Math.abs(nearest.falseRejects - 11 / 301) < 1e-12); // 2.90 … 2.99 are ten good parts
    assert.ok(farthest.falseRejects > 0.66);
  });

  it('suggest a limit only where it finds all of them and keeps the false-reject rate with confidence', () => {
    const clear = judgeDefects(shown('dent', 5, 6, 7, 8, 9), thresholds, good)?.suggestion;
    assert.ok(clear);
    assert.deepEqual([clear.from, clear.to], [2.99, 5]);
    assert.ok(Math.abs(clear.fail - 3.995) < 1e-9);
    assert.equal(judgeDefects(shown('dent', 2.9, 6, 7, 8, 9), thresholds, good)?.suggestion, null);
    assert.equal(judgeDefects(shown('dent', 5, 6, 7, 8), thresholds, good)?.suggestion, null);
    const few = good.slice(0, 100);
    assert.equal(judgeDefects(shown('dent', 5, 6, 7, 8, 9), thresholds, few)?.suggestion, null);
  });

  it('never move a limit', () => {
    const before = structuredClone(thresholds);
    judgeDefects(shown('dent', 1, 2, 3, 4, 5, 6), thresholds, good);
    assert.deepEqual(thresholds, before);
  });

  it('count by the verdict where regions judge, and a score that is no number as found', () => {
    const byRegion = judgeDefects([{ label: 'a', score: 0.1, verdict: 'fail' }], thresholds, good);
    assert.equal(byRegion?.fail.found, 1);
    assert.equal(judgeDefects([{ label: 'a', score: Number.NaN }], thresholds, good)?.fail.found, 1);
    assert.equal(judgeDefects([], thresholds, good), null);
  });
});
