import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Backoff } from '../../lib/process/backoff.ts';
import { TextRing } from '../../lib/process/text-ring.ts';

const limits = { minMs: 250, maxMs: 30_000, resetAfterMs: 20_000 };

describe('the back-off', () => {
  it('doubles up to its cap', () => {
    const backoff = new Backoff(limits, () => 0.5);
    const pauses = Array.from({ length: 10 }, () => backoff.next(0));
    assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it('begins anew after a run that lasted', () => {
    const backoff = new Backoff(limits, () => 0.5);
    const ran = [0, 0, 0, 19_999, 20_000, 0];
    assert.deepEqual(
      ran.map((ms) => backoff.next(ms)),
      [250, 500, 1000, 2000, 250, 500],
    );
  });

  it('never leaves 80 to 120 % of its step, however often it fails', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (random) => {
        const backoff = new Backoff(limits, () => random);
        for (let i = 0; i < 2_000; i++) {
          const step = Math.min(30_000, 250 * 2 ** i);
          const pause = backoff.next(0);
          assert.ok(pause >= step * 0.8 - 1e-6 && pause <= step * 1.2 + 1e-6, `${pause} after ${i} failures`);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('the ring of last lines', () => {
  it('keeps the newest lines and an unfinished one', () => {
    const ring = new TextRing(3);
    ring.push(Buffer.from('a\nb\nc\nd\ne'));
    assert.deepEqual(ring.lines(), ['b', 'c', 'd', 'e']);
    ring.push(Buffer.from('f\n'));
    assert.deepEqual(ring.lines(), ['c', 'd', 'ef']);
  });

  it('is bounded however the text comes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3_000 })), (chunks) => {
        const ring = new TextRing(5);
        for (const chunk of chunks) ring.push(Buffer.from(chunk));
        assert.ok(ring.lines().length <= 6);
        assert.ok(ring.lines().every((line) => line.length <= 500));
      }),
    );
  });
});
