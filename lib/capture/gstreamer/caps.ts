import { GoodpartError } from '../../core/errors.ts';
import type { FrameInfo } from '../../core/frame.ts';

/** How the buffers of a stream are to be read. */
export interface StreamFormat extends Pick<FrameInfo, 'channels' | 'bitDepth'> {
  encoding: 'raw' | 'jpeg';
  width: number | null;
  height: number | null;
  /** Nominal, milliseconds; null where the stream does not say. */
  intervalMs: number | null;
}

const rawFormats: Record<string, { channels: number; bitDepth: number }> = {
  RGB: { channels: 3, bitDepth: 8 },
  GRAY8: { channels: 1, bitDepth: 8 },
  GRAY16_LE: { channels: 1, bitDepth: 16 },
};

/**
 * Caps as GStreamer writes them: `video/x-raw, format=(string)RGB, width=(int)640, …`. Throws GP_SOURCE_FAILED for what is
 * no picture that we can read.
 */
export function parseCaps(caps: string): StreamFormat {
  const value = (name: string) => new RegExp(`[,;]\\s*${name}=(?:\\([\\w:]+\\))?"?([^,;"]+)"?`).exec(caps)?.[1].trim();
  const whole = (name: string) => {
    const number = Number(value(name));
    return Number.isInteger(number) && number > 0 && number <= 65_535 ? number : null;
  };
  const [, per = 0, seconds = 0] = /^(\d+)\/(\d+)$/.exec(value('framerate') ?? '') ?? [];
  const intervalMs = Number(per) > 0 && Number(seconds) > 0 ? (1000 * Number(seconds)) / Number(per) : null;
  const [width, height] = [whole('width'), whole('height')];
  const media = /^[\w/.-]+/.exec(caps)?.[0] ?? 'nothing';
  if (media === 'image/jpeg') return { encoding: 'jpeg', width, height, channels: null, bitDepth: null, intervalMs };
  const format = value('format') ?? '';
  const raw = media === 'video/x-raw' && Object.hasOwn(rawFormats, format) ? rawFormats[format] : undefined;
  if (raw === undefined || width === null || height === null || /memory:/.test(caps)) {
    const received = `${media}${format ? ` ${format}` : ''}`.slice(0, 80);
    throw new GoodpartError(
      'GP_SOURCE_FAILED',
      `Expected pictures as RGB, GRAY8, GRAY16_LE or image/jpeg but the pipeline gives ${received}: end it with videoconvert ! video/x-raw,format=RGB`,
      { field: 'pipeline', expected: 'RGB, GRAY8, GRAY16_LE or image/jpeg', received },
    );
  }
  return { encoding: 'raw', width, height, ...raw, intervalMs };
}

/**
 * Rows without padding: GStreamer pads each to a multiple of four bytes. The very buffer where there is no padding.
 * Throws GP_SOURCE_FAILED where the size fits neither.
 */
export function withoutPadding(data: Buffer, { width, height, channels, bitDepth }: StreamFormat): Buffer {
  const row = (width ?? 0) * (channels ?? 0) * ((bitDepth ?? 0) / 8);
  const rows = height ?? 0;
  if (data.length === row * rows) return data;
  const stride = Math.ceil(row / 4) * 4;
  if (data.length !== stride * rows) {
    const text = `Expected ${row * rows} bytes for a picture of ${width} x ${height} but received ${data.length}`;
    throw new GoodpartError('GP_SOURCE_FAILED', text);
  }
  const tight = Buffer.allocUnsafe(row * rows);
  for (let y = 0; y < rows; y++) data.copy(tight, y * row, y * stride, y * stride + row);
  return tight;
}

/** For people: "1920 x 1080 RGB", "640 x 512 grey, 16 bits". */
export function formatName({ encoding, width, height, channels, bitDepth }: StreamFormat): string {
  const size = width === null || height === null ? '' : `${width} x ${height} `;
  if (encoding === 'jpeg') return `${size}JPEG`;
  return `${size}${channels === 1 ? 'grey' : 'RGB'}${bitDepth === 16 ? ', 16 bits' : ''}`;
}
