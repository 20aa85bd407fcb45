import assert from 'node:assert/strict';
import { CaptureDesk } from '../../lib/capture/capture-desk.ts';
import type { SourceDescription, TakenFrame } from '../../lib/capture/source.ts';
import type { WatchSettings } from '../../lib/capture/watchdog.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { until } from '../kit/until.ts';
import { FakeSource, fakeFrame } from './fake-source.ts';

const now = () => systemClock.mono();

describe('the supervision of a source', () => {
  let desk: CaptureDesk;
  let sources: FakeSource[];
  let sent: TakenFrame[];
  const opened = async (
    delivery: SourceDescription['delivery'],
    o: { watch?: WatchSettings; maxAgeMs?: number } = {},
  ) => {
    sources = [];
    sent = [];
    desk = new CaptureDesk({
      create: async () => {
        const source = new FakeSource(delivery, o.watch);
        source.words = ['', 'v4l2src: no such device'];
        sources.push(source);
        return source;
      },
      maxAgeMs: o.maxAgeMs ?? null,
      send: (frame) => sent.push(frame),
      status: () => {},
      stuck: (why) => assert.fail(why),
    });
    await desk.open(0);
    return sources[0];
  };
  afterEach(() => desk.close());
  const failure = (capture: Promise<unknown>) =>
    capture.then(
      () => assert.fail('it was answered'),
      (error: unknown) => {
        assert.ok(GoodpartError.is(error));
        return error;
      },
    );

  it('closes a source that stalls, tells what waited why, opens it again, counts it', async () => {
    const source = await opened('flow', { watch: { stallMs: 600 } });
    source.sink?.frame(fakeFrame(1));
    const { reason, message } = await failure(desk.capture({ after: now() + 60_000, timeoutMs: 30_000 }));
    assert.equal(reason, 'cameraLost');
    assert.match(message, /^The camera has sent no picture any more for .* s \(v4l2src: no such device\)$/);
    assert.equal(source.closed, 1);
    assert.equal(desk.status().connected, false);
    await until('it is open again', () => desk.status().connected);
    assert.equal(sources.length, 2);
    const { stalls, reopened } = desk.counters();
    assert.deepEqual([stalls, reopened], [1, 1]);
    sources[1].sink?.frame(fakeFrame(2));
    assert.deepEqual((await next()).counter, { opening: 1, exposures: 2 });
  });

  /** The next frame that the newest source hands over, as a capture gets it. */
  const next = () => {
    const answer = desk.capture({ after: now(), timeoutMs: 5_000 });
    sources.at(-1)?.sink?.frame(fakeFrame(99));
    return answer;
  };

  it('takes a frozen picture for a fault', async () => {
    const source = await opened('flow', { watch: { frozenMs: 100, stallMs: null } });
    const data = Buffer.alloc(50_000, 3);
    await until('it is found', () => {
      source.sink?.frame(fakeFrame(1, { data }));
      return !desk.status().connected;
    });
    assert.match(desk.status().text, /frozen: \d+ identical ones/);
    assert.equal(desk.counters().stalls, 1);
  });

  it('never answers a capture with a late frame, drops and counts it, and tells that from no frame at all', async () => {
    const source = await opened('flow', { watch: { stallMs: null, lateMs: 200 } });
    const device = (at: number) => ({ deviceAt: at, exposedAt: at });
    await until('the desk trusts the clock', () => {
      source.sink?.frame(fakeFrame(1, device(now())));
      return desk.counters().superseded > 0;
    });
    const stale = desk.counters().stale;
    desk.freeRun(1);
    const after = now() - 1_000;
    const answer = failure(desk.capture({ after, timeoutMs: 200 }));
    source.sink?.frame(fakeFrame(2, device(after + 500)));
    assert.equal((await answer).reason, 'frameTooOld');
    assert.deepEqual([desk.counters().stale - stale, sent.length], [1, 0]);
    assert.equal((await failure(desk.capture({ after: now(), timeoutMs: 50 }))).reason, 'frameTimeout');
    source.sink?.frame(fakeFrame(3, device(now())));
    assert.deepEqual(
      sent.map(({ number, losses }) => [number, losses?.stale]),
      [[3, stale + 1]],
    );
  });

  it('does not use an exposure that took longer than the greatest age', async () => {
    const source = await opened('on-demand', { maxAgeMs: 50 });
    source.exposing = async () => {
      const exposedAt = now();
      await new Promise((resolve) => setTimeout(resolve, 80));
      return fakeFrame(1, { exposedAt });
    };
    assert.equal((await failure(desk.capture({ after: now(), timeoutMs: 250 }))).reason, 'frameTooOld');
    assert.ok(desk.counters().stale > 0);
    source.exposing = undefined;
    assert.equal((await desk.capture({ after: now(), timeoutMs: 5_000 })).number, 1);
  });

  it('says why there is no camera, whatever failed', async () => {
    const source = await opened('flow');
    source.sink?.fault(new GoodpartError('GP_SOURCE_FAILED', 'unplugged', { reason: 'cameraLost' }));
    assert.equal((await failure(desk.capture({ after: now(), timeoutMs: 5_000 }))).reason, 'cameraLost');
  });

  it('lets settings, losses and the device’s count travel with each frame', async () => {
    const source = await opened('line');
    source.sink?.frame(fakeFrame(1, { settings: { gain: 2 }, deviceAt: 5 }));
    source.sink?.lost(2);
    source.sink?.frame(fakeFrame(4, { deviceAt: 10 }));
    desk.taken();
    const [first, second] = sent;
    assert.deepEqual(first.settings, { exposureUs: 5000, gain: 2 });
    assert.deepEqual(first.counter, { opening: 0, exposures: 1 });
    assert.deepEqual(second.counter, { opening: 0, exposures: 4 });
    assert.deepEqual(second.losses, { lost: 2, stale: 0, superseded: 0, missed: 0 });
    assert.ok((second.arrivedAt ?? 0) >= second.exposedAt);
    assert.ok(!('deviceAt' in second));
  });

  it('counts frames of a flow that nobody took', async () => {
    const source = await opened('flow');
    for (let n = 1; n <= 3; n++) source.sink?.frame(fakeFrame(n));
    const frame = await next();
    assert.deepEqual([frame.losses?.superseded, desk.counters().superseded], [3, 3]);
  });

  it('waits longer and longer before it opens again, until good frames have come', async () => {
    await opened('on-demand');
    const pauses: number[] = [];
    for (let i = 0; i < 2; i++) {
      const began = now();
      const many = sources.length;
      sources.at(-1)?.sink?.fault(new GoodpartError('GP_SOURCE_FAILED', 'unplugged'));
      await until('it is open again', () => sources.length > many && desk.status().connected);
      pauses.push(now() - began);
    }
    // 1 and 2 s, each give or take 20 %
    assert.ok(pauses[0] >= 790 && pauses[1] >= 1_590, String(pauses));
  });

  it('opens again also when the fault came while it was being opened', async () => {
    const open = FakeSource.prototype.open;
    let first = true;
    FakeSource.prototype.open = async function (this: FakeSource, options) {
      if (!first) return open.call(this, options);
      first = false;
      options.sink.fault(new GoodpartError('GP_SOURCE_FAILED', 'no link'));
      // it notices the fault later than the next attempt is due
      await new Promise((resolve) => setTimeout(resolve, 1_400));
      return open.call(this, options);
    };
    try {
      await opened('flow');
      assert.deepEqual(desk.status(), { connected: false, text: 'no link' });
      await until('it is open', () => desk.status().connected, { timeoutMs: 6_000 });
      assert.equal(sources.length, 2);
    } finally {
      FakeSource.prototype.open = open;
    }
  });
});
