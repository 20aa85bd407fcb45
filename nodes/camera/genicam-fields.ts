import { choice, flag, number, text, whole } from '../../lib/node-red/config/fields.ts';

const genicam = { source: ['genicam'] };
const beside = (field: string, ...words: string[]) => ({ ...genicam, [field]: words });
const pixels = (preset: number, min: number) => ({
  ...{ default: preset, min, max: 65_535, unit: 'px' },
  when: beside('genicamSetRegion', 'true'),
});

/** What the dialog of a GigE Vision or USB3 Vision camera asks. */
export const genicamFields = {
  /** Id, serial number, MAC or IP address; empty takes the only camera there is. */
  genicamCamera: text({ max: 100, when: genicam }),
  /** With `run` line the camera's input line starts the exposure, whatever stands here. */
  genicamTrigger: choice(['software', 'free'], { when: beside('run', 'triggered', 'free', 'collect') }),
  genicamLine: text({ default: 'Line0', required: true, when: beside('run', 'line') }),
  genicamEdge: choice(['RisingEdge', 'FallingEdge', 'AnyEdge'], { when: beside('run', 'line') }),
  genicamFrameRate: number({ default: 0, min: 0, max: 10_000, unit: 'Hz', when: beside('genicamTrigger', 'free') }),
  genicamPixels: choice(['stored', 'Mono8', 'Mono10', 'Mono12', 'Mono16', 'Bayer8', 'RGB8'], { when: genicam }),
  genicamUserSet: text({ when: genicam }),
  genicamFixExposure: flag(true, { when: genicam }),
  genicamExposureUs: number({
    ...{ default: 5_000, min: 1, max: 60_000_000, unit: 'µs' },
    when: beside('genicamFixExposure', 'true'),
  }),
  genicamGain: number({ default: 0, min: -1_000, max: 100_000, when: beside('genicamFixExposure', 'true') }),
  genicamFixWhite: flag(false, { when: genicam }),
  genicamRed: number({ default: 1, min: 0.01, max: 1_000, when: beside('genicamFixWhite', 'true') }),
  genicamBlue: number({ default: 1, min: 0.01, max: 1_000, when: beside('genicamFixWhite', 'true') }),
  genicamSetRegion: flag(false, { when: genicam }),
  genicamX: whole(pixels(0, 0)),
  genicamY: whole(pixels(0, 0)),
  genicamWidth: whole(pixels(640, 1)),
  genicamHeight: whole(pixels(480, 1)),
  genicamPacketSize: whole({ default: 0, min: 0, max: 65_535, when: genicam }),
  genicamPacketDelayUs: number({ default: 0, min: 0, max: 1_000_000, unit: 'µs', when: genicam }),
};
