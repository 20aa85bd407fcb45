import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seededRandom } from '../../lib/core/random.ts';
import { exceedanceBound, proposeThresholds, statementOf } from '../../lib/learning/limits/thresholds.ts';

const rate = { warn: 0.05, fail: 0.01 };
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('thresholds', () => {
  it('takes the conformal rank ceil((n+1)(1-a)) of the good scores', () => {
    const { median, warn, fail } = proposeThresholds(upTo(300).reverse(), rate);
    assert.equal(median, 150.5);
    assert.equal(warn.value, 286); // ceil(301 * 0.95)
    assert.equal(fail.value, 298); // ceil(301 * 0.99)
    assert.equal(warn.extrapolated || fail.extrapolated, false);
    assert.ok(warn.expected <= 0.05 && fail.expected <= 0.01);
    assert.equal(proposeThresholds(upTo(99), rate).fail.value, 99);
    assert.equal(proposeThresholds(upTo(19), rate).warn.value, 19);
  });

  it('gives the known sample sizes at which the largest of n is a 95 % bound', () => {
    assert.ok(exceedanceBound(59, 59) <= 0.05 && exceedanceBound(58, 58) > 0.05);
    assert.ok(exceedanceBound(299, 299) <= 0.01 && exceedanceBound(298, 298) > 0.01);
    // Clopper and Pearson, 5 of 100 above: at most 10.2 % with one-sided 95 % confidence.
    assert.ok(Math.abs(exceedanceBound(100, 95) - 0.1023) < 5e-4, `${exceedanceBound(100, 95)}`);
  });

  it('goes beyond the largest score and says so where the pictures are too few', () => {
    const scores = upTo(30);
    const { warn, fail } = proposeThresholds(scores, rate);
    assert.equal(warn.value, 30);
    assert.equal(warn.extrapolated, false);
    assert.equal(fail.extrapolated, true);
    assert.ok(fail.value > 30 && fail.value < 40, `${fail.value}`);
    assert.ok(Math.abs(fail.bound - (1 - 0.05 ** (1 / 30))) < 1e-6);
    const text = statementOf(proposeThresholds(scores, rate), 30);
    assert.match(text, /extrapolated/);
    assert.match(text, /miss rate is unknown until defects were shown/);
  });

  it('never lets a new good score exceed the limits more often than was promised', () => {
    const random = seededRandom(3);
    const rounds = 400;
    let expected = 0;
    let overBound = 0;
    for (let round = 0; round < rounds; round++) {
      // Exponential scores: the true share above x is exp(-x).
      const scores = Array.from({ length: 119 }, () => -Math.log(1 - random()));
      const { warn } = proposeThresholds(scores, rate);
      expected += Math.exp(-warn.value) / rounds;
      if (Math.exp(-warn.value) > warn.bound) overBound += 1;
    }
    assert.ok(Math.abs(expected - 0.05) < 0.004, `mean share above ${expected}`);
    assert.ok(overBound / rounds < 0.08, `bound broken in ${overBound} of ${rounds}`);
  });

  it('keeps median, warn and fail apart whatever the scores', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 20, maxLength: 400 }),
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        (scores, gap) => {
          const { median, warn, fail } = proposeThresholds(scores, rate, gap);
          assert.ok(median < warn.value && warn.value < fail.value);
          assert.ok(Number.isFinite(fail.value));
        },
      ),
    );
    const flat = proposeThresholds(new Array<number>(50).fill(0), rate, 0.1);
    assert.deepEqual([flat.median, flat.warn.value, flat.fail.value], [0, 0.1, 0.2]);
  });
});
