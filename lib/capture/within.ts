import { GoodpartError } from '../core/errors.ts';
import { settledWithin } from '../process/settled-within.ts';

/** What `work` resolves with, or a rejection with GP_SOURCE_FAILED after `ms`; the work itself goes on. */
export function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  return settledWithin(work, ms, () => {
    return new GoodpartError('GP_SOURCE_FAILED', `The camera took longer than ${Math.round(ms)} ms for ${what}`);
  });
}
