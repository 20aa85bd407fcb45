import type { SourceSettings } from '../../lib/capture/settings.ts';
import type { DiscoveredSource } from '../../lib/capture/source.ts';

type Kind = SourceSettings['kind'];
export type Value = string | number | boolean;

/** Sources of the dialog whose devices can be looked for, and the kind that looks. To add one: a line here. */
export const findable: Readonly<Record<string, Kind>> = {
  simulator: 'simulator',
  genicam: 'genicam',
  gstreamer: 'gstreamer',
};

/** Fields of the dialog that are not called like their setting. To add a kind: a line here. */
const fieldNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  simulator: { width: 'simWidth', height: 'simHeight', delivery: 'simDelivery', periodMs: 'simPeriodMs' },
  watch: { order: 'fileOrder', delivery: 'watchDelivery' },
  genicam: {
    ...{ camera: 'genicamCamera', trigger: 'genicamTrigger', line: 'genicamLine', activation: 'genicamEdge' },
    ...{ frameRate: 'genicamFrameRate', pixelFormat: 'genicamPixels', userSet: 'genicamUserSet' },
    ...{ exposure: 'genicamFixExposure', 'exposure.timeUs': 'genicamExposureUs', 'exposure.gain': 'genicamGain' },
    ...{ white: 'genicamFixWhite', 'white.red': 'genicamRed', 'white.blue': 'genicamBlue' },
    ...{ region: 'genicamSetRegion', 'region.x': 'genicamX', 'region.y': 'genicamY' },
    ...{ 'region.width': 'genicamWidth', 'region.height': 'genicamHeight' },
    ...{ packetSize: 'genicamPacketSize', packetDelayUs: 'genicamPacketDelayUs' },
  },
  gstreamer: {
    ...{ input: 'gstInput', device: 'usbDevice', format: 'usbFormat', width: 'frameWidth', height: 'frameHeight' },
    ...{ fps: 'frameRate', url: 'rtspUrl', codec: 'rtspCodec', transport: 'rtspTransport', latencyMs: 'rtspLatencyMs' },
    ...{ user: 'rtspUser', password: 'rtspPassword', path: 'videoFile', pace: 'videoPace', loop: 'videoLoop' },
    ...{ whiteBalance: 'csiWhiteBalance', delayMs: 'exposureDelayMs' },
  },
};

/** The field of the dialog in which a setting of that kind is chosen; `source.path` and `path` alike. */
export function fieldOf(kind: string, setting: string): string {
  const name = setting.replace(/^source\./, '');
  const names = Object.hasOwn(fieldNames, kind) ? fieldNames[kind] : {};
  return Object.hasOwn(names, name) ? names[name] : name;
}

/** What choosing a device fills in: field → value. */
export function fieldsOf({ settings }: DiscoveredSource): Record<string, Value> {
  const { kind, ...rest } = settings;
  const known = (value: unknown): value is Value => ['string', 'number', 'boolean'].includes(typeof value);
  return Object.fromEntries(
    Object.entries(rest).flatMap(([setting, value]) => (known(value) ? [[fieldOf(String(kind), setting), value]] : [])),
  );
}
