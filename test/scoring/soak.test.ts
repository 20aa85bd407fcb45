import assert from 'node:assert/strict';
import { soak } from '../../lib/scoring/soak.ts';
import { growthOf } from '../../lib/scoring/soak-watch.ts';

describe('soak of the engine', () => {
  it('scores without an error and without leaving files open', async () => {
    const result = await soak(1);
    assert.ok((result.inspections as number) > 20, JSON.stringify(result));
    assert.deepEqual([result.failed, result.childFailures, result.processesGone], [0, 0, 0]);
    const processes = Object.entries(result.processes as Record<string, { handles: { first: number; last: number } }>);
    assert.ok(
      processes.some(([name]) => name.startsWith('engine soak')),
      JSON.stringify(processes),
    );
    for (const [name, { handles }] of processes)
      assert.ok(handles.last <= handles.first + 4, `${name}: ${handles.last}`);
  });
});

describe('what a soak says of growth', () => {
  /** 100 samples over 100,000 inspections, noise of a few MB as allocators make it: steps that stay for a while. */
  const samples = (mbPer10k: number, handlesPer10k = 0) =>
    Array.from({ length: 101 }, (_, i) => ({
      inspections: i * 1000,
      residentMb: 100 + 60 * Math.min(1, i / 20) + (i / 10) * mbPer10k + 2 * Math.sin(Math.floor(i / 7) * 2.4),
      handles: 30 + Math.floor((i / 10) * handlesPer10k) + (i % 3),
    }));

  it('calls a process flat that fills up at first and then moves about', () => {
    const { flat, mbPer10k, standardError } = growthOf(samples(0));
    assert.equal(flat, true);
    assert.ok(Math.abs(mbPer10k) <= 2.45 * standardError, `${mbPer10k} ± ${standardError}`);
  });

  it('finds a leak of 200 bytes an inspection, and one handle in 5000', () => {
    const leak = growthOf(samples(2));
    assert.equal(leak.flat, false);
    assert.ok(Math.abs(leak.mbPer10k - 2) < 1, `${leak.mbPer10k}`);
    assert.equal(growthOf(samples(0, 2)).flat, false);
  });
});
