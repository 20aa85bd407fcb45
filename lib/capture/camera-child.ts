import { GoodpartError } from '../core/errors.ts';
import { serveChild } from '../process/serve-child.ts';
import { CaptureDesk, type CaptureRequest } from './capture-desk.ts';
import { LiveView } from './live-view.ts';
import { createSource, discoverSources } from './registry.ts';
import type { SourceSettings } from './settings.ts';
import type { TakenFrame } from './source.ts';
import type { WatchSettings } from './watchdog.ts';

export interface OpenRequest {
  settings: SourceSettings;
  /** The last frame number that an earlier child delivered. */
  resumeAfter: number;
  watch: WatchSettings;
  maxAgeMs: number | null;
}

let desk: CaptureDesk | undefined;
const liveView = new LiveView();

function opened(): CaptureDesk {
  if (desk === undefined) throw new GoodpartError('GP_SOURCE_FAILED', 'The camera has not been opened');
  return desk;
}

function infoOf({ data: _, ...info }: TakenFrame) {
  return info;
}

const parent = serveChild(
  {
    open: async ({ settings, resumeAfter, watch, maxAgeMs }: OpenRequest) => {
      desk = new CaptureDesk({
        watch,
        maxAgeMs,
        create: async () => liveView.watch(await createSource(settings)),
        send: (frame, cause) =>
          parent.tell('frame', { info: infoOf(frame), cause, counters: opened().counters() }, [frame.data]),
        status: (status) => parent.tell('status', { status, counters: desk?.counters() }),
        stuck: (why) => {
          process.stderr.write(`${why}\n`);
          process.exit(1);
        },
      });
      await desk.open(resumeAfter);
      return { body: { status: desk.status(), error: desk.error?.toJSON() ?? null } };
    },
    capture: async (request: CaptureRequest) => {
      const frame = await opened().capture(request);
      return { body: { info: infoOf(frame), counters: opened().counters() }, payloads: [frame.data] };
    },
    freeRun: ({ intervalMs }: { intervalMs: number | null }) => {
      opened().freeRun(intervalMs);
      return undefined;
    },
    taken: () => {
      opened().taken();
      return undefined;
    },
    counters: () => ({ body: opened().counters() }),
    describe: async () => ({ body: await opened().describe() }),
    live: ({ have }: { have: string | null }) => liveView.look(opened(), have),
    settings: async () => ({ body: await opened().readSettings() }),
    discover: async ({ kind }: { kind: SourceSettings['kind'] }) => ({ body: await discoverSources(kind) }),
  },
  { stop: async () => desk?.close() },
);
