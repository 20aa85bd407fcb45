import { systemClock } from '../core/clock.ts';
import { GoodpartError } from '../core/errors.ts';
import { decodeScene } from '../imaging/scene-picture.ts';
import { serveChild } from '../process/serve-child.ts';
import { SceneDesk } from './scene-desk.ts';
import { type PictureInfo, packMeasures, type SceneConfig } from './scene-protocol.ts';

/** Process: decodes on libuv's threads, measures on this one, each scene check's pictures in the order in which they came. */
const desks = new Map<string, { desk: SceneDesk; last: Promise<unknown> }>();

serveChild({
  configure: ({ key, config }: { key: string; config: SceneConfig }) => {
    desks.set(key, { desk: new SceneDesk(config), last: Promise.resolve() });
    return undefined;
  },
  forget: ({ key }: { key: string }) => {
    desks.delete(key);
    return undefined;
  },
  measure: async ({ key, info }: { key: string; info: PictureInfo }, [data]: Buffer[]) => {
    const began = systemClock.mono();
    const measures = await inTurn(key, { data, info }, (desk, picture) => desk.measure(picture));
    const { keys, numbers } = packMeasures(measures);
    return { body: { keys, ms: systemClock.mono() - began }, payloads: [numbers] };
  },
  collect: async ({ key, info }: { key: string; info: PictureInfo }, [data]: Buffer[]) => ({
    body: { count: await inTurn(key, { data, info }, (desk, picture) => desk.collect(picture)) },
  }),
  discard: ({ key }: { key: string }) => {
    deskOf(key).desk.forget();
    return undefined;
  },
  learn: ({ key, what }: { key: string; what: 'good' | 'empty' }) => {
    const { desk } = deskOf(key);
    const { frames, ...rest } = what === 'good' ? desk.learnGood() : desk.learnEmpty();
    const packed = frames.map(packMeasures);
    return {
      body: { ...rest, frames: packed.map(({ keys }) => keys) },
      payloads: packed.map(({ numbers }) => numbers),
    };
  },
});

async function inTurn<T>(
  key: string,
  image: Parameters<typeof decodeScene>[0],
  work: (desk: SceneDesk, picture: Awaited<ReturnType<typeof decodeScene>>) => T,
): Promise<T> {
  const entry = deskOf(key);
  const decoding = decodeScene(image);
  const done = Promise.allSettled([entry.last, decoding]).then(async () => work(entry.desk, await decoding));
  entry.last = done.catch(() => {});
  return done;
}

function deskOf(key: string) {
  const found = desks.get(key);
  if (found === undefined) throw new GoodpartError('GP_CHILD_STOPPED', 'The scene check has not been set up yet');
  return found;
}
