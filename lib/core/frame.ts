import { invalidParameter } from './errors.ts';
import { newId } from './ids.ts';

/** How the bytes of a frame are to be read: a file format, or `raw` interleaved rows without padding. */
export type Encoding = 'jpeg' | 'png' | 'raw' | 'unknown';

/** Plain JSON of a frame: what a record, a debug sidebar or another process may see. */
export interface FrameInfo {
  id: string;
  encoding: Encoding;
  /** Pixels; null where nobody has decoded the file yet. */
  width: number | null;
  height: number | null;
  channels: number | null;
  /** Bits per sample, 8 or 16; null where unknown. */
  bitDepth: number | null;
  bytes: number;
  /** Where it came from: the camera's name. */
  source: string;
  /** The source's own frame number, counting from 1. */
  number: number;
  /** Start of exposure, monotonic milliseconds. */
  exposedAt: number;
  exposedUtc: string;
  /** Camera settings read back with this frame (exposure, gain, …), and the file name for folders. */
  settings: Record<string, string | number | boolean>;
  /** When it had come from the device, monotonic milliseconds; with `losses` and `counter` left out where no camera took it. */
  arrivedAt?: number;
  losses?: FrameLosses;
  counter?: FrameCounter;
}

/** Frames of this camera that did not reach the station since the one before that did. */
export interface FrameLosses {
  /** Exposed and never seen: gaps in the device's numbers, incomplete transfers. */
  lost: number;
  /** Dropped because they came late. */
  stale: number;
  /** Of a flow: nobody took them before a newer one came. */
  superseded: number;
  /** Of a hardware line: parts that were dropped because the station did not keep up. */
  missed: number;
}

/** The device's own count, by which frames are held against the parts that were announced. */
export interface FrameCounter {
  /** How often the camera had been opened: counts of different openings say nothing about each other. */
  opening: number;
  /** Exposures since it was opened, this one and all that were lost included. */
  exposures: number;
}

export type FrameInit = Omit<FrameInfo, 'id' | 'bytes'> & { id?: string; data: Buffer };

/**
 * One image: immutable, opaque bytes plus what is known of them. `Symbol.toStringTag` makes lodash.clonedeep (Node-RED's
 * message clone) pass it by reference; nobody may write into `data`.
 */
export class Frame {
  readonly info: Readonly<FrameInfo>;
  readonly data: Buffer;

  constructor(init: FrameInit) {
    const { data, id = newId(), ...rest } = init;
    if (!Buffer.isBuffer(data)) throw invalidParameter('frame.data', 'a Buffer', data);
    if (rest.encoding === 'raw') {
      const { width, height, channels, bitDepth } = rest;
      if (!width || !height || !channels || !bitDepth) {
        throw invalidParameter('frame', 'width, height, channels and bitDepth of a raw frame', rest);
      }
      const expected = width * height * channels * (bitDepth / 8);
      if (data.length !== expected) throw invalidParameter('frame.data', `a Buffer of ${expected} bytes`, data);
    }
    this.info = Object.freeze({ id, ...rest, bytes: data.length, settings: Object.freeze({ ...rest.settings }) });
    this.data = data;
    Object.freeze(this);
  }

  get [Symbol.toStringTag](): string {
    return 'GoodpartFrame';
  }

  toJSON(): FrameInfo {
    return { ...this.info };
  }
}

/** The format that the first bytes claim; the decoder in the child has the last word. */
export function sniffEncoding(data: Buffer): Encoding {
  if (data.length > 3 && data[0] === 0xff && data[1] === 0xd8 && data[2] === 0xff) return 'jpeg';
  if (data.length > 8 && data.readUInt32BE(0) === 0x89504e47) return 'png';
  return 'unknown';
}
