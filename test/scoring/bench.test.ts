import assert from 'node:assert/strict';
import { engineBench } from '../../lib/scoring/bench.ts';

describe('bench of the engine', () => {
  it('compares inspections with bare stages of the same model', async () => {
    const result = await engineBench(undefined, { rounds: 1, sliceMs: 200 });
    const { barePerSecond, inspectionsPerSecond, shareOfBare } = result as Record<string, number>;
    assert.ok(barePerSecond > 0 && inspectionsPerSecond > 0);
    // the figure that must be reached is held by `npm run bench` on a quiet machine; here only that nothing is grossly wrong
    assert.ok(shareOfBare > 0.2 && shareOfBare < 5, `${shareOfBare}`);
  });
});
