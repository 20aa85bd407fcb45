import assert from 'node:assert/strict';
import { ResourcePool } from '../../lib/node-red/resources.ts';
import { until } from '../kit/until.ts';

function counted() {
  const log: string[] = [];
  let made = 0;
  const recipe = {
    create: async () => {
      made += 1;
      log.push(`made ${made}`);
      return { number: made };
    },
    destroy: async ({ number }: { number: number }) => {
      log.push(`gone ${number}`);
    },
  };
  return { log, recipe };
}

describe('resources that survive a deploy', () => {
  it('keeps the same object when it is taken again within the grace period', async () => {
    const { log, recipe } = counted();
    const pool = new ResourcePool(10_000);
    const before = await pool.take('camera A', recipe);
    await before.release();
    const after = await pool.take('camera A', recipe);
    assert.equal(after.value, before.value);
    assert.deepEqual(log, ['made 1']);
  });

  it('destroys after the grace period, once, and makes a new one for the next taker', async () => {
    const { log, recipe } = counted();
    const pool = new ResourcePool(1);
    const first = await pool.take('camera A', recipe);
    await first.release();
    await first.release();
    await until('the first is gone', () => log.includes('gone 1'));
    const second = await pool.take('camera A', recipe);
    assert.equal(second.value.number, 2);
    assert.deepEqual(log, ['made 1', 'gone 1', 'made 2']);
  });

  it('is shared by several takers and lives until the last one gives it back', async () => {
    const { log, recipe } = counted();
    const pool = new ResourcePool(1);
    const [a, b] = await Promise.all([pool.take('engine', recipe), pool.take('engine', recipe)]);
    assert.equal(a.value, b.value);
    await a.release();
    await pool.settle();
    assert.deepEqual(log, ['made 1']);
    await b.release();
    await pool.settle();
    assert.deepEqual(log, ['made 1', 'gone 1']);
  });

  it('waits for the old one’s end before it makes a new one: a port or lock has one owner', async () => {
    const ended = Promise.withResolvers<void>();
    const { log, recipe } = counted();
    const slow = { ...recipe, destroy: (value: { number: number }) => ended.promise.then(() => recipe.destroy(value)) };
    const pool = new ResourcePool(1);
    const first = await pool.take('port', slow);
    pool.drain();
    const releasing = first.release();
    const taking = pool.take('port', slow);
    ended.resolve();
    await Promise.all([releasing, taking]);
    assert.deepEqual(log, ['made 1', 'gone 1', 'made 2']);
  });

  it('ends an idle one of the same group before another configuration of it is made', async () => {
    const { log, recipe } = counted();
    const pool = new ResourcePool(10_000);
    const before = await pool.take('port 502', { ...recipe, group: 'endpoint' });
    await before.release();
    await pool.take('port 503', { ...recipe, group: 'endpoint' });
    assert.deepEqual(log, ['made 1', 'gone 1', 'made 2']);
  });

  it('tries again for the next taker when making failed', async () => {
    let broken = true;
    const recipe = {
      create: async () => {
        if (broken) throw new Error('no camera');
        return 'camera';
      },
      destroy: async () => {},
    };
    const pool = new ResourcePool(1);
    await assert.rejects(pool.take('camera', recipe), /no camera/);
    broken = false;
    assert.equal((await pool.take('camera', recipe)).value, 'camera');
  });
});
