import { GoodpartError } from '../../core/errors.ts';
import { type Has, type Link, onCpu, onJetson, type Part } from './pipeline-parts.ts';
import type { CsiSettings, UsbSettings } from './settings.ts';

/** `wbmode` of nvarguscamerasrc. */
const whiteBalanceModes = {
  off: 0,
  auto: 1,
  incandescent: 2,
  fluorescent: 3,
  'warm-fluorescent': 4,
  daylight: 5,
  'cloudy-daylight': 6,
  twilight: 7,
  shade: 8,
} as const;

/**
 * A CSI camera through Argus. Locked is what has the same lower and upper end (NVIDIA, Accelerated GStreamer: camera
 * plugin properties); noise reduction and edge enhancement are off, for both depend on the picture.
 */
export function csi(settings: CsiSettings, has: Has): Part {
  if (!has('nvarguscamerasrc') || !has('nvvidconv')) {
    const text =
      'A CSI camera needs the elements nvarguscamerasrc and nvvidconv, which exist on a Jetson only: sudo apt install nvidia-l4t-gstreamer';
    throw new GoodpartError('GP_SOURCE_FAILED', text, { field: 'input' });
  }
  const { sensorId, sensorMode, width, height, fps, exposureUs, gain, whiteBalance, output } = settings;
  const twice = (value: number) => `"${value} ${value}"`;
  const source: Link = [
    'nvarguscamerasrc',
    `sensor-id=${sensorId}`,
    `sensor-mode=${sensorMode}`,
    ...(exposureUs === null ? [] : [`exposuretimerange=${twice(exposureUs * 1000)}`, 'aeantibanding=0']),
    ...(gain === null ? [] : [`gainrange=${twice(gain)}`, 'ispdigitalgainrange="1 1"']),
    ...(exposureUs === null || gain === null ? [] : ['aelock=true']),
    `wbmode=${whiteBalanceModes[whiteBalance]}`,
    ...(whiteBalance === 'auto' ? [] : ['awblock=true']),
    'tnr-mode=0',
    'ee-mode=0',
  ];
  const caps = `video/x-raw(memory:NVMM),format=NV12,width=${width},height=${height},framerate=${fps}/1`;
  return { chain: 'jetson', links: [source, [caps], ...onJetson(output, settings, has)] };
}

const usbCaps = {
  mjpeg: 'image/jpeg',
  yuy2: 'video/x-raw,format=YUY2',
  uyvy: 'video/x-raw,format=UYVY',
  nv12: 'video/x-raw,format=NV12',
  i420: 'video/x-raw,format=I420',
  rgb: 'video/x-raw,format=RGB',
  bgr: 'video/x-raw,format=BGR',
  gray8: 'video/x-raw,format=GRAY8',
  gray16: 'video/x-raw,format=GRAY16_LE',
} as const;

/** What nvvidconv reads from memory; grey stays on the CPU, where it keeps its range. */
const jetsonReads = ['yuy2', 'uyvy', 'nv12', 'i420'];

/** A camera with a Video4Linux driver: USB, or CSI without the image signal processor. */
export function usb(settings: UsbSettings, has: Has): Part {
  const { device, format, width, height, fps, output, scaleWidth } = settings;
  if (output === 'gray16' && format !== 'gray16') {
    const text = `Expected the camera format gray16 for pictures of 16 bits but received ${format}`;
    throw new GoodpartError('GP_SOURCE_FAILED', text, { field: 'format', expected: 'gray16', received: format });
  }
  const rate = fps === 0 ? '' : `,framerate=${fps}/1`;
  const source: Link[] = [
    ['v4l2src', `device=${device}`, ...(format === 'mjpeg' ? [] : ['io-mode=mmap'])],
    [`${usbCaps[format]},width=${width},height=${height}${rate}`],
  ];
  if (format === 'mjpeg') {
    if (output === 'jpeg' && scaleWidth === 0) return { chain: 'as made', links: source };
    const wanted = output === 'gray16' ? 'gray' : output;
    if (has('nvv4l2decoder') && has('nvvidconv')) {
      const decode: Link[] = [['jpegparse'], ['nvv4l2decoder', 'mjpeg=1']];
      return { chain: 'jetson', links: [...source, ...decode, ...onJetson(wanted, settings, has)] };
    }
    return { chain: 'cpu', links: [...source, ['jpegdec'], ...onCpu(wanted, settings)] };
  }
  if (jetsonReads.includes(format) && output !== 'gray16' && has('nvvidconv')) {
    // nvvidconv wants its own memory on one side: in first, out afterwards
    const up: Link[] = [['nvvidconv'], ['video/x-raw(memory:NVMM),format=NV12']];
    return { chain: 'jetson', links: [...source, ...up, ...onJetson(output, settings, has)] };
  }
  return { chain: 'cpu', links: [...source, ...onCpu(output, settings)] };
}
