import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { invalidParameter } from '../core/errors.ts';
import { Frame, sniffEncoding } from '../core/frame.ts';
import { isId } from '../core/ids.ts';

/** A Node-RED message as we read it: everything in it is a stranger's. */
export type Message = Record<string, unknown> & { _msgid?: string };
export type Send = (message: Message | (Message | Message[] | null)[]) => void;

/** Which inspection and view a message is about: only the names are taken from the message, the truth is the ledger's. */
export interface InspectionRef {
  id: string;
  view: string;
  line: string;
  station: string;
}

/** The reference in `msg.inspection`; null where the message carries none. Throws where it is not usable. */
export function inspectionRef(message: Message): InspectionRef | null {
  const found = message.inspection;
  if (found === undefined || found === null) return null;
  if (typeof found !== 'object') throw invalidParameter('msg.inspection', 'an inspection', found);
  const { id, view, line, station } = found as Record<string, unknown>;
  if (!isId(id)) throw invalidParameter('msg.inspection.id', 'the id of an inspection', id);
  const text = (value: unknown, field: string) => {
    if (typeof value !== 'string' || value.length > 200) throw invalidParameter(field, 'a name', value);
    return value;
  };
  return {
    id,
    view: text(view, 'msg.inspection.view'),
    line: text(line, 'msg.inspection.line'),
    station: text(station, 'msg.inspection.station'),
  };
}

/** A value inside a message by its dotted path, own properties only; undefined where there is none. */
export function property(message: Message, path: string): unknown {
  let value: unknown = message;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

const maxFileBytes = 64 * 1024 * 1024;

/**
 * What other nodes produce, as a frame: a Frame, a JPEG/PNG Buffer, `{data, width, height, channels}` (16 bits a sample, little
 * endian, in a Uint16Array or with `bitDepth: 16`), or a path below one of `allowedFolders`. Its exposure instant is now, its arrival, because nobody knows better.
 */
export async function frameFrom(payload: unknown, clock: Clock, allowedFolders: string[]): Promise<Frame> {
  if (payload instanceof Frame) return payload;
  const arrival = { exposedAt: clock.mono(), exposedUtc: clock.utc(), source: 'message', number: 1, settings: {} };
  const unknownSize = { width: null, height: null, channels: null, bitDepth: null };
  if (Buffer.isBuffer(payload)) {
    if (payload.length > maxFileBytes) {
      throw invalidParameter('msg.payload', `an image of at most ${maxFileBytes} bytes`, payload);
    }
    const data = Buffer.from(payload); // a copy: another branch of the flow may go on writing into its own
    return new Frame({ ...arrival, ...unknownSize, data, encoding: sniffEncoding(data) });
  }
  if (typeof payload === 'string') {
    const data = await readAllowedFile(payload, allowedFolders);
    return new Frame({
      ...arrival,
      ...unknownSize,
      data,
      encoding: sniffEncoding(data),
      settings: { file: payload.slice(0, 500) },
    });
  }
  if (typeof payload === 'object' && payload !== null && 'data' in payload) {
    const { data, width, height, channels } = payload as Record<string, unknown>;
    const bytes = ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : data;
    if (!Buffer.isBuffer(bytes)) throw invalidParameter('msg.payload.data', 'a Buffer', data);
    const deep = data instanceof Uint16Array || (payload as Record<string, unknown>).bitDepth === 16;
    const whole = (value: unknown, field: string, most: number) => {
      if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
        throw invalidParameter(`msg.payload.${field}`, `a whole number from 1 to ${most}`, value);
      }
      return value as number;
    };
    return new Frame({
      ...arrival,
      data: Buffer.from(bytes), // a copy: another branch of the flow may go on writing into its own
      encoding: 'raw',
      width: whole(width, 'width', 30_000),
      height: whole(height, 'height', 30_000),
      channels: whole(channels, 'channels', 4),
      bitDepth: deep ? 16 : 8,
    });
  }
  throw invalidParameter('msg.payload', 'an image: a frame, a JPEG or PNG Buffer, raw pixels or a path', payload);
}

async function readAllowedFile(path: string, allowedFolders: string[]): Promise<Buffer> {
  const refused = () =>
    invalidParameter('msg.payload', 'a path below a folder of settings.goodpart.imageFolders', path);
  if (!isAbsolute(path) || path.includes('\0')) throw refused();
  const real = await realpath(path).catch(() => {
    throw invalidParameter('msg.payload', 'the path of a file that exists', path);
  });
  const folders = await Promise.all(allowedFolders.map((folder) => realpath(folder).catch(() => null)));
  const inside = folders.some((folder) => {
    if (folder === null) return false;
    const rest = relative(folder, real);
    return rest !== '' && !rest.startsWith('..') && !isAbsolute(rest);
  });
  if (!inside) throw refused();
  const { size, isFile } = await stat(real).then((about) => ({ size: about.size, isFile: about.isFile() }));
  if (!isFile) throw refused(); // a pipe would never end
  if (size > maxFileBytes) throw invalidParameter('msg.payload', `a file of at most ${maxFileBytes} bytes`, size);
  return readFile(real);
}

/** The reference of a message that must belong to an inspection of this very station. */
export function requireRef(message: Message, owner: { line: string; station: string }): InspectionRef {
  const ref = inspectionRef(message);
  if (ref === null)
    throw invalidParameter('msg.inspection', 'an inspection that a camera or trigger opened', undefined);
  if (ref.line !== owner.line || ref.station !== owner.station) {
    const expected = `an inspection of ${owner.line}/${owner.station}`;
    throw invalidParameter('msg.inspection', expected, `${ref.line}/${ref.station}`);
  }
  return ref;
}
