import assert from 'node:assert/strict';
import { soak } from '../../lib/scoring/soak.ts';

describe('soak of the engine', () => {
  it('scores without an error and without leaving files open', async () => {
    const result = await soak(1);
    assert.ok((result.scored as number) > 20, JSON.stringify(result));
    assert.deepEqual([result.failed, result.childFailures], [0, 0]);
    const { first, last } = result.fds as { first: number; last: number };
    assert.ok(last <= first + 2, `${first} to ${last} open files`);
  });
});
