import assert from 'node:assert/strict';
import { join } from 'node:path';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { bear, buryAll } from './family.ts';

describe('asking a supervised child', () => {
  afterEach(buryAll);

  it('brings JSON and bytes there and back unchanged', async () => {
    const child = bear();
    await child.start();
    const payloads = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(3_000_000, 7)];
    const reply = await child.request('echo', { text: 'ä\u0000\u2028', list: [1, null] }, payloads);
    assert.deepEqual(reply.body, { text: 'ä\u0000\u2028', list: [1, null] });
    assert.equal(Buffer.concat(reply.payloads).compare(Buffer.concat(payloads)), 0);
    assert.deepEqual(
      reply.payloads.map(({ length }) => length),
      [3, 0, 3_000_000],
    );
  });

  it('keeps many requests apart that are answered in any order', async () => {
    const child = bear();
    await child.start();
    const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => child.request('echo', i)));
    assert.deepEqual(
      replies.map(({ body }) => body),
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('passes on what the child tells by itself, and what it is told', async () => {
    const file = join(tempDir('requests'), 'words');
    const child = bear('', { args: ['', file] });
    const heard: unknown[] = [];
    child.on('event', (type, body, payloads) => heard.push(type, body, String(payloads)));
    await child.start();
    assert.deepEqual(heard, ['hello', { args: ['', file] }, 'bytes']);
    assert.equal(child.tell('note', null), true);
    assert.equal((await child.request('count', null)).body, 1);
  });

  it("rejects with the child's own error, and the child goes on", async () => {
    const child = bear();
    await child.start();
    await assert.rejects(child.request('refuse', null), { name: 'GoodpartError', message: 'the pump is dry' });
    await assert.rejects(child.request('circular', null), /circular/);
    await assert.rejects(child.request('constructor', null), { code: 'GP_PROTOCOL' });
    assert.equal(child.stats().starts, 1);
  });

  it('rejects a body that is not JSON at once and leaves the child alone', async () => {
    const child = bear();
    await child.start();
    await assert.rejects(child.request('echo', 1n, [], { deadlineMs: 100 }), /BigInt/);
    await until('the deadline has passed', () => child.request('echo', 1), { timeoutMs: 1_000 });
    assert.equal(child.stats().failures, 0);
  });

  it('kills a child that does not answer before the deadline, and starts another', async () => {
    const child = bear();
    await child.start();
    const began = performance.now();
    await assert.rejects(child.request('never', null, [], { deadlineMs: 150 }), {
      code: 'GP_CHILD_DEADLINE',
      message: 'fixture did not answer "never" within 150 ms',
    });
    assert.ok(performance.now() - began < 1_000);
    await until('the next one runs', () => child.state === 'running' && child.stats().starts === 2);
    assert.match(child.stats().lastError ?? '', /did not answer "never"/);
    assert.equal((await child.request('echo', 'again')).body, 'again');
  });

  it('kills a child that is busy in a loop of its own', async () => {
    const child = bear();
    await child.start();
    await assert.rejects(child.request('busy', 60_000, [], { deadlineMs: 200 }), { code: 'GP_CHILD_DEADLINE' });
    await until('the next one runs', () => child.state === 'running' && child.stats().starts === 2);
  });

  it('lets a child live where the caller said so', async () => {
    const child = bear();
    await child.start();
    const slow = child.request('never', null, [], { deadlineMs: 80, keepOnDeadline: true });
    await assert.rejects(slow, { code: 'GP_CHILD_DEADLINE' });
    assert.equal((await child.request('echo', 2)).body, 2);
    assert.equal(child.stats().starts, 1);
  });

  it('rejects all that is in flight when the child ends', async () => {
    const child = bear();
    await child.start();
    const waiting = [child.request('never', null), child.request('never', null)];
    const results = Promise.allSettled([...waiting, child.request('exit', 7)]);
    for (const result of await results) {
      assert.equal(result.status, 'rejected');
      assert.equal(result.reason.code, 'GP_CHILD_EXITED');
      assert.match(result.reason.message, /ended with code 7/);
    }
  });

  it('refuses more when too many bytes wait for a child that reads nothing', async () => {
    const child = bear('', { maxQueuedBytes: 1_000_000, hungMs: 0 });
    await child.start();
    const { pid } = child.stats();
    process.kill(pid!, 'SIGSTOP');
    const outcomes = Promise.allSettled(
      Array.from({ length: 6 }, () => child.request('echo', null, [Buffer.alloc(2_000_000)], { deadlineMs: 400 })),
    );
    assert.equal(child.tell('note', null), false);
    const codes = (await outcomes).map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'answered'));
    assert.ok(codes.filter((code) => code === 'GP_CHILD_BUSY').length >= 4, String(codes));
    assert.ok(!codes.includes('answered'));
  });
});
