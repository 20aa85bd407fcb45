import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../scoring/session.ts';
import { mobileNetSize } from './features/bench-backbone.ts';
import { writeGraph } from './graph/write-graph.ts';
import { LearningJob, type LearningOptions } from './learning-job.ts';
import { names, projectionGraph } from './model-graph.ts';
import { keptFeaturesOf } from './parent.ts';
import { syntheticParts } from './synthetic-parts.ts';

const pictures = 300;
const side = 256;
const runs = 40;

/** What is measured side by side: the default, both kinds of filters, and what somebody's backbone of usual size costs. */
const subjects = ['default', 'thorough', 'mobileNetSize'] as const;

/**
 * Learning from 300 synthetic pictures of 256 x 256 and one run of the graph on one thread, each with the share of its stages;
 * the MobileNet-size backbone has random weights and the default's head, so that only the features differ.
 */
export async function bench(): Promise<Record<string, unknown>> {
  const modelsRoot = await mkdtemp(join(tmpdir(), 'goodpart-bench-'));
  try {
    const frames = syntheticParts(pictures, side, side, 1);
    const backbone = { path: join(modelsRoot, 'backbone.onnx') };
    await writeFile(backbone.path, mobileNetSize());
    const images = frames.map((frame) => ({ frame }));
    const figures: Record<string, unknown> = { pictures };
    let head: LearningOptions['head'] = 'auto';
    for (const subject of subjects) {
      const features = {
        default: {},
        thorough: { features: 'thorough' },
        mobileNetSize: { features: 'backbone', backbone },
      };
      const options: LearningOptions = {
        ...(features[subject] as object),
        head,
        images,
        modelsRoot,
        name: subject,
        keepAspect: true,
      };
      const { model, ...learning } = await learnOnce(options);
      head = learning.head;
      figures[subject] = { ...learning, run: await runOnce(model, frames[0].data) };
    }
    return figures;
  } finally {
    await rm(modelsRoot, { recursive: true, force: true });
  }
}

async function learnOnce(options: LearningOptions) {
  const stages: Record<string, number> = {};
  let last = performance.now();
  const learned = await new LearningJob(options).run(({ stage }) => {
    const now = performance.now();
    stages[stage] = (stages[stage] ?? 0) + now - last;
    last = now;
  });
  const model = await readFile(join(learned.dir, 'model.onnx'));
  const { seconds, head } = learned;
  return {
    model,
    head,
    learnSeconds: rounded(seconds),
    learnShare: shares(stages),
    graphMegabytes: rounded(model.length / 1e6),
  };
}

/** Median milliseconds of a run on one thread; the features' part is the same graph up to where the head begins. */
async function runOnce(model: Buffer, pixels: Buffer) {
  const feeds = { [names.input]: { data: pixels, shape: [1, side, side, 1] } };
  const whole = await Session.open(model, { threads: 1 });
  const kept = await keptFeaturesOf(model, { width: side, height: side }, 'bench');
  const featureGraph = projectionGraph({ size: { width: side, height: side }, channels: 1, ...kept });
  const features = await Session.open(writeGraph(featureGraph), { threads: 1 });
  const times: { whole: number[]; features: number[] } = { whole: [], features: [] };
  // by turns, so that a neighbour's load meets both
  for (let i = 0; i < runs; i++) {
    for (const [name, session] of [
      ['whole', whole],
      ['features', features],
    ] as const) {
      const began = performance.now();
      await session.run(feeds);
      times[name].push(performance.now() - began);
    }
  }
  await Promise.all([whole.dispose(), features.dispose()]);
  const ms = median(times.whole);
  return { threads: 1, ms: rounded(ms), featuresShare: rounded(Math.min(1, median(times.features) / ms)) };
}

function shares(parts: Record<string, number>): Record<string, number> {
  const whole = Object.values(parts).reduce((a, b) => a + b, 0);
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, rounded(part / whole)]));
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const rounded = (value: number) => Math.round(value * 1000) / 1000;
