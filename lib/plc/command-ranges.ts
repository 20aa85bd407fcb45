import { commandStart } from './registers.ts';
import { maxTextBytes } from './tag-table.ts';

/** Registers of the command block whose values have an upper limit, as offsets from register 200. */
const limits: ReadonlyMap<number, number> = new Map([
  [207 - commandStart, 5], // DispositionCode
  [208 - commandStart, maxTextBytes], // PartIdLength
]);

/** Whether these words, written from `offset` (0 = register 200), are values that the command block may hold. */
export function wordsInRange(offset: number, words: ArrayLike<number>): boolean {
  for (const [at, limit] of limits) {
    if (at >= offset && at < offset + words.length && words[at - offset] > limit) return false;
  }
  return true;
}

/** Whether this part id fits: a longer one is refused, never cut, because it would name another part. */
export function partIdInRange(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') <= maxTextBytes;
}
