import { sniffEncoding } from '../core/frame.ts';

/** Bytes of a file's end that `endsWhole` wants to see. */
export const tailBytes = 65_536;

const jpegEnd = Buffer.from([0xff, 0xd9]);
const pngEnd = Buffer.from('IEND');

/**
 * Whether the last bytes of a JPEG or PNG hold its end marker: cameras pad and append, so it need not be the very last. Null
 * for what is neither, which nobody can tell from its end. The decoder has the last word.
 */
export function endsWhole(head: Buffer, tail: Buffer): boolean | null {
  switch (sniffEncoding(head)) {
    case 'jpeg':
      return tail.includes(jpegEnd);
    case 'png':
      return tail.includes(pngEnd);
    default:
      return null;
  }
}

/** For an error: what these bytes look like that are no picture. */
export function looksLike(data: Buffer): string {
  if (data.length === 0) return 'nothing';
  const start = data.toString('latin1', 0, 256).trimStart().toLowerCase();
  if (/^(<!doctype html|<html|<head|<body|<!--)/.test(start)) return 'an HTML page';
  if (start.startsWith('<?xml')) return 'an XML document';
  if (start.startsWith('{') || start.startsWith('[')) return 'JSON';
  return `${data.length} bytes that are no JPEG or PNG`;
}
