import assert from 'node:assert/strict';
import { parseElementList, parseProperties, requireElements } from '../../lib/capture/gstreamer/elements.ts';
import { examine, pipelineKinds } from '../../lib/capture/gstreamer/examine.ts';
import { buildPipeline } from '../../lib/capture/gstreamer/pipeline.ts';
import type { Has } from '../../lib/capture/gstreamer/pipeline-parts.ts';
import { type GstreamerSettings, gstreamerSettingsSchema } from '../../lib/capture/gstreamer/settings.ts';
import { propertiesOf, tokenise } from '../../lib/capture/gstreamer/tokens.ts';
import { parseSourceSettings, settingsHash } from '../../lib/capture/settings.ts';
import type { GoodpartError } from '../../lib/core/errors.ts';

/**
 * The elements of a Jetson and their properties as NVIDIA documents them (Jetson Linux Developer Guide, Accelerated GStreamer,
 * and gst-inspect-1.0 of JetPack 5 and 6). Nothing of this ran on a Jetson: `goodpart doctor` looks on the device.
 */
const documented: Record<string, string[]> = {
  nvarguscamerasrc: [
    ...['sensor-id', 'sensor-mode', 'num-buffers', 'timeout', 'wbmode', 'saturation', 'silent', 'total-sensor-modes'],
    ...['exposuretimerange', 'gainrange', 'ispdigitalgainrange', 'tnr-strength', 'tnr-mode', 'ee-mode', 'ee-strength'],
    ...['aeantibanding', 'exposurecompensation', 'aelock', 'aeregion', 'awblock', 'bufapi-version'],
  ],
  nvvidconv: ['flip-method', 'output-buffers', 'interpolation-method', 'left', 'right', 'top', 'bottom', 'compute-hw'],
  nvv4l2decoder: [
    ...['mjpeg', 'enable-max-performance', 'disable-dpb', 'skip-frames', 'drop-frame-interval', 'num-extra-surfaces'],
    ...['enable-full-frame', 'enable-frame-type-reporting', 'cudadec-memtype', 'capture-io-mode', 'output-io-mode'],
  ],
  nvjpegenc: ['quality', 'idct-method'],
};

const cpu: Has = () => false;
const jetson: Has = (element) => Object.hasOwn(documented, element);
const tail =
  'queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0 ! gdppay ! fdsink fd=3 sync=false';

const settingsOf = (o: object): GstreamerSettings => gstreamerSettingsSchema.parse({ kind: 'gstreamer', ...o });
const built = (o: object, has = cpu, waitsForKeyframe = false) =>
  buildPipeline(settingsOf(o), { has, waitsForKeyframe });

interface Row {
  name: string;
  settings: object;
  has: Has;
  waits?: boolean;
  chain: string;
  pipeline: string;
}

const size = { width: 1280, height: 720 };
const fixed = { exposureUs: 5000, gain: 2, whiteBalance: 'daylight' };
const scale = { scaleWidth: 640, scaleHeight: 360 };
const rtspsrc =
  'rtspsrc location=rtsp://10.0.0.5/s1 protocols=tcp latency=100 buffer-mode=none ! rtph264depay ! h264parse';
