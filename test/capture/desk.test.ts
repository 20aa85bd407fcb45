import assert from 'node:assert/strict';
import { CaptureDesk } from '../../lib/capture/capture-desk.ts';
import type { FrameCause } from '../../lib/capture/flow-queue.ts';
import type { SourceDescription } from '../../lib/capture/source.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { until } from '../kit/until.ts';
import { FakeSource, fakeFrame } from './fake-source.ts';

const now = () => systemClock.mono();

const frame = (number: number, exposedAt = now()) => fakeFrame(number, { exposedAt });

describe('the capture desk', () => {
  let desk: CaptureDesk;
  let sources: FakeSource[];
  let sent: [number, FrameCause][];
  let stuck: string[];
  const opened = async (delivery: SourceDescription['delivery']) => {
    sources = [];
    sent = [];
    stuck = [];
    desk = new CaptureDesk({
      create: async () => {
        const source = new FakeSource(delivery);
        sources.push(source);
        return source;
      },
      send: ({ number }, cause) => sent.push([number, cause]),
      status: () => {},
      stuck: (why) => stuck.push(why),
    });
    await desk.open(0);
    return sources[0];
  };
  afterEach(() => desk.close());

  it('never answers a trigger with a frame exposed before it, and counts those', async () => {
    const source = await opened('flow');
    const after = now();
    const answer = desk.capture({ after, timeoutMs: 5_000 });
    await until('waiting', () => source.sink !== undefined);
    source.sink?.frame(frame(1, after - 1));
    source.sink?.frame(frame(2, after - 0.01));
    source.sink?.frame(frame(3, after));
    assert.equal((await answer).number, 3);
    assert.equal(desk.counters().tooOld, 2);
  });

  it('asks again where a device answers with an old frame, until the time is up', async () => {
    const source = await opened('on-demand');
    const after = now();
    let asked = 0;
    source.exposing = async () => frame(++asked, asked < 3 ? after - 5 : now());
    assert.equal((await desk.capture({ after, timeoutMs: 5_000 })).number, 3);
    source.exposing = async () => frame(++asked, after - 5);
    await assert.rejects(desk.capture({ after: now(), timeoutMs: 60 }), { code: 'GP_SOURCE_FAILED' });
    assert.ok(desk.counters().tooOld > 2);
  });

  it('ends the process of a device that does not give up an exposure', async () => {
    const source = await opened('on-demand');
    source.exposing = () => new Promise(() => {});
    await assert.rejects(desk.capture({ after: now(), timeoutMs: 30 }), { code: 'GP_SOURCE_FAILED' });
    assert.deepEqual(stuck, []);
    await until('ended', () => stuck.length > 0);
    assert.match(stuck[0], /did not give up/);
  });

  it('opens a device again after a fault, rejects what waited, and goes on counting', async () => {
    const source = await opened('flow');
    source.sink?.frame(frame(41));
    const waiting = desk.capture({ after: now() + 10_000, timeoutMs: 20_000 });
    const rejected = assert.rejects(waiting, { code: 'GP_SOURCE_FAILED', message: 'unplugged' });
    source.sink?.fault(new GoodpartError('GP_SOURCE_FAILED', 'unplugged'));
    await rejected;
    assert.deepEqual(desk.status(), { connected: false, text: 'unplugged' });
    await assert.rejects(desk.capture({ after: now(), timeoutMs: 5_000 }), /unplugged/);
    await until('open again', () => desk.status().connected);
    assert.equal(sources.length, 2);
    assert.deepEqual([source.closed, sources[1].resumeAfter, desk.counters().reopened], [1, 41, 1]);
    source.sink?.frame(frame(99));
    assert.equal(desk.counters().exposed, 1, 'the old source has nothing to say any more');
  });

  it('keeps only the newest free-running frame, and eight line frames, while the parent is busy', async () => {
    const flow = await opened('flow');
    desk.freeRun(1);
    for (let n = 1; n <= 5; n++) flow.sink?.frame(frame(n, 1000 * n));
    desk.taken();
    desk.taken();
    assert.deepEqual(sent, [
      [1, 'free-run'],
      [5, 'free-run'],
    ]);
    assert.equal(desk.counters().superseded, 3);
    await desk.close();
    const line = await opened('line');
    for (let n = 1; n <= 12; n++) line.sink?.frame(frame(n));
    for (let n = 1; n <= 12; n++) desk.taken();
    assert.deepEqual(
      sent.map(([number]) => number),
      [1, 5, 6, 7, 8, 9, 10, 11, 12],
    );
    assert.deepEqual([desk.counters().missed, desk.counters().superseded], [3, 0]);
  });

  it('counts what the device says it lost, and shows its warnings', async () => {
    const source = await opened('flow');
    source.sink?.lost(7);
    source.sink?.warning('exposure could not be locked');
    assert.equal(desk.counters().lost, 7);
    assert.match(desk.status().text, /wayward: test; exposure could not be locked/);
    assert.equal(desk.status().warning, 'exposure could not be locked');
    source.sink?.warning('');
    assert.deepEqual(desk.status(), { connected: true, text: 'wayward: test' });
  });

  it('refuses a seventeenth capture at once', async () => {
    await opened('flow');
    const waiting = Array.from({ length: 16 }, () => desk.capture({ after: now(), timeoutMs: 300 }));
    const ended = Promise.allSettled(waiting);
    await assert.rejects(desk.capture({ after: now(), timeoutMs: 300 }), /16 captures are waiting/);
    assert.ok((await ended).every(({ status }) => status === 'rejected'));
    assert.equal(desk.counters().failed, 17);
  });
});
