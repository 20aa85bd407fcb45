import type { SourceSettingsInput } from '../../lib/capture/settings.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { config } from './config.ts';

/** From the dialog's fields to the settings of a GigE Vision or USB3 Vision camera. */
export function genicamSettings(values: ValuesOf<typeof config>): Extract<SourceSettingsInput, { kind: 'genicam' }> {
  const { genicamFixExposure, genicamFixWhite, genicamSetRegion } = values;
  return {
    kind: 'genicam',
    camera: values.genicamCamera,
    trigger: values.run === 'line' ? 'line' : values.genicamTrigger,
    line: values.genicamLine,
    activation: values.genicamEdge,
    frameRate: values.genicamFrameRate,
    pixelFormat: values.genicamPixels,
    userSet: values.genicamUserSet,
    exposure: genicamFixExposure
      ? { mode: 'set', timeUs: values.genicamExposureUs, gain: values.genicamGain }
      : { mode: 'stored' },
    white: genicamFixWhite ? { mode: 'set', red: values.genicamRed, blue: values.genicamBlue } : { mode: 'stored' },
    region: genicamSetRegion
      ? { x: values.genicamX, y: values.genicamY, width: values.genicamWidth, height: values.genicamHeight }
      : null,
    packetSize: values.genicamPacketSize,
    packetDelayUs: values.genicamPacketDelayUs,
  };
}
