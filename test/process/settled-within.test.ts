import assert from 'node:assert/strict';
import { settledWithin } from '../../lib/process/settled-within.ts';

const late = () => new Error('too late');

describe('settledWithin', () => {
  it('gives what comes in time, a failure too', async () => {
    assert.equal(await settledWithin(Promise.resolve(7), 1000, late), 7);
    await assert.rejects(settledWithin(Promise.reject(new Error('broken')), 1000, late), { message: 'broken' });
  });

  it('rejects at its limit; what the work fails with afterwards ends no process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const work = Promise.withResolvers<void>();
      await assert.rejects(settledWithin(work.promise, 5, late), { message: 'too late' });
      work.reject(new Error('after that'));
      await new Promise((turn) => setImmediate(turn));
      assert.deepEqual(unhandled, []);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('keeps no timer once the work is done', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await null; // from here on mocha's own timer counts on both sides
    const before = timers();
    const work = Promise.withResolvers<void>();
    const settled = settledWithin(work.promise, 60_000, late);
    assert.equal(timers(), before + 1);
    work.resolve();
    await settled;
    assert.equal(timers(), before);
  });
});
