import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { diesWithUs } from '../../lib/capture/gstreamer/launch.ts';
import type { GoodpartError } from '../../lib/core/errors.ts';
import { sniffEncoding } from '../../lib/core/frame.ts';
import { needs } from '../kit/needs.ts';
import { isAlive } from '../kit/processes.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { endAll, gstCamera, needsGstreamer, now, pipelinesBelow, shot } from './gstreamer-kit.ts';

const caps = (format: string, size = 'width=64,height=48') => `video/x-raw,format=${format},${size},framerate=50/1`;
const custom = (pipeline: string, more: object = {}) => ({ input: 'custom', delayMs: 0, pipeline, ...more });
const live = (format: string, size?: string) =>
  custom(`videotestsrc is-live=true pattern=ball ! ${caps(format, size)}`);

describe('a camera through GStreamer', () => {
  before(function () {
    needsGstreamer(this, 'videotestsrc', 'gdppay', 'jpegenc');
  });
  afterEach(endAll);

  it('gives pictures exposed after their triggers, with size, format, number and what runs', async () => {
    // rows of 66 pixels are padded in GStreamer
    const camera = gstCamera(live('RGB', 'width=66,height=48'));
    await camera.start();
    let last = 0;
    for (let i = 0; i < 5; i++) {
      const after = now();
      const { info, data } = await camera.capture({ after, timeoutMs: 8_000 });
      assert.ok(info.exposedAt >= after && info.exposedAt <= now());
      assert.ok(info.number > last);
      last = info.number;
      assert.deepEqual([info.encoding, info.width, info.height, info.channels, info.bitDepth], ['raw', 66, 48, 3, 8]);
      assert.equal(data.length, 66 * 48 * 3);
    }
    const { delivery, running, settings } = await camera.describe();
    assert.deepEqual(
      [delivery, running],
      ['flow', 'as configured, 66 x 48 RGB (videotestsrc ! queue ! gdppay ! fdsink)'],
    );
    assert.deepEqual(await camera.readSettings(), settings);
  });

  it('gives JPEG as the pipeline makes it, grey, and 16 bits with their whole range', async () => {
    const jpeg = gstCamera(custom(`videotestsrc is-live=true ! ${caps('I420')} ! jpegenc`));
    const grey = gstCamera(live('GRAY8'));
    const deep = gstCamera(custom(`videotestsrc is-live=true pattern=smpte ! ${caps('GRAY16_LE')}`));
    await Promise.all([jpeg.start(), grey.start(), deep.start()]);
    const [a, b, c] = await Promise.all([shot(jpeg), shot(grey), shot(deep)]);
    assert.deepEqual([a.info.encoding, a.info.width, sniffEncoding(a.data)], ['jpeg', 64, 'jpeg']);
    assert.deepEqual([b.info.channels, b.info.bitDepth, b.data.length], [1, 8, 64 * 48]);
    assert.deepEqual([c.info.channels, c.info.bitDepth, c.data.length], [1, 16, 64 * 48 * 2]);
    const samples = Array.from({ length: 64 * 48 }, (_, i) => c.data.readUInt16LE(2 * i));
    assert.ok(Math.max(...samples) > 60_000 && Math.min(...samples) < 5_000, 'the range of 16 bits');
  });

  it('scales in the pipeline', async () => {
    const camera = gstCamera({ ...live('RGB'), scaleWidth: 30, scaleHeight: 31 });
    await camera.start();
    const { info, data } = await shot(camera);
    assert.deepEqual([info.width, info.height, data.length], [30, 31, 30 * 31 * 3]);
  });

  it('counts as lost what was dropped before it was seen', async () => {
    const camera = gstCamera(custom(`videotestsrc is-live=true ! ${caps('RGB')} ! identity drop-probability=0.5`));
    await camera.start();
    await until('losses', () => shot(camera).then(() => camera.counters().lost > 5));
    const { info } = await shot(camera);
    const { exposed, lost } = camera.counters();
    assert.ok(info.number >= exposed + lost - 1, `number ${info.number}, ${exposed} seen, ${lost} lost`);
  });

  it('whose pipeline is killed says so, opens another by itself and leaves none behind', async () => {
    const camera = gstCamera(live('RGB'));
    const states: string[] = [];
    camera.on('state', ({ text }) => states.push(text));
    await camera.start();
    const first = await shot(camera);
    const child = camera.childStats().pid ?? 0;
    const [pid] = pipelinesBelow(child);
    process.kill(pid, 'SIGKILL');
    await until('said', () => states.some((text) => text === 'The pipeline ended by SIGKILL'));
    const again = await until('a picture again', () => shot(camera, 2_000));
    assert.ok(again.info.number > first.info.number);
    assert.equal(camera.counters().restarts, 0);
    assert.equal(pipelinesBelow(child).length, 1);
    assert.equal(isAlive(pid), false);
  });

  it('that hears no signal is killed when it is closed', async () => {
    const camera = gstCamera(live('RGB'));
    await camera.start();
    const [pid] = pipelinesBelow(camera.childStats().pid ?? 0);
    process.kill(pid, 'SIGSTOP');
    const began = now();
    await camera.stop();
    assert.ok(!isAlive(pid), 'it is gone');
    assert.ok(now() - began < 5_000);
  });

  it('leaves no orphan when its process is killed while nothing flows', async function () {
    needs(this, 'setpriv', diesWithUs);
    const camera = gstCamera(
      custom('videotestsrc is-live=true ! video/x-raw,format=RGB,width=64,height=48,framerate=1/120'),
    );
    await camera.start();
    const child = camera.childStats().pid ?? 0;
    const [pid] = pipelinesBelow(child);
    assert.ok(isAlive(pid));
    process.kill(child, 'SIGKILL');
    await until('the pipeline is gone too', () => !isAlive(pid));
  });

  it('faults when its pictures change to what cannot be read', async () => {
    const parts = ['RGB', 'BGRx'].map((format) => `videotestsrc num-buffers=25 is-live=true ! ${caps(format)} ! c.`);
    const camera = gstCamera(custom(`concat name=c ${parts.join(' ')} c.`));
    const states: string[] = [];
    camera.on('state', ({ text }) => states.push(text));
    await camera.start();
    await until('said', () => states.some((text) => /but the pipeline gives video\/x-raw BGRx/.test(text)));
  });

  it('names in one sentence what is wrong: an element, its property, its end, its pictures', async () => {
    const wrong = [
      ['nosuchsrc ! videoconvert', /GStreamer has no element nosuchsrc; is the plug-in of its maker installed\?$/],
      ['videotestsrc nosuch=1', /no property "nosuch" in element "videotestsrc"/],
      ['videotestsrc num-buffers=0', /The pipeline ended with code 0/],
      [`videotestsrc is-live=true ! ${caps('NV12')}`, /gives video\/x-raw NV12: end it with videoconvert/],
      ['audiotestsrc is-live=true', /gives audio\/x-raw/],
      ['videotestsrc ! fakesink', /Expected a pipeline without a sink/],
    ] as const;
    await Promise.all(
      wrong.map(([pipeline, text]) => assert.rejects(gstCamera(custom(pipeline)).start(), text, pipeline)),
    );
  });

  it('without GStreamer names the packages to install', async () => {
    const { PATH } = process.env;
    process.env.PATH = tempDir('no-gstreamer');
    try {
      await assert.rejects(gstCamera(live('RGB')).start(), (error: GoodpartError) => {
        assert.equal(error.code, 'GP_SOURCE_FAILED');
        assert.match(error.message, /^GStreamer is not installed: sudo apt install gstreamer1\.0-tools /);
        return true;
      });
    } finally {
      process.env.PATH = PATH;
    }
  });
});

