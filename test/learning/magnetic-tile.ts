import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeTo } from '../../lib/imaging/decode.ts';
import { LearningJob, type LearningOptions, type LearnResult } from '../../lib/learning/learning-job.ts';
import { Session } from '../../lib/scoring/session.ts';

/** Scores of pictures by a written model, decoded as inspection decodes them; run times of the graph in ms. */
export interface Scored {
  scores: number[];
  runMs: number[];
}

export function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((file) => join(folder, file));
}

export async function scoreFiles(session: Session, files: string[]): Promise<Scored> {
  const [, height, width] = session.inputs[0].shape as number[];
  const out: Scored = { scores: [], runMs: [] };
  for (const file of files) {
    const info = { encoding: 'unknown', width: null, height: null, channels: null, bitDepth: null } as const;
    const { data } = await decodeTo({ data: readFileSync(file), info }, { width, height, channels: 1 });
    const began = performance.now();
    const { score } = await session.run({ image: { data, shape: [1, height, width, 1] } }, ['score']);
    out.runMs.push(performance.now() - began);
    out.scores.push(score.data[0]);
  }
  return out;
}

/** Probability that a defect scores higher than a good part; ties count half. */
export function auroc(good: number[], bad: number[]): number {
  let sum = 0;
  for (const g of good) for (const b of bad) sum += b > g ? 1 : b === g ? 0.5 : 0;
  return sum / good.length / bad.length;
}

export function learnTiles(
  data: string,
  modelsRoot: string,
  more: Partial<LearningOptions> = {},
): Promise<LearnResult> {
  const images = [{ path: join(data, 'train/good') }];
  return new LearningJob({ images, modelsRoot, name: 'tile', keepAspect: false, sensitivity: false, ...more }).run();
}

export interface TileFigures {
  auroc: number;
  perDefect: Record<string, number>;
  good: number[];
  bad: number[];
  runMsMedian: number;
}

/** The test pictures of magnetic_tile through the written graph, one thread. */
export async function testTiles(data: string, result: LearnResult): Promise<TileFigures> {
  const session = await Session.open(readFileSync(join(result.dir, 'model.onnx')), { sha256: result.model.sha256 });
  const good = await scoreFiles(session, filesOf(join(data, 'test/good')));
  const perDefect: Record<string, number> = {};
  const bad: number[] = [];
  for (const kind of ['blowhole', 'break', 'crack', 'fray', 'uneven']) {
    const { scores } = await scoreFiles(session, filesOf(join(data, 'test', kind)));
    perDefect[kind] = auroc(good.scores, scores);
    bad.push(...scores);
  }
  await session.dispose();
  const times = good.runMs.sort((a, b) => a - b);
  return { auroc: auroc(good.scores, bad), perDefect, good: good.scores, bad, runMsMedian: times[times.length >> 1] };
}
