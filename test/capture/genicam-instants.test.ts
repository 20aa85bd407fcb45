import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExposureClock } from '../../lib/capture/genicam/exposure-clock.ts';
import { FrameIds } from '../../lib/capture/genicam/frame-ids.ts';
import { Releases } from '../../lib/capture/genicam/releases.ts';
import { parseSourceSettings, settingsHash } from '../../lib/capture/settings.ts';

describe("a camera's frame numbers", () => {
  const steps = (ids: number[]) => {
    const numbers = new FrameIds();
    return ids.map((id) => numbers.advance(id));
  };

  it('tell how many frames were never seen, over the wrap of 16 bits', () => {
    assert.deepEqual(steps([7, 8, 11]), [1, 1, 3]);
    assert.deepEqual(steps([65_534, 65_535, 1, 2]), [1, 1, 1, 1]);
    assert.deepEqual(steps([65_533, 2]), [1, 4]);
    assert.deepEqual(steps([65_535, 65_536, 65_540]), [1, 1, 4]);
    assert.deepEqual(steps([0, 1, 2]), [1, 1, 1]);
  });

  it('that begin anew say nothing of losses', () => {
    assert.deepEqual(steps([900, 1, 2]), [1, 1, 1]);
    const numbers = new FrameIds();
    numbers.advance(10);
    numbers.restart();
    assert.equal(numbers.advance(50), 1);
  });
});

describe('the instant of an exposure', () => {
  /** When a camera stamps a frame whose exposure began at 0. */
  const stampings = ['start', 'end', 'transfer'] as const;

  it('is never said later than it was, whatever the camera stamps, however late frames come and clocks drift', () => {
    fc.assert(
      fc.property(
        fc.record({
          stamping: fc.constantFrom(...stampings),
          exposure: fc.double({ min: 0.02, max: 50, noNaN: true }),
          readout: fc.double({ min: 0.5, max: 30, noNaN: true }),
          drift: fc.double({ min: -1e-4, max: 1e-4, noNaN: true }),
          offset: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
          delays: fc.array(fc.double({ min: 0, max: 80, noNaN: true }), { minLength: 1, maxLength: 100 }),
          period: fc.double({ min: 1, max: 200, noNaN: true }),
        }),
        ({ stamping, exposure, readout, drift, offset, delays, period }) => {
          const clock = new ExposureClock();
          // of the frames that are remembered, one comes as quickly as it can
          for (const [i, delay] of [0, ...delays].entries()) {
            const since = i * (period + exposure + readout);
            if (since > 10_000) break;
            const stamped = since + { start: 0, end: exposure, transfer: exposure + readout }[stamping];
            const stamp = offset + stamped * (1 + drift);
            clock.observe(stamp, 5_000 + since + exposure + readout + delay);
            const said = clock.earliest(stamp, exposure, readout);
            assert.ok(said <= 5_000 + since + 1e-6, `${said - 5_000 - since} ms too late`);
          }
        },
      ),
    );
  });

  it('does not hang on the jitter of the network', () => {
    const clock = new ExposureClock();
    clock.observe(1_000, 51_010);
    clock.observe(1_040, 51_125); // 75 ms late
    assert.equal(clock.earliest(1_040, 5, 4), 51_050 - 9 - 2);
  });

  it('forgets an offset that the camera no longer has', () => {
    const clock = new ExposureClock(1_000);
    clock.observe(100_000, 1_000);
    clock.observe(10, 1_040); // its clock was set back
    assert.equal(clock.latest(10), 1_040);
    clock.observe(5_010, 60_000); // idle for longer than both windows
    assert.equal(clock.latest(5_010), 60_000);
  });
});

describe('letting go of a camera', () => {
  const limits = { closeMs: 20, releaseMs: 60 };
  const never = new Promise<void>(() => {});

  it('is waited for before it is opened again, but no longer than a close may take', async () => {
    const releases = new Releases(limits);
    let released = false;
    const slow = new Promise<void>((resolve) => setTimeout(resolve, 40)).then(() => {
      released = true;
    });
    await releases.begin(slow);
    assert.equal(released, false);
    await releases.done();
    assert.equal(released, true);
    await releases.begin(Promise.reject(new Error('it was gone')));
    await releases.done();
  });

  it('that gets stuck fails the next opening, whose close does not settle then: the process is ended', async () => {
    const releases = new Releases(limits);
    await releases.begin(never);
    await assert.rejects(releases.done(), { code: 'GP_SOURCE_FAILED', message: /does not let go/ });
    const close = releases.begin(Promise.resolve()).then(() => 'settled');
    const later = new Promise((resolve) => setTimeout(resolve, 100, 'open'));
    assert.equal(await Promise.race([close, later]), 'open');
  });
});

describe('the settings of a GenICam camera', () => {
  const base = { kind: 'genicam', exposure: { mode: 'set', timeUs: 5_000, gain: 0 } } as const;
  const hash = (change: object) => settingsHash(parseSourceSettings({ ...base, ...change }));

  it('change the fingerprint where they change the picture, and only there', () => {
    const region = { x: 0, y: 0, width: 64, height: 64 };
    const seen = [
      {},
      { exposure: { mode: 'set', timeUs: 5_001, gain: 0 } },
      { exposure: { mode: 'set', timeUs: 5_000, gain: 1 } },
      { exposure: { mode: 'stored' } },
      { pixelFormat: 'Mono8' },
      { region },
      { userSet: 'UserSet1' },
      { white: { mode: 'set', red: 1.5, blue: 2 } },
    ].map(hash);
    assert.equal(new Set(seen).size, seen.length);
    for (const same of [
      { camera: 'other' },
      { trigger: 'free', frameRate: 5 },
      { packetSize: 9_000, packetDelayUs: 20 },
    ]) {
      assert.equal(hash(same), seen[0], JSON.stringify(same));
    }
  });

  it('are refused with the field that is wrong', () => {
    for (const [change, field] of [
      [{ exposure: { mode: 'set', timeUs: 0, gain: 0 } }, 'source.exposure.timeUs'],
      [{ trigger: 'sometimes' }, 'source.trigger'],
      [{ region: { x: 0, y: 0, width: 0, height: 1 } }, 'source.region.width'],
    ] as const) {
      assert.throws(() => hash(change), { code: 'GP_CONFIG_INVALID', field });
    }
  });
});
