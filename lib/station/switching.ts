import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import type { Timer } from './options.ts';
import type { Recipe } from './recipe-schema.ts';

/** Who runs something for a recipe and can have it ready before the recipe takes over, e.g. a node with its model. */
export interface Preparer {
  /** Resolves when the recipe could take over at this instant; rejects with why it cannot. `signal`: nobody waits for it any more. */
  prepare(recipe: Recipe, signal: AbortSignal): Promise<void>;
  /** It may take so long, milliseconds. */
  limitMs: number;
}

interface Job {
  recipe: Recipe;
  /** Aborted with the reason why nobody waits for it any more. */
  abort: AbortController;
}

/**
 * A change of the active recipe without a gap: all who run something for it make it ready first, then it takes over in one step. Of
 * several changes the last one asked for wins, the others are refused. What cannot be made ready changes nothing.
 */
export class Switching {
  readonly #timer: Timer;
  /** With what ends a wait for one that has gone. */
  readonly #preparers = new Map<Preparer, AbortController>();
  #job: Job | null = null;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  /** Asks `preparer` before each switch until the answer is called. */
  register(preparer: Preparer): () => void {
    const gone = new AbortController();
    this.#preparers.set(preparer, gone);
    return () => {
      this.#preparers.delete(preparer);
      gone.abort();
    };
  }

  /** What is being made ready. */
  get preparing(): Recipe | null {
    return this.#job?.recipe ?? null;
  }

  /** Whoever waits for a switch is refused: something else was decided. */
  supersede(by: string): void {
    const job = this.#job;
    this.#job = null;
    job?.abort.abort(refused(job.recipe, `${by} was asked for meanwhile`));
  }

  /**
   * Calls `activate` once all have made `recipe` ready; at once, and returns no promise, where there is nobody to ask. Rejects with
   * GP_SWITCH_FAILED where one cannot, GP_SWITCH_REFUSED where another switch is asked for; `activate` is not called then.
   */
  to(recipe: Recipe, activate: () => Recipe): Recipe | Promise<Recipe> {
    this.supersede(nameOf(recipe));
    if (this.#preparers.size === 0) return activate();
    const job: Job = { recipe, abort: new AbortController() };
    this.#job = job;
    return this.#prepared(job, activate);
  }

  async #prepared(job: Job, activate: () => Recipe): Promise<Recipe> {
    try {
      await Promise.all([...this.#preparers].map(([preparer, gone]) => this.#one(job, preparer, gone.signal)));
    } catch (thrown) {
      const error = asGoodpartError(thrown);
      if (this.#job === job) this.#job = null;
      job.abort.abort(error);
      const known = error.code === 'GP_SWITCH_REFUSED' || error.code === 'GP_SWITCH_FAILED';
      throw known ? error : failed(job.recipe, error.message, error);
    }
    // between the last answer and here somebody else may have decided
    job.abort.signal.throwIfAborted();
    this.#job = null;
    try {
      return activate();
    } catch (error) {
      job.abort.abort(error);
      throw error;
    }
  }

  async #one({ recipe, abort }: Job, preparer: Preparer, gone: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { limitMs } = preparer;
    const cancel = this.#timer(limitMs, () => reject(failed(recipe, `it was not ready within ${limitMs} ms`)));
    const ended = () => reject(abort.signal.reason as Error);
    abort.signal.addEventListener('abort', ended);
    gone.addEventListener('abort', () => resolve());
    try {
      // a preparer that throws at once rejects as well
      Promise.resolve()
        .then(() => preparer.prepare(recipe, abort.signal))
        .then(resolve, reject);
      await promise;
    } finally {
      cancel();
      abort.signal.removeEventListener('abort', ended);
    }
  }
}

export const nameOf = ({ number, version }: { number: number; version: number }) =>
  `recipe ${number} version ${version}`;

export function refused(recipe: { number: number; version: number }, why: string): GoodpartError {
  return new GoodpartError('GP_SWITCH_REFUSED', `No change to ${nameOf(recipe)}: ${why}`);
}

function failed(recipe: Recipe, why: string, cause?: unknown): GoodpartError {
  return new GoodpartError('GP_SWITCH_FAILED', `No change to ${nameOf(recipe)}: ${why}`, { cause });
}
