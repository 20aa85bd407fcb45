import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../lib/core/clock.ts';
import { BareStages } from '../lib/scoring/bench-bare.ts';
import { median, rounded, type Spread, spread } from '../lib/scoring/bench-figures.ts';
import { perSecond } from '../lib/scoring/bench-flood.ts';
import type { BenchPicture } from '../lib/scoring/bench-frames.ts';
import { benchModel } from '../lib/scoring/bench-model.ts';
import { identityOf } from '../lib/scoring/model-schema.ts';
import { ModelStore } from '../lib/scoring/model-store.ts';
import { emptyHandOvers } from './bench-hand-overs.ts';
import { acceptAll, BenchRig, type Closed, plcFlow, userDirWith } from './bench-rig.ts';
import { BenchStream } from './bench-stream.ts';

/** Inspections that a station has open by default; half load is half of what it does with them. */
const inFlight = 2;
/** So many that a decode always waits for its turn, as on a line whose camera is faster than the machine. */
const saturating = 4;
const defaults = { rounds: 9, sliceMs: 2000, atHalfLoad: 150 };
export type StationBenchOptions = Partial<typeof defaults>;

/**
 * One station in a real Node-RED, in this process: 1080p JPEG → score → rules → OPC UA → Modbus → evidence, one ONNX thread. `models` holds the
 * model `learned`; beside it a network of a few hundred microseconds shows what all the rest costs.
 */
export async function stationBench(
  models: string,
  pictures: readonly BenchPicture[],
  o: StationBenchOptions = {},
): Promise<Record<string, unknown>> {
  const options = { ...defaults, ...o };
  const store = new ModelStore(models);
  const small = benchModel(64);
  await store.add({ ...small.description, name: 'small' }, small.onnx);
  const userDir = userDirWith(models);
  const rig = await BenchRig.start(userDir, await plcFlow(saturating));
  try {
    const [station] = rig.stations;
    const stream = new BenchStream({ station, node: rig.node('score'), pictures });
    const measured: Record<string, unknown> = {};
    // first the one of which thousands go by: what runs for months is measured when V8 has long compiled it
    for (const [name, version] of [
      ['small', '1'],
      ['learned', '1'],
    ]) {
      await acceptAll(station, identityOf(await store.read(name, version)));
      const bare = await BareStages.open(store.dirOf(name, version));
      try {
        measured[name] = await withModel(stream, bare, pictures[0].data, options);
      } finally {
        await bare.stop();
      }
    }
    return { frame: '1920x1080 JPEG', threads: 1, inFlight, saturating, ...options, ...measured };
  } finally {
    await rig.stop(userDir);
  }
}

/**
 * Full load, and more, against the slower of a bare decode loop and a bare run loop that run beside each other; slices take turns, so that a neighbour's
 * load meets both. Then half of that load: what an inspection takes beyond its decode and its run, by its own timings, and against the
 * medians of the bare stages, each alone. Event-loop delay is Node-RED's, at full load.
 */
