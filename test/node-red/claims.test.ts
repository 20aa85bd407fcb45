import assert from 'node:assert/strict';
import { invalidParameter } from '../../lib/core/errors.ts';
import { claim } from '../../lib/node-red/claims.ts';
import { instanceOf, ResourcePool } from '../../lib/node-red/resources.ts';

const refused = () => invalidParameter('view', 'a view of its own', 'main', 'GP_CONFIG_INVALID');

describe('what only one node may have', () => {
  it('is refused to a second one until the first gives it back', () => {
    const giveBack = claim('view main', 'camera 1', refused);
    assert.throws(() => claim('view main', 'camera 2', refused), { code: 'GP_CONFIG_INVALID' });
    giveBack();
    giveBack();
    claim('view main', 'camera 2', refused)();
  });

  it('stays with a node whose former life has not ended yet', () => {
    const before = claim('view side', 'camera 1', refused);
    const after = claim('view side', 'camera 1', refused);
    before();
    assert.throws(() => claim('view side', 'camera 2', refused), { code: 'GP_CONFIG_INVALID' });
    after();
    claim('view side', 'camera 2', refused)();
  });
});

describe('resources that hold another one', () => {
  it('are told apart by the object that they hold', () => {
    const [a, b] = [{}, {}];
    assert.equal(instanceOf(a), instanceOf(a));
    assert.notEqual(instanceOf(a), instanceOf(b));
  });

  it('end, when idle, before another one of any of their groups is made', async () => {
    const log: string[] = [];
    const pool = new ResourcePool(10_000);
    const recipe = (name: string, group: string[]) => ({
      group,
      create: async () => log.push(`made ${name}`),
      destroy: async () => {
        log.push(`gone ${name}`);
      },
    });
    await (await pool.take('a', recipe('a', ['station 1', 'slot 0']))).release();
    await (await pool.take('b', recipe('b', ['station 2', 'slot 1']))).release();
    await pool.take('c', recipe('c', ['station 3', 'slot 1']));
    assert.deepEqual(log, ['made a', 'made b', 'gone b', 'made c']);
  });
});
