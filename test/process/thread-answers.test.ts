import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { until } from '../kit/until.ts';
import { bear, buryAll } from './family.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

describe('answers from a thread of a child', () => {
  afterEach(buryAll);

  it('reach who asked, beside those of the main thread and however many at once', async () => {
    const child = bear('', { threadAnswers: true, sharedSlots: 2 });
    await child.start();
    const requests = Array.from({ length: 30 }, async (_, i) => {
      const payloads = [randomBytes(i * 1500), Buffer.from([i])];
      const reply = await child.request(i % 3 === 0 ? 'echo' : 'thread', { i }, payloads);
      assert.deepEqual(reply, { body: { i }, payloads }, `request ${i}`);
    });
    await Promise.all(requests);
  });

  it('come from the main thread where the kernel would not take them at once', async () => {
    const child = bear('', { threadAnswers: true });
    await child.start();
    const payload = randomBytes(70_000);
    assert.deepEqual(await child.request('thread', 0, [payload]), { body: 'too large', payloads: [payload] });
  });

  it('end the child when they are nonsense, and leave no descriptor open', async () => {
    const child = bear('', { threadAnswers: true });
    await child.start();
    const before = descriptors();
    for (let failures = 1; failures <= 3; failures++) {
      await assert.rejects(child.request('threadGarbage', null), { code: 'GP_CHILD_EXITED' });
      assert.match(child.stats().lastError ?? '', /not JSON/);
      await until('it runs again', () => child.state === 'running' && child.stats().failures === failures);
    }
    assert.deepEqual((await child.request('thread', 'well')).body, 'well');
    await until('nothing is left', () => descriptors() === before);
  });
});
