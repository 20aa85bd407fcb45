import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jpegPictures } from '../lib/scoring/bench-frames.ts';
import { benchModel } from '../lib/scoring/bench-model.ts';
import { identityOf } from '../lib/scoring/model-schema.ts';
import { ModelStore } from '../lib/scoring/model-store.ts';
import { SoakWatch } from '../lib/scoring/soak-watch.ts';
import { acceptAll, BenchRig, plcFlow, userDirWith } from './bench-rig.ts';
import { BenchStream } from './bench-stream.ts';

const inFlight = 2;
const sampleMs = 2000;

/**
 * So many inspections through one station in a real Node-RED, as fast as it goes: 640x480 JPEG → score (a tiny model) → rules → OPC UA → Modbus →
 * evidence (records, no pictures). `ok`: memory and handles of no process grow, latency stays, every inspection passed. Linux only.
 */
export async function inspectionSoak(inspections: number): Promise<Record<string, unknown>> {
  const models = mkdtempSync(join(tmpdir(), 'goodpart-soak-models-'));
  const store = new ModelStore(models);
  const { description, onnx } = benchModel(64);
  await store.add(description, onnx);
  const userDir = userDirWith(models);
  const rig = await BenchRig.start(userDir, await plcFlow(inFlight));
  try {
    const [station] = rig.stations;
    await acceptAll(station, identityOf(await store.read(description.name, description.version)));
    const pictures = await jpegPictures(640, 480, 3);
    const stream = new BenchStream({ station, node: rig.node('score'), pictures });
    const watch = new SoakWatch(sampleMs);
    const began = performance.now();
    let passed = 0;
    let closed = 0;
    await stream.flood(
      inFlight,
      () => closed >= inspections,
      ({ inspection, sent, at }) => {
        closed += 1;
        if (inspection.verdict === 'pass') passed += 1;
        watch.inspected(at - sent);
      },
    );
    const seconds = (performance.now() - began) / 1000;
    const report = await watch.report();
    const notPassed = closed - passed;
    return {
      ...{ seconds: Math.round(seconds), perSecond: Math.round(closed / seconds), notPassed, ...report },
      ok: report.ok === true && notPassed === 0,
    };
  } finally {
    await rig.stop(userDir);
    rmSync(models, { recursive: true, force: true });
  }
}
