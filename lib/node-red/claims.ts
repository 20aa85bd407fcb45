import type { GoodpartError } from '../core/errors.ts';

const held = new Map<string, { by: string; times: number }>();

/**
 * What only one may have: a station's name, a camera's view, a place on an endpoint. Decided at once, before anything is
 * awaited, so that of two nodes that start together only one gets it. The answer gives it back. Throws what `refused`
 * makes where somebody else has it.
 */
export function claim(what: string, by: string, refused: () => GoodpartError): () => void {
  const known = held.get(what) ?? { by, times: 0 };
  if (known.by !== by) throw refused();
  known.times += 1;
  held.set(what, known);
  let mine = true;
  return () => {
    if (!mine) return;
    mine = false;
    known.times -= 1;
    if (known.times === 0) held.delete(what);
  };
}
