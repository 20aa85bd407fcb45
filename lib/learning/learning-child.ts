import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import { type FrameInfo, sniffEncoding } from '../core/frame.ts';
import { type ImageInput, readImageSize } from '../imaging/decode.ts';
import { serveChild } from '../process/serve-child.ts';
import { identityOf } from '../scoring/model-schema.ts';
import { ModelStore } from '../scoring/model-store.ts';
import { type Learned, learn } from './learn.ts';
import type { BeginBody, LearnBody, LearnedBody, StageBody, StagedBody } from './learning-protocol.ts';
import { type Size, sameAspect } from './pictures/input-size.ts';
import { PictureSet } from './pictures/picture-set.ts';

const largestFile = 512 * 1024 * 1024;
const mostThreads = 4;
const shownHighest = 5;

let pictures = new PictureSet(false);
let learned: Learned | undefined;
let toldAt = 0;

async function tellProgress(stage: string, done: number, total: number): Promise<void> {
  const now = performance.now();
  if (done !== 0 && done !== total && now - toldAt < 100) return;
  toldAt = now;
  parent.tell('progress', { stage, done, total });
  await turn();
}

/** Whatever prevents learning is named as that: a full disk or memory too. */
async function learning<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw asGoodpartError(thrown, 'GP_LEARN_FAILED');
  }
}

const unknownImage = (data: Buffer): ImageInput => ({
  data,
  info: { encoding: sniffEncoding(data), width: null, height: null, channels: null, bitDepth: null },
});

async function loadFile(path: string): Promise<ImageInput> {
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new GoodpartError('GP_LEARN_FAILED', error.code === 'ENOENT' ? 'there is no such file' : error.message);
  });
  if (!about.isFile()) throw new GoodpartError('GP_LEARN_FAILED', 'it is not a file');
  if (about.size > largestFile) throw invalidParameter('file', `at most ${largestFile} bytes`, about.size);
  return unknownImage(await readFile(path));
}

/** A folder stands for the files directly in it, by name; anything else for itself. */
async function expand(path: string): Promise<string[]> {
  const about = await stat(path).catch(() => undefined);
  if (!about?.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'));
  return files.map((entry) => join(path, entry.name)).sort();
}

const parent = serveChild({
  begin: ({ keepAspect }: BeginBody) => {
    pictures = new PictureSet(keepAspect);
    learned = undefined;
    return undefined;
  },
  expand: async ({ paths }: { paths: string[] }) => {
    const files: string[] = [];
    for (const path of paths) files.push(...(await expand(path)));
    return { body: { files } };
  },
  haveOneAspect: async ({ paths }: { paths: string[] }) => {
    const sizes: Size[] = [];
    for (const path of paths) {
      // what cannot be read is told when it is learned from
      const size = await loadFile(path)
        .then(({ data }) => readImageSize(data))
        .catch(() => undefined);
      if (size) sizes.push(size);
    }
    return { body: sizes.every((size) => sameAspect(size, sizes[0])) };
  },
  file: async ({ index, path }: { index: number; path: string }) => {
    await pictures.add(index, path, () => loadFile(path));
    return undefined;
  },
  frame: async ({ index, label, info }: { index: number; label: string; info: FrameInfo }, [data]: Buffer[]) => {
    await pictures.add(index, label, async () => ({ data, info }));
    return undefined;
  },
  learn: async ({ seed, rois, falseRejectRate }: LearnBody) => {
    const usable = pictures.finish();
    const threads = Math.min(mostThreads, availableParallelism());
    learned = await learning(() => learn(usable, { seed, rois, falseRejectRate, threads }, tellProgress));
    const { thresholds, statement, description } = learned;
    const goodScores = description.calibration.scores;
    const byScore = usable.labels.map((path, i) => ({ path, score: goodScores[i] })).sort((a, b) => b.score - a.score);
    const body: LearnedBody = {
      images: usable.pixels.length,
      skipped: usable.skipped,
      goodScores,
      highest: byScore.slice(0, shownHighest),
      median: thresholds.median,
      warn: thresholds.warn.value,
      fail: thresholds.fail.value,
      rois: learned.rois,
      statement,
    };
    return { body };
  },
  stage: async ({ root, name, version }: StageBody) => {
    if (learned === undefined) throw new GoodpartError('GP_PROTOCOL', 'nothing was learned yet');
    const store = new ModelStore(root);
    const createdAt = new Date().toISOString();
    const { description, onnx } = learned;
    const dir = await learning(() => store.add({ ...description, name, version, createdAt }, onnx));
    // Read back as the engine will: what the disk holds is what counts.
    const body: StagedBody = { dir, model: identityOf(await store.read(name, version)) };
    return { body };
  },
});
