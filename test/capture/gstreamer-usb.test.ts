import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockPlan, parseControls, settingsOf, unlocked } from '../../lib/capture/gstreamer/v4l2-controls.ts';
import { sniffEncoding } from '../../lib/core/frame.ts';
import { repositoryRoot } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { endAll, gstCamera, needsGstreamer, pipelinesBelow, shot } from './gstreamer-kit.ts';

const factory = {
  auto_exposure: 3,
  exposure_time_absolute: 250,
  exposure_dynamic_framerate: 1,
  gain: 64,
  white_balance_automatic: 1,
  white_balance_temperature: 4000,
  focus_automatic_continuous: 1,
  focus_absolute: 0,
};
const small = { width: 64, height: 48, fps: 30 };
const usb = { input: 'usb', device: '/dev/null', ...small, output: 'jpeg' };
const wanted = { exposureUs: 5000, gain: 10, whiteBalanceK: 4600, focus: 30 };

describe('the controls of a USB camera', () => {
  const listed = (names: Record<string, number>) =>
    parseControls(
      Object.entries(names)
        .map(([name, value]) => `   ${name} 0x009a0901 (int)    : min=0 max=9999 step=1 default=0 value=${value}\n`)
        .join(''),
    );

  it('are planned automatic off first, under the names of the kernel that runs', () => {
    assert.deepEqual(lockPlan(wanted, listed(factory)), [
      ['auto_exposure', 1],
      ['exposure_dynamic_framerate', 0],
      ['white_balance_automatic', 0],
      ['focus_automatic_continuous', 0],
      ['exposure_time_absolute', 50],
      ['gain', 10],
      ['white_balance_temperature', 4600],
      ['focus_absolute', 30],
    ]);
    const before516 = { exposure_auto: 3, exposure_absolute: 156, exposure_auto_priority: 1, focus_auto: 1 };
    assert.deepEqual(lockPlan({ ...wanted, gain: null, whiteBalanceK: null }, listed(before516)), [
      ['exposure_auto', 1],
      ['exposure_auto_priority', 0],
      ['exposure_absolute', 50],
    ]);
    const nothing = { exposureUs: null, gain: null, whiteBalanceK: null, focus: null };
    assert.deepEqual(lockPlan(nothing, listed(factory)), []);
  });

  it('are told in our units, and what is not as asked for in a sentence each', () => {
    const controls = listed({ ...factory, gain: 12, exposure_time_absolute: 50 });
    assert.deepEqual(settingsOf(controls), {
      exposureUs: 5000,
      exposureAutomatic: true,
      gain: 12,
      whiteBalanceK: 4000,
      whiteBalanceAutomatic: true,
      focus: 0,
      focusAutomatic: true,
    });
    const { focus_absolute: _, ...noFocus } = { ...factory, auto_exposure: 1, exposure_dynamic_framerate: 0 };
    assert.deepEqual(unlocked({ ...wanted, whiteBalanceK: 4600 }, listed({ ...noFocus, exposure_time_absolute: 40 })), [
      'exposure is not locked: asked for 5000, the camera says 4000',
      'gain is not locked: asked for 10, the camera says 64',
      'white balance is not locked: the camera still sets it by itself',
      'focus cannot be locked: this camera has no such control',
    ]);
  });
});

describe('a USB camera (fake-usb-camera in its place)', () => {
  const path = process.env.PATH;
  let file: string;
  const state = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, number> & { asked?: string[] };

  before(function () {
    needsGstreamer(this, 'jpegenc', 'jpegdec');
  });
  beforeEach(() => {
    file = join(tempDir('usb'), 'camera.json');
    writeFileSync(file, JSON.stringify(factory));
    process.env.FAKE_USB_CAMERA = file;
    process.env.PATH = `${join(repositoryRoot, 'test/capture/fake-usb-camera')}:${path}`;
  });
  afterEach(async () => {
    await endAll();
    process.env.PATH = path;
    delete process.env.FAKE_USB_CAMERA;
  });

  it('is locked although it goes back to automatic when its stream starts, and again after it was lost', async () => {
    const camera = gstCamera({ ...usb, ...wanted });
    await camera.start();
    const locked = {
      exposureUs: 5000,
      exposureAutomatic: false,
      gain: 10,
      whiteBalanceK: 4600,
      whiteBalanceAutomatic: false,
      focus: 30,
      focusAutomatic: false,
    };
    const { info, data } = await shot(camera);
    assert.equal(sniffEncoding(data), 'jpeg');
    const { chain, pipeline, ...settings } = info.settings;
    assert.deepEqual([chain, settings], ['JPEG as the camera makes it', locked]);
    assert.equal(pipeline, 'v4l2src ! queue ! gdppay ! fdsink');
    assert.doesNotMatch(camera.status().text, /not locked/);

    writeFileSync(file, JSON.stringify(factory));
    const [pid] = pipelinesBelow(camera.childStats().pid ?? 0);
    process.kill(pid, 'SIGKILL');
    await until('it was opened again', () => camera.counters().reopened > 0 || !camera.status().connected);
    const again = await until('a picture', () => shot(camera, 2_000));
    assert.equal(again.info.settings.exposureUs, 5000);
    assert.equal(state().auto_exposure, 1);
    assert.ok(again.info.number > info.number);
  });

  it('under the names of an old kernel too', async () => {
    writeFileSync(file, JSON.stringify({ ...factory, old: true, keeps: true }));
    const camera = gstCamera({ ...usb, exposureUs: 2500 });
    await camera.start();
    assert.equal((await shot(camera)).info.settings.exposureUs, 2500);
    assert.equal(state().auto_exposure, 1);
  });

  it('says what it could not lock, and gives pictures all the same', async () => {
    const { gain: _, ...noGain } = factory;
    writeFileSync(file, JSON.stringify({ ...noGain, keeps: true }));
    const camera = gstCamera({ ...usb, gain: 5, output: 'gray', format: 'gray8' });
    await camera.start();
    const { info } = await shot(camera);
    assert.deepEqual([info.encoding, info.channels, info.bitDepth], ['raw', 1, 8]);
    assert.match(camera.status().text, /gain cannot be locked: this camera has no such control/);
  });

  it('keeps the whole range of 16 bits', async () => {
    const camera = gstCamera({ ...usb, format: 'gray16', output: 'gray16' });
    await camera.start();
    const { info, data } = await shot(camera);
    assert.deepEqual([info.channels, info.bitDepth, data.length], [1, 16, 64 * 48 * 2]);
    const samples = new Set(Array.from({ length: 64 * 48 }, (_, i) => data.readUInt16LE(2 * i)));
    assert.ok(Math.max(...samples) > 60_000 && samples.size > 2, `${samples.size} values`);
  });

  it('that is not plugged in is one sentence', async () => {
    await assert.rejects(
      gstCamera({ ...usb, device: '/dev/video-none' }).start(),
      /Expected a camera that is plugged in for device but received "\/dev\/video-none"/,
    );
  });
});
