import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { Frame } from '../core/frame.ts';
import { benchModel } from './bench-model.ts';
import { OnnxRuntimeEngine } from './engine.ts';
import { ModelStore } from './model-store.ts';

/**
 * Inspections a second through the engine with two frames in flight, 640x480 raw RGB, one ONNX thread, against a bare
 * `session.run` loop in the same child; rounds take turns, so that a neighbour's load meets both. `dir`: a model's folder; by
 * default a generated network.
 */
export async function bench(
  dir: string | undefined = process.env.GOODPART_BENCH_MODEL,
  { rounds = 7, framesPerRound = 40 }: { rounds?: number; framesPerRound?: number } = {},
): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'goodpart-bench-'));
  const engine = new OnnxRuntimeEngine({ name: 'bench', threads: 1 });
  try {
    const { description, onnx } = benchModel();
    const { key } = await engine.load(dir ?? (await new ModelStore(folder).add(description, onnx)));
    const bare: number[] = [];
    const through: number[] = [];
    const latencies: number[] = [];
    await flood(engine, key, 10, latencies);
    latencies.length = 0;
    for (let round = 0; round < rounds; round++) {
      const times = await engine.benchBare(key, framesPerRound);
      bare.push(1000 / (times.reduce((sum, time) => sum + time, 0) / times.length));
      through.push(await flood(engine, key, framesPerRound, latencies));
    }
    const ratios = through.map((rate, round) => rate / bare[round]);
    return {
      model: dir ?? 'generated',
      frame: '640x480 raw RGB',
      threads: 1,
      inFlight: 2,
      rounds,
      framesPerRound,
      bareRunsPerSecond: round2(quantile(bare, 0.5)),
      inspectionsPerSecond: round2(quantile(through, 0.5)),
      shareOfBare: round2(quantile(ratios, 0.5)),
      shareOfBareByRound: ratios.map(round2),
      latencyMs: { p50: round2(quantile(latencies, 0.5)), p99: round2(quantile(latencies, 0.99)) },
    };
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Frames a second with two in flight. */
async function flood(engine: OnnxRuntimeEngine, key: string, count: number, latencies: number[]): Promise<number> {
  const frames = [testFrame(1), testFrame(2)];
  const began = systemClock.mono();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const frame = frames[next++ % frames.length];
      const { timings } = await engine.score(key, frame, { deadlineMs: 10_000 });
      latencies.push(timings.total);
    }
  };
  await Promise.all([lane(), lane()]);
  return (count * 1000) / (systemClock.mono() - began);
}

/** 640x480 raw RGB. */
export function testFrame(number: number): Frame {
  const data = Buffer.alloc(640 * 480 * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7 + ((i >> 9) ^ number) * 13) & 255;
  return new Frame({
    data,
    encoding: 'raw',
    width: 640,
    height: 480,
    channels: 3,
    bitDepth: 8,
    source: 'bench',
    number,
    exposedAt: systemClock.mono(),
    exposedUtc: systemClock.utc(),
    settings: {},
  });
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
