import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../scoring/session.ts';
import { LearningJob } from './learning-job.ts';
import { names } from './model-graph.ts';
import { syntheticParts } from './synthetic-parts.ts';

const pictures = 300;
const side = 256;
const runs = 50;

/** Seconds to learn from 300 synthetic pictures of 256 x 256, by stage, and milliseconds of one run of the graph on one thread. */
export async function bench(): Promise<Record<string, unknown>> {
  const modelsRoot = await mkdtemp(join(tmpdir(), 'goodpart-bench-'));
  try {
    const frames = syntheticParts(pictures, side, side, 1);
    const images = frames.map((frame) => ({ frame }));
    const stages: Record<string, number> = {};
    let last = performance.now();
    const learned = await new LearningJob({ images, modelsRoot, name: 'bench', keepAspect: true }).run(({ stage }) => {
      const now = performance.now();
      stages[stage] = Math.round((stages[stage] ?? 0) + now - last);
      last = now;
    });
    const onnx = await readFile(join(learned.dir, 'model.onnx'));
    const session = await Session.open(onnx, { threads: 1 });
    const feeds = { [names.input]: { data: frames[0].data, shape: [1, side, side, 1] } };
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const began = performance.now();
      await session.run(feeds);
      times.push(performance.now() - began);
    }
    await session.dispose();
    times.sort((a, b) => a - b);
    const round = (value: number) => Math.round(value * 100) / 100;
    return {
      pictures,
      learnSeconds: round(learned.seconds),
      stageMs: stages,
      graphMegabytes: round(onnx.length / 1e6),
      runMs: { threads: 1, min: round(times[0]), p50: round(times[runs >> 1]), max: round(times[runs - 1]) },
    };
  } finally {
    await rm(modelsRoot, { recursive: true, force: true });
  }
}
