import assert from 'node:assert/strict';
import type { ClassScore, Verdict } from '../../lib/core/inspection.ts';
import { isClear } from '../../lib/rules/cascade.ts';
import { nameDefect } from '../../lib/rules/defect-class.ts';

describe('whether a first model’s judgement is clear', () => {
  const cases: [Verdict, number | null, boolean][] = [
    ['pass', 0, true],
    ['pass', -3, true],
    ['pass', 0.499, true],
    ['pass', 0.5, false],
    ['pass', 0.9, false],
    ['warn', 0.4, false],
    ['warn', 0.8, false],
    ['fail', 1.2, false],
    ['fail', 1.5, false],
    ['fail', 1.501, true],
    ['pass', 9, false],
    ['fail', 0.1, false],
    ['pass', Number.NaN, false],
    ['fail', Number.NaN, false],
    ['pass', null, false],
    ['invalid', null, false],
  ];
  for (const [verdict, severity, clear] of cases) {
    it(`${clear ? 'is' : 'is not'} for ${verdict} at ${severity}`, () => {
      assert.equal(isClear({ verdict, severity }, [0.5, 1.5]), clear);
    });
  }

  it('is never for a range that is none', () => {
    for (const range of [
      [1, 1],
      [2, 1],
      [Number.NaN, 1],
      [0, Number.NaN],
    ] as const) {
      assert.equal(isClear({ verdict: 'pass', severity: -9 }, range), false);
      assert.equal(isClear({ verdict: 'fail', severity: 99 }, range), false);
    }
  });
});

describe('the name of a defect', () => {
  const classes = (...probabilities: number[]): ClassScore[] =>
    probabilities.map((probability, i) => ({ name: ['scratch', 'good', 'dent'][i], probability, good: i === 1 }));

  it('is the most probable class but the good one, numbered from 1', () => {
    assert.deepEqual(nameDefect(classes(0.7, 0.1, 0.2), 0.5), { number: 1, name: 'scratch', confidence: 0.7 });
    assert.deepEqual(nameDefect(classes(0.1, 0.3, 0.6), 0.5), { number: 3, name: 'dent', confidence: 0.6 });
    assert.deepEqual(nameDefect(classes(0.1, 0.4, 0.5), 0.5), { number: 3, name: 'dent', confidence: 0.5 });
  });

  it('is unknown below the least confidence, also where the classifier sees a good part', () => {
    assert.deepEqual(nameDefect(classes(0.3, 0.3, 0.4), 0.5), { number: 0, name: 'unknown', confidence: 0.4 });
    assert.deepEqual(nameDefect(classes(0.02, 0.97, 0.01), 0.5), { number: 0, name: 'unknown', confidence: 0.02 });
  });

  it('is unknown where a probability is no number, and where there is no class of defects', () => {
    const unknown = { number: 0, name: 'unknown', confidence: null };
    assert.deepEqual(nameDefect(classes(Number.NaN, 0.1, 0.9), 0.5), unknown);
    assert.deepEqual(nameDefect(classes(0.9, 0.1, Number.POSITIVE_INFINITY), 0), unknown);
    assert.deepEqual(nameDefect([{ name: 'good', probability: 1, good: true }], 0), unknown);
    assert.deepEqual(nameDefect([], 0), unknown);
  });
});
