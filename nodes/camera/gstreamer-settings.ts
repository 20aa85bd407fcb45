import { resolve } from 'node:path';
import type { SourceSettingsInput } from '../../lib/capture/settings.ts';
import { invalidParameter } from '../../lib/core/errors.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { config } from './config.ts';

type Values = ValuesOf<typeof config>;
type GstreamerInput = Extract<SourceSettingsInput, { kind: 'gstreamer' }>;

/** From the dialog's fields to the settings of a camera that comes through GStreamer. Throws GP_CONFIG_INVALID. */
export function gstreamerSettings(values: Values, credentials: Record<string, string>): GstreamerInput {
  const { scaleWidth, scaleHeight, frameWidth: width, frameHeight: height, frameRate: fps } = values;
  const delayMs = values.knowDelay ? values.exposureDelayMs : null;
  const common = { kind: 'gstreamer', scaleWidth, scaleHeight, delayMs } as const;
  const exposureUs = values.fixExposure ? values.exposureUs : null;
  const gain = values.fixGain ? values.gain : null;
  const output = (): 'rgb' | 'gray' | 'jpeg' => {
    if (values.output !== 'gray16') return values.output;
    throw invalidParameter('output', 'rgb, gray or jpeg: only USB cameras give 16 bits', 'gray16', 'GP_CONFIG_INVALID');
  };
  switch (values.gstInput) {
    case 'usb': {
      const { usbDevice: device, usbFormat: format, fixWhiteBalance, fixFocus } = values;
      const locks = {
        exposureUs,
        gain: gain === null ? null : Math.round(gain),
        whiteBalanceK: fixWhiteBalance ? values.whiteBalanceK : null,
        focus: fixFocus ? values.focus : null,
      };
      return { ...common, input: 'usb', device, format, width, height, fps, output: values.output, ...locks };
    }
    case 'csi': {
      const { sensorId, sensorMode, csiWhiteBalance: whiteBalance } = values;
      const sensor = { sensorId, sensorMode, width, height, fps };
      return { ...common, input: 'csi', ...sensor, output: output(), exposureUs, gain, whiteBalance };
    }
    case 'rtsp': {
      const { rtspUrl: url, rtspCodec: codec, rtspTransport: transport, rtspLatencyMs: latencyMs } = values;
      const { rtspUser: user = '', rtspPassword: password = '' } = credentials;
      return { ...common, input: 'rtsp', url, codec, transport, latencyMs, output: output(), user, password };
    }
    case 'file': {
      const { videoFile, videoPace: pace, videoLoop: loop } = values;
      return { ...common, delayMs: null, input: 'file', path: resolve(videoFile), pace, loop, output: output() };
    }
    case 'custom':
      return { ...common, input: 'custom', pipeline: values.pipeline };
  }
}
