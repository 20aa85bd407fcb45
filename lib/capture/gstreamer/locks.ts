import type { DeviceSettings } from '../source.ts';
import type { GstreamerSettings } from './settings.ts';
import { check, type Locked, lock } from './v4l2-lock.ts';

/** Exposure, gain, white balance and focus of one source: asked for, read back, and what could not be had. */
export class Locks {
  readonly #settings: GstreamerSettings;
  #state: Locked = { settings: {}, warnings: [] };

  constructor(settings: GstreamerSettings) {
    this.#settings = settings;
  }

  /** As read back; empty where the camera cannot be asked. */
  get found(): DeviceSettings {
    return this.#state.settings;
  }

  get warnings(): readonly string[] {
    return this.#state.warnings;
  }

  /** Before the stream starts. */
  async apply(): Promise<void> {
    if (this.#settings.input === 'usb') this.#state = await lock(this.#settings);
  }

  /** Once the stream runs: some cameras go back to automatic when it starts. */
  async confirm(): Promise<void> {
    if (this.#settings.input !== 'usb') return;
    this.#state = await check(this.#settings);
    if (this.#state.warnings.length > 0) this.#state = await lock(this.#settings);
  }
}

/** What a pipeline was told to do and nobody can read back (Argus has no way to ask). */
export function askedSettings(settings: GstreamerSettings): DeviceSettings {
  if (settings.input === 'usb') return {};
  if (settings.input !== 'csi') return settings.input === 'file' ? {} : { locked: false };
  const { exposureUs, gain, whiteBalance } = settings;
  const known: DeviceSettings = { whiteBalance, readBack: false };
  if (exposureUs !== null) known.exposureUs = exposureUs;
  if (gain !== null) known.gain = gain;
  return known;
}

/** What kinds of sources cannot do at all. */
export function fixedWarnings({ input }: GstreamerSettings): string[] {
  if (input === 'rtsp') return ['exposure, gain and white balance of a network camera cannot be locked from here'];
  return [];
}
