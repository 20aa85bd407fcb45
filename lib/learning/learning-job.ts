import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { encodeName, newId } from '../core/ids.ts';
import type { ModelIdentity, Roi } from '../core/inspection.ts';
import { SupervisedChild } from '../process/supervised-child.ts';
import type { LearnedBody, StagedBody } from './learning-protocol.ts';
import type { RegionLimits } from './limits/regions.ts';
import { checkRegions } from './limits/regions.ts';
import type { FalseRejectRate } from './limits/thresholds.ts';

export interface LearningOptions {
  /** Files, folders (the files directly in them) and frames. Of more than `most` pictures an even selection is taken. */
  images: ({ path: string } | { frame: Frame })[];
  /** At most so many pictures; 1000, which is also the limit, where it is not given. */
  most?: number;
  /** `<userDir>/goodpart/models` */
  modelsRoot: string;
  name: string;
  /** Whole number 0..2^32-1; chooses the filters and the folds. Default 1. */
  seed?: number;
  /**
   * True: all pictures share one aspect, which the model's input follows. False: every picture is stretched to 256 x 256.
   * `auto`: a camera's frames keep theirs, and so do files that all have the same one.
   */
  keepAspect: boolean | 'auto';
  /** Regions to propose limits for; their own limits are not looked at. */
  rois?: Roi[];
  /** Wanted shares of good parts above the limits, default 5 % and 1 %. */
  falseRejectRate?: FalseRejectRate;
}

export interface LearningProgress {
  /** `reading`, `projection`, `features`, `fitting`, `writing`, `checking`. */
  stage: string;
  done: number;
  total: number;
}

export interface LearnResult {
  model: ModelIdentity;
  /** Folder of the new version. */
  dir: string;
  images: number;
  skipped: { path: string; reason: string }[];
  /** Cross-fitted: each picture scored by a model that had not seen it. */
  goodScores: number[];
  /** The five good pictures with the highest scores: worth a look, one bad part among them lifts the limits. */
  highest: { path: string; score: number }[];
  median: number;
  warn: number;
  fail: number;
  rois: RegionLimits[];
  seconds: number;
  statement: string;
}

/** More pictures than this need more memory than a Jetson has (z: 400 kB each) and add little. */
export const mostPictures = 1000;
const readersAtOnce = 4;
/** No progress for this long: the child hangs. Decoding the largest picture takes seconds. */
const stalledMs = 180_000;
const abandonedMs = 24 * 60 * 60 * 1000;
const stagingPrefix = '.learning-';

/** One learning run in a child of its own: good pictures in, one model version out, complete or not at all. */
export class LearningJob {
  readonly #options: Required<LearningOptions>;

