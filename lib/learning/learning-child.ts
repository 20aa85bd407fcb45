import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { readImageSize } from '../imaging/decode.ts';
import { serveChild } from '../process/serve-child.ts';
import { fixedInputSize } from './features/backbone.ts';
import { type BackboneLayers, listLayers } from './features/backbone-layers.ts';
import { type Learned, learn } from './learn.ts';
import type { BeginBody, FileBody, FrameBody, LearnBody, StageBody } from './learning-protocol.ts';
import { type Parent, readParent } from './parent.ts';
import { filesIn, loadFile } from './pictures/files.ts';
import { type Size, sameAspect, usualSide } from './pictures/input-size.ts';
import { PictureSet } from './pictures/picture-set.ts';
import { writeVersion } from './write-version.ts';

const mostThreads = 4;

let pictures: PictureSet | undefined;
let parentModel: Parent | undefined;
let backbone: Buffer | undefined;
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

async function readBackbone(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const text = `Expected a readable ONNX file for backbone but received ${path} (${(error as Error).message})`;
    throw new GoodpartError('GP_LEARN_FAILED', text, { field: 'backbone', cause: error });
  }
}

function begun(): PictureSet {
  if (pictures === undefined) throw new GoodpartError('GP_PROTOCOL', 'nothing was begun');
  return pictures;
}

const parent = serveChild({
  expand: async ({ paths }: { paths: string[] }) => {
    const files: string[] = [];
    for (const path of paths) files.push(...(await filesIn(path)));
    return { body: { files } };
  },
  haveOneAspect: async ({ paths }: { paths: string[] }) => {
    const sizes: Size[] = [];
    for (const [i, path] of paths.entries()) {
      await tellProgress('reading sizes', i, paths.length);
      // what cannot be read is told when it is learned from
      const size = await loadFile(path)
        .then(({ data }) => readImageSize(data))
        .catch(() => undefined);
      if (size) sizes.push(size);
    }
    return { body: sizes.every((size) => sameAspect(size, sizes[0])) };
  },
  begin: async ({ keepAspect, side = usualSide, extend, backbone: file }: BeginBody) => {
    parentModel = extend === undefined ? undefined : await readParent(extend);
    backbone = file && (await readBackbone(file.path));
    const fixed = parentModel?.size ?? (backbone && fixedInputSize(backbone)) ?? undefined;
    const window = parentModel && (parentModel.window ?? null);
    pictures = new PictureSet({ keepAspect, side, fixed, channels: parentModel?.channels, window });
    learned = undefined;
    return undefined;
  },
  file: async ({ index, path, about }: FileBody) => {
    await begun().add(index, path, () => loadFile(path), about);
    return undefined;
  },
  frame: async ({ index, label, info, about }: FrameBody, [data]: Buffer[]) => {
    await begun().add(index, label, async () => ({ data, info }), about);
    return undefined;
  },
  learn: async (body: LearnBody) => {
    const threads = Math.min(mostThreads, availableParallelism());
    const set = begun();
    learned = await learning(() => learn({ set, parent: parentModel, backbone, threads }, body, tellProgress));
    return { body: learned.summary };
  },
  stage: async ({ root, name, version }: StageBody) => {
    if (learned === undefined) throw new GoodpartError('GP_PROTOCOL', 'nothing was learned yet');
    const done = learned;
    return { body: await learning(() => writeVersion(done, root, name, version)) };
  },
  layers: async ({ path }: { path: string }): Promise<{ body: BackboneLayers }> => {
    return { body: await learning(async () => listLayers(await readBackbone(path))) };
  },
});
