import { crc32 } from 'node:zlib';
import type { EvidenceRecord } from './record.ts';

const head = '{"check":"';
const middle = '","record":';
const start = head.length + 8 + middle.length;

/** One line of a journal: `{"check":"<crc32 of the record's text, 8 hex digits>","record":{…}}` and a line feed. */
export function encodeLine(record: object): Buffer {
  const text = JSON.stringify(record);
  return Buffer.from(`${head}${checkOf(Buffer.from(text))}${middle}${text}}\n`);
}

/** The record of a line (without its line feed), or undefined where a single bit of it is not as it was written. */
export function decodeLine<T = EvidenceRecord>(line: Buffer): T | undefined {
  if (line.length <= start + 1 || line[line.length - 1] !== 0x7d) return undefined;
  if (line.toString('latin1', 0, head.length) !== head) return undefined;
  if (line.toString('latin1', head.length + 8, start) !== middle) return undefined;
  const text = line.subarray(start, -1);
  if (line.toString('latin1', head.length, head.length + 8) !== checkOf(text)) return undefined;
  try {
    return JSON.parse(text.toString('utf8')) as T;
  } catch {
    return undefined;
  }
}

function checkOf(text: Buffer): string {
  return crc32(text).toString(16).padStart(8, '0');
}

export interface ReadLine<T = EvidenceRecord> {
  record: T | undefined;
  offset: number;
  /** With the line feed. */
  length: number;
}

/** All lines of a segment; the last one may lack its line feed, and is then not a record. */
export function* linesOf<T = EvidenceRecord>(data: Buffer): Generator<ReadLine<T>> {
  let offset = 0;
  while (offset < data.length) {
    const end = data.indexOf(0x0a, offset);
    if (end < 0) {
      yield { record: undefined, offset, length: data.length - offset };
      return;
    }
    yield { record: decodeLine<T>(data.subarray(offset, end)), offset, length: end + 1 - offset };
    offset = end + 1;
  }
}
