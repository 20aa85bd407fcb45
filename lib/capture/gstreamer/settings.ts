import { isAbsolute } from 'node:path';
import { z } from 'zod';

/** Quotes, backslashes and control characters are gst-launch's own syntax: nothing typed may hold them (a space is safe). */
const harmless = (text: string) => !/["'\\]/.test(text) && ![...text].some((char) => char < ' ' || char === '\u007f');

const outputs = ['rgb', 'gray', 'jpeg'] as const;
const width = z.int().min(16).max(16_384).default(1920);
const height = z.int().min(16).max(16_384).default(1080);

const common = {
  kind: z.literal('gstreamer'),
  /** Size in pixels that the pipeline scales to; 0 leaves the picture as it is. Both or none. */
  scaleWidth: z.int().min(0).max(16_384).default(0),
  scaleHeight: z.int().min(0).max(16_384).default(0),
  /**
   * Longest time in milliseconds between the end of an exposure and the instant that the stream tells of it: sensor
   * pipeline, encoder, network. Taken off every exposure instant, so that a frame never counts as younger than it is.
   * Null: what the input's kind may need (`usualDelayMs`).
   */
  delayMs: z.number().min(0).max(60_000).nullable().default(null),
};

/** Microseconds; null leaves it to the camera. */
const exposureUs = z.int().min(1).max(10_000_000).nullable().default(null);

const csiSchema = z.strictObject({
  ...common,
  input: z.literal('csi'),
  output: z.enum(outputs).default('rgb'),
  sensorId: z.int().min(0).max(31).default(0),
  /** Of the sensor driver; -1 lets Argus choose by size and rate. */
  sensorMode: z.int().min(-1).max(63).default(-1),
  width,
  height,
  fps: z.int().min(1).max(1000).default(30),
  exposureUs,
  /** Analogue gain as a factor; null leaves it to the camera. */
  gain: z.number().min(1).max(1000).nullable().default(null),
  /** Argus has presets, not kelvins; `auto` is not locked. */
  whiteBalance: z
    .enum([
      'auto',
      'off',
      'incandescent',
      'fluorescent',
      'warm-fluorescent',
      'daylight',
      'cloudy-daylight',
      'twilight',
      'shade',
    ])
    .default('auto'),
});

const usbSchema = z.strictObject({
  ...common,
  input: z.literal('usb'),
  output: z.enum([...outputs, 'gray16']).default('rgb'),
  /** Better `/dev/v4l/by-id/…`: it stays the same when the camera is plugged in again. */
  device: z
    .string()
    .max(300)
    .regex(/^\/dev\/[\w./:@+,=-]+$/, 'must be a device such as /dev/video0 or /dev/v4l/by-id/...')
    .refine((path) => !path.includes('..'), 'must not lead out of /dev')
    .default('/dev/video0'),
  format: z.enum(['mjpeg', 'yuy2', 'uyvy', 'nv12', 'i420', 'rgb', 'bgr', 'gray8', 'gray16']).default('mjpeg'),
  width,
  height,
  /** 0: whatever the camera gives. */
  fps: z.int().min(0).max(1000).default(30),
  exposureUs,
  /** In the camera's own units. */
  gain: z.int().min(-100_000).max(100_000).nullable().default(null),
  /** Kelvins. */
  whiteBalanceK: z.int().min(1000).max(20_000).nullable().default(null),
  /** In the camera's own units. */
  focus: z.int().min(0).max(100_000).nullable().default(null),
});

const rtspSchema = z.strictObject({
  ...common,
  input: z.literal('rtsp'),
  output: z.enum(outputs).default('rgb'),
  url: z
    .string()
    .max(1000)
    .regex(/^rtsps?:\/\/[\x21-\x7e]+$/i, 'must be an address that begins with rtsp:// or rtsps://')
    .refine(harmless, 'must hold no quotes and no backslashes')
    .refine((url) => URL.canParse(url), 'must be an address such as rtsp://192.168.1.20/stream1')
    .refine(
      (url) => !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === ''),
      'must hold no user and no password: they have fields of their own',
    ),
  codec: z.enum(['h264', 'h265']).default('h264'),
  transport: z.enum(['tcp', 'udp']).default('tcp'),
  /** How long packets may wait for earlier ones, milliseconds. */
  latencyMs: z.int().min(0).max(10_000).default(100),
  /** Secrets of the node. Anything goes: a refusal would show what was typed. */
  user: z.string().default(''),
  password: z.string().default(''),
});

const fileSchema = z.strictObject({
  ...common,
  input: z.literal('file'),
  output: z.enum(outputs).default('rgb'),
  path: z
    .string()
    .min(1)
    .max(4096)
    .refine(isAbsolute, 'must be an absolute path')
    .refine(harmless, 'must hold no quotes and no backslashes'),
  loop: z.boolean().default(true),
  /** `taken`: the next frame for each capture, none left out. `real-time`: as it was filmed. */
  pace: z.enum(['taken', 'real-time']).default('taken'),
});

const customSchema = z.strictObject({
  ...common,
  input: z.literal('custom'),
  /** Elements as for gst-launch-1.0, ending in video/x-raw RGB, GRAY8, GRAY16_LE or image/jpeg, without a sink. */
  pipeline: z.string().min(1).max(8000),
});

export const gstreamerSettingsSchema = z
  .discriminatedUnion('input', [csiSchema, usbSchema, rtspSchema, fileSchema, customSchema])
  .refine(({ scaleWidth, scaleHeight }) => (scaleWidth === 0) === (scaleHeight === 0), {
    path: ['scaleHeight'],
    message: 'must be given together with the width to scale to',
  });

export type GstreamerSettings = z.infer<typeof gstreamerSettingsSchema>;
export type CsiSettings = z.infer<typeof csiSchema>;
export type UsbSettings = z.infer<typeof usbSchema>;
export type RtspSettings = z.infer<typeof rtspSchema>;
export type FileSettings = z.infer<typeof fileSchema>;
export type CustomSettings = z.infer<typeof customSchema>;

/** Estimates, on the safe side: an exposure counts as older than it is, never as younger. Milliseconds. */
const usual: Record<GstreamerSettings['input'], number> = { csi: 100, usb: 20, rtsp: 500, file: 0, custom: 100 };

export const usualDelayMs = ({ input, delayMs }: GstreamerSettings): number => delayMs ?? usual[input];

/**
 * The settings that a picture's look depends on. Not how it travels (transport, latency, pace), not which file it comes
 * from, and never a secret.
 */
export function opticalSettings(settings: GstreamerSettings): Record<string, unknown> {
  const { delayMs: _, ...seen } = settings;
  switch (seen.input) {
    case 'rtsp': {
      const { user: _user, password: _password, transport: _transport, latencyMs: _latency, ...rest } = seen;
      return rest;
    }
    case 'file': {
      const { path: _path, loop: _loop, pace: _pace, ...rest } = seen;
      return rest;
    }
    default:
      return seen;
  }
}

/** An address without what may be secret in it: user, password and query. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return 'an unreadable address';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** A text that may hold addresses, for messages: user, password and query of each are left out. */
export const withoutSecrets = (text: string): string =>
  text.replace(
    /([a-z][a-z0-9+.-]*:\/\/)(\S*@)?([^\s?]*)(\?\S*)?/gi,
    (_, scheme: string, secret: string | undefined, place: string) => `${scheme}${secret ? '…@' : ''}${place}`,
  );
