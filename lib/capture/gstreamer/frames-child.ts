import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import { encodeJpeg } from '../../imaging/encode.ts';
import { type ChildSide, serveChild } from '../../process/serve-child.ts';
import { parseCaps, type StreamFormat, withoutPadding } from './caps.ts';
import { installedElements, requireElements } from './elements.ts';
import { FramePicker } from './frame-picker.ts';
import { halved, measure } from './frame-selection.ts';
import { type GdpBuffer, GdpReader } from './gdp.ts';
import { type End, Launch } from './launch.ts';
import { buildPipeline } from './pipeline.ts';
import { gstreamerSettingsSchema } from './settings.ts';
import { explained } from './trouble.ts';
import type { FramesRequest, FramesResult } from './video-frames.ts';

/** Frames looked at for each one that is wanted: the sharpest of them is taken. */
const tries = 4;
const quality = 95;
const tellEveryMs = 500;

/** Video in, chosen frames out: everything that decodes, measures and encodes pictures happens in this process. */
async function choose({ video, folder, everyMs, most }: FramesRequest, parent: ChildSide): Promise<FramesResult> {
  const settings = gstreamerSettingsSchema.parse({ kind: 'gstreamer', input: 'file', path: video, loop: false });
  const installed = await installedElements();
  const mostPerSecond = Math.min(30, Math.max(1, Math.ceil((tries * 1000) / everyMs)));
  const pipeline = buildPipeline(settings, { has: (element) => installed.has(element), mostPerSecond });
  requireElements(pipeline.elements, installed);

  let format: StreamFormat | null = null;
  const picker = new FramePicker({
    folder,
    everyMs,
    most,
    encode: (data) => encodeJpeg({ data, info: { ...sizeOf(format), encoding: 'raw' } }, { quality }),
  });
  const waiting: GdpBuffer[] = [];
  let work: Promise<void> | null = null;
  let told = 0;
  let failure: GoodpartError | null = null;
  const fail = (thrown: unknown) => {
    failure ??= asGoodpartError(thrown, 'GP_SOURCE_FAILED');
    waiting.length = 0;
    stop();
  };
  const look = async () => {
    for (let buffer = waiting.shift(); buffer !== undefined; buffer = waiting.shift()) {
      if (format === null || buffer.pts === null) continue;
      const { width, height } = sizeOf(format);
      const pixels = withoutPadding(buffer.data, format);
      const atMs = Number(buffer.pts) / 1e6;
      await picker.offer({ pixels, atMs, ...measure(halved(pixels, width, height)) });
      if (performance.now() - told > tellEveryMs) {
        told = performance.now();
        parent.tell('progress', { atMs, counts: picker.counts });
      }
    }
  };
  const next = () => {
    if (work !== null) return;
    work = look()
      .catch(fail)
      .finally(() => {
        work = null;
        launch.resume();
      });
  };
  const reader = new GdpReader({
    caps: (caps) => {
      format = parseCaps(caps);
    },
    buffer: (buffer) => {
      waiting.push(buffer);
      launch.pause();
      next();
    },
  });
  const { promise: over, resolve } = Promise.withResolvers<End>();
  const launch = new Launch({
    tokens: pipeline.tokens,
    redact: (line) => line,
    base: () => {},
    data: (chunk) => {
      try {
        if (failure === null) reader.push(chunk);
      } catch (thrown) {
        fail(thrown);
      }
    },
    ended: resolve,
  });
  const stop = () => {
    launch.stop().catch(() => {});
  };
  const { code } = await over;
  while (work !== null) await work;
  if (failure !== null) throw failure;
  if (code !== 0 || format === null) {
    const why = explained(launch.complaint(), settings);
    throw new GoodpartError('GP_SOURCE_FAILED', `The video could not be read${why ? `: ${why}` : ''}`, {
      field: 'video',
    });
  }
  const { width, height } = sizeOf(format);
  return { frames: await picker.finish(), counts: picker.counts, width, height };
}

function sizeOf(format: StreamFormat | null) {
  const { width, height, channels, bitDepth } = format ?? { width: 0, height: 0, channels: 3, bitDepth: 8 };
  return { width: width ?? 0, height: height ?? 0, channels, bitDepth };
}

const parent = serveChild({
  choose: async (request: FramesRequest) => ({ body: await choose(request, parent) }),
});
