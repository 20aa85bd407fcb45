import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { serveChild } from '../process/serve-child.ts';
import type { DispositionLine } from './disposition.ts';
import type { EvidencePolicy } from './policy.ts';
import type { EvidenceRecord, PictureRole } from './record.ts';
import type { RefusalRecord } from './refusal.ts';
import { type DrawRequest, type EncodeRequest, renderDrawing, renderFrame, type SentView } from './render.ts';
import { Store } from './store.ts';

/** Beyond this much in progress, pictures of what did not fail are left out at once. */
const busyBytes = 128 * 1024 * 1024;
const mostDrawings = 8;

const stores = new Map<string, Store>();
let bytesInProgress = 0;
let drawings = 0;
let drawing: Promise<unknown> = Promise.resolve();

function storeOf(key: string): Store {
  const store = stores.get(key);
  if (store === undefined) throw new GoodpartError('GP_INTERNAL', 'This evidence store is not open');
  return store;
}

async function write(o: { key: string; record: EvidenceRecord; views: SentView[] }, payloads: Buffer[]) {
  const store = storeOf(o.key);
  const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
  let { record } = o;
  if (record.pictures.state === 'kept' && record.verdict !== 'fail' && bytesInProgress + bytes > busyBytes) {
    record = { ...record, pictures: { state: 'dropped', detail: 'too much was waiting' } };
  }
  bytesInProgress += bytes;
  try {
    return { body: { ...(await store.write(record, o.views, payloads)), stats: store.stats() } };
  } finally {
    bytesInProgress -= bytes;
  }
}

/** One after another: drawing must leave threads for writing. */
async function draw(render: () => Promise<Buffer>) {
  if (drawings >= mostDrawings) throw new GoodpartError('GP_CHILD_BUSY', `${drawings} pictures are being drawn`);
  drawings += 1;
  const work = drawing.then(render);
  drawing = work.catch(() => {});
  try {
    return { payloads: [await work] };
  } finally {
    drawings -= 1;
  }
}

const parent = serveChild(
  {
    open: async ({ key, dir, policy }: { key: string; dir: string; policy: EvidencePolicy }) => {
      await stores.get(key)?.close();
      stores.delete(key);
      const store = new Store({ dir, policy, onState: (state) => parent.tell('state', { key, state }) });
      try {
        await store.open();
      } catch (thrown) {
        const { message } = asGoodpartError(thrown);
        throw new GoodpartError('GP_EVIDENCE_LOST', `The evidence folder cannot be used: ${message}`, { field: 'dir' });
      }
      stores.set(key, store);
      return { body: { state: store.state(), stats: store.stats() } };
    },
    close: async ({ key }: { key: string }) => {
      await stores.get(key)?.close();
      stores.delete(key);
      return undefined;
    },
    write,
    refusals: async ({ key, lines }: { key: string; lines: RefusalRecord[] }) => {
      try {
        await storeOf(key).refusals.append(lines);
      } catch (thrown) {
        throw new GoodpartError('GP_EVIDENCE_LOST', asGoodpartError(thrown).message, { cause: thrown });
      }
      return { body: [] };
    },
    dispositions: async ({ key, lines }: { key: string; lines: DispositionLine[] }) => ({
      body: await storeOf(key).addDispositions(lines),
    }),
    listRefusals: async ({ key, limit }: { key: string; limit: number }) => ({
      body: await storeOf(key).refusals.newest(limit),
    }),
    stats: ({ key }: { key: string }) => ({ body: { stats: storeOf(key).stats(), state: storeOf(key).state() } }),
    list: async ({ key, limit, before }: { key: string; limit: number; before?: number }) => ({
      body: await storeOf(key).list(limit, before),
    }),
    picture: async ({ key, id, role, view }: { key: string; id: string; role: PictureRole; view: number }) => {
      const found = await storeOf(key).picture(id, role, view);
      if (found === null || found === 'expired') return { body: { state: found ?? 'none' } };
      return { body: { state: 'found', type: found.type }, payloads: [found.data] };
    },
    draw: (request: DrawRequest, payloads: Buffer[]) => draw(() => renderDrawing(request, payloads)),
    encode: (request: EncodeRequest, payloads: Buffer[]) => draw(() => renderFrame(request, payloads)),
  },
  {
    stop: async () => {
      for (const store of stores.values()) await store.close();
    },
  },
);
