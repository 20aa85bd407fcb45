import assert from 'node:assert/strict';
import { parseSourceSettings } from '../../lib/capture/settings.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { Frame } from '../../lib/core/frame.ts';
import { readConfig } from '../../lib/node-red/config/config.ts';
import { config } from '../../nodes/camera/config.ts';
import { sourceSettings } from '../../nodes/camera/source-settings.ts';
import { needsGstreamer } from '../capture/gstreamer-kit.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const settingsOf = (fields: object, credentials = {}) => {
  const values = readConfig(config, { station: 's', source: 'gstreamer', configVersion: 1, ...fields });
  return parseSourceSettings(sourceSettings(values, credentials));
};

describe('the dialog of a GStreamer camera', () => {
  it('becomes settings of the source, for every kind', () => {
    const common = { kind: 'gstreamer', scaleWidth: 0, scaleHeight: 0, delayMs: null };
    const frame = { width: 1280, height: 720, fps: 15 };
    const fields = { frameWidth: '1280', frameHeight: '720', frameRate: '15' };
    assert.deepEqual(settingsOf({ ...fields, fixExposure: true, exposureUs: '2500', fixFocus: true, focus: 7 }), {
      ...{ ...common, ...frame, input: 'usb', output: 'rgb', device: '/dev/video0', format: 'mjpeg' },
      ...{ exposureUs: 2500, gain: null, whiteBalanceK: null, focus: 7 },
    });
    const csi = {
      gstInput: 'csi',
      sensorId: 1,
      fixGain: true,
      gain: '1.5',
      csiWhiteBalance: 'daylight',
      output: 'jpeg',
    };
    assert.deepEqual(settingsOf({ ...fields, ...csi }), {
      ...{ ...common, ...frame, input: 'csi', output: 'jpeg', sensorId: 1, sensorMode: -1 },
      ...{ exposureUs: null, gain: 1.5, whiteBalance: 'daylight' },
    });
    const rtsp = { gstInput: 'rtsp', rtspUrl: 'rtsp://10.0.0.5/s', knowDelay: true, exposureDelayMs: 120 };
    assert.deepEqual(settingsOf(rtsp, { rtspUser: 'a', rtspPassword: 'b' }), {
      ...{ ...common, delayMs: 120, input: 'rtsp', output: 'rgb', url: 'rtsp://10.0.0.5/s', codec: 'h264' },
      ...{ transport: 'tcp', latencyMs: 100, user: 'a', password: 'b' },
    });
    assert.deepEqual(settingsOf({ gstInput: 'file', videoFile: '/v.mp4', scaleWidth: 64, scaleHeight: 48 }), {
      ...{ ...common, scaleWidth: 64, scaleHeight: 48, input: 'file', output: 'rgb', path: '/v.mp4' },
      ...{ loop: true, pace: 'taken' },
    });
    assert.deepEqual(settingsOf({ gstInput: 'custom', pipeline: 'a ! b' }), {
      ...common,
      input: 'custom',
      pipeline: 'a ! b',
    });
  });

  it('is refused in one sentence, never with a secret in it', () => {
    for (const [fields, text] of [
      [{ gstInput: 'rtsp', rtspUrl: '' }, /Expected a text of at most 1000 characters for rtspUrl/],
      [{ gstInput: 'rtsp', rtspUrl: 'http://10.0.0.5/' }, /begins with rtsp:\/\/ or rtsps:\/\/ for source\.url/],
      [{ gstInput: 'rtsp', rtspUrl: 'rtsp://a:geheim@h/s' }, /must hold no user and no password/],
      [{ gstInput: 'rtsp', rtspUrl: 'rtsp://h/s', output: 'gray16' }, /Expected rgb, gray or jpeg/],
      [{ gstInput: 'usb', usbDevice: '/etc/passwd' }, /a device such as \/dev\/video0/],
      [{ gstInput: 'usb', scaleWidth: 64 }, /together with the width/],
      [{ gstInput: 'csi', fixGain: true, gain: 0.5 }, /source\.gain/],
    ] as const) {
      assert.throws(
        () => settingsOf(fields),
        (error: unknown) => {
          assert.ok(GoodpartError.is(error));
          assert.match(error.message, text);
          assert.doesNotMatch(error.message, /geheim/);
          return true;
        },
      );
    }
  });
});

onEachNodeRed('a GStreamer camera in a flow', (runner) => {
  before(function () {
    needsGstreamer(this, 'videotestsrc', 'gdppay');
  });

  it('gives pictures, says which chain runs, and stays the same over a deploy', async () => {
    const camera = {
      ...{ id: 'camera', z: 'station1-tab', type: 'goodpart-camera', station: 'station1-station', view: 'main' },
      ...{ source: 'gstreamer', gstInput: 'custom', run: 'collect', timeoutMs: 10_000, wires: [['out']] },
      pipeline: 'videotestsrc is-live=true ! video/x-raw,format=RGB,width=64,height=48,framerate=30/1',
    };
    const flow = [...stationNodes(), camera, { id: 'out', z: 'station1-tab', type: 'helper', wires: [] }];
    await runner().start(flow);
    const next = async (): Promise<Frame> => {
      const pictures = runner().collect('out');
      for (let asked = 1; ; asked++) {
        runner().node('camera').receive({ collect: true });
        await until('an answer', () => pictures.length >= asked, { timeoutMs: 12_000 });
        const { payload, error } = pictures[asked - 1];
        if (payload instanceof Frame) return payload;
        assert.match(String(error), /not connected|No picture/, 'only while it starts');
      }
    };
    const first = await next();
    assert.deepEqual([first.info.width, first.info.settings.chain], [64, 'as configured']);
    await runner().deploy(flow);
    const second = await next();
    assert.ok(second.info.number > first.info.number, 'its numbers go on');
  });
});
