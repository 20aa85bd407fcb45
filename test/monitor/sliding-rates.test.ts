import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Verdict } from '../../lib/core/inspection.ts';
import { SlidingRates } from '../../lib/monitor/sliding-rates.ts';

describe('sliding rates', () => {
  it('give the pace and the shares of the last minutes', () => {
    const rates = new SlidingRates(0, { windowMs: 60_000, buckets: 60 });
    for (let i = 0; i < 120; i++) rates.add(i % 4 === 0 ? 'fail' : 'pass', i * 1_000);
    const { perMinute, count, shares } = rates.rates(119_500);
    assert.equal(count, 60);
    assert.equal(perMinute, 60);
    assert.deepEqual(shares, { pass: 0.75, warn: 0, fail: 0.25, invalid: 0 });
  });

  it('look at what there is soon after the start', () => {
    const rates = new SlidingRates(1_000, { windowMs: 60_000 });
    rates.add('pass', 2_000);
    rates.add('pass', 5_000);
    assert.deepEqual(rates.rates(11_000), {
      spanMs: 10_000,
      count: 2,
      perMinute: 12,
      shares: { pass: 1, warn: 0, fail: 0, invalid: 0 },
    });
  });

  it('say nothing of shares when nothing came, and forget after the window', () => {
    const rates = new SlidingRates(0, { windowMs: 10_000, buckets: 10 });
    assert.deepEqual(rates.rates(0), { spanMs: 0, count: 0, perMinute: 0, shares: null });
    rates.add('invalid', 500);
    assert.equal(rates.rates(9_000).count, 1);
    assert.equal(rates.rates(11_000).shares, null);
  });

  it('count within one bucket of an exact window, whatever came when', () => {
    const verdict = fc.constantFrom<Verdict>('pass', 'warn', 'fail', 'invalid');
    const steps = fc.array(fc.tuple(verdict, fc.nat(3_000)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.nat(20_000), (events, wait) => {
        const rates = new SlidingRates(0, { windowMs: 10_000, buckets: 10 });
        const instants: number[] = [];
        let at = 0;
        for (const [verdict, step] of events) {
          at += step;
          instants.push(at);
          rates.add(verdict, at);
        }
        const now = at + wait;
        const within = (ms: number) => instants.filter((instant) => instant > now - ms).length;
        const { count } = rates.rates(now);
        assert.ok(count >= within(9_000) && count <= within(10_000) + 1e-9, `${count}`);
      }),
    );
  });

  it('refuse a window that is none', () => {
    assert.throws(() => new SlidingRates(0, { windowMs: 0 }), /Expected a positive number for windowMs but received 0/);
    assert.throws(() => new SlidingRates(0, { buckets: 1.5 }), /buckets/);
  });
});