const table: Row[] = [
  {
    name: 'CSI, locked, as RGB',
    settings: { input: 'csi', sensorId: 1, sensorMode: 2, ...size, ...fixed },
    has: jetson,
    chain: 'jetson',
    pipeline: `nvarguscamerasrc sensor-id=1 sensor-mode=2 exposuretimerange="5000000 5000000" aeantibanding=0 gainrange="2 2" ispdigitalgainrange="1 1" aelock=true wbmode=5 awblock=true tnr-mode=0 ee-mode=0 ! video/x-raw(memory:NVMM),format=NV12,width=1280,height=720,framerate=30/1 ! nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! video/x-raw,format=RGB ! ${tail}`,
  },
  {
    name: 'CSI, automatic, scaled, as JPEG by hardware',
    settings: { input: 'csi', ...size, output: 'jpeg', ...scale },
    has: jetson,
    chain: 'jetson',
    pipeline: `nvarguscamerasrc sensor-id=0 sensor-mode=-1 wbmode=1 tnr-mode=0 ee-mode=0 ! video/x-raw(memory:NVMM),format=NV12,width=1280,height=720,framerate=30/1 ! nvvidconv ! video/x-raw(memory:NVMM),format=I420,width=640,height=360 ! nvjpegenc quality=92 ! ${tail}`,
  },
  {
    name: 'CSI as JPEG without the hardware encoder',
    settings: { input: 'csi', ...size, output: 'jpeg' },
    has: (element) => jetson(element) && element !== 'nvjpegenc',
    chain: 'jetson',
    pipeline: `nvarguscamerasrc sensor-id=0 sensor-mode=-1 wbmode=1 tnr-mode=0 ee-mode=0 ! video/x-raw(memory:NVMM),format=NV12,width=1280,height=720,framerate=30/1 ! nvvidconv ! video/x-raw,format=I420 ! jpegenc quality=92 ! ${tail}`,
  },
  {
    name: 'USB raw on a Jetson, grey',
    settings: { input: 'usb', device: '/dev/video2', format: 'yuy2', ...size, output: 'gray' },
    has: jetson,
    chain: 'jetson',
    pipeline: `v4l2src device=/dev/video2 io-mode=mmap ! video/x-raw,format=YUY2,width=1280,height=720,framerate=30/1 ! nvvidconv ! video/x-raw(memory:NVMM),format=NV12 ! nvvidconv ! video/x-raw,format=GRAY8 ! ${tail}`,
  },
  {
    name: 'USB raw on the CPU, scaled',
    settings: { input: 'usb', format: 'uyvy', ...size, fps: 0, ...scale },
    has: cpu,
    chain: 'cpu',
    pipeline: `v4l2src device=/dev/video0 io-mode=mmap ! video/x-raw,format=UYVY,width=1280,height=720 ! videoscale add-borders=false ! videoconvert ! video/x-raw,format=RGB,width=640,height=360,pixel-aspect-ratio=1/1 ! ${tail}`,
  },
  {
    name: 'USB thermal, 16 bits, which no Jetson element may touch',
    settings: { input: 'usb', format: 'gray16', width: 640, height: 512, fps: 9, output: 'gray16' },
    has: jetson,
    chain: 'cpu',
    pipeline: `v4l2src device=/dev/video0 io-mode=mmap ! video/x-raw,format=GRAY16_LE,width=640,height=512,framerate=9/1 ! videoconvert ! video/x-raw,format=GRAY16_LE ! ${tail}`,
  },
  {
    name: 'USB MJPEG passed through',
    settings: { input: 'usb', ...size, output: 'jpeg' },
    has: jetson,
    chain: 'as made',
    pipeline: `v4l2src device=/dev/video0 ! image/jpeg,width=1280,height=720,framerate=30/1 ! ${tail}`,
  },
  {
    name: 'USB MJPEG on a Jetson',
    settings: { input: 'usb', ...size },
    has: jetson,
    chain: 'jetson',
    pipeline: `v4l2src device=/dev/video0 ! image/jpeg,width=1280,height=720,framerate=30/1 ! jpegparse ! nvv4l2decoder mjpeg=1 ! nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! video/x-raw,format=RGB ! ${tail}`,
  },
  {
    name: 'USB MJPEG on the CPU, scaled and encoded again',
    settings: { input: 'usb', ...size, output: 'jpeg', ...scale },
    has: cpu,
    chain: 'cpu',
    pipeline: `v4l2src device=/dev/video0 ! image/jpeg,width=1280,height=720,framerate=30/1 ! jpegdec ! videoscale add-borders=false ! video/x-raw,width=640,height=360,pixel-aspect-ratio=1/1 ! videoconvert ! jpegenc quality=92 ! ${tail}`,
  },
  {
    name: 'RTSP on a Jetson, scaled by it',
    settings: { input: 'rtsp', url: 'rtsp://10.0.0.5/s1', ...scale },
    has: jetson,
    chain: 'jetson',
    pipeline: `${rtspsrc} ! nvv4l2decoder enable-max-performance=1 ! nvvidconv ! video/x-raw,format=BGRx,width=640,height=360 ! videoconvert ! video/x-raw,format=RGB ! ${tail}`,
  },
  {
    name: 'RTSP on the CPU',
    settings: { input: 'rtsp', url: 'rtsp://10.0.0.5/s1' },
    has: cpu,
    chain: 'cpu',
    pipeline: `${rtspsrc} ! avdec_h264 output-corrupt=false ! videoconvert ! video/x-raw,format=RGB ! ${tail}`,
  },
  {
    name: 'RTSP, H.265 over UDP, where the depayloader waits for key frames',
    settings: { input: 'rtsp', url: 'rtsp://10.0.0.5/s1', codec: 'h265', transport: 'udp', latencyMs: 50 },
    has: cpu,
    waits: true,
    chain: 'cpu',
    pipeline: `rtspsrc location=rtsp://10.0.0.5/s1 protocols=udp latency=50 buffer-mode=none ! rtph265depay wait-for-keyframe=true ! video/x-h265,stream-format=byte-stream,alignment=au ! h265parse ! avdec_h265 output-corrupt=false ! videoconvert ! video/x-raw,format=RGB ! ${tail}`,
  },
  {
    name: 'a file, taken frame by frame: no queue that drops',
    settings: { input: 'file', path: '/data/two words.mp4' },
    has: cpu,
    chain: 'cpu',
    pipeline:
      'filesrc location=/data/two words.mp4 ! decodebin ! videoconvert ! videoflip video-direction=auto ! videoconvert ! video/x-raw,format=RGB ! gdppay ! fdsink fd=3 sync=false',
  },
  {
    name: 'a file on a Jetson, as it was filmed',
    settings: { input: 'file', path: '/data/a.mp4', pace: 'real-time', output: 'gray' },
    has: jetson,
    chain: 'jetson',
    pipeline: `filesrc location=/data/a.mp4 ! decodebin ! nvvidconv ! video/x-raw,format=I420 ! videoflip video-direction=auto ! identity sync=true ! videoconvert ! video/x-raw,format=GRAY8 ! ${tail}`,
  },
  {
    name: 'a custom pipeline',
    settings: { input: 'custom', pipeline: ' pylonsrc  user-set="User Set 1" ! videoconvert ! ' },
    has: cpu,
    chain: 'custom',
    pipeline: `pylonsrc user-set="User Set 1" ! videoconvert ! ${tail}`,
  },
];

