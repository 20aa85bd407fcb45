import { z } from 'zod';

/** `stored` keeps what the camera has; `Bayer8` takes whichever 8-bit Bayer order the camera offers. */
export const pixelFormats = ['stored', 'Mono8', 'Mono10', 'Mono12', 'Mono16', 'Bayer8', 'RGB8'] as const;

/** The automatics are switched off either way; `stored` then keeps the values that the camera has. */
const exposureSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('stored') }),
  z.strictObject({
    mode: z.literal('set'),
    /** Microseconds. */
    timeUs: z.number().min(1).max(60_000_000),
    /** In the camera's own unit, mostly decibels. */
    gain: z.number().min(-1_000).max(100_000),
  }),
]);

const whiteSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('stored') }),
  z.strictObject({
    mode: z.literal('set'),
    /** Factors beside green. */
    red: z.number().min(0.01).max(1_000),
    blue: z.number().min(0.01).max(1_000),
  }),
]);

const regionSchema = z.strictObject({
  x: z.int().min(0).max(65_535),
  y: z.int().min(0).max(65_535),
  width: z.int().min(1).max(65_535),
  height: z.int().min(1).max(65_535),
});

/** GigE Vision and USB3 Vision cameras, through libaravis. */
export const genicamSettingsSchema = z.strictObject({
  kind: z.literal('genicam'),
  /** Its id, serial number, MAC or IP address, as `discover` shows them; empty takes the only camera there is. */
  camera: z.string().max(100).default(''),
  /** `software`: one exposure for each capture; `line`: an input of the camera exposes; `free`: all the time. */
  trigger: z.enum(['software', 'line', 'free']).default('software'),
  /** `TriggerSource` for `line`. */
  line: z.string().min(1).max(64).default('Line0'),
  activation: z.enum(['RisingEdge', 'FallingEdge', 'AnyEdge']).default('RisingEdge'),
  /** Pictures a second for `free`; 0 keeps what the camera has. */
  frameRate: z.number().min(0).max(10_000).default(0),
  pixelFormat: z.enum(pixelFormats).default('stored'),
  /** Loaded before everything else, e.g. `UserSet1`; empty loads none. */
  userSet: z.string().max(64).default(''),
  exposure: exposureSchema.default({ mode: 'stored' }),
  white: whiteSchema.default({ mode: 'stored' }),
  /** Part of the sensor in pixels; null keeps what the camera has. */
  region: regionSchema.nullable().default(null),
  /** Bytes of a GigE Vision packet; 0 lets libaravis test what the network carries. */
  packetSize: z.int().min(0).max(65_535).default(0),
  /** Microseconds between two GigE Vision packets; 0 keeps what the camera has. */
  packetDelayUs: z.number().min(0).max(1_000_000).default(0),
});

export type GenicamSettings = z.infer<typeof genicamSettingsSchema>;

/** What a picture's look depends on: not which camera of a kind, who triggers it, or how packets travel. */
export function genicamOptics(settings: GenicamSettings): Record<string, unknown> {
  const { kind, pixelFormat, userSet, exposure, white, region } = settings;
  return { kind, pixelFormat, userSet, exposure, white, region };
}
