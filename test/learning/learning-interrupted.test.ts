import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../kit/until.ts';
import { failure, freshDir, job, learningChildren } from './learning-kit.ts';

describe('a learning job that is interrupted', () => {
  for (const stage of ['reading', 'fitting gaussian']) {
    it(`stops at an abort while ${stage} and leaves nothing behind`, async () => {
      const root = freshDir();
      const stop = new AbortController();
      const run = job(root, { size: 128 }).run((progress) => {
        if (progress.stage === stage) stop.abort();
      }, stop.signal);
      const error = await failure(run);
      assert.equal(error.code, 'GP_LEARN_FAILED');
      assert.match(error.message, /aborted/);
      assert.deepEqual(readdirSync(root), []);
      await until('the child is gone', () => learningChildren().length === 0);
    });
  }

  it('does nothing where it was aborted before', async () => {
    const root = join(freshDir(), 'models');
    const error = await failure(job(root, { size: 128 }).run(undefined, AbortSignal.abort()));
    assert.match(error.message, /aborted/);
    assert.equal(existsSync(root), false);
  });

  it('rejects with what the progress listener throws and leaves nothing behind', async () => {
    for (const stage of ['reading', 'projection']) {
      const root = freshDir();
      const run = job(root, { size: 128 }).run((progress) => {
        if (progress.stage === stage) throw new Error('the listener broke');
      });
      const error = await failure(run);
      assert.match(error.message, /the listener broke/);
      assert.deepEqual(readdirSync(root), []);
    }
  });

  it('rejects when its child is killed, starts no other and leaves nothing behind', async () => {
    const root = freshDir();
    let killed = 0;
    const run = job(root, { size: 128 }).run(({ stage }) => {
      if (stage !== 'fitting gaussian' || killed > 0) return;
      for (const pid of learningChildren()) {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      }
    });
    const error = await failure(run);
    assert.equal(killed, 1);
    assert.equal(error.code, 'GP_CHILD_EXITED');
    assert.match(error.message, /learning ring ended by SIGKILL/);
    assert.deepEqual(readdirSync(root), []);
    assert.deepEqual(learningChildren(), []);
  });
});
