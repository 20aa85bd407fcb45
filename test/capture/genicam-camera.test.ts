import assert from 'node:assert/strict';
import type { SourceSettingsInput } from '../../lib/capture/settings.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { FakeGige } from '../kit/fake-gige.ts';
import { hasPythonModule, needs } from '../kit/needs.ts';
import { isAlive } from '../kit/processes.ts';
import { until } from '../kit/until.ts';

type Genicam = Extract<SourceSettingsInput, { kind: 'genicam' }>;

/** With these, the fake camera's sample at (x, y) is (x + y + frame number) modulo 255. */
const readable = { mode: 'set', timeUs: 10_000, gain: 0 } as const;
/** Few packets: on a busy machine the fake camera may be stopped in the middle of a picture, for longer than it may take. */
const region = { x: 0, y: 0, width: 128, height: 96 };
const triggered: Genicam = { kind: 'genicam', camera: '127.0.0.1', exposure: readable, region };
/** 188 packets. */
const large: Genicam = { ...triggered, region: { ...region, width: 512, height: 512 } };
const free: Genicam = { ...triggered, trigger: 'free' };
/** What a silent camera is known by (two seconds), and a slow machine. */
const noticedMs = 2_000 + 3_000;

describe('a GigE Vision camera', () => {
  let net: FakeGige;
  let fake: number;

  before(function () {
    FakeGige.needs(this);
    net = new FakeGige();
  });
  after(async () => net?.end());

  const open = (source: Genicam) => net.ask('start', { name: 'top', source });
  const status = () => net.ask('status', { name: 'top' });
  const counters = () => net.ask('counters', { name: 'top' });
  const captures = (count: number) => net.ask('captures', { name: 'top', count });
  const connected = () => until('connected', async () => (await status()).connected, { timeoutMs: 30_000 });
  const replaced = async (lostPerMille: number) => {
    await net.ask('signal', { pid: fake, signal: 'SIGKILL' });
    fake = await net.fake(lostPerMille);
  };

  /** Runs `check` against a fresh camera, closed again whatever happens. */
  const withCamera = async (source: Genicam, check: () => Promise<void>) => {
    await open(source);
    try {
      await check();
    } finally {
      await net.ask('stop', { name: 'top' });
    }
  };

  describe('that answers', () => {
    before(async () => {
      fake = await net.fake();
    });
    after(() => net.ask('signal', { pid: fake, signal: 'SIGKILL' }));

    it('is found with vendor, model, serial number and address', async () => {
      assert.deepEqual(await net.ask('discover'), [
        {
          name: 'Aravis Fake GV01 (127.0.0.1, GigEVision)',
          settings: { kind: 'genicam', camera: 'Aravis-Fake-GV01' },
        },
      ]);
    });

    it('gives each software trigger its own picture, exposed after it', async () => {
      await withCamera({ ...triggered, camera: 'GV01' }, async () => {
        const { delivery, device, running } = await net.ask('describe', { name: 'top' });
        assert.deepEqual([delivery, device], ['on-demand', 'Aravis Fake GV01']);
        assert.match(running, /GigE Vision, 128 x 96 Mono8, software trigger/);
        const results = await captures(25);
        const firstId = Number(results[0].info.settings.frameId);
        for (const [i, { after, info, first }] of results.entries()) {
          assert.equal(info.number, i + 1);
          assert.equal(info.settings.frameId, firstId + i, 'one trigger, one exposure');
          assert.equal(first, (firstId + i) % 255, 'the pixels are those of that exposure');
          assert.ok(info.exposedAt >= after && info.exposedAt - after < 1_000);
          assert.deepEqual([info.channels, info.bitDepth, info.settings.exposureUs], [1, 8, 10_000]);
        }
        const { lost, failed, tooOld } = await counters();
        assert.deepEqual({ lost, failed, tooOld }, { lost: 0, failed: 0, tooOld: 0 });
      });
    });

    it('never takes the picture of a trigger that was given up for the next one', async () => {
      await withCamera(triggered, async () => {
        let lost = 0;
        for (let tries = 1; lost < 2; tries++) {
          assert.ok(tries < 50, 'the pictures of given-up triggers are counted as lost');
          const [before] = await captures(1);
          try {
            // the fake camera looks for triggers every 40 ms: most come later than that
            await net.ask('capture', { name: 'top', timeoutMs: 10 });
            continue;
          } catch {
            // given up, sent or not
          }
          const [{ info, after }] = await captures(1);
          const thrownAway = (await counters()).lost - lost;
          lost += thrownAway;
          assert.equal(Number(info.settings.frameId) - Number(before.info.settings.frameId), 1 + thrownAway);
          assert.ok(info.exposedAt >= after);
        }
      });
    });

    it('answers from the running stream with a picture exposed after the trigger', async () => {
      await withCamera({ ...free, frameRate: 50 }, async () => {
        const results = await captures(10);
        let last = 0;
        for (const { after, ms, info, first } of results) {
          assert.ok(info.exposedAt >= after);
          // the fake camera cannot tell its readout: one picture at 50 Hz at most, and 10 ms of exposure
          assert.ok(after + ms - info.exposedAt >= 20 + 10, 'a lower bound');
          assert.ok(info.number > last);
          assert.equal(first, Number(info.settings.frameId) % 255);
          last = info.number;
        }
        assert.equal(results[0].info.settings.frameRate, 50);
      });
    });

    it('keeps the range of 16 bits', async () => {
      await withCamera({ ...large, pixelFormat: 'Mono16' }, async () => {
        const [{ info, first }] = await captures(1);
        assert.deepEqual([info.channels, info.bitDepth, info.settings.sampleBits], [1, 16, 16]);
        assert.equal(first, (256 * Number(info.settings.frameId)) % 65_535);
      });
    });

    it('gives colours of a Bayer sensor, of the region that was set', async () => {
      const part = { x: 16, y: 8, width: 100, height: 64 };
      await withCamera({ ...triggered, pixelFormat: 'Bayer8', region: part }, async () => {
        const [{ info }] = await captures(1);
        assert.deepEqual([info.width, info.height, info.channels, info.bitDepth], [100, 64, 3, 8]);
        assert.deepEqual([info.settings.x, info.settings.y], [16, 8]);
        assert.match((await status()).text, /this camera has no ExposureAuto, BalanceWhiteAuto to be switched off/);
      });
    });

    it('refuses what it cannot do with one sentence', async () => {
      const wrong: [Partial<Genicam>, RegExp][] = [
        [{ trigger: 'line', line: 'Line7' }, /^Expected one of Line0, Software for line but received "Line7"$/],
        [{ pixelFormat: 'Mono12' }, /^Expected one of Mono8, .* for pixelFormat .*Mono12; the camera offers .*Mono16/],
        [{ camera: '127.0.0.9' }, /^Camera 127\.0\.0\.9 could not be opened: Can't connect to device at address/],
        [{ exposure: { ...readable, timeUs: 50_000_000 } }, /^Expected 10\.\.10000000 for exposure\.timeUs but/],
      ];
      for (const [change, sentence] of wrong) {
        await assert.rejects(open({ ...triggered, ...change }), { code: 'GP_SOURCE_FAILED' });
        // not yet, where a slow machine has ended the camera before so late that the control of it has to run out first
        await until(String(sentence), async () => sentence.test((await status()).text), { timeoutMs: 15_000 });
        await net.ask('stop', { name: 'top' });
      }
    });

    it('is left alone while somebody else controls it', async () => {
      await net.ask('start', { name: 'other', source: triggered });
      await assert.rejects(open(triggered), { message: /controlled by another program/, field: 'camera' });
      assert.equal((await net.ask('captures', { name: 'other', count: 1 })).length, 1);
      await Promise.all([net.ask('stop', { name: 'top' }), net.ask('stop', { name: 'other' })]);
    });
  });

  describe('with an input line', () => {
    before(async function () {
      needs(this, 'gir1.2-aravis-0.8', hasPythonModule('gi.repository.Aravis'));
      fake = (await net.ask('lineCamera')) as number;
    });
    after(() => net.ask('signal', { pid: fake, signal: 'SIGKILL' }));

    it('gives a picture for each pulse, and a pulse whose picture is lost leaves a gap in the numbers', async () => {
      await withCamera({ ...triggered, trigger: 'line', line: 'Line0' }, async () => {
        const { delivery, settings } = await net.ask('describe', { name: 'top' });
        assert.deepEqual([delivery, settings.triggerMode, settings.triggerSource], ['line', 'On', 'Line0']);
        const frames = () => net.ask('lineFrames');
        const pulse = async (count: number) => {
          const before = systemClock.mono();
          await net.ask('tell', { pid: fake, order: 'pulse' });
          await until(`picture ${count}`, async () => (await frames()).length === count);
          return before;
        };
        for (const count of [1, 2, 3]) {
          const before = await pulse(count);
          const { exposedAt } = (await frames())[count - 1];
          // a lower bound: by exposure and readout too early at most
          assert.ok(exposedAt > before - 200 && exposedAt < systemClock.mono());
        }
        await net.ask('tell', { pid: fake, order: 'lose' });
        await net.ask('tell', { pid: fake, order: 'pulse' });
        // the fake camera looks for pulses every 40 ms, and takes a second one meanwhile for the same
        const lostAt = systemClock.mono() + 200;
        await until('the lost picture', () => systemClock.mono() > lostAt);
        await net.ask('tell', { pid: fake, order: 'keep' });
        await pulse(4);
        const [first, , , last] = await frames();
        assert.deepEqual(
          (await frames()).map(({ number, settings: { frameId } }) => [number, frameId]),
          [0, 1, 2, 4].map((step) => [step + 1, Number(first.settings.frameId) + step]),
        );
        assert.equal((await counters()).lost, 1);
        assert.equal(last.number, 5, 'later pictures are not taken for earlier parts');
      });
    });
  });

  describe('in trouble', () => {
    beforeEach(async () => {
      fake = await net.fake();
    });
    afterEach(async () => {
      await net.ask('stop', { name: 'top' });
      await net.ask('signal', { pid: fake, signal: 'SIGKILL' });
    });

    it('that falls silent is noticed in time, and goes on by itself when it is back', async () => {
      await open(triggered);
      await captures(2);
      await net.ask('signal', { pid: fake, signal: 'SIGSTOP' });
      const began = performance.now();
      await assert.rejects(net.ask('capture', { name: 'top', timeoutMs: 20_000 }), { code: 'GP_SOURCE_FAILED' });
      assert.ok(performance.now() - began < noticedMs, `${performance.now() - began} ms`);
      assert.match((await status()).text, /does not answer/);
      assert.equal((await status()).connected, false);
      await net.ask('signal', { pid: fake, signal: 'SIGCONT' });
      await connected();
      const [{ info, after }] = await captures(1);
      assert.ok(info.exposedAt >= after);
      assert.ok(info.number >= 3, 'numbers go on');
    });

    it('that is replaced by one with other settings gets its own again', async () => {
      await open({ ...free, exposure: { mode: 'set', timeUs: 1_000, gain: 2 } });
      await captures(1);
      await net.ask('signal', { pid: fake, signal: 'SIGKILL' });
      const began = performance.now();
      await until('the fault', async () => !(await status()).connected);
      assert.ok(performance.now() - began < noticedMs, `${performance.now() - began} ms`);
      fake = await net.fake();
      await connected();
      const [{ info, first }] = await captures(1);
      assert.deepEqual([info.settings.exposureUs, info.settings.gain], [1_000, 2]);
      // 1 + gain + log10(exposure / 10 ms): the fake camera's pixels are twice as bright
      const expected = Math.min(255, 2 * (Number(info.settings.frameId) % 255));
      assert.equal(first, expected, 'the exposure is really what was set');
      assert.ok((await counters()).reopened >= 1);
    });

    it('that loses packets fails the exposures at once, counts them, and recovers', async () => {
      await replaced(20);
      await open(large);
      const began = performance.now();
      await assert.rejects(net.ask('capture', { name: 'top', timeoutMs: 20_000 }), {
        message: /The picture came incomplete .*packets are lost on the way/,
      });
      assert.ok(performance.now() - began < noticedMs);
      assert.ok((await counters()).lost >= 1);
      await replaced(0);
      await until('a whole picture', () => net.ask('capture', { name: 'top', timeoutMs: 2_000 }), {
        timeoutMs: 30_000,
      });
    });

    it('none of whose running pictures is whole is not open, and recovers', async () => {
      await replaced(200);
      await assert.rejects(open({ ...large, trigger: 'free' }), {
        message: /^No complete picture for 2000 ms, \d+ of the last \d+ came incomplete: packets are lost/,
      });
      assert.equal((await status()).connected, false);
      await replaced(0);
      await connected();
    });

    it('some of whose running pictures are not whole says so, and delivers the others', async () => {
      await replaced(10);
      await open({ ...free, region: { ...region, width: 64, height: 64 } });
      await until('losses', async () => (await counters()).lost > 0 || (await captures(1)).length === 0);
      assert.match((await status()).text, /pictures come incomplete: packets are lost/);
      const [{ info, first }] = await captures(1);
      assert.equal(first, Number(info.settings.frameId) % 255);
    });

    it('that falls silent between triggers is noticed too, and does not keep its process', async () => {
      await open(triggered);
      const pid = (await net.ask('childPid', { name: 'top' })) as number;
      await net.ask('signal', { pid: fake, signal: 'SIGSTOP' });
      await until('the fault', async () => !(await status()).connected, { timeoutMs: noticedMs });
      assert.ok(((await net.ask('stop', { name: 'top' })) as number) < 6_000);
      assert.ok(!isAlive(pid));
    });
  });
});
