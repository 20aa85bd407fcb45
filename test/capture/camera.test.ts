import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Camera, type CameraOptions, discover } from '../../lib/capture/camera.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { Frame, sniffEncoding } from '../../lib/core/frame.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const simulator = { kind: 'simulator', width: 64, height: 64 } as const;
const now = () => systemClock.mono();

describe('a camera', () => {
  const started: Camera[] = [];
  const camera = (o: Partial<CameraOptions> = {}) => {
    const made = new Camera({ name: 'top', source: simulator, ...o });
    started.push(made);
    return made;
  };
  const pidOf = (of: Camera) => until('child', () => of.childStats().pid);

  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.stop()));
  });

  it('answers a trigger with a frame exposed after it', async () => {
    const one = camera();
    await one.start();
    for (let i = 1; i <= 3; i++) {
      const after = now();
      const frame = await one.capture({ after, timeoutMs: 5_000 });
      assert.ok(frame instanceof Frame);
      assert.ok(frame.info.exposedAt >= after && frame.info.exposedAt <= now());
      assert.equal(frame.info.source, 'top');
      assert.equal(frame.info.number, i);
      assert.deepEqual([frame.info.encoding, frame.info.width, frame.data.length], ['raw', 64, 64 * 64 * 3]);
    }
    assert.equal(one.counters().delivered, 3);
    assert.equal(one.status().connected, true);
    assert.match(one.status().text, /simulated line: 64 x 64 raw/);
  });

  it('delivers JPEG where that is configured, the same bytes for the same part', async () => {
    const [one, other] = [
      camera({ source: { ...simulator, encoding: 'jpeg' } }),
      camera({ source: { ...simulator, encoding: 'jpeg' } }),
    ];
    await Promise.all([one.start(), other.start()]);
    const first = await one.capture({ after: now(), timeoutMs: 10_000 });
    const second = await other.capture({ after: now(), timeoutMs: 10_000 });
    assert.equal(first.info.encoding, 'jpeg');
    assert.equal(sniffEncoding(first.data), 'jpeg');
    assert.ok(first.data.equals(second.data));
    assert.deepEqual(first.info.settings, second.info.settings);
    assert.equal(typeof first.info.settings.truth, 'string');
  });

  it('waits for the instant of a trigger that lies ahead', async () => {
    const one = camera();
    await one.start();
    const after = now() + 150;
    const frame = await one.capture({ after, timeoutMs: 5_000 });
    assert.ok(frame.info.exposedAt >= after);
  });

  it('serves several triggers at once, each with its own frame', async () => {
    const one = camera();
    await one.start();
    const after = now();
    const frames = await Promise.all([1, 2, 3, 4].map(() => one.capture({ after, timeoutMs: 5_000 })));
    assert.deepEqual(
      frames.map((frame) => frame.info.number),
      [1, 2, 3, 4],
    );
  });

  it('rejects the capture when its child is killed, says so, and goes on with the next number by itself', async () => {
    const one = camera({ child: { backoff: { minMs: 20, maxMs: 100, resetAfterMs: 5_000 } } });
    const states: boolean[] = [];
    one.on('state', ({ connected }) => states.push(connected));
    await one.start();
    await one.capture({ after: now(), timeoutMs: 5_000 });
    const waiting = one.capture({ after: now() + 60_000, timeoutMs: 70_000 });
    process.kill(await pidOf(one), 'SIGKILL');
    await assert.rejects(waiting, { code: 'GP_SOURCE_FAILED' });
    await until('connected again', () => states.at(-1) === true && states.includes(false));
    const frame = await one.capture({ after: now(), timeoutMs: 5_000 });
    assert.equal(frame.info.number, 2);
    assert.equal(one.counters().restarts, 1);
    assert.equal(one.counters().delivered, 2);
  });

  it('rejects in time although its child hangs, then ends the child and goes on', async () => {
    const one = camera({ child: { backoff: { minMs: 20, maxMs: 100, resetAfterMs: 5_000 } } });
    await one.start();
    const pid = await pidOf(one);
    process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    await assert.rejects(one.capture({ after: now(), timeoutMs: 200 }), { code: 'GP_SOURCE_FAILED' });
    assert.ok(performance.now() - began < 1_000);
    await until('a new child', () => one.childStats().pid !== pid && one.status().connected);
    assert.equal((await one.capture({ after: now(), timeoutMs: 5_000 })).info.number, 1);
  });

  it('runs freely, keeps doing so over a crash, and stops when told', async () => {
    const one = camera({ child: { backoff: { minMs: 20, maxMs: 100, resetAfterMs: 5_000 } } });
    const numbers: number[] = [];
    one.on('frame', (frame: Frame, cause: string) => {
      assert.equal(cause, 'free-run');
      numbers.push(frame.info.number);
    });
    one.startFreeRun({ intervalMs: 20 });
    await one.start();
    await until('frames', () => numbers.length > 3);
    process.kill(await pidOf(one), 'SIGKILL');
    const before = numbers.length;
    await until('frames again', () => numbers.length > before + 3);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    one.stopFreeRun();
    const stoppedAt = one.counters().delivered;
    const frame = await one.capture({ after: now(), timeoutMs: 5_000 });
    assert.ok(frame.info.number >= stoppedAt);
  });

  it('drops and counts free-running frames that a busy parent did not take, and never queues old ones', async () => {
    const one = camera({ source: { ...simulator, delivery: 'flow', periodMs: 5 } });
    const ages: number[] = [];
    await one.start();
    one.on('frame', (frame: Frame) => {
      ages.push(now() - frame.info.exposedAt);
      const end = performance.now() + 60;
      while (performance.now() < end); // a blocked event loop
    });
    one.startFreeRun({ intervalMs: 5 });
    await until('frames', () => ages.length > 8);
    one.stopFreeRun();
    assert.ok(one.counters().superseded > 8, JSON.stringify(one.counters()));
    assert.ok(Math.max(...ages.slice(1)) < 400, JSON.stringify(ages));
  });

  it('opens inspections by itself where the part triggers it, and answers a capture with the next part', async () => {
    const one = camera({ source: { ...simulator, delivery: 'line', periodMs: 20 } });
    const seen: [number, string][] = [];
    one.on('frame', (frame: Frame, cause: string) => seen.push([frame.info.number, cause]));
    await one.start();
    const after = now();
    const frame = await one.capture({ after, timeoutMs: 5_000 });
    assert.ok(frame.info.exposedAt >= after);
    await until('line frames', () => seen.length >= 5);
    assert.deepEqual(
      seen.slice(0, 5),
      [1, 2, 3, 4, 5].map((n) => [n, 'line']),
    );
    assert.equal(one.counters().missed, 0);
  });

  it('times out in the child without ending it', async () => {
    const one = camera({ source: { ...simulator, delivery: 'flow', periodMs: 60_000 } });
    await one.start();
    const pid = await pidOf(one);
    await assert.rejects(one.capture({ after: now(), timeoutMs: 50 }), {
      code: 'GP_SOURCE_FAILED',
      message: /No picture within 50 ms|no picture within 50 ms/,
    });
    await until('trouble in the state', () => /No picture/.test(one.status().text));
    assert.equal((await one.describe()).delivery, 'flow');
    assert.equal(one.childStats().pid, pid);
    assert.equal(one.counters().restarts, 0);
  });

  it('names the field of a missing folder, and connects when the folder appears', async () => {
    const path = join(tempDir(), 'later');
    const one = camera({ source: { kind: 'folder', path } });
    await assert.rejects(one.start(), (error) => {
      assert.ok(GoodpartError.is(error));
      assert.deepEqual([error.code, error.field], ['GP_SOURCE_FAILED', 'path']);
      assert.match(error.message, /^Expected a readable folder for path but received .*ENOENT/);
      return true;
    });
    await assert.rejects(one.capture({ after: now(), timeoutMs: 5_000 }), { code: 'GP_SOURCE_FAILED', field: 'path' });
    assert.equal(one.status().connected, false);
    const pid = await pidOf(one);
    mkdirSync(path);
    writeFileSync(join(path, 'a.jpg'), 'x');
    await until('connected', () => one.status().connected);
    assert.equal(one.childStats().pid, pid);
    rmSync(path, { recursive: true });
    await assert.rejects(one.capture({ after: now(), timeoutMs: 5_000 }), /"a.jpg" could not be read/);
  });

  it('refuses settings that cannot be, and names the field', () => {
    const wrong: [unknown, string][] = [
      [{ kind: 'folder', path: 'relative' }, 'source.path'],
      [{ kind: 'webcam' }, 'source.kind'],
      [{ kind: 'simulator', width: 8 }, 'source.width'],
      [{ kind: 'simulator', defectRate: Number.NaN }, 'source.defectRate'],
      [{ kind: 'simulator', depth: 3 }, 'source.'],
      [null, 'source.'],
    ];
    for (const [source, field] of wrong) {
      assert.throws(
        () => camera({ source: source as CameraOptions['source'] }),
        (error) => GoodpartError.is(error) && error.code === 'GP_CONFIG_INVALID' && error.field === field,
        JSON.stringify(source),
      );
    }
    started.length = 0;
  });

  it('refuses senseless instants and intervals at once', async () => {
    const one = camera();
    await assert.rejects(one.capture({ after: Number.NaN, timeoutMs: 100 }), { field: 'after' });
    await assert.rejects(one.capture({ after: 0, timeoutMs: 0 }), { field: 'timeoutMs' });
    assert.throws(() => one.startFreeRun({ intervalMs: 0 }), { field: 'intervalMs' });
    await assert.rejects(one.capture({ after: 0, timeoutMs: 100 }), { code: 'GP_SOURCE_FAILED' });
  });

  it('leaves no process behind when stopped', async () => {
    const one = camera();
    await one.start();
    const pid = await pidOf(one);
    await one.stop();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('discovers what can be opened', async () => {
    const found = await discover('simulator');
    assert.equal(found.length, 1);
    assert.equal(new Camera({ name: 'x', source: found[0].settings as never }).settings.kind, 'simulator');
    assert.deepEqual(await discover('folder'), []);
  });
});
