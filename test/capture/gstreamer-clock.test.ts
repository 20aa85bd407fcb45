import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExposureClock } from '../../lib/capture/gstreamer/exposure-clock.ts';
import { baseTime } from '../../lib/capture/gstreamer/launch.ts';

const interval = 40;
const exposure = 10;
const start = 1_000_000;

interface Stream {
  /** How long each frame is held up beyond the usual transit, milliseconds. */
  heldUp: number[];
  /** Transit that every frame needs. */
  transit: number;
  /** Of the device's clock, relative: positive runs slow. */
  drift: number;
}

/** Frames in order, none overtakes: [true start of exposure, time stamp, arrival]. */
function frames({ heldUp, transit, drift }: Stream): [number, number, number][] {
  let last = 0;
  return heldUp.map((held, i) => {
    const began = start + i * interval;
    last = Math.max(last + 0.1, began + exposure + transit + held);
    return [began, i * interval * (1 - drift), last];
  });
}

const anyStream = fc.record({
  heldUp: fc.array(
    fc.oneof(
      { weight: 20, arbitrary: fc.double({ min: 0, max: 8, noNaN: true }) },
      { weight: 1, arbitrary: fc.integer({ min: 1000, max: 15_000 }) },
    ),
    { minLength: 40, maxLength: 200 },
  ),
  transit: fc.integer({ min: 0, max: 300 }),
  drift: fc.double({ min: -200e-6, max: 200e-6, noNaN: true }),
});

describe('the instant of an exposure', () => {
  it('is never later than the truth: with drivers that stamp frames, whatever holds them up', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const clock = new ExposureClock({ stampsAreCaptures: true, delayMs: 0 });
        clock.baseIs(start + exposure);
        for (const [began, , arrivedAt] of frames({ ...stream, drift: 0 })) {
          const ptsMs = began - start;
          const found = clock.exposedAt({ ptsMs, arrivedAt, exposureMs: exposure, intervalMs: interval });
          assert.ok(found !== null && found <= began + 1e-6 && found > began - 1e-3, `${found} for ${began}`);
        }
      }),
    );
  });

  it('is never later than the truth with time stamps of another clock, over stalls and the bursts after them', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        // the stream's own delay is configured no smaller than it is; the smallest jitter of those seen comes on top
        const clock = new ExposureClock({ stampsAreCaptures: false, delayMs: stream.transit + 10 });
        for (const [began, ptsMs, arrivedAt] of frames(stream)) {
          const found = clock.exposedAt({ ptsMs, arrivedAt, exposureMs: exposure, intervalMs: interval });
          if (found !== null) assert.ok(found <= began + 1e-6, `${found - began} ms too late`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('follows fresh frames closely once the stream has settled', () => {
    const clock = new ExposureClock({ stampsAreCaptures: false, delayMs: 0 });
    const list = frames({ heldUp: Array(100).fill(0), transit: 100, drift: 0 });
    const found = list.map(([, ptsMs, arrivedAt]) =>
      clock.exposedAt({ ptsMs, arrivedAt, exposureMs: null, intervalMs: interval }),
    );
    assert.deepEqual(found.slice(0, 10), Array(10).fill(null), 'nothing is certain at first');
    const [, , before] = list[98];
    assert.equal(found[99], before, 'the arrival of the frame before');
  });

  it('knows that a burst after a stall is old, though each frame of it follows another', () => {
    const clock = new ExposureClock({ stampsAreCaptures: false, delayMs: 0 });
    const arrive = (ptsMs: number, arrivedAt: number) =>
      clock.exposedAt({ ptsMs, arrivedAt, exposureMs: 0, intervalMs: interval });
    for (let pts = 0; pts < 2000; pts += interval) arrive(pts, start + pts + 50);
    const resumed = start + 17_000;
    for (let pts = 2000, n = 0; pts < 15_000; pts += interval, n++) {
      const found = arrive(pts, resumed + n);
      assert.ok(found !== null && found <= start + pts + 60, `${pts}: ${found}`);
    }
  });

  it('uses nothing of what a server had kept for whoever connects', () => {
    const clock = new ExposureClock({ stampsAreCaptures: false, delayMs: 0 });
    for (let n = 0; n < 50; n++) {
      const arrivedAt = start + n * 5;
      assert.equal(clock.exposedAt({ ptsMs: n * interval, arrivedAt, exposureMs: 0, intervalMs: interval }), null);
    }
  });

  it('without any time stamp is bounded by the arrival of the frame before', () => {
    const clock = new ExposureClock({ stampsAreCaptures: false, delayMs: 30 });
    const arrive = (arrivedAt: number) =>
      clock.exposedAt({ ptsMs: null, arrivedAt, exposureMs: null, intervalMs: null });
    assert.equal(arrive(start), null);
    assert.equal(arrive(start + 40), start - 30);
  });

  it('is counted from the base time that the pipeline prints, if that is by the same clock', () => {
    const line =
      '0:00:00.02 31 0x55 DEBUG pipeline gstpipeline.c:494:change_state:<p> start_time=0:00:00.0, now=0:12:50.152335936, base_time 0:12:50.100000000';
    assert.equal(baseTime(line, 770_152.71), 770_100);
    assert.equal(baseTime(line, 999_999), null);
    assert.equal(baseTime('base_time none', 0), null);
  });
});