async function withModel(
  stream: BenchStream,
  bare: BareStages,
  jpeg: Buffer,
  { rounds, sliceMs, atHalfLoad }: Required<StationBenchOptions>,
): Promise<Record<string, unknown>> {
  const forMs = (ms: number) => {
    const end = systemClock.mono() + ms;
    return () => systemClock.mono() >= end;
  };
  const flood = async (ms: number, open = inFlight) => {
    const slice: Closed[] = [];
    await stream.flood(open, forMs(ms), (one) => slice.push(one));
    return slice;
  };
  await flood(sliceMs);
  const rates: Record<'bare' | 'decode' | 'run' | 'runAlone' | 'through' | 'saturated', number>[] = [];
  const closed: Closed[] = [];
  const saturated: Closed[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (let round = 0; round < rounds; round++) {
    const { perSecond: slower, decodesPerSecond: decode, runsPerSecond: run } = await bare.slower(jpeg, sliceMs);
    const slice = await flood(sliceMs);
    const full = await flood(sliceMs, saturating);
    const runAlone = await bare.runsPerSecond(jpeg, sliceMs / 2);
    const rate = (of: Closed[], open: number) => perSecond(of.slice(0, 1 - open));
    rates.push({
      ...{ bare: slower, decode, run, runAlone },
      through: rate(slice, inFlight),
      saturated: rate(full, saturating),
    });
    closed.push(...slice);
    saturated.push(...full);
  }
  // one stretch of full load: a monitor that is switched off and on counts the pause as a delay
  delay.enable();
  closed.push(...(await flood(2 * sliceMs)));
  delay.disable();
  const through = median(rates.map((rate) => rate.through));
  const halves: Closed[] = [];
  const alone: { decodeMs: number; runMs: number }[] = [];
  const parts = 3;
  for (let part = 0; part < parts; part++) {
    alone.push(await bare.alone(jpeg, sliceMs / 2));
    halves.push(...(await stream.paced(2000 / through, Math.ceil(atHalfLoad / parts))));
  }
  const bareMs = {
    decode: median(alone.map(({ decodeMs }) => decodeMs)),
    run: median(alone.map(({ runMs }) => runMs)),
  };
  const all = [...closed, ...saturated, ...halves];
  const passed = all.filter(({ inspection }) => inspection.verdict === 'pass').length;
  const middle = (pick: (rate: (typeof rates)[number]) => number) => rounded(median(rates.map(pick)));
  return {
    bareDecodesPerSecond: middle(({ decode }) => decode),
    bareRunsPerSecond: middle(({ run }) => run),
    inspectionsPerSecond: middle((rate) => rate.through),
    shareOfBare: middle((rate) => rate.through / rate.bare),
    shareOfRunAlone: middle((rate) => rate.through / Math.min(rate.decode, rate.runAlone)),
    shareOfBareByRound: rates.map((rate) => rounded(rate.through / rate.bare)),
    saturated: {
      inspectionsPerSecond: middle((rate) => rate.saturated),
      shareOfBare: middle((rate) => rate.saturated / rate.bare),
      shareOfBareByRound: rates.map((rate) => rounded(rate.saturated / rate.bare)),
      toVerdict: stages(saturated).toVerdict,
    },
    eventLoopDelayMs: {
      p50: rounded(delay.percentile(50) / 1e6),
      p99: rounded(delay.percentile(99) / 1e6),
      max: rounded(delay.max / 1e6),
    },
    fullLoadMs: stages(closed),
    halfLoad: {
      perSecond: rounded(through / 2),
      ...overheads(halves),
      emptyHandOversMs: await emptyHandOvers(2000 / through, Math.min(atHalfLoad, 60)),
      beyondBareStagesMs: rounded(median(halves.map(({ sent, at }) => at - sent)) - bareMs.decode - bareMs.run),
      bareAloneMs: { decode: rounded(bareMs.decode), run: rounded(bareMs.run) },
      stagesMs: stages(halves),
    },
    ...{ passed, notPassed: all.length - passed, ok: passed === all.length },
  };
}

/**
 * From the frame to the published verdict, less what its decode and its run took; and where that goes: between Node-RED and the engine's two
 * threads, and in Node-RED before and after.
 */
function overheads(closed: readonly Closed[]): Record<string, Spread> {
  const all: number[] = [];
  const engine: number[] = [];
  for (const { inspection, sent, at } of closed) {
    const timings = inspection.views[0]?.score?.timings;
    if (timings === undefined) continue;
    const { decode, run, total } = timings;
    all.push(at - sent - decode - run);
    engine.push(total - decode - run);
  }
  const station = all.map((whole, i) => whole - engine[i]);
  return { overheadMs: spread(all), ofThatEngineMs: spread(engine), ofThatNodeRedMs: spread(station) };
}

function stages(closed: readonly Closed[]): Record<string, Spread> {
  const of = (pick: (one: Closed) => number | null | undefined) => {
    const values = closed.map(pick).filter((value): value is number => Number.isFinite(value));
    return spread(values);
  };
  return {
    queue: of(({ inspection: { views } }) => views[0]?.score?.timings.queue),
    decode: of(({ inspection: { views } }) => views[0]?.score?.timings.decode),
    run: of(({ inspection: { views } }) => views[0]?.score?.timings.run),
    scoring: of(({ inspection: { views } }) => views[0]?.score?.timings.total),
    toVerdict: of(({ inspection: { timings } }) => timings.judged),
    toPlc: of(({ inspection: { timings } }) => timings.published),
    total: of(({ sent, at }) => at - sent),
  };
}
