import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { framesFromVideo, type PickCounts } from '../capture/gstreamer/video-frames.ts';
import { GoodpartError } from '../core/errors.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given } from './command.ts';
import { OutputFolder } from './output-folder.ts';
import { ProgressBar } from './progress.ts';

const usage = `goodpart frames --video FILE --out DIR [options]

Good frames of a video (an hour of phone video, say) as pictures to learn from. Of each interval the
sharpest frame is taken; blurred ones, by the clip's own focus, and such as show what the last one
did are left out, counted and told. Look through them: what a frame shows is taken for good.

  --video FILE             any video that GStreamer reads; stored upright, as the phone says
  --out DIR                new or empty folder for the pictures
  --every MS               one frame for each interval at the most; default 500
  --most N                 frames in all at the most, spread over the clip; default 300
  --json                   one JSON object: files[] with the place in the video, counts

${exitCodesHelp}
Here "no" means that not one good frame was found.`;

export const framesCommand: CommandSpec = {
  name: 'frames',
  usage,
  options: {
    video: { type: 'string' },
    out: { type: 'string' },
    every: { type: 'string' },
    most: { type: 'string' },
  },
  run,
};

async function run(given: Given, signal: AbortSignal): Promise<Answer> {
  const video = resolve(given.needed('video', 'a video file'));
  const dir = resolve(given.needed('out', 'a new or empty folder'));
  const everyMs = given.whole('every', 20, 3_600_000) ?? 500;
  const most = given.whole('most', 1, 100_000) ?? 300;
  await access(video, constants.R_OK).catch((cause) => {
    const text = `Expected a video file that can be read for --video but received ${JSON.stringify(video)}`;
    throw new GoodpartError('GP_INPUT_INVALID', text, { field: 'video', cause });
  });
  const output = await OutputFolder.open(dir);
  const bar = new ProgressBar();
  try {
    const request = { video, folder: output.staging, everyMs, most };
    const { frames, counts, width, height } = await framesFromVideo(request, {
      signal,
      onProgress: ({ atMs, counts: { kept } }) => bar.show(`${clock(atMs)} seen`, Math.min(kept, most), most),
    });
    signal.throwIfAborted();
    await output.publish(output.staging);
    const files = frames.map(({ file, atMs, focus }) => ({ file, atMs, focus: Math.round(focus * 100) / 100 }));
    return {
      json: { ok: files.length > 0, video, out: dir, width, height, counts, files },
      text: asText(dir, counts, width, height),
      code: files.length > 0 ? exitCodes.done : exitCodes.no,
    };
  } catch (thrown) {
    await output.discard();
    throw thrown;
  } finally {
    bar.end();
  }
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function asText(dir: string, counts: PickCounts, width: number, height: number): string {
  const { seen, kept, lessSharp, repeated, blurred, surplus } = counts;
  return [
    `${kept} good frames of ${width} x ${height} in ${dir}`,
    '',
    `${seen} frames were looked at. Left out:`,
    `  ${lessSharp} less sharp than another of the same interval`,
    `  ${repeated} that show what the one before shows`,
    `  ${blurred} blurred`,
    `  ${surplus} more than were wanted (--most)`,
  ].join('\n');
}