describe('GStreamer pipelines', () => {
  for (const { name, settings, has, waits, chain, pipeline } of table) {
    it(`are as documented: ${name}`, () => {
      const found = built(settings, has, waits);
      assert.equal(found.tokens.join(' '), pipeline);
      assert.equal(found.chain, chain);
    });
  }

  it('use of a Jetson only elements and properties that NVIDIA documents', () => {
    for (const { name, settings, has } of table.filter(({ chain }) => chain === 'jetson')) {
      for (const [element, properties] of propertiesOf(built(settings, has).tokens)) {
        if (!element.startsWith('nv') || element === 'nvjpegenc') continue;
        for (const property of properties) assert.ok(documented[element].includes(property), `${name}: ${property}`);
      }
    }
  });

  it('are arguments, one each: what is typed cannot become an element', () => {
    const { tokens } = built({ input: 'file', path: '/data/x ! filesink location=y.mp4' });
    assert.ok(tokens.includes('location=/data/x ! filesink location=y.mp4'));
    const hostile = [
      { input: 'file', path: '/data/"x' },
      { input: 'file', path: '/data/x\ny' },
      { input: 'usb', device: '/dev/video0 ! filesink' },
      { input: 'usb', device: '/dev/../etc/passwd' },
      { input: 'rtsp', url: 'rtsp://h" ! filesink location=x' },
      { input: 'rtsp', url: 'file:///etc/passwd' },
      { input: 'rtsp', url: 'http://169.254.169.254/' },
    ];
    for (const one of hostile) {
      assert.throws(() => parseSourceSettings({ kind: 'gstreamer', ...one }), { code: 'GP_CONFIG_INVALID' });
    }
  });

  it('refuse an address with a password, and do not repeat it', () => {
    for (const url of ['rtsp://admin:geheim@10.0.0.5/s1', 'rtsp://admin:ge/he@im@10.0.0.5/s1', 'http://a:geheim@h']) {
      assert.throws(
        () => parseSourceSettings({ kind: 'gstreamer', input: 'rtsp', url }),
        (error: GoodpartError) => {
          assert.match(error.message, /source\.url/);
          assert.doesNotMatch(JSON.stringify(error), /geheim|ge\/he|admin/);
          return true;
        },
      );
    }
  });

  it('take apart a pipeline text as gst-launch would, and refuse what is no pipeline', () => {
    assert.deepEqual(tokenise('a x="b c"   d=\'e f\' ! "video/x-raw, format=RGB"'), [
      'a',
      'x="b c"',
      "d='e f'",
      '!',
      '"video/x-raw, format=RGB"',
    ]);
    assert.deepEqual(tokenise('a b=c\\ d'), ['a', 'b=c\\ d']);
    for (const [text, expected] of [
      ['a b="c', /every quote closed/],
      ['', /begins with an element/],
      ['! a', /begins with an element/],
      ['--gst-plugin-load=x.so a', /no option/],
      ['a ! filesink location=/x', /without a sink/],
      ['a ! fakesink', /without a sink/],
    ] as const) {
      assert.throws(() => tokenise(text), expected, text);
    }
  });

  it('name every missing element and the packages that bring them, once', () => {
    const { elements } = built({ input: 'rtsp', url: 'rtsp://h/s' });
    const installed = new Set(['rtspsrc', 'rtph264depay', 'videoconvert', 'queue', 'fdsink']);
    assert.throws(
      () => requireElements(elements, installed),
      /no element h264parse, avdec_h264, gdppay: sudo apt install gstreamer1\.0-plugins-bad gstreamer1\.0-libav$/,
    );
    assert.throws(() => requireElements(['vmbsrc'], installed), /vmbsrc; is the plug-in of its maker installed\?/);
    assert.throws(() => built({ input: 'csi' }), /on a Jetson only: sudo apt install nvidia-l4t-gstreamer/);
    const udp = { input: 'rtsp', url: 'rtsp://h/s', transport: 'udp' };
    assert.throws(() => built(udp), /Expected the transport tcp but received udp/);
    assert.throws(() => built({ input: 'usb', output: 'gray16' }), /Expected the camera format gray16/);
  });

  it('are hashed for the validation by what changes a picture, not by how it travels or by a secret', () => {
    const hash = (o: object) => settingsHash(parseSourceSettings({ kind: 'gstreamer', ...o }));
    const rtsp = { input: 'rtsp', url: 'rtsp://h/s' };
    const base = hash(rtsp);
    assert.equal(hash({ ...rtsp, user: 'a', password: 'b', transport: 'udp', latencyMs: 1, delayMs: 9 }), base);
    assert.notEqual(hash({ ...rtsp, url: 'rtsp://h/s2' }), base);
    assert.notEqual(hash({ ...rtsp, ...scale }), base);
    assert.notEqual(hash({ ...rtsp, output: 'jpeg' }), base);
    assert.notEqual(hash({ input: 'usb', exposureUs: 100 }), hash({ input: 'usb', exposureUs: 200 }));
    assert.notEqual(hash({ input: 'csi', gain: 1 }), hash({ input: 'csi' }));
    assert.equal(hash({ input: 'file', path: '/a' }), hash({ input: 'file', path: '/b', loop: false }));
    assert.notEqual(hash({ input: 'custom', pipeline: 'a' }), hash({ input: 'custom', pipeline: 'b' }));
  });
});

