import type { Verdict } from '../core/inspection.ts';
import type { EvidencePolicy } from './policy.ts';

/** The pictures of one inspection. */
export interface Shelved {
  id: string;
  bytes: number;
}

/** Oldest first, per verdict. */
export type Shelves<T extends Shelved> = Record<Verdict, T[]>;

/** What goes first when room is needed. Fails are not in it: nothing unreviewed that failed makes room for anything. */
const firstToGo = ['pass', 'invalid', 'warn'] as const;

/** The next inspection whose pictures may go for one of this verdict: never one that matters more than itself. */
export function victimFor<T extends Shelved>(shelves: Shelves<T>, incoming: Verdict): T | undefined {
  for (const verdict of firstToGo) {
    const oldest = shelves[verdict][0];
    if (oldest !== undefined) return oldest;
    if (verdict === incoming) return undefined;
  }
  return undefined;
}

export function bytesOf(shelf: readonly Shelved[]): number {
  return shelf.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Running totals, so that nobody adds up a hundred thousand entries for each new picture. */
export type Totals = Record<Verdict, { count: number; bytes: number }>;

/**
 * Which pictures must go so that `bytes` more of this verdict fit the policy; null where they do not fit whatever goes.
 * A class's own limit replaces its oldest by the new one, fails too where someone has set a limit for them; the limit of
 * all together takes passes first, then invalids, then warns, and never fails.
 */
export function makeRoom<T extends Shelved>(
  shelves: Shelves<T>,
  totals: Totals,
  policy: Pick<EvidencePolicy, Verdict | 'maxBytes'>,
  incoming: Verdict,
  bytes: number,
): T[] | null {
  const { maxCount, maxBytes } = policy[incoming];
  if (maxCount === 0 || (maxBytes !== null && bytes > maxBytes) || bytes > policy.maxBytes) return null;
  const gone: T[] = [];
  const taken: Record<Verdict, number> = { pass: 0, invalid: 0, warn: 0, fail: 0 };
  let { count, bytes: ownBytes } = totals[incoming];
  let all = totals.pass.bytes + totals.invalid.bytes + totals.warn.bytes + totals.fail.bytes;
  const take = (verdict: Verdict) => {
    const victim = shelves[verdict][taken[verdict]++];
    gone.push(victim);
    all -= victim.bytes;
    return victim;
  };
  while ((maxCount !== null && count + 1 > maxCount) || (maxBytes !== null && ownBytes + bytes > maxBytes)) {
    // what is on its way counts and cannot go
    if (shelves[incoming].length <= taken[incoming]) return null;
    const victim = take(incoming);
    count -= 1;
    ownBytes -= victim.bytes;
  }
  while (all + bytes > policy.maxBytes) {
    const last = firstToGo.indexOf(incoming as (typeof firstToGo)[number]);
    const may = last < 0 ? firstToGo : firstToGo.slice(0, last + 1);
    const verdict = may.find((candidate) => shelves[candidate].length > taken[candidate]);
    if (verdict === undefined) return null;
    take(verdict);
  }
  return gone;
}
