import assert from 'node:assert/strict';
import { fieldOf, fieldsOf } from '../../nodes/camera/discovered.ts';

describe('A camera that was found', () => {
  it('fills in the fields of the dialog, by their names there', () => {
    const settings = { kind: 'simulator', width: 640, height: 480, seed: 1 };
    assert.deepEqual(fieldsOf({ name: 'line', settings }), { simWidth: 640, simHeight: 480, seed: 1 });
    const usb = { kind: 'gstreamer', input: 'usb', device: '/dev/v4l/by-id/usb-cam-video-index0' };
    assert.deepEqual(fieldsOf({ name: 'cam', settings: usb }), {
      gstInput: 'usb',
      usbDevice: '/dev/v4l/by-id/usb-cam-video-index0',
    });
  });

  it('fills in nothing that no field could hold', () => {
    const settings = { kind: 'unknown', serial: '1', more: { deep: 1 }, list: [1], nothing: null };
    assert.deepEqual(fieldsOf({ name: 'x', settings }), { serial: '1' });
    assert.deepEqual(fieldsOf({ name: 'x', settings: {} }), {});
  });

  it('is found by the setting that an error names, with and without its prefix', () => {
    assert.equal(fieldOf('genicam', 'source.exposure.timeUs'), 'genicamExposureUs');
    assert.equal(fieldOf('folder', 'path'), 'path');
    assert.equal(fieldOf('__proto__', 'toString'), 'toString');
  });
});
