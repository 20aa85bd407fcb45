import { join } from 'node:path';
import { GoodpartError } from '../../core/errors.ts';
import { SupervisedChild } from '../../process/supervised-child.ts';
import type { PickCounts, PickedFrame } from './frame-picker.ts';

export type { PickCounts, PickedFrame } from './frame-picker.ts';

export interface FramesRequest {
  /** Absolute path of a video file. */
  video: string;
  /** Where the pictures are written: an existing folder. */
  folder: string;
  /** One picture for each of these intervals at the most, milliseconds. */
  everyMs: number;
  /** Pictures in all at the most. */
  most: number;
}

export interface FramesResult {
  frames: PickedFrame[];
  counts: PickCounts;
  width: number;
  height: number;
}

export interface FramesProgress {
  /** Place in the video. */
  atMs: number;
  counts: PickCounts;
}

export interface FramesOptions {
  signal?: AbortSignal;
  onProgress?: (progress: FramesProgress) => void;
}

const longestMs = 24 * 3_600_000;

/**
 * Good frames of a video as JPEG files, for learning: blurred ones (by the clip's own focus) and such as show what the last one did
 * are left out and counted. Runs in a child of its own. Rejects with GP_SOURCE_FAILED naming what is wrong with the video or
 * what to install.
 */
export async function framesFromVideo(
  request: FramesRequest,
  { signal, onProgress }: FramesOptions = {},
): Promise<FramesResult> {
  const child = new SupervisedChild({ name: 'video frames', module: join(__dirname, 'frames-child.js') });
  child.on('event', (type: string, body: unknown) => {
    if (type === 'progress') onProgress?.(body as FramesProgress);
  });
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(new GoodpartError('GP_SOURCE_FAILED', 'Interrupted'));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    await child.start();
    const answer = child.request('choose', request, [], { deadlineMs: longestMs });
    answer.catch(() => {}); // after an interrupt nobody waits for it
    return (await Promise.race([answer, aborted])).body as FramesResult;
  } finally {
    await child.stop();
  }
}
