import { systemClock } from '../../core/clock.ts';
import type { DeviceSettings, SourceFrame } from '../source.ts';
import { ExposureClock } from './exposure-clock.ts';
import { FrameIds } from './frame-ids.ts';
import { type Picture, toPicture } from './pixels.ts';
import type { Arrival } from './stream.ts';

/** Of how many pictures the share of incomplete ones is looked at. */
const recentPictures = 50;

/** From arrivals to frames: numbers, losses, and when each was exposed. */
export class Arrivals {
  readonly #ids = new FrameIds();
  readonly #clock = new ExposureClock();
  readonly #recent: boolean[] = [];
  readonly #readoutMs: number;
  #number: number;
  settings: DeviceSettings;

  constructor(o: { resumeAfter: number; readoutMs: number; settings: DeviceSettings }) {
    this.#number = o.resumeAfter;
    this.#readoutMs = o.readoutMs;
    this.settings = o.settings;
  }

  /** Counts it in; the number of frames that were exposed and will never be seen, this one too where it is incomplete. */
  count({ frameId, stamp, arrival, image, incomplete }: Arrival): number {
    if (image === null && incomplete === null) return 0;
    const steps = this.#ids.advance(frameId);
    this.#number += steps;
    if (stamp !== null && arrival !== null) this.#clock.observe(stamp, arrival);
    this.#recent.push(image !== null);
    if (this.#recent.length > recentPictures) this.#recent.shift();
    return steps - 1 + (image === null ? 1 : 0);
  }

  /** How many of the last pictures came incomplete. */
  get incompleteLately(): { count: number; of: number } {
    return { count: this.#recent.filter((complete) => !complete).length, of: this.#recent.length };
  }

  /** The acquisition was started anew. */
  restart(): void {
    this.#ids.restart();
  }

  /** No earlier than its exposure began: an arrival for which this lies before a trigger is older than the trigger. */
  latest({ stamp, arrival }: Arrival): number {
    return stamp === null ? (arrival ?? Infinity) : this.#clock.latest(stamp);
  }

  /** No later than the start of its exposure. */
  earliest({ stamp, arrival }: Arrival): number {
    const exposureUs = this.settings.exposureUs;
    // an exposure that is not known lasts no longer than the picture before took
    const exposureMs = typeof exposureUs === 'number' ? exposureUs / 1000 : this.#readoutMs;
    if (stamp !== null) {
      const at = this.#clock.earliest(stamp, exposureMs, this.#readoutMs);
      if (Number.isFinite(at)) return at;
    }
    return (arrival ?? systemClock.mono() - 1_000) - exposureMs - this.#readoutMs;
  }

  frame(arrival: Arrival & { image: NonNullable<Arrival['image']> }, exposedAt: number): SourceFrame {
    const { sampleBits, ...picture }: Picture = toPicture(arrival.image);
    const exposedUtc = new Date(Date.now() - (systemClock.mono() - exposedAt)).toISOString();
    const settings: DeviceSettings = { ...this.settings, frameId: arrival.frameId };
    if (sampleBits !== undefined) settings.sampleBits = sampleBits;
    return { ...picture, number: this.#number, exposedAt, exposedUtc, settings };
  }
}