  /** Throws GP_CONFIG_INVALID for what cannot be learned with. */
  constructor(options: LearningOptions) {
    this.#options = { seed: 1, rois: [], most: mostPictures, falseRejectRate: { warn: 0.05, fail: 0.01 }, ...options };
    const { images, most, name, seed, rois, falseRejectRate } = this.#options;
    const refuse = (field: string, expected: string, received: unknown) => {
      throw invalidParameter(field, expected, received, 'GP_CONFIG_INVALID');
    };
    if (!Array.isArray(images) || images.length === 0) refuse('images', 'at least one picture or folder', images);
    if (typeof name !== 'string' || name.length === 0 || name.length > 64) refuse('name', '1 to 64 characters', name);
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) refuse('seed', 'a whole number 0..4294967295', seed);
    if (!Number.isInteger(most) || most < 1) refuse('most', 'a whole number of pictures', most);
    const { warn, fail } = falseRejectRate;
    if (!(warn > 0 && warn <= 0.5)) refuse('falseRejectRate.warn', 'a share above 0 up to 0.5', warn);
    if (!(fail > 0 && fail <= warn)) refuse('falseRejectRate.fail', 'a share above 0 up to the warn share', fail);
    checkRegions(rois);
  }

  /**
   * Learns and writes `<modelsRoot>/<name>/<next version>`. Rejects with GP_LEARN_FAILED, with GP_CHILD_EXITED where the child
   * was killed, on abort and with what `onProgress` throws; then nothing is left behind.
   */
  async run(onProgress: (progress: LearningProgress) => void = () => {}, signal?: AbortSignal): Promise<LearnResult> {
    const began = performance.now();
    throwIfAborted(signal);
    const { modelsRoot, name } = this.#options;
    const staging = join(modelsRoot, `${stagingPrefix}${newId()}`);
    const child = new SupervisedChild({
      name: `learning ${name}`,
      module: join(__dirname, 'learning-child.js'),
      maxQueuedBytes: 1024 * 1024 * 1024,
    });
    // Its memory is the run: a second start would only answer nonsense. The request that was interrupted says what happened.
    child.on('failure', () => void child.stop().catch(() => {}));
    let stalled: NodeJS.Timeout | undefined;
    const alive = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => {
        child.kill(new GoodpartError('GP_CHILD_DEADLINE', `made no progress for ${stalledMs / 1000} s`));
      }, stalledMs);
    };
    let thrown: { error: unknown } | undefined;
    const report = (progress: LearningProgress) => {
      alive();
      try {
        onProgress(progress);
      } catch (error) {
        thrown ??= { error };
        child.kill(new GoodpartError('GP_LEARN_FAILED', 'was ended: nobody could be told its progress'));
      }
    };
    child.on('event', (type: string, body: unknown) => {
      if (type === 'progress') report(body as LearningProgress);
    });
    const abort = () => child.kill(new GoodpartError('GP_LEARN_FAILED', 'was aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      alive();
      await removeAbandoned(modelsRoot);
      await mkdir(staging, { recursive: true });
      await child.start();
      throwIfAborted(signal);
      const learned = await this.#learn(child, report);
      const written = await this.#write(child, staging, signal);
      return { ...written, ...learned, seconds: (performance.now() - began) / 1000 };
    } catch (error) {
      throwIfAborted(signal);
      throw asGoodpartError(thrown ? thrown.error : error, 'GP_LEARN_FAILED');
    } finally {
      clearTimeout(stalled);
      signal?.removeEventListener('abort', abort);
      await child.stop();
      // What cannot be removed now is removed by a later run; it must not hide why this one failed.
      await rm(staging, { recursive: true, force: true }).catch(() => {});
    }
  }

  async #learn(child: SupervisedChild, report: (progress: LearningProgress) => void): Promise<LearnedBody> {
    const { keepAspect, most, seed, rois, falseRejectRate } = this.#options;
    const sources = await this.#sources(child);
    await ask(child, 'begin', { keepAspect: keepAspect === 'auto' ? await haveOneAspect(child, sources) : keepAspect });
    const pictures = evenly(sources, Math.min(most, mostPictures));
    let next = 0;
    let done = 0;
    const reader = async () => {
      while (next < pictures.length) {
        const index = next++;
        const picture = pictures[index];
        if ('path' in picture) await ask(child, 'file', { index, path: picture.path });
        else {
          const { info, data } = picture.frame;
          const label = String(info.settings.file ?? `frame ${info.number} of ${info.source}`);
          await ask(child, 'frame', { index, label, info }, [data]);
        }
        done += 1;
        report({ stage: 'reading', done, total: pictures.length });
      }
    };
    await Promise.all(Array.from({ length: readersAtOnce }, reader));
    const learned = (await ask(child, 'learn', { seed, rois, falseRejectRate })) as LearnedBody;
    if (pictures === sources) return learned;
    const selection = `An even selection of ${pictures.length} out of ${sources.length} pictures was taken.`;
    return { ...learned, statement: `${learned.statement} ${selection}` };
  }

  /** Folders become their files. */
  async #sources(child: SupervisedChild): Promise<LearningOptions['images']> {
    const sources: LearningOptions['images'] = [];
    for (const image of this.#options.images) {
      if ('frame' in image) {
        sources.push(image);
        continue;
      }
      const { files } = (await ask(child, 'expand', { paths: [image.path] })) as { files: string[] };
      sources.push(...files.map((path) => ({ path })));
    }
    return sources;
  }

  /** The child writes beside the models, complete and synced; the rename makes it one of them. */
  async #write(
    child: SupervisedChild,
    staging: string,
    signal: AbortSignal | undefined,
  ): Promise<{ model: ModelIdentity; dir: string }> {
    const { modelsRoot, name } = this.#options;
    const home = join(modelsRoot, encodeName(name));
    for (let attempt = 0; ; attempt++) {
      const version = String((await highestVersion(home)) + 1);
      const staged = (await ask(child, 'stage', { root: staging, name, version })) as StagedBody;
      throwIfAborted(signal);
      await mkdir(home, { recursive: true });
      const dir = join(home, version);
      try {
        await rename(staged.dir, dir);
        await syncFolder(home);
        return { model: staged.model, dir };
      } catch (error) {
        await rmdir(home).catch(() => {}); // only where it is empty: this run made it
        const taken = ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
        if (!taken || attempt >= 5) throw error;
      }
    }
  }
}

async function ask(child: SupervisedChild, type: string, body: unknown, payloads: Buffer[] = []): Promise<unknown> {
  // Progress is what is watched (stalledMs); a whole run has no deadline.
  const reply = await child.request(type, body, payloads, { deadlineMs: abandonedMs });
  return reply.body;
}

async function haveOneAspect(child: SupervisedChild, sources: LearningOptions['images']): Promise<boolean> {
  const paths = sources.flatMap((source) => ('path' in source ? [source.path] : []));
  return (await ask(child, 'haveOneAspect', { paths })) as boolean;
}

function evenly<T>(list: T[], most: number): T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);
}

async function highestVersion(home: string): Promise<number> {
  const entries = await readdir(home).catch(() => []);
  return Math.max(0, ...entries.filter((entry) => /^[1-9][0-9]*$/.test(entry)).map(Number));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What a run left whose process was killed; a run in progress is younger. */
async function removeAbandoned(modelsRoot: string): Promise<void> {
  const entries = await readdir(modelsRoot).catch(() => []);
  for (const entry of entries.filter((name) => name.startsWith(stagingPrefix))) {
    const path = join(modelsRoot, entry);
    const about = await stat(path).catch(() => undefined);
    if (about && Date.now() - about.mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new GoodpartError('GP_LEARN_FAILED', 'Learning was aborted; nothing was written');
}
