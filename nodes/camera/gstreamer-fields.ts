import { choice, flag, number, text, whole } from '../../lib/node-red/config/fields.ts';

const source = ['gstreamer'];
const when = (...gstInput: string[]) => ({ source, gstInput });
const fixed = (flagField: string, ...gstInput: string[]) => ({ source, gstInput, [flagField]: ['true'] });
const pixels = (preset: number, from: number) => ({ default: preset, min: from, max: 16_384, unit: 'px' });

/** What the dialog of a camera that comes through GStreamer asks; the login of a network camera is a credential. */
export const gstreamerFields = {
  gstInput: choice(['usb', 'csi', 'rtsp', 'file', 'custom'], { when: { source } }),
  usbDevice: text({ default: '/dev/video0', max: 300, required: true, when: when('usb') }),
  usbFormat: choice(['mjpeg', 'yuy2', 'uyvy', 'nv12', 'i420', 'rgb', 'bgr', 'gray8', 'gray16'], { when: when('usb') }),
  sensorId: whole({ default: 0, min: 0, max: 31, when: when('csi') }),
  /** -1: Argus chooses by size and rate. */
  sensorMode: whole({ default: -1, min: -1, max: 63, when: when('csi') }),
  frameWidth: whole({ ...pixels(1920, 16), when: when('usb', 'csi') }),
  frameHeight: whole({ ...pixels(1080, 16), when: when('usb', 'csi') }),
  frameRate: whole({ default: 30, min: 1, max: 1000, unit: 'Hz', when: when('usb', 'csi') }),
  rtspUrl: text({ max: 1000, required: true, when: when('rtsp') }),
  rtspCodec: choice(['h264', 'h265'], { when: when('rtsp') }),
  rtspTransport: choice(['tcp', 'udp'], { when: when('rtsp') }),
  rtspLatencyMs: whole({ default: 100, min: 0, max: 10_000, unit: 'ms', when: when('rtsp') }),
  videoFile: text({ max: 4096, required: true, when: when('file') }),
  videoPace: choice(['taken', 'real-time'], { when: when('file') }),
  videoLoop: flag(true, { when: when('file') }),
  pipeline: text({ max: 8000, required: true, when: when('custom') }),
  output: choice(['rgb', 'gray', 'jpeg', 'gray16'], { when: when('usb', 'csi', 'rtsp', 'file') }),
  scaleWidth: whole({ ...pixels(0, 0), when: { source } }),
  scaleHeight: whole({ ...pixels(0, 0), when: { source } }),
  fixExposure: flag(false, { when: when('usb', 'csi') }),
  exposureUs: whole({ default: 5000, min: 1, max: 10_000_000, unit: 'µs', when: fixed('fixExposure', 'usb', 'csi') }),
  fixGain: flag(false, { when: when('usb', 'csi') }),
  gain: number({ default: 1, min: -100_000, max: 100_000, when: fixed('fixGain', 'usb', 'csi') }),
  fixWhiteBalance: flag(false, { when: when('usb') }),
  whiteBalanceK: whole({ default: 4600, min: 1000, max: 20_000, unit: 'K', when: fixed('fixWhiteBalance', 'usb') }),
  csiWhiteBalance: choice(
    [
      'auto',
      'off',
      'incandescent',
      'fluorescent',
      'warm-fluorescent',
      'daylight',
      'cloudy-daylight',
      'twilight',
      'shade',
    ],
    { when: when('csi') },
  ),
  fixFocus: flag(false, { when: when('usb') }),
  focus: whole({ default: 0, min: 0, max: 100_000, when: fixed('fixFocus', 'usb') }),
  knowDelay: flag(false, { when: when('usb', 'csi', 'rtsp', 'custom') }),
  exposureDelayMs: whole({
    default: 0,
    min: 0,
    max: 60_000,
    unit: 'ms',
    when: fixed('knowDelay', 'usb', 'csi', 'rtsp', 'custom'),
  }),
};
