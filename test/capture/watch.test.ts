import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Camera } from '../../lib/capture/camera.ts';
import type { SourceFrame, SourceSink } from '../../lib/capture/source.ts';
import { Arrivals } from '../../lib/capture/watch/arrivals.ts';
import { watchSettingsSchema } from '../../lib/capture/watch/settings.ts';
import { mostAtOnce, watchSource } from '../../lib/capture/watch/watch-source.ts';
import { systemClock } from '../../lib/core/clock.ts';
import type { GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import { sharpOf } from '../imaging/pictures.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const base = tempDir('watched');
const now = () => systemClock.mono();

describe('a folder into which a machine drops files', () => {
  let jpeg: Buffer;
  let png: Buffer;
  let root = '';
  let frames: SourceFrame[] = [];
  let faults: GoodpartError[] = [];
  let warnings: string[] = [];
  let lost = 0;
  let started = 0;
  const sources: ReturnType<typeof watchSource.create>[] = [];

  const sink: SourceSink = {
    frame: (frame) => frames.push(frame),
    lost: (count) => {
      lost += count;
    },
    warning: (text) => warnings.push(text),
    fault: (error) => faults.push(error),
  };
  const open = async (more: object = {}) => {
    const settings = watchSettingsSchema.parse({ kind: 'watch', path: root, settleMs: 40, ...more });
    const source = watchSource.create(settings);
    sources.push(source);
    return source.open({ sink, resumeAfter: 0, signal: new AbortController().signal });
  };
  const drop = (name: string, data: Buffer | string = jpeg) => writeFileSync(join(root, name), data);
  const names = () => frames.map(({ settings }) => settings.file);
  const arrive = (count: number) => until(`${count} files`, () => frames.length >= count);

  before(async () => {
    jpeg = await sharpOf(64, 48).jpeg().toBuffer();
    png = await sharpOf(64, 48).png().toBuffer();
  });
  beforeEach(() => {
    root = mkdtempSync(join(base, 'f-'));
    [frames, faults, warnings, lost, started] = [[], [], [], 0, now()];
  });
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.close()));
  });

  it('delivers each new file once, with a lower bound of its exposure, and none that was there before', async () => {
    drop('old.jpg');
    const before = now();
    const { delivery, running } = await open({ delayMs: 300 });
    assert.equal(delivery, 'line');
    assert.match(running, /each new file is a part, by arrival, afterwards left there; 1 were there before/);
    drop('a.jpg');
    await arrive(1);
    const [{ exposedAt, settings, number, encoding, data }] = frames;
    assert.deepEqual([number, encoding, settings.file, settings.locked], [1, 'jpeg', 'a.jpg', false]);
    assert.ok(exposedAt >= before - 300 && exposedAt <= now() - 300);
    assert.ok(data.equals(jpeg));
    drop('b.png', png);
    await arrive(2);
    assert.deepEqual(names(), ['a.jpg', 'b.png']);
    assert.ok(existsSync(join(root, 'a.jpg')));
  });

  it('counts the same name written again as another picture', async () => {
    drop('image.jpg');
    await open();
    drop('image.jpg', Buffer.concat([jpeg, Buffer.of(1)]));
    await arrive(1);
    drop('image.jpg', Buffer.concat([jpeg, Buffer.of(2)]));
    await arrive(2);
    assert.deepEqual(
      frames.map(({ data }) => data.at(-1)),
      [1, 2],
    );
  });

  it('waits until a file is whole: for its end marker, and for a writer that goes on', async () => {
    await open();
    const half = jpeg.length >> 1;
    drop('slow.jpg', jpeg.subarray(0, half));
    drop('then.jpg');
    // both have been looked at several times by then
    drop('.seen', '');
    await until('time to settle', () => now() > started + 400);
    assert.deepEqual(names(), []);
    appendFileSync(join(root, 'slow.jpg'), jpeg.subarray(half));
    await arrive(2);
    assert.deepEqual(names(), ['slow.jpg', 'then.jpg'], 'a part does not overtake the one before it');
    assert.ok(frames[0].data.equals(jpeg));
  });
  it('delivers a file that never gets its end: whether it is a picture is for the decoder to say', async () => {
    await open();
    drop('cut.jpg', jpeg.subarray(0, 300));
    await arrive(1);
    assert.equal(frames[0].data.length, 300);
    assert.ok(now() - started > 1_900);
  });

  it('takes files that are renamed into place, and ignores hidden and temporary names, folders and links', async () => {
    mkdirSync(join(root, 'sub.jpg'));
    await open({ pattern: '*' });
    for (const name of ['.hidden.jpg', '~lock.jpg', 'x.jpg.tmp', 'y.part', 'z.jpg~', 'w.crdownload']) drop(name);
    symlinkSync('/etc/passwd', join(root, 'link.jpg'));
    symlinkSync('x.jpg.tmp', join(root, 'inside.jpg'));
    execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
    renameSync(join(root, 'x.jpg.tmp'), join(root, 'x.jpg'));
    const hostile = ['-rf', '$(reboot).jpg', 'a\nb.jpg', 'ä"\'.jpg', '=cmd().jpg', '__proto__'];
    for (const name of hostile) drop(name);
    await arrive(7);
    assert.deepEqual(new Set(names()), new Set(['x.jpg', ...hostile]));
    assert.equal(lost, 0);
  });

  it('delivers what comes at once by name, with numbers as people count, or as it was written', async () => {
    const staged = mkdtempSync(join(base, 'staged-'));
    const written = ['part10.jpg', 'part9.jpg', 'part11.jpg'];
    for (const [i, name] of written.entries()) {
      writeFileSync(join(staged, name), jpeg);
      utimesSync(join(staged, name), 1_000 + i, 1_000 + i);
    }
    for (const [order, expected] of [
      ['name', ['part9.jpg', 'part10.jpg', 'part11.jpg']],
      ['arrival', written],
    ] as const) {
      const arrivals = new Arrivals({ order, settleMs: 0 }, new Map());
      for (const name of [...written].reverse()) {
        const mtimeMs = 1_000 + written.indexOf(name);
        arrivals.saw(name, { size: 1, mtimeMs, ino: 1 }, { now: 10, before: 5 });
      }
      const order9 = arrivals.ready(10).map(({ name }) => name);
      assert.deepEqual(order9, expected, order);
    }
    await open({ order: 'name', settleMs: 300 });
    for (const name of written) renameSync(join(staged, name), join(root, name));
    await arrive(3);
    assert.deepEqual(names(), ['part9.jpg', 'part10.jpg', 'part11.jpg']);
  });

  it('moves delivered files to done under a free name, or deletes them, and touches no others', async () => {
    drop('before.jpg');
    await open({ afterwards: 'move' });
    for (const round of [1, 2]) {
      drop('a.jpg', Buffer.concat([jpeg, Buffer.of(round)]));
      await arrive(round);
      await until('it was moved', () => !existsSync(join(root, 'a.jpg')));
    }
    assert.deepEqual(readdirSync(join(root, 'done')).sort(), ['a-2.jpg', 'a.jpg']);
    assert.equal(readFileSync(join(root, 'done', 'a-2.jpg')).at(-1), 2);
    assert.ok(existsSync(join(root, 'before.jpg')));
    await Promise.all(sources.splice(0).map((source) => source.close()));

    root = mkdtempSync(join(base, 'f-'));
    frames = [];
    drop('before.jpg');
    await open({ afterwards: 'delete' });
    drop('b.jpg');
    await arrive(1);
    await until('it was deleted', () => !existsSync(join(root, 'b.jpg')));
    assert.ok(existsSync(join(root, 'before.jpg')));
  });

  it('says when a file cannot be moved, and goes on', async () => {
    const elsewhere = mkdtempSync(join(base, 'elsewhere-'));
    symlinkSync(elsewhere, join(root, 'done'));
    await open({ afterwards: 'move' });
    drop('a.jpg');
    drop('b.jpg');
    await arrive(2);
    await until('a warning', () =>
      warnings.some((text) => /"[ab].jpg" could not be moved: done is not a folder/.test(text)),
    );
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.equal(frames.length, 2);
  });

  it('takes ten thousand files that were there, and counts what of ten thousand new ones it leaves out', async () => {
    const many = 10_000;
    for (let i = 0; i < many; i++) drop(`old-${i}.jpg`, '');
    const staged = `${root}-staged`;
    mkdirSync(staged);
    await open({ delivery: 'flow' });
    drop('one.jpg');
    await arrive(1);
    assert.deepEqual([names(), lost], [['one.jpg'], 0]);
    for (let i = 0; i < many; i++) drop(`new-${i}.jpg`, jpeg);
    await until('all accounted for', () => frames.length + lost >= many + 1, { timeoutMs: 25_000 });
    assert.equal(frames.length + lost, many + 1);
    assert.ok(frames.length > mostAtOnce);
    assert.equal(new Set(names()).size, frames.length);
    assert.match(warnings.join(), /files that came at once were left out/);
  });

  it('is not connected while the folder is gone, and counts as lost what came meanwhile', async () => {
    const camera = new Camera({ name: 'drop', source: { kind: 'watch', path: root, settleMs: 20 } });
    const came: Frame[] = [];
    camera.on('frame', (frame: Frame, cause: string) => cause === 'line' && came.push(frame));
    try {
      await camera.start();
      drop('a.jpg');
      await until('a.jpg', () => came.length === 1);
      rmSync(root, { recursive: true });
      await until('it shows as lost', () => !camera.status().connected);
      assert.match(camera.status().text, /Expected a readable folder for path but received/);
      mkdirSync(`${root}-new`);
      writeFileSync(join(`${root}-new`, 'meanwhile.jpg'), jpeg);
      renameSync(`${root}-new`, root);
      await until('it is back', () => camera.status().connected);
      drop('b.jpg');
      await until('b.jpg', () => came.length === 2);
      assert.deepEqual(
        came.map(({ info }) => [info.settings.file, info.number]),
        [
          ['a.jpg', 1],
          ['b.jpg', 2],
        ],
      );
      assert.equal(camera.counters().lost, 1);
    } finally {
      await camera.stop();
    }
  });

  it('answers a capture of a flow with the first file that was certainly exposed after the trigger', async () => {
    const source = { kind: 'watch', path: root, settleMs: 0, delivery: 'flow', delayMs: 300 } as const;
    const camera = new Camera({ name: 'flow', source });
    try {
      await camera.start();
      const after = now();
      const answer = camera.capture({ after, timeoutMs: 8_000 });
      let number = 0;
      const dropping = setInterval(() => drop(`${++number}.jpg`), 100);
      const { info } = await answer.finally(() => clearInterval(dropping));
      assert.ok(info.exposedAt >= after);
      assert.ok(camera.counters().tooOld > 0, 'the first file may show what was exposed before the trigger');
    } finally {
      await camera.stop();
    }
  });
});