describe('what is installed of GStreamer', () => {
  it('is read from what gst-inspect-1.0 prints', () => {
    const list =
      'coreelements:  queue: Queue\nnvarguscamerasrc:  nvarguscamerasrc: NvArgusCameraSrc\n\nTotal count: 2\n';
    assert.deepEqual([...parseElementList(list)], ['queue', 'nvarguscamerasrc']);
    const about =
      'Factory Details:\n  Rank    none (0)\n\nElement Properties:\n\n  mjpeg               : Set to open MJPEG\n                        flags: readable\n  enable-max-performance : Set to\n';
    assert.deepEqual([...parseProperties(about)], ['mjpeg', 'enable-max-performance']);
  });

  it('is examined for each kind of camera: which chain would run, and what it lacks', async () => {
    const kinds = pipelineKinds;
    const common = ['v4l2src', 'videoconvert', 'videoscale', 'videoflip', 'identity', 'queue', 'gdppay', 'fdsink'];
    const rest = ['jpegparse', 'jpegenc', 'rtspsrc', 'rtph264depay', 'rtph265depay', 'h264parse', 'h265parse'];
    const elements = new Set([...common, ...rest, 'filesrc', 'decodebin', ...Object.keys(documented)]);
    const anything = new Set(['device', 'io-mode', 'add-borders', 'leaky', 'max-size-buffers', 'max-size-bytes']);
    for (const more of [
      'max-size-time',
      'fd',
      'sync',
      'quality',
      'location',
      'protocols',
      'latency',
      'drop-on-latency',
      'buffer-mode',
      'video-direction',
    ]) {
      anything.add(more);
    }
    const properties = async (element: string) =>
      Object.hasOwn(documented, element) ? new Set(documented[element]) : anything;
    for (const kind of kinds) {
      const report = await examine(kind, { elements, properties });
      assert.deepEqual([report.usable, report.missing], [true, []], kind);
      assert.match(report.found, /^Jetson hardware: /, kind);
    }
    const older = async (element: string) => {
      const known = await properties(element);
      return new Set([...known].filter((name) => name !== 'aelock' && name !== 'buffer-mode'));
    };
    const csi = await examine('CSI', { elements, properties: older });
    assert.deepEqual([csi.usable, csi.missing], [false, ['nvarguscamerasrc.aelock']]);
    assert.deepEqual(csi.packages, ['nvidia-l4t-gstreamer']);
    const rtsp = await examine('RTSP H.265', { elements, properties: older });
    assert.deepEqual(rtsp.missing, ['rtspsrc.buffer-mode']);
  });
});
