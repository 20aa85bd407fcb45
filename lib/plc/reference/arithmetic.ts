const ticks = 2 ** 31;

/**
 * Milliseconds of the PLC's counter from `since` to `now`, both 0..2^31-1. A counter of 32 bits (CODESYS `TIME()`) and one of 31 bits
 * (TIA `TIME_TCK()`) come to the same once taken modulo 2^31. No step leaves the range of a UDINT.
 */
export function elapsed(now: number, since: number): number {
  return now >= since ? now - since : ticks - since + now;
}

/** The counter as the blocks use it, 0..2^31-1. */
export function ticksOf(nowMs: number): number {
  return nowMs % ticks;
}

/** The number after this one on the circle 1..65535; after 0 (none yet) comes 1. */
export function nextNumber(number: number): number {
  return number >= 65535 ? 1 : number + 1;
}

/** Steps from one number to another on the circle 1..65535; from 0 (none yet) it is `to` itself. */
export function stepsAhead(from: number, to: number): number {
  return to >= from ? to - from : 65535 - from + to;
}

/** Which of two numbers of the circle was given out later; 0 is none. */
export function laterNumber(a: number, b: number): number {
  if (a === 0) return b;
  if (b === 0) return a;
  return stepsAhead(a, b) < 32768 ? b : a;
}

/** True where a version counter 0..65535 has come to `wanted` or beyond. */
export function reached(version: number, wanted: number): boolean {
  return (version + 65536 - wanted) % 65536 < 32768;
}
