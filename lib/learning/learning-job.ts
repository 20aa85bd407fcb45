import { join } from 'node:path';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { SupervisedChild } from '../process/supervised-child.ts';
import type {
  BeginBody,
  LearnBody,
  LearnedBody,
  LearningProgress,
  LearnResult,
  StageBody,
  StagedBody,
} from './learning-protocol.ts';
import {
  type CheckedOptions,
  checkOptions,
  type LearningOptions,
  mostPictures,
  type PictureSource,
} from './options.ts';
import { Staging } from './staging.ts';

export type { LearningProgress, LearnResult } from './learning-protocol.ts';
export { type LearningOptions, mostPictures } from './options.ts';

const readersAtOnce = 4;
/** No progress for this long: the child hangs. Decoding the largest picture takes seconds. */
const stalledMs = 180_000;
const longestMs = 24 * 60 * 60 * 1000;

/** One learning run in a child of its own: good pictures in, one model version out, complete or not at all. */
export class LearningJob {
  readonly #options: CheckedOptions;

  /** Throws GP_CONFIG_INVALID for what cannot be learned with. */
  constructor(options: LearningOptions) {
    this.#options = checkOptions(options);
  }

  /**
   * Learns and writes `<modelsRoot>/<name>/<next version>`. Rejects with GP_LEARN_FAILED, with GP_CHILD_EXITED where the child
   * was killed, on abort and with what `onProgress` throws; then nothing is left behind.
   */
  async run(onProgress: (progress: LearningProgress) => void = () => {}, signal?: AbortSignal): Promise<LearnResult> {
    const began = performance.now();
    throwIfAborted(signal);
    const { modelsRoot, name } = this.#options;
    const child = new SupervisedChild({
      name: `learning ${name}`,
      module: join(__dirname, 'learning-child.js'),
      // stations may be at work on the same machine
      niceness: 10,
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
    let staging: Staging | undefined;
    try {
      alive();
      staging = await Staging.open(modelsRoot);
      const root = staging.dir;
      await child.start();
      throwIfAborted(signal);
      const learned = await this.#learn(child, report);
      const { dir, written } = await staging.publish(name, async (version) => {
        const staged = (await ask(child, 'stage', { root, name, version } satisfies StageBody)) as StagedBody;
        throwIfAborted(signal);
        return { dir: staged.dir, written: staged.model };
      });
      return { model: written, dir, ...learned, seconds: (performance.now() - began) / 1000 };
    } catch (error) {
      throwIfAborted(signal);
      throw asGoodpartError(thrown ? thrown.error : error, 'GP_LEARN_FAILED');
    } finally {
      clearTimeout(stalled);
      signal?.removeEventListener('abort', abort);
      await child.stop();
      await staging?.remove();
    }
  }

  async #learn(child: SupervisedChild, report: (progress: LearningProgress) => void): Promise<LearnedBody> {
    const { keepAspect, most, size, extend, features, backbone } = this.#options;
    const sources = await this.#sources(child);
    const pictures = evenly(sources, Math.min(most, mostPictures));
    const begin: BeginBody = {
      keepAspect: keepAspect === 'auto' ? await haveOneAspect(child, pictures) : keepAspect,
      side: size,
      extend,
      backbone: features === 'backbone' ? backbone : undefined,
    };
    await ask(child, 'begin', begin);
    let next = 0;
    let done = 0;
    const reader = async () => {
      while (next < pictures.length) {
        const index = next++;
        const { shift, lot, nest, ...picture } = pictures[index];
        const about = { shift, lot, nest };
        if ('path' in picture) await ask(child, 'file', { index, path: picture.path, about });
        else {
          const { info, data } = picture.frame;
          const label = String(info.settings.file ?? `frame ${info.number} of ${info.source}`);
          await ask(child, 'frame', { index, label, info, about }, [data]);
        }
        done += 1;
        report({ stage: 'reading', done, total: pictures.length });
      }
    };
    await Promise.all(Array.from({ length: readersAtOnce }, reader));
    const { images, modelsRoot, ...rest } = this.#options;
    const learned = (await ask(child, 'learn', rest satisfies LearnBody)) as LearnedBody;
    if (pictures === sources) return learned;
    const selection = `An even selection of ${pictures.length} out of ${sources.length} pictures was taken.`;
    return { ...learned, statement: `${learned.statement} ${selection}` };
  }

  /** Folders become their files. */
  async #sources(child: SupervisedChild): Promise<PictureSource[]> {
    const sources: PictureSource[] = [];
    for (const image of this.#options.images) {
      if ('frame' in image) {
        sources.push(image);
        continue;
      }
      const { files } = (await ask(child, 'expand', { paths: [image.path] })) as { files: string[] };
      sources.push(...files.map((path) => ({ ...image, path })));
    }
    return sources;
  }
}

async function ask(child: SupervisedChild, type: string, body: unknown, payloads: Buffer[] = []): Promise<unknown> {
  // Progress is what is watched (stalledMs); a whole run has no deadline.
  const reply = await child.request(type, body, payloads, { deadlineMs: longestMs });
  return reply.body;
}

async function haveOneAspect(child: SupervisedChild, sources: PictureSource[]): Promise<boolean> {
  const paths = sources.flatMap((source) => ('path' in source ? [source.path] : []));
  return (await ask(child, 'haveOneAspect', { paths })) as boolean;
}

function evenly<T>(list: T[], most: number): T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new GoodpartError('GP_LEARN_FAILED', 'Learning was aborted; nothing was written');
}