describe('a video file', () => {
  let video: string;

  before(function () {
    needsGstreamer(this, 'x264enc', 'mp4mux', 'avdec_h264', 'avenc_aac');
    video = join(tempDir('video'), 'two words.mp4');
    const picture = 'videotestsrc num-buffers=20 pattern=ball ! video/x-raw,width=64,height=48,framerate=20/1';
    const sound = 'audiotestsrc num-buffers=40 ! avenc_aac ! m.';
    const made = spawnSync(
      'gst-launch-1.0',
      ['-q', ...`${picture} ! x264enc ! mp4mux name=m ! filesink`.split(' '), `location=${video}`, ...sound.split(' ')],
      { encoding: 'utf8' },
    );
    assert.equal(made.status, 0, made.stderr);
    assert.ok(existsSync(video));
  });
  afterEach(endAll);

  it('gives each of its pictures once, as they are asked for, and then says that it is over', async () => {
    const camera = gstCamera({ input: 'file', path: video, loop: false });
    await camera.start();
    const seen = new Set<string>();
    for (let n = 1; n <= 20; n++) {
      const { info, data } = await shot(camera);
      assert.equal(info.number, n);
      seen.add(data.toString('base64'));
    }
    assert.ok(seen.size > 15, `${seen.size} different pictures`);
    const over = { field: 'path', received: 'the end of the video' };
    await assert.rejects(shot(camera), { message: 'All pictures of the video have been used', ...over });
  });

  it('begins again where it shall, and loses nothing to a slow taker', async () => {
    const camera = gstCamera({ input: 'file', path: video, output: 'gray' });
    await camera.start();
    for (let n = 1; n <= 25; n++) assert.equal((await shot(camera)).info.number, n);
    assert.equal(camera.counters().lost, 0);
  });

  it('plays as it was filmed', async () => {
    const camera = gstCamera({ input: 'file', path: video, pace: 'real-time' });
    await camera.start();
    const { info: first } = await shot(camera);
    const { info: last } = await until('10 pictures later', async () => {
      const frame = await shot(camera);
      return frame.info.number >= first.number + 10 ? frame : undefined;
    });
    const perPicture = (last.exposedAt - first.exposedAt) / (last.number - first.number);
    assert.ok(perPicture > 40, `${perPicture} ms between pictures of a video with 20 a second`);
  });

  it('that is missing or none is one sentence', async () => {
    await assert.rejects(gstCamera({ input: 'file', path: '/nowhere/x.mp4' }).start(), { field: 'path' });
    await assert.rejects(
      gstCamera({ input: 'file', path: __filename }).start(),
      /The pipeline ended with code 1: .*decode/,
    );
  });
});
