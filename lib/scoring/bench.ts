import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScoreTimings } from '../core/inspection.ts';
import { besideAnomalib } from './bench-anomalib.ts';
import { BareStages } from './bench-bare.ts';
import { median, rounded, spread } from './bench-figures.ts';
import { flood, perSecond } from './bench-flood.ts';
import { jpegPictures, rawPicture } from './bench-frames.ts';
import { benchModel } from './bench-model.ts';
import { replicaTable } from './bench-replicas.ts';
import { OnnxRuntimeEngine } from './engine.ts';
import { ModelStore } from './model-store.ts';

const inFlight = 3;

/**
 * The engine by itself, beside anomalib, and on several servers. `dir`: a model's folder; by default a generated network. A whole
 * station is measured by the bench of `nodes`.
 */
export async function bench(
  dir: string | undefined = process.env.GOODPART_BENCH_MODEL,
  o: { rounds?: number; sliceMs?: number } = {},
): Promise<Record<string, unknown>> {
  return {
    ...(await engineBench(dir, o)),
    anomalib: await besideAnomalib(),
    replicas: await replicaTable(),
  };
}

/**
 * Inspections a second through the engine with one ONNX thread and three frames in flight (one decoded, one run, one on its way), against the slower of a bare decode loop and a bare
 * `session.run` loop that run beside each other. Slices take turns, so that a neighbour's load meets both.
 */
export async function engineBench(
  dir: string | undefined,
  { rounds = 9, sliceMs = 1500 }: { rounds?: number; sliceMs?: number } = {},
): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'goodpart-bench-'));
  const engine = new OnnxRuntimeEngine({ name: 'bench', threads: 1 });
  let bare: BareStages | undefined;
  try {
    const { description, onnx } = benchModel();
    const modelDir = dir ?? (await new ModelStore(folder).add(description, onnx));
    const { key } = await engine.load(modelDir);
    bare = await BareStages.open(modelDir);
    const pictures = await jpegPictures(1920, 1080, 3);
    await flood(engine, key, pictures, sliceMs, inFlight);
    const rates: { bare: number; through: number }[] = [];
    const timings: ScoreTimings[] = [];
    for (let round = 0; round < rounds; round++) {
      const slower = await bare.slower(pictures[0].data, sliceMs);
      const answered = await flood(engine, key, pictures, sliceMs, inFlight);
      timings.push(...answered.map((one) => one.timings));
      rates.push({ bare: slower.perSecond, through: perSecond(answered) });
    }
    const raw = await flood(engine, key, [rawPicture(640, 480, 1), rawPicture(640, 480, 2)], sliceMs, inFlight);
    const stage = (pick: (one: ScoreTimings) => number) => timings.map(pick);
    const [decodeMs, runMs] = [median(stage(({ decode }) => decode)), median(stage(({ run }) => run))];
    const periodMs = 1000 / median(rates.map(({ through }) => through));
    return {
      model: dir ?? 'generated',
      frame: '1920x1080 JPEG',
      ...{ threads: 1, inFlight, rounds, sliceMs },
      barePerSecond: rounded(median(rates.map((rate) => rate.bare))),
      inspectionsPerSecond: rounded(median(rates.map(({ through }) => through))),
      shareOfBare: rounded(median(rates.map((rate) => rate.through / rate.bare))),
      shareOfBareByRound: rates.map((rate) => rounded(rate.through / rate.bare)),
      // 1: a frame takes its run alone, its decode lies beside the run before it; 0: one after the other
      decodeHidden: rounded((decodeMs + runMs - periodMs) / decodeMs),
      stagesMs: {
        decode: spread(stage(({ decode }) => decode)),
        queue: spread(stage(({ queue }) => queue)),
        run: spread(stage(({ run }) => run)),
        total: spread(stage(({ total }) => total)),
      },
      raw640x480PerSecond: rounded(perSecond(raw)),
    };
  } finally {
    await engine.stop();
    await bare?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
