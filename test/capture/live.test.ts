import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { Camera, type CameraOptions } from '../../lib/capture/camera.ts';
import { type LiveLook, LiveWatch } from '../../lib/capture/live-watch.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const simulator = { kind: 'simulator', width: 1000, height: 800 } as const;

describe('looking at a camera', () => {
  const started: Camera[] = [];
  const watches: LiveWatch[] = [];
  const watched = async (o: Partial<CameraOptions> = {}) => {
    const camera = new Camera({ name: 'top', source: simulator, ...o });
    started.push(camera);
    await camera.start().catch(() => {});
    const watch = new LiveWatch(camera);
    watches.push(watch);
    return { camera, watch };
  };
  const lookUntil = (watch: LiveWatch, what: string, holds: (look: LiveLook) => boolean): Promise<LiveLook> =>
    until(what, async () => {
      const look = await watch.look();
      return holds(look) ? look : null;
    });
  const capture = (camera: Camera) => camera.capture({ after: systemClock.mono(), timeoutMs: 10_000 });

  afterEach(async () => {
    for (const watch of watches.splice(0)) watch.stop();
    await Promise.all(started.splice(0).map((one) => one.stop()));
  });

  it('exposes nothing, however often', async () => {
    const { camera, watch } = await watched();
    for (let i = 0; i < 30; i++) await watch.look();
    await camera.live(null);
    const look = await lookUntil(watch, 'a second look', (now) => now.delivery === 'on-demand');
    assert.deepEqual([look.frame, look.figures, look.ageMs, look.counters.exposed], [null, null, null, 0]);
    assert.equal(watch.preview(), null);
    // the number of the first picture says so too
    assert.equal((await capture(camera)).info.number, 1);
  });

  it('shows the last inspected picture: its figures, its settings, a small preview of it', async () => {
    const { camera, watch } = await watched();
    const { info } = await capture(camera);
    const look = await lookUntil(watch, 'the picture', (now) => now.figures !== null);
    const { number, exposedAt, exposedUtc, width, height, bitDepth, bytes } = look.frame!;
    assert.deepEqual([number, exposedAt, exposedUtc], [1, info.exposedAt, info.exposedUtc]);
    assert.deepEqual([width, height, bitDepth, bytes], [1000, 800, 8, 1000 * 800 * 3]);
    assert.equal(look.settings.truth, info.settings.truth);
    assert.equal(look.settings.simulated, true);
    assert.ok(look.ageMs! > 0 && look.ageMs! < systemClock.mono() - info.exposedAt + 1);
    assert.equal(look.figures!.histogram.channels.length, 3);
    assert.ok(look.figures!.focus! > 0);
    const preview = watch.preview()!;
    assert.equal(preview.number, 1);
    const { format, width: wide, height: high } = await sharp(preview.jpeg).metadata();
    assert.deepEqual([format, wide, high], ['jpeg', 640, 512]);
    assert.deepEqual([look.counters.exposed, look.counters.delivered, look.restarts], [1, 1, 0]);
  });

  it('shows every picture of a camera that gives them by itself, although nobody takes them', async () => {
    const source = { ...simulator, width: 64, height: 64, delivery: 'flow', periodMs: 30 } as const;
    const { camera, watch } = await watched({ source });
    const seen = new Set<number>();
    await until('three different pictures', async () => {
      const { frame, figures } = await watch.look();
      if (frame !== null && figures !== null) seen.add(frame.number);
      return seen.size >= 3;
    });
    assert.equal(camera.counters().delivered, 0);
  });

  it('asks its process at most five times a second, one question at a time, for all who look', async () => {
    const { camera, watch } = await watched();
    await capture(camera);
    const live = camera.live.bind(camera);
    const asked: number[] = [];
    let atOnce = 0;
    camera.live = async (have) => {
      asked.push(systemClock.mono());
      atOnce += 1;
      assert.equal(atOnce, 1);
      try {
        return await live(have);
      } finally {
        atOnce -= 1;
      }
    };
    const answers = await Promise.all(Array.from({ length: 200 }, () => watch.look()));
    assert.equal(asked.length, 1);
    assert.ok(answers.every(({ frame, figures }) => frame?.number === 1 && figures !== null));
    await until('five questions', async () => {
      await watch.look();
      return asked.length >= 5;
    });
    for (let i = 1; i < asked.length; i++) assert.ok(asked[i] - asked[i - 1] >= 200, `${asked}`);
  });

  it('does not keep the watchdog from noticing that the process hangs', async () => {
    const child = { hungMs: 1_000, backoff: { minMs: 20, maxMs: 100, resetAfterMs: 5_000 } };
    const { camera, watch } = await watched({ child });
    await watch.look();
    process.kill(camera.childStats().pid!, 'SIGSTOP');
    let silent = false;
    await until(
      'the process is ended and started again',
      async () => {
        const { status, restarts } = await watch.look();
        silent ||= !status.connected;
        return restarts === 1;
      },
      { timeoutMs: 15_000 },
    );
    assert.ok(silent, 'meanwhile it was said');
  }).timeout(30_000);

  it('says of a damaged picture that it cannot be shown, and shows the next one', async () => {
    const path = tempDir('live');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'a.jpg'), 'not a picture at all, but long enough');
    writeFileSync(
      join(path, 'b.png'),
      await sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    const { camera, watch } = await watched({ source: { kind: 'folder', path } });
    await capture(camera);
    const bad = await lookUntil(watch, 'the damaged one', (now) => now.problem !== null);
    assert.match(bad.problem!, /Expected a JPEG, PNG, TIFF or WebP picture/);
    assert.deepEqual([bad.figures, watch.preview()], [null, null]);
    await capture(camera);
    const good = await lookUntil(watch, 'the good one', (now) => now.figures !== null);
    assert.deepEqual([good.problem, good.figures!.width, good.figures!.focus], [null, 20, null]);
    assert.equal(good.settings.file, 'b.png');
  });

  it('names the setting at fault while the source cannot be opened', async () => {
    const { watch } = await watched({ source: { kind: 'folder', path: '/nowhere/at/all' } });
    const { error, status, frame } = await lookUntil(watch, 'the fault', (now) => now.error !== null);
    assert.equal(error!.field, 'path');
    assert.match(error!.message, /Expected a readable folder for path/);
    assert.deepEqual([status.connected, frame], [false, null]);
  });
});
