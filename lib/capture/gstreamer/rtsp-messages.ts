import { GoodpartError } from '../../core/errors.ts';

/** One request or response; header lines as they came. */
export interface RtspMessage {
  startLine: string;
  headers: string[];
  body: Buffer;
}

export interface RtspEvents {
  message(message: RtspMessage): void;
  /** Bytes of interleaved RTP or RTCP, to be passed on as they are. */
  interleaved(bytes: Buffer): void;
}

const mostHeaderBytes = 64 * 1024;
const mostBodyBytes = 1024 * 1024;
const dollar = 0x24;

/** Takes an RTSP connection apart (RFC 2326): messages, and media between them (section 10.12). Throws on what is neither. */
export class RtspReader {
  readonly #events: RtspEvents;
  #waiting: Buffer = Buffer.alloc(0);
  /** Bytes of an interleaved packet that are still to come. */
  #passing = 0;

  constructor(events: RtspEvents) {
    this.#events = events;
  }

  push(chunk: Buffer): void {
    let bytes = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    for (;;) {
      if (this.#passing > 0) {
        const part = bytes.subarray(0, this.#passing);
        if (part.length > 0) this.#events.interleaved(part);
        this.#passing -= part.length;
        bytes = bytes.subarray(part.length);
      }
      const rest = this.#passing > 0 ? null : this.#next(bytes);
      if (rest === null) break;
      bytes = rest;
    }
    this.#waiting = bytes;
  }

  /** What is left after one message or the head of one packet; null where more bytes are needed. */
  #next(bytes: Buffer): Buffer | null {
    if (bytes.length === 0) return null;
    if (bytes[0] === dollar) {
      if (bytes.length < 4) return null;
      this.#passing = 4 + bytes.readUInt16BE(2);
      return bytes;
    }
    const [separator, end] = headerEnd(bytes);
    if (end < 0) {
      if (bytes.length > mostHeaderBytes) throw new GoodpartError('GP_SOURCE_FAILED', 'The camera does not speak RTSP');
      return null;
    }
    const [startLine, ...headers] = bytes
      .toString('latin1', 0, end)
      .replace(/^[\r\n]+/, '')
      .split(/\r?\n/);
    const length = Number(headerOf(headers, 'content-length') ?? 0);
    if (!Number.isInteger(length) || length < 0 || length > mostBodyBytes || !/RTSP\/\d/.test(startLine)) {
      throw new GoodpartError('GP_SOURCE_FAILED', 'The camera does not speak RTSP');
    }
    const bodyAt = end + separator;
    if (bytes.length < bodyAt + length) return null;
    this.#events.message({ startLine, headers, body: Buffer.from(bytes.subarray(bodyAt, bodyAt + length)) });
    return bytes.subarray(bodyAt + length);
  }
}

function headerEnd(bytes: Buffer): [separator: number, end: number] {
  const end = bytes.indexOf('\r\n\r\n');
  if (end >= 0) return [4, end];
  return [2, bytes.indexOf('\n\n')];
}

export function headerOf(headers: readonly string[], name: string): string | undefined {
  return headersOf(headers, name)[0];
}

export function headersOf(headers: readonly string[], name: string): string[] {
  return headers
    .filter((line) => line.slice(0, line.indexOf(':')).trim().toLowerCase() === name)
    .map((line) => line.slice(line.indexOf(':') + 1).trim());
}

export function withHeader(headers: readonly string[], name: string, value: string): string[] {
  const others = headers.filter((line) => line.slice(0, line.indexOf(':')).trim().toLowerCase() !== name.toLowerCase());
  return [...others, `${name}: ${value}`];
}

export function encodeMessage({ startLine, headers, body }: RtspMessage): Buffer {
  const all = body.length > 0 ? withHeader(headers, 'Content-Length', String(body.length)) : headers;
  return Buffer.concat([Buffer.from([startLine, ...all, '', ''].join('\r\n'), 'latin1'), body]);
}
