import { GoodpartError } from '../../core/errors.ts';

/**
 * GStreamer Data Protocol 1.0, as `gdppay` writes it (gst-plugins-bad, gst/gdp/dataprotocol.c). Header of 62 bytes, big
 * endian: version 0, 1; flags 2; type 4..5; length 6..9; PTS 10; duration 18; OFFSET 26; offset end 34; buffer flags 42;
 * CRC of the header 58..59, of the payload 60..61. The payload follows.
 */
export interface GdpBuffer {
  data: Buffer;
  /** Nanoseconds of the stream's own time; null where the buffer has none. */
  pts: bigint | null;
  durationNs: bigint | null;
  /** Frame number of sources that count; null where the buffer has none. */
  offset: bigint | null;
}

export interface GdpSink {
  caps(caps: string): void;
  buffer(buffer: GdpBuffer): void;
}

const headerBytes = 62;
/** A picture of 100 megapixels with three channels has 300 MB; nothing larger is believed. */
const mostBytes = 320 * 1024 * 1024;
const mostTextBytes = 1024 * 1024;
const none = 0xffff_ffff_ffff_ffffn;
const typeBuffer = 1;
const typeCaps = 2;
const typeEvent = 64;
const hasHeaderCrc = 1;

/** Reads the protocol from chunks of any size. Throws GP_SOURCE_FAILED on nonsense; the stream is then useless. */
export class GdpReader {
  readonly #sink: GdpSink;
  readonly #mostBytes: number;
  readonly #header = Buffer.alloc(headerBytes);
  #payload: Buffer | null = null;
  #filled = 0;
  #hasCaps = false;

  constructor(sink: GdpSink, most: number = mostBytes) {
    this.#sink = sink;
    this.#mostBytes = most;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length || (this.#payload !== null && this.#filled === this.#payload.length)) {
      const target = this.#payload ?? this.#header;
      const take = Math.min(target.length - this.#filled, chunk.length - at);
      chunk.copy(target, this.#filled, at, at + take);
      at += take;
      this.#filled += take;
      if (this.#filled < target.length) return;
      this.#filled = 0;
      if (this.#payload === null) this.#payload = Buffer.allocUnsafe(this.#checkedLength());
      else {
        this.#payload = null;
        this.#complete(target);
      }
    }
  }

  /** The stream has ended: throws where that was in the middle of something. */
  end(): void {
    if (this.#filled > 0 || this.#payload !== null) throw nonsense('it ended within a packet');
  }

  #checkedLength(): number {
    const header = this.#header;
    const [major, minor, flags] = header;
    if (major !== 1 || minor !== 0) throw nonsense(`version ${major}.${minor} instead of 1.0`);
    if ((flags & hasHeaderCrc) !== 0 && crc16(header.subarray(0, 58)) !== header.readUInt16BE(58)) {
      throw nonsense('a damaged header');
    }
    const type = header.readUInt16BE(4);
    const length = header.readUInt32BE(6);
    if (type !== typeBuffer && type !== typeCaps && type < typeEvent) throw nonsense(`a packet of type ${type}`);
    const most = type === typeBuffer ? this.#mostBytes : mostTextBytes;
    if (length > most) throw nonsense(`a packet of ${length} bytes, more than ${most}`);
    if (type === typeBuffer && !this.#hasCaps) throw nonsense('a picture before its format (caps) was told');
    return length;
  }

  #complete(payload: Buffer): void {
    const header = this.#header;
    const type = header.readUInt16BE(4);
    if (type === typeCaps) {
      this.#hasCaps = true;
      this.#sink.caps(payload.toString('latin1').replace(/\0.*$/s, ''));
    } else if (type === typeBuffer) {
      const number = (place: number) => {
        const value = header.readBigUInt64BE(place);
        return value === none ? null : value;
      };
      this.#sink.buffer({ data: payload, pts: number(10), durationNs: number(18), offset: number(26) });
    }
  }
}

function nonsense(what: string): GoodpartError {
  return new GoodpartError('GP_SOURCE_FAILED', `The pipeline's output is not a stream of pictures: ${what}`);
}

/** CRC-16-CCITT, start and final exclusive-or 0xFFFF. */
export function crc16(bytes: Buffer): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc ^ 0xffff;
}
