/** First and last register, both included. */
export type Span = readonly [first: number, last: number];

/** More registers than that do not fit into one FC16. */
export const maxWriteRegisters = 123;

const heartbeat = 4;
const sequence = 22;
const age = 38;
const status: Span = [0, 21];
/** The first holds SequenceAgain (77): from the first write of a new result on, 22 and 77 differ until Sequence is written. */
const payload: readonly Span[] = [
  [23, 145],
  [146, 163],
  [300, 339],
];

function changed(before: Uint16Array, now: Uint16Array, [first, last]: Span): Span | undefined {
  let from = first;
  while (from <= last && before[from] === now[from]) from += 1;
  if (from > last) return undefined;
  let to = last;
  while (before[to] === now[to]) to -= 1;
  return [from, to];
}

/**
 * What to write, in this order, to bring a block from what the PLC holds (`before`; undefined = unknown) to `now`, in chunks that fit
 * into one FC16. A new result: payload, status, then Sequence by itself. Else only what changed; the age moves with the heartbeat, and
 * where it does not, `now` gets the age that the PLC holds.
 */
export function spansToWrite(before: Uint16Array | undefined, now: Uint16Array): Span[] {
  if (before === undefined) return [...payload, status, [sequence, sequence]];
  if (before[sequence] !== now[sequence]) {
    const [result, ...more] = payload;
    const others = more.filter((span) => changed(before, now, span) !== undefined);
    return [result, ...others, status, [sequence, sequence]];
  }
  if (before[heartbeat] === now[heartbeat]) now[age] = before[age];
  const spans = payload.map((span) => changed(before, now, span)).filter((span) => span !== undefined);
  return changed(before, now, status) === undefined ? spans : [...spans, status];
}
