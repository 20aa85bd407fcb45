import { GoodpartError } from '../core/errors.ts';

/** What `work` resolves with, or a rejection with GP_SOURCE_FAILED after `ms`; the work itself goes on. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new GoodpartError('GP_SOURCE_FAILED', `The camera took longer than ${Math.round(ms)} ms for ${what}`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
