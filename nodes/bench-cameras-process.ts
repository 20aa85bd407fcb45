import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../lib/core/clock.ts';
import type { Inspection } from '../lib/core/inspection.ts';
import { processTree, residentMb } from '../lib/process/memory.ts';
import { rounded, spread } from '../lib/scoring/bench-figures.ts';
import { identityOf } from '../lib/scoring/model-schema.ts';
import { ModelStore } from '../lib/scoring/model-store.ts';
import type { CamerasOrder, CamerasRow } from './bench-cameras.ts';
import { acceptAll, BenchRig, userDirWith } from './bench-rig.ts';

/** Process of the bench: one Node-RED with some simulated cameras; see `camerasTable`. */
const megabyte = 2 ** 20;

function flowOf(cameras: number): object[] {
  const keep = { passPercent: 0, keepWarn: false, keepInvalid: false };
  return Array.from({ length: cameras }, (_, i) => {
    const [z, station, model] = [`tab${i}`, `the-station${i}`, `model${i}`];
    return [
      { id: z, type: 'tab', label: z },
      { id: station, type: 'goodpart-station', line: 'bench', station: `station${i}`, deadlineMs: 5000, maxOpen: 2 },
      { id: model, type: 'goodpart-model', threads: 1 },
      {
        ...{ id: `camera${i}`, z, type: 'goodpart-camera', station, source: 'simulator', seed: i + 1 },
        ...{ encoding: 'jpeg', defectRate: 0, wires: [[`score${i}`]] },
      },
      { id: `score${i}`, z, type: 'goodpart-score', station, model, timeoutMs: 5000, wires: [[`rules${i}`]] },
      { id: `rules${i}`, z, type: 'goodpart-rules', station, wires: [[`evidence${i}`]] },
      { id: `evidence${i}`, z, type: 'goodpart-evidence', station, ...keep, wires: [[]] },
    ];
  }).flat();
}

async function measure({ cameras, models, periodMs, ms }: CamerasOrder): Promise<CamerasRow> {
  const userDir = userDirWith(models);
  const rig = await BenchRig.start(userDir, flowOf(cameras), cameras);
  try {
    const store = new ModelStore(models);
    const identity = identityOf(await store.read('learned', '1'));
    for (const station of rig.stations) await acceptAll(station, identity);
    const trigger = (i: number) => rig.node(`camera${i}`).receive({});
    const paced = async (i: number, until: number) => {
      // lines are not in step
      await pause((i * periodMs) / cameras);
      for (let due = systemClock.mono(); due < until; due += periodMs) {
        await pause(Math.max(0, due - systemClock.mono()));
        trigger(i);
      }
    };
    const each = rig.stations.map((_, i) => i);
    const line = (length: number) => {
      const until = systemClock.mono() + length;
      return () => Promise.all(each.map((i) => paced(i, until)));
    };
    await watched(rig, line(3000));
    const first = await watched(rig, line(ms));
    const flatOut = await watched(rig, async () => {
      const until = systemClock.mono() + ms;
      const stops = rig.stations.map((station, i) => {
        const next = () => {
          if (systemClock.mono() < until) trigger(i);
        };
        station.on('closed', next);
        next();
        return () => station.off('closed', next);
      });
      await pause(ms);
      for (const stop of stops) stop();
    });
    globalThis.gc?.();
    await pause(500);
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const children = processTree(process.pid).filter(({ pid }) => pid !== process.pid);
    const kinds = [...new Set(children.map(({ name }) => kindOf(name)))];
    const sum = (of: typeof children) => of.reduce((total, child) => total + child.residentMb, 0);
    return {
      cameras,
      paced: first,
      flatOut,
      nodeRed: { used: rounded((heapUsed + external) / megabyte), resident: rounded(residentMb(process.pid)) },
      childrenMb: rounded(sum(children)),
      childMb: Object.fromEntries(
        kinds.map((kind) => [kind, rounded(sum(children.filter(({ name }) => kindOf(name) === kind)) / cameras)]),
      ),
    };
  } finally {
    await rig.stop(userDir);
  }
}

/** `engine`, `camera`, `evidence` …: the first word of a child's name. */
const kindOf = (name: string) => name.split(' ')[0];

/** Inspections closed while `work` lasts, and what came with them. */
async function watched(rig: BenchRig, work: () => Promise<unknown>) {
  const latencies: number[] = [];
  let notPassed = 0;
  let refused = 0;
  const closed = ({ verdict, trigger }: Inspection) => {
    latencies.push(systemClock.mono() - trigger.at);
    if (verdict !== 'pass') notPassed += 1;
  };
  const refusal = () => {
    refused += 1;
  };
  for (const station of rig.stations) station.on('closed', closed).on('refused', refusal);
  const began = systemClock.mono();
  await work();
  const took = systemClock.mono() - began;
  for (const station of rig.stations) station.off('closed', closed).off('refused', refusal);
  return { perSecond: rounded((1000 * latencies.length) / took), latencyMs: spread(latencies), notPassed, refused };
}

measure(JSON.parse(process.argv[2])).then(
  (row) => process.send?.(row, () => process.exit(0)),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
