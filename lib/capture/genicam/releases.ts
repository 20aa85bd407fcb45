import { GoodpartError } from '../../core/errors.ts';

export interface ReleaseLimits {
  /** A camera that does not answer is not waited for longer; what is left of its release goes on by itself. */
  closeMs: number;
  /** After which a connection counts as stuck. */
  releaseMs: number;
}

/** The release of the camera before: two handles of one camera never overlap, and no more than one release is under way. */
export class Releases {
  readonly #limits: ReleaseLimits;
  #pending: Promise<void> = Promise.resolve();
  #stuck = false;

  constructor(limits: ReleaseLimits) {
    this.#limits = limits;
  }

  /** Resolves when the camera is released, or is taking longer than a `close` may. */
  async begin(release: Promise<void>): Promise<void> {
    const all = Promise.allSettled([this.#pending, release]).then(() => {});
    this.#pending = all;
    // a `close` that does not settle ends this process, and that releases everything
    if (this.#stuck) await all;
    else await within(all, this.#limits.closeMs);
  }

  /** Resolves when nothing is being released; rejects with GP_SOURCE_FAILED where that takes too long. */
  async done(): Promise<void> {
    this.#stuck = !(await within(this.#pending, this.#limits.releaseMs));
    if (!this.#stuck) return;
    throw new GoodpartError('GP_SOURCE_FAILED', 'The camera does not let go of the connection before');
  }
}

/** Whether it resolved in time. */
async function within(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
