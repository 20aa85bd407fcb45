import assert from 'node:assert/strict';
import fc from 'fast-check';
import { measureRegion, quantile } from '../../lib/rules/measure.ts';

const all = (values: Float32Array) => Uint32Array.from(values.keys());

describe('rules: measures', () => {
  const values = Float32Array.from({ length: 1001 }, (_, i) => ((i * 5) % 1001) / 1000);

  it('takes the maximum, the 99.5th percentile and the share above a value', () => {
    assert.equal(measureRegion(values, all(values), 'maximum', null), 1);
    assert.ok(Math.abs(measureRegion(values, all(values), 'percentile', null) - 0.995) < 1e-6);
    assert.equal(measureRegion(values, all(values), 'area', 0.5), 500 / 1001);
    assert.equal(measureRegion(values, all(values), 'area', 2), 0);
  });

  it('looks at the cells of the region only', () => {
    assert.equal(measureRegion(Float32Array.of(1, 9, 2, Number.NaN), Uint32Array.of(0, 2), 'maximum', null), 2);
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`gives NaN for every measure if one cell is ${bad}`, () => {
      const spoilt = values.slice();
      spoilt[500] = bad;
      for (const measure of ['maximum', 'percentile', 'area'] as const) {
        assert.ok(Number.isNaN(measureRegion(spoilt, all(spoilt), measure, 0.5)));
      }
    });
  }

  it('gives NaN for no cells and for an area above nothing', () => {
    assert.ok(Number.isNaN(measureRegion(values, new Uint32Array(0), 'maximum', null)));
    assert.ok(Number.isNaN(measureRegion(values, all(values), 'area', null)));
    assert.ok(Number.isNaN(measureRegion(values, all(values), 'area', Number.NaN)));
  });

  it('agrees with sorting for any quantile', () => {
    const floats = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(floats, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const sorted = Float32Array.from(list).sort();
        const position = (sorted.length - 1) * share;
        const low = Math.floor(position);
        const high = sorted[Math.min(low + 1, sorted.length - 1)];
        const expected = low === position ? sorted[low] : sorted[low] + (position - low) * (high - sorted[low]);
        const got = quantile(Float32Array.from(list), share);
        assert.ok(
          Object.is(got, expected) || Math.abs(got - expected) <= 1e-9 * Math.abs(expected) || got === expected,
        );
      }),
      { numRuns: 500 },
    );
  });
});
