import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { judgeRepeatability, type Presentation } from '../../lib/learning/limits/repeatability.ts';

const limits = { warn: 4, fail: 5 };
const present = (...scores: number[][]): Presentation[] =>
  scores.flatMap((each, i) => each.map((score) => ({ part: `part ${i + 1}`, score })));
const study = present([1, 1.2], [2, 2.1], [1.5, 1.3], [3, 3.2], [2.4, 2.5]);

describe('repeatability', () => {
  it('separates repeatability from part variation as the ANOVA method does', () => {
    const result = judgeRepeatability(study, limits);
    // NumPy, from the mean squares of the same ten scores.
    const expected = [
      0.11832159566199235, 0.7992183681572891, 0.8079294523657372, 0.021447721179624676, 0.24720427676635748,
    ];
    const { repeatability, partVariation, totalVariation, contribution, repeatabilityBound } = result;
    for (const [i, value] of [
      repeatability,
      partVariation,
      totalVariation,
      contribution,
      repeatabilityBound,
    ].entries()) {
      assert.ok(Math.abs(value - expected[i]) < 1e-9, `${i}: ${value}`);
    }
    assert.equal(result.distinctCategories, 9);
    assert.ok(Math.abs(result.mean - 2.02) < 1e-12);
  });

  it('sets the spread against the margin to the fail limit, in words a quality engineer knows', () => {
    const result = judgeRepeatability(study, limits);
    assert.ok(Math.abs((result.marginUsed ?? 0) - 0.11911570033086478) < 1e-9);
    assert.equal(result.assessment, 'marginal');
    assert.ok(Math.abs(result.parts[3].sigmasToFail - 1.9 / 0.11832159566199235) < 1e-9);
    assert.match(result.statement, /5 parts, 10 presentations: repeatability \(EV\) 0\.118/);
    assert.match(result.statement, /use 12 % of the margin .* to the fail limit 5\.00: marginal/);
    assert.match(result.statement, /Part part 4 lies closest to the limit, 16\.1 deviations below it/);
    assert.equal(judgeRepeatability(study, { warn: 8, fail: 9 }).assessment, 'good');
  });

  it('counts parts whose verdict changed, and calls that poor', () => {
    const result = judgeRepeatability(study, { warn: 2.05, fail: 50 });
    assert.equal(result.changed, 1);
    assert.deepEqual(
      result.parts.filter((part) => part.verdictChanged).map(({ part }) => part),
      ['part 2'],
    );
    assert.equal(result.assessment, 'poor');
    assert.match(result.statement, /The verdict of 1 of 5 parts \(20 %\) changed/);
    const judged = study.map((each, i) => ({ ...each, verdict: i === 0 ? ('fail' as const) : ('pass' as const) }));
    assert.equal(judgeRepeatability(judged, limits).changed, 1);
  });

  it('estimates known variances, whatever the numbers of presentations', () => {
    const random = seededRandom(5);
    const own = Array.from({ length: 400 }, () => 2 + 0.5 * gaussian(random));
    const parts = own.map((value, i) => Array.from({ length: 2 + (i % 4) }, () => value + 0.2 * gaussian(random)));
    const { repeatability, partVariation, repeatabilityBound } = judgeRepeatability(present(...parts), limits);
    const mean = own.reduce((a, b) => a + b) / 400;
    const drawn = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 399);
    assert.ok(Math.abs(repeatability - 0.2) < 0.01, `${repeatability}`);
    assert.ok(Math.abs(partVariation - drawn) < 0.02, `${partVariation} ${drawn}`);
    assert.ok(repeatabilityBound > repeatability && repeatabilityBound < 0.22);
  });

  it('calls a mean above the limit poor and a perfect repeat good', () => {
    const above = judgeRepeatability(study, { warn: 1, fail: 1.5 });
    assert.equal(above.marginUsed, null);
    assert.equal(above.assessment, 'poor');
    const perfect = judgeRepeatability(present([1, 1], [2, 2], [3, 3], [1, 1], [2, 2]), limits);
    assert.deepEqual([perfect.repeatability, perfect.contribution, perfect.assessment], [0, 0, 'good']);
    assert.ok(perfect.parts.every(({ sigmasToFail }) => Number.isFinite(sigmasToFail)));
  });

  it('says what is missing', () => {
    const few = present([1, 2], [1, 2], [1, 2], [1, 2], [1], [2]);
    const expected =
      /Expected at least 2 presentations of at least 5 parts for repeated parts but received 4 and 2 presented once/;
    assert.throws(() => judgeRepeatability(few, limits), expected);
    assert.throws(
      () => judgeRepeatability(present([1, Number.NaN]), limits),
      /a finite number for a score of part part 1/,
    );
  });
});
