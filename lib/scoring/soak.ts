import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { testFrame } from './bench.ts';
import { benchModel } from './bench-model.ts';
import { OnnxRuntimeEngine } from './engine.ts';
import { ModelStore } from './model-store.ts';

interface Sample {
  scores: number;
  rssMb: number;
  fds: number;
}

/**
 * Scores frames for `seconds` with two in flight and watches the child: memory and open files must not grow with the number of scores.
 * Linux only (reads /proc). The slope leaves out the first half, in which allocators still warm up.
 */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'goodpart-soak-'));
  const engine = new OnnxRuntimeEngine({ name: 'soak', threads: 1 });
  try {
    const { description, onnx } = benchModel(64);
    const { key } = await engine.load(await new ModelStore(folder).add(description, onnx));
    const samples: Sample[] = [];
    const end = systemClock.mono() + seconds * 1000;
    let nextSample = 0;
    const lane = async () => {
      while (systemClock.mono() < end) {
        await engine.score(key, testFrame(engine.stats().scored), { deadlineMs: 10_000 });
        if (systemClock.mono() >= nextSample) {
          nextSample = systemClock.mono() + Math.max(100, seconds * 5);
          samples.push(await sample(engine));
        }
      }
    };
    await Promise.all([lane(), lane()]);
    samples.push(await sample(engine));
    const { failures, scored, failed } = engine.stats();
    const later = samples.slice(Math.floor(samples.length / 2));
    return {
      seconds,
      scored,
      failed,
      childFailures: failures,
      rssMb: { first: samples[0].rssMb, last: samples.at(-1)?.rssMb },
      fds: { first: samples[0].fds, last: samples.at(-1)?.fds },
      rssKbPerScore: slope(later.map(({ scores, rssMb }) => [scores, rssMb * 1024])),
      fdsPer1000Scores: slope(later.map(({ scores, fds }) => [scores / 1000, fds])),
    };
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sample(engine: OnnxRuntimeEngine): Promise<Sample> {
  const { pid, scored } = engine.stats();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const rssKb = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  const fds = (await readdir(`/proc/${pid}/fd`)).length;
  return { scores: scored, rssMb: Math.round(rssKb / 102.4) / 10, fds };
}

/** Least squares. */
function slope(points: number[][]): number {
  const mean = (axis: number) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const joint = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return spread === 0 ? 0 : Math.round((joint / spread) * 10_000) / 10_000;
}
