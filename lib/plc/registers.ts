import { type Tag, tagTable } from './tag-table.ts';
import type { TagValues } from './tag-values.ts';

/** Order of the bytes of 32-bit values over two registers; ABCD is most significant first. */
export type WordOrder = 'ABCD' | 'CDAB' | 'BADC' | 'DCBA';
export const wordOrders = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const satisfies readonly WordOrder[];

/** Which character of a text comes in the high byte of its register: the first, or the second. */
export type TextOrder = 'high' | 'low';

export const blockLength = 340;
/** Registers from one station's block to the next. */
export const slotSpan = 1000;
export const commandStart = 200;
export const commandLength = 41;
/** Where the part id begins in the command block. */
export const commandTextStart = 9;
/** Register ranges that exist in a station's block, both ends inclusive. */
export const readableRanges: readonly (readonly [number, number])[] = [
  [0, 163],
  [200, 240],
  [300, 339],
];

/** 0..65535; what is not a number is 0, what is too large saturates. */
export function clampU16(value: number): number {
  return Number.isFinite(value) ? Math.min(65535, Math.max(0, Math.trunc(value))) : value > 0 ? 65535 : 0;
}

/** Counters wrap as a PLC's double word does. */
export function wrapU32(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.trunc(value) % 2 ** 32 : 0;
}

/** NaN and infinities never reach the wire: -1.0 says "not valid". */
export function safeF32(value: number | null): number {
  if (value === null || Number.isNaN(value)) return -1;
  const rounded = Math.fround(value);
  return Number.isFinite(rounded) ? rounded : -1;
}

/** Severity in thousandths, 0..65534; 65535 is "not valid". */
export function thousandths(value: number | null): number {
  if (value === null || !Number.isFinite(value)) return 65535;
  return Math.min(65534, Math.max(0, Math.round(value * 1000)));
}

export function swapBytes(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}

function pair(high: number, low: number, order: WordOrder): [number, number] {
  switch (order) {
    case 'ABCD':
      return [high, low];
    case 'CDAB':
      return [low, high];
    case 'BADC':
      return [swapBytes(high), swapBytes(low)];
    case 'DCBA':
      return [swapBytes(low), swapBytes(high)];
  }
}

export function packBits(bits: readonly boolean[]): number {
  return bits.reduce((word, bit, index) => (bit ? word | (1 << index) : word), 0);
}

const scratch = Buffer.alloc(4);

/** A station's whole block of 340 registers from one consistent set of values. */
export function encodeRegisters(values: TagValues, order: WordOrder = 'ABCD', text: TextOrder = 'high'): Uint16Array {
  const out = new Uint16Array(blockLength);
  for (const tag of tagTable) {
    const value = tag.value(values);
    if (tag.count === 1) encodeOne(out, tag, tag.address, value as Scalar, order, text);
    else {
      const list = value as readonly Scalar[];
      for (let i = 0; i < tag.count; i++) encodeOne(out, tag, tag.address + i * tag.stride, list[i], order, text);
    }
  }
  return out;
}

type Scalar = number | null | readonly boolean[] | Buffer;

function encodeOne(out: Uint16Array, tag: Tag, at: number, value: Scalar, order: WordOrder, text: TextOrder): void {
  switch (tag.type) {
    case 'u16':
      out[at] = clampU16(value as number);
      return;
    case 'bits':
      out[at] = packBits(value as readonly boolean[]);
      return;
    case 'x1000':
      out[at] = thousandths(value as number | null);
      return;
    case 'u32':
      scratch.writeUInt32BE(wrapU32(value as number));
      break;
    case 'f32':
      scratch.writeFloatBE(safeF32(value as number | null));
      break;
    case 'text': {
      const bytes = value as Buffer;
      for (let i = 0; i < 32; i++) {
        const word = ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0);
        out[at + i] = text === 'high' ? word : swapBytes(word);
      }
      return;
    }
  }
  [out[at], out[at + 1]] = pair(scratch.readUInt16BE(0), scratch.readUInt16BE(2), order);
}
