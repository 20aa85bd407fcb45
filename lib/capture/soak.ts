import { systemClock } from '../core/clock.ts';
import { Camera } from './camera.ts';
import { rawVideo } from './raw-video.ts';

/** The faults take a minute at the most; what is asked for is how long the video runs. */
const mostFaultSeconds = 60;

/** A camera with faults, then 1080p30 raw from GStreamer for `seconds`. */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const faulty = await faults(Math.min(seconds, mostFaultSeconds));
  const video = await rawVideo(seconds).catch((thrown: unknown) => ({ notMeasured: String(thrown) }));
  return { ...faulty, video1080p30: video };
}

/**
 * Triggers a simulated camera for `seconds` and kills or stops its child every now and then. Says how many captures were
 * answered and failed, that none was older than its trigger, that numbers never fell back, and how memory grew.
 */
async function faults(seconds: number): Promise<Record<string, unknown>> {
  const camera = new Camera({
    name: 'soak',
    source: { kind: 'simulator', width: 320, height: 240 },
    child: { backoff: { minMs: 50, maxMs: 500, resetAfterMs: 2_000 } },
  });
  await camera.start();
  const end = systemClock.mono() + seconds * 1_000;
  let answered = 0;
  let failed = 0;
  let tooOld = 0;
  let fellBack = 0;
  let last = 0;
  let faults = 0;
  let nextFault = systemClock.mono() + 2_000;
  const memory: number[] = [];
  while (systemClock.mono() < end) {
    if (systemClock.mono() > nextFault) {
      nextFault += 3_000;
      const { pid } = camera.childStats();
      if (pid !== undefined) process.kill(pid, faults++ % 2 === 0 ? 'SIGKILL' : 'SIGSTOP');
    }
    const after = systemClock.mono();
    try {
      const { info } = await camera.capture({ after, timeoutMs: 400 });
      answered += 1;
      if (info.exposedAt < after) tooOld += 1;
      if (info.number <= last) fellBack += 1;
      last = info.number;
    } catch {
      failed += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if ((answered + failed) % 200 === 0) memory.push(Math.round(process.memoryUsage().rss / 1e6));
  }
  const { restarts } = camera.counters();
  await camera.stop();
  return { answered, failed, faults, restarts, tooOld, fellBack, rssMb: [memory[0], memory.at(-1)] };
}
