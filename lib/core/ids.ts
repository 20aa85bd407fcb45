import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const idBytes = 16;

/** Random bytes for many ids: asking for those of one takes longer than all else about it. */
const pool = Buffer.alloc(256 * idBytes);
let used = pool.length;

/** An own id: a ULID, 26 characters of Crockford base 32, sorting by creation time. Safe as a file name. Spec: github.com/ulid/spec */
export function newId(now: number = Date.now()): string {
  let time = '';
  for (let value = now, i = 0; i < 10; i++) {
    time = alphabet[value % 32] + time;
    value = Math.floor(value / 32);
  }
  let random = '';
  for (const byte of freshBytes()) random += alphabet[byte % 32];
  return time + random;
}

function freshBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.subarray(used - idBytes, used);
}

export const idPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** True for an id of ours; everything else must never become part of a path. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value);
}

const plainName = /^[A-Za-z0-9_-]*$/;

/**
 * A user's name (line, station, model) as one file name: letters, digits, `-` and `_` stay, everything else becomes
 * `%XX` of its UTF-8 bytes. Injective, so two names never share a folder; never starts with a dot.
 */
export function encodeName(name: string): string {
  if (plainName.test(name)) return name;
  let out = '';
  for (const byte of Buffer.from(name.normalize('NFC'), 'utf8')) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
