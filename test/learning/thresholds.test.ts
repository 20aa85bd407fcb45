import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seededRandom } from '../../lib/core/random.ts';
import { exceedanceBound, morePartsFor, proposeThresholds, statementOf } from '../../lib/learning/limits/thresholds.ts';

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

  it('say what limit would keep the wanted rate with confidence, and what a tighter claim takes', () => {
    const { warn, fail } = proposeThresholds(upTo(300), rate);
    assert.equal(warn.strict, 292);
    assert.equal(fail.strict, 300);
    assert.ok(exceedanceBound(300, 292) <= 0.05 && exceedanceBound(300, 291) > 0.05);
    assert.deepEqual(fail.tighter, { rate: 0.005, parts: 598, more: 298 });
    const few = proposeThresholds(upTo(58), rate);
    assert.equal(few.warn.strict, null);
    assert.deepEqual(few.warn.tighter, { rate: 0.05, parts: 59, more: 1 });
    assert.deepEqual([morePartsFor(0.01, 58), morePartsFor(0.001, 5000)], [241, 0]);
    assert.match(statementOf(few, 58), /at most 1\.0 % with 95 % confidence takes 241 more good parts \(299 in all/);
  });

  it('know the rank that the limit stands for, also where it was lifted over good scores', () => {
    const { warn, fail } = proposeThresholds(upTo(300), rate, 20);
    assert.deepEqual([warn.value, warn.rank], [286, 286]);
    assert.deepEqual([fail.value, fail.rank], [306, 300]);
    assert.equal(fail.bound, exceedanceBound(300, 300));
    const equal = proposeThresholds([...new Array<number>(280).fill(1), ...upTo(20)], rate);
    assert.ok(equal.warn.expected <= 0.05 && equal.warn.rank >= 286);
  });

  it('stay sound from 20 to 10,000 good parts', () => {
    for (const n of [20, 59, 100, 1000, 10_000]) {
      const { warn, fail } = proposeThresholds(upTo(n), rate);
      assert.ok(warn.bound > 0.05 && warn.bound < 0.15 && fail.bound > 0.01, `${n}: ${warn.bound} ${fail.bound}`);
      assert.ok(warn.expected <= 0.05 && fail.expected <= 0.01 && fail.tighter.more > 0);
      assert.equal(fail.extrapolated, n < 99);
    }
  });
});

describe('the statement of the limits', () => {
  const thresholds = proposeThresholds(upTo(300), rate);

  it('gives estimate, bound, the confident limit and what more parts would allow', () => {
    const text = statementOf(thresholds, 300);
    assert.match(
      text,
      /Warn limit 286\.00: expected above it 5\.0 % of good parts, with 95 % confidence at most 7\.2 %/,
    );
    assert.match(
      text,
      /Fail limit 298\.00: expected above it 1\.0 % of good parts, with 95 % confidence at most 2\.1 %/,
    );
    assert.match(text, /A fail limit of 300\.00 would promise the wanted rate with 95 % confidence/);
    assert.match(text, /to promise at most 0\.50 % with 95 % confidence takes 298 more good parts \(598 in all/);
    assert.match(text, /The miss rate is unknown until defects were shown\.$/);
  });

  it('says what defects showed instead, what regions do together and why a model is provisional', () => {
    const text = statementOf(thresholds, 300, {
      defects: 'Of 6 shown defects 4 fail.',
      provisional: ['Shift "night" was not seen.'],
      regions: { count: 3, expected: 0.03 },
    });
    assert.doesNotMatch(text, /unknown/);
    assert.match(text, /3 regions have limits of their own; together they are expected to fail at most 3\.0 %/);
    assert.match(text, /Of 6 shown defects 4 fail\. Provisional: Shift "night" was not seen\.$/);
    assert.ok(text.length < 1500);
  });
});

describe('thresholds from costs', () => {
  const good = upTo(999);
  const goal = { missCost: 20, falseRejectCost: 1, defectShare: 0.01 };

  it('take, without known defects, the highest false-reject rate that can pay', () => {
    const { rates } = proposeThresholds(good, goal);
    assert.equal(rates.basis, 'costs alone');
    const b = (0.01 * 20) / (0.99 * 1);
    assert.ok(Math.abs(-Math.E * rates.fail * Math.log(rates.fail) - b) < 1e-9);
    assert.equal(rates.breakEven, b);
    assert.ok(rates.fail < b && rates.warn === 5 * rates.fail);
    assert.match(rates.reason ?? '', /as long as no defects are known; the miss rate is not part of it/);
  });

  it('reject more where a miss costs more, and never more than a fifth of the good parts', () => {
    const failAt = (missCost: number) => proposeThresholds(good, { ...goal, missCost }).rates.fail;
    assert.ok(failAt(2) < failAt(20) && failAt(20) < failAt(60));
    assert.equal(failAt(1e6), 0.2);
    const text = statementOf(proposeThresholds(good, { ...goal, missCost: 1e6 }), 999);
    assert.match(text, /the costs ask for 37 %, 20 % is the most/);
  });

  it('take the cheapest good score where the scores of defects are known', () => {
    // Half of the defects score 960.5, half 2000: finding the former rejects 40 good parts of a thousand more.
    const scores = Array.from({ length: 20 }, (_, i) => (i % 2 ? 960.5 : 2000));
    const propose = (missCost: number) =>
      proposeThresholds(good, { ...goal, missCost }, 0.01, { scores, drawn: false });
    // It pays from 0.01 x missCost / 2 above 0.99 x 39 / 1000 on.
    const [dear, cheap] = [propose(8), propose(7)];
    assert.equal(dear.fail.value, 960);
    assert.equal(cheap.fail.value, 999);
    assert.equal(dear.rates.basis, 'costs and shown defects');
    const drawn = proposeThresholds(good, goal, 0.01, { scores, drawn: true });
    assert.match(drawn.rates.reason ?? '', /20 drawn, not real, defects/);
  });

  it('do not count on fewer than five known defects', () => {
    const { rates } = proposeThresholds(good, goal, 0.01, { scores: [960, 2000], drawn: false });
    assert.equal(rates.basis, 'costs alone');
  });

  it('refuse costs that are none', () => {
    assert.throws(() => proposeThresholds(good, { ...goal, missCost: Number.NaN }), /a cost above 0 for missCost/);
    assert.throws(() => proposeThresholds(good, { ...goal, defectShare: 1 }), /between 0 and 1 for defectShare/);
  });
});
