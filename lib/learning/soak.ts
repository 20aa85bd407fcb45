import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { LearningJob } from './learning-job.ts';
import { syntheticParts } from './synthetic-parts.ts';

/** Learns again and again for `seconds`, aborting every other run somewhere in it: counts outcomes, what was left behind, growth. */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const modelsRoot = await mkdtemp(join(tmpdir(), 'goodpart-soak-'));
  const images = syntheticParts(24, 96, 96, 1).map((frame) => ({ frame }));
  const hashes = new Set<string>();
  const counts = { learned: 0, aborted: 0, failed: 0 };
  const rss: number[] = [];
  const end = systemClock.mono() + seconds * 1000;
  try {
    for (let run = 0; systemClock.mono() < end; run++) {
      const stop = new AbortController();
      const job = new LearningJob({ images, modelsRoot, name: 'soak', keepAspect: true });
      const at = ['reading', 'features', 'fitting gaussian', 'checking'][(run >> 1) % 4];
      const onProgress = ({ stage }: { stage: string }) => {
        if (run % 2 === 1 && stage === at) stop.abort();
      };
      try {
        hashes.add((await job.run(onProgress, stop.signal)).model.sha256);
        counts.learned += 1;
      } catch {
        if (stop.signal.aborted) counts.aborted += 1;
        else counts.failed += 1;
      }
      rss.push(Math.round(process.memoryUsage().rss / 1e6));
    }
    const versions = await readdir(join(modelsRoot, 'soak')).catch(() => []);
    const others = (await readdir(modelsRoot)).filter((entry) => entry !== 'soak');
    const leftBehind = others.length + versions.length - counts.learned;
    return { ...counts, differentModels: hashes.size, leftBehind, rssMb: [rss[0], rss.at(-1)] };
  } finally {
    await rm(modelsRoot, { recursive: true, force: true });
  }
}
