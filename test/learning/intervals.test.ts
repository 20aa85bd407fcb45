import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  betaCdf,
  boundedRank,
  clopperPearson,
  exceedanceBound,
  logGamma,
  partsFor,
  predictedRejects,
  rejectProbabilities,
  varianceUpperFactor,
} from '../../lib/learning/limits/intervals.ts';

/** All expected figures are scipy 1.x: gammaln, beta, betabinom, binomtest(...).proportion_ci(method='exact'), chi2. */
function near(received: number, expected: number, relative = 1e-9): void {
  assert.ok(
    Math.abs(received - expected) <= relative * Math.max(1e-300, Math.abs(expected)),
    `${received} ${expected}`,
  );
}

describe('intervals', () => {
  it('come from a log-gamma and an incomplete beta that agree with scipy', () => {
    near(logGamma(0.3), 1.0957979948180756, 1e-12);
    near(logGamma(2.5), 0.2846828704729192, 1e-12);
    near(logGamma(1234.5), 7550.550901077894, 1e-12);
    near(logGamma(20001), 178075.6217371987, 1e-12);
    near(betaCdf(0.3, 2, 5), 0.579825);
    near(betaCdf(0.95, 9501, 500), 0.49359336431080103);
    near(betaCdf(1e-4, 1, 9999), 0.6321021637834484);
  });

  it('hold a share of k of n with Clopper and Pearson’s limits', () => {
    const known = [
      [0, 20, 0, 0.16843347098308548],
      [1, 20, 0.0012650894979560339, 0.24873276277202772],
      [19, 20, 0.7512672372279723, 0.998734910502044],
      [20, 20, 0.8315665290169145, 1],
      [50, 100, 0.39832112950330095, 0.6016788704966991],
      [3, 10000, 6.187148574832521e-5, 0.0008764745225646691],
      [9990, 10000, 0.9981617358657504, 0.9995203602762358],
    ];
    for (const [hits, trials, low, high] of known) {
      const interval = clopperPearson(hits, trials);
      near(interval.low, low);
      near(interval.high, high);
    }
    assert.deepEqual(clopperPearson(0, 0), { low: 0, high: 1 });
  });

  it('bound the share above a good score up to 10,000 good parts', () => {
    near(exceedanceBound(20, 20), 0.13910834066826516);
    near(exceedanceBound(59, 59), 0.04950760988822693);
    near(exceedanceBound(300, 286), 0.07199405714629507);
    near(exceedanceBound(300, 298), 0.020836230527024657);
    near(exceedanceBound(10000, 9501), 0.053629804774922955);
    near(exceedanceBound(10000, 9901), 0.011689166504789824);
  });

  it('say how many good parts a claim takes: 59 for 5 %, 299 for 1 %, 2995 for 0.1 %', () => {
    assert.deepEqual([0.05, 0.01, 0.001].map(partsFor), [59, 299, 2995]);
    for (const rate of [0.05, 0.02, 0.01, 0.001]) {
      const parts = partsFor(rate);
      assert.ok(exceedanceBound(parts, parts) <= rate && exceedanceBound(parts - 1, parts - 1) > rate);
    }
  });

  it('find the lowest good score that is bounded, or none', () => {
    const ranks = [
      [59, 0.05],
      [93, 0.05],
      [300, 0.05],
      [300, 0.01],
      [1000, 0.01],
      [10000, 0.001],
      [10000, 0.05],
    ];
    const found = ranks.map(([n, rate]) => boundedRank(n, rate));
    assert.deepEqual(found, [59, 92, 292, 300, 996, 9996, 9537]);
    assert.equal(boundedRank(58, 0.05), null);
  });

  it('predict the rejects among further good parts by the beta-binomial distribution', () => {
    const known = [
      [300, 286, 80, 8, 0.026736867364086148, 0.03426758183900838],
      [20, 20, 100, 15, 0.16666666666666669, 0.010200763282629718],
      [200, 191, 180, 16, 0.00146226623985826, 0.020562035249409846],
      [10000, 9501, 5000, 282, 1.249317402383198e-90, 0.0049880965384315815],
      [10000, 10000, 10000, 4, 0.5000000000025837, 0.031246874140659776],
      [60, 58, 1, 0, 0.9508196721311472, 0.9508196721311472],
    ];
    for (const [n, rank, m, limit, none, atLimit] of known) {
      const probabilities = rejectProbabilities({ n, rank, m });
      near(probabilities[0], none, 1e-7);
      near(probabilities[limit], atLimit, 1e-7);
      assert.equal(predictedRejects({ n, rank, m }), limit);
    }
  });

  it('give probabilities that sum to one and a mean of m times the expected share, whatever n, rank and m', () => {
    const numbers = fc.tuple(fc.integer({ min: 20, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 2000 }), ([n, share], m) => {
        const rank = 1 + Math.floor(share * (n - 1));
        const probabilities = rejectProbabilities({ n, rank, m });
        const sum = probabilities.reduce((a, b) => a + b, 0);
        const mean = probabilities.reduce((a, b, k) => a + b * k, 0);
        near(sum, 1, 1e-7);
        near(mean, (m * (n - rank + 1)) / (n + 1), 1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it('know how far a deviation from few presentations may be off', () => {
    near(varianceUpperFactor(5), 4.364996746541275);
    near(varianceUpperFactor(10), 2.5378783829720484);
    near(varianceUpperFactor(40), 1.5089042402664805);
    near(varianceUpperFactor(500), 1.113221887736555);
  });
});
