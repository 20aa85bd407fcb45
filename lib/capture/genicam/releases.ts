import { GoodpartError } from '../../core/errors.ts';

/** A camera that does not answer is not waited for longer; what is left of its release goes on by itself. */
const closeMs = 1_500;
/** libaravis gives up after three times five tries of half a second. */
const releaseMs = 10_000;

/** The release of the camera before: two handles of one camera never overlap, and no more than one release is under way. */
export const Releases = {
  /** Resolves when the camera is released, or is taking longer than a `close` may. */
  async begin(release: Promise<void>): Promise<void> {
    const all = Promise.all([pending, release]).then(
      () => {},
      () => {},
    );
    pending = all;
    if (stuck) return all; // a `close` that does not settle ends this process, and that releases everything
    await within(all, closeMs);
  },

  /** Resolves when nothing is being released; rejects with GP_SOURCE_FAILED after ten seconds. */
  async done(): Promise<void> {
    if (await within(pending, releaseMs)) return;
    stuck = true;
    throw new GoodpartError('GP_SOURCE_FAILED', 'The camera does not let go of the connection before');
  },
};

let pending: Promise<void> = Promise.resolve();
let stuck = false;

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
