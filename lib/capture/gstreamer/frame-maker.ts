import type { DeviceSettings, SourceFrame } from '../source.ts';
import { parseCaps, type StreamFormat, withoutPadding } from './caps.ts';
import type { ExposureClock } from './exposure-clock.ts';
import type { GdpBuffer } from './gdp.ts';

/** A larger step in OFFSET is no count of frames (some elements count bytes). */
const mostLost = 1_000;

export interface MakerOptions {
  clock: ExposureClock;
  /** The number of the last frame that an earlier stream delivered. */
  resumeAfter: number;
  lost: (count: number) => void;
}

export interface Instants {
  arrivedAt: number;
  /** Milliseconds since 1970 at `arrivedAt`. */
  arrivedUtc: number;
  exposureMs: number | null;
  settings: DeviceSettings;
}

/** From the buffers of one pipeline to frames: format, size, number, what was lost, instant of exposure. */
export class FrameMaker {
  readonly #options: MakerOptions;
  #format: StreamFormat | null = null;
  #number: number;
  #lastOffset: bigint | null = null;
  #lastBytes = 0;

  constructor(options: MakerOptions) {
    this.#options = options;
    this.#number = options.resumeAfter;
  }

  get format(): StreamFormat | null {
    return this.#format;
  }

  /** Throws GP_SOURCE_FAILED for a format that cannot be read. */
  caps(caps: string): void {
    this.#format = parseCaps(caps);
  }

  /** Null where nothing certain can be said of when it was exposed. Throws GP_SOURCE_FAILED where its size is wrong. */
  frame(
    { data, pts, offset }: GdpBuffer,
    { arrivedAt, arrivedUtc, exposureMs, settings }: Instants,
  ): SourceFrame | null {
    const format = this.#format;
    if (format === null) return null;
    const { encoding, width, height, channels, bitDepth, intervalMs } = format;
    this.#number += this.#step(offset, data.length);
    const ptsMs = pts === null ? null : Number(pts) / 1e6;
    const exposedAt = this.#options.clock.exposedAt({ ptsMs, arrivedAt, exposureMs, intervalMs });
    if (exposedAt === null) return null;
    return {
      data: encoding === 'raw' ? withoutPadding(data, format) : data,
      encoding,
      width,
      height,
      channels,
      bitDepth,
      number: this.#number,
      exposedAt,
      ...(ptsMs === null ? {} : { deviceAt: ptsMs }),
      exposedUtc: new Date(arrivedUtc - (arrivedAt - exposedAt)).toISOString(),
      settings,
    };
  }

  #step(offset: bigint | null, bytes: number): number {
    const [before, lastBytes] = [this.#lastOffset, this.#lastBytes];
    this.#lastOffset = offset;
    this.#lastBytes = bytes;
    if (offset === null || before === null) return 1;
    const step = Number(offset - before);
    // parsers count bytes: then the step is the length of the picture before
    if (step <= 1 || step > mostLost || step === lastBytes) return 1;
    this.#options.lost(step - 1);
    return step;
  }
}
