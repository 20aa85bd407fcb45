import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Camera } from '../lib/capture/camera.ts';
import { systemClock } from '../lib/core/clock.ts';
import { Frame } from '../lib/core/frame.ts';
import type { Inspection, ModelIdentity } from '../lib/core/inspection.ts';
import { LearningJob } from '../lib/learning/learning-job.ts';
import { resources } from '../lib/node-red/resources.ts';
import { liveStations } from '../lib/node-red/stations.ts';
import { OnnxRuntimeEngine } from '../lib/scoring/engine.ts';
import type { Station } from '../lib/station/station.ts';

const inFlight = 2;
const size = { width: 640, height: 480, channels: 3 };
const parts = { width: size.width, height: size.height, encoding: 'raw', defectRate: 0 } as const;
const packageRoot = resolve(__dirname, '../..');

/** What of the Node-RED application is used here. */
interface NodeRedApp {
  init(server: object, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly httpAdmin: object;
  readonly nodes: { getNode(id: string): { receive(message: object): void } | null };
}

/**
 * The whole station in a real Node-RED, in this process: score → rules → OPC UA → Modbus → evidence (fails only), 640x480
 * raw RGB frames, a model learned from such frames, one ONNX thread, two in flight, against a bare `session.run` loop of the
 * same model in an engine child of its own. Rounds take turns, so that a neighbour's load meets both. Event-loop delay is Node-RED's, at full load.
 */
export async function bench({ rounds = 7, framesPerRound = 60 } = {}): Promise<Record<string, unknown>> {
  const userDir = mkdtempSync(join(tmpdir(), 'goodpart-bench-'));
  const bareEngine = new OnnxRuntimeEngine({ name: 'bare', threads: 1 });
  const app = require('express')();
  const server = createServer(app);
  const RED = require('node-red') as NodeRedApp;
  try {
    const { key, identity } = await bareEngine.load(await learnModel(join(userDir, 'goodpart/models')));
    await startNodeRed(RED, server, app, userDir);
    const [station] = liveStations();
    await activate(station, identity);
    const score = RED.nodes.getNode('score');
    if (score === null) throw new Error('the bench flow did not start');
    await flood(station, score, 20);
    const bare: number[] = [];
    const through: number[] = [];
    const closed: Inspection[] = [];
    for (let round = 0; round < rounds; round++) {
      const times = await bareEngine.benchBare(key, framesPerRound);
      bare.push(1000 / (times.reduce((sum, time) => sum + time, 0) / times.length));
      through.push(await flood(station, score, framesPerRound, closed));
    }
    // one stretch of full load: a monitor that is switched off and on counts the pause as a delay
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await flood(station, score, rounds * framesPerRound, closed);
    delay.disable();
    const ratios = through.map((rate, round) => rate / bare[round]);
    const passed = closed.filter(({ verdict }) => verdict === 'pass').length;
    return {
      frame: '640x480 raw RGB',
      ...{ threads: 1, inFlight, rounds, framesPerRound },
      bareRunsPerSecond: rounded(quantile(bare, 0.5)),
      inspectionsPerSecond: rounded(quantile(through, 0.5)),
      shareOfBare: rounded(quantile(ratios, 0.5)),
      shareOfBareByRound: ratios.map(rounded),
      eventLoopDelayMs: {
        p50: rounded(delay.percentile(50) / 1e6),
        p99: rounded(delay.percentile(99) / 1e6),
        max: rounded(delay.max / 1e6),
      },
      stagesMs: stages(closed),
      passed,
      notPassed: closed.length - passed,
      ok: passed === closed.length,
    };
  } finally {
    resources.drain();
    await RED.stop();
    server.close();
    await bareEngine.stop();
    rmSync(userDir, { recursive: true, force: true });
  }
}

/** The model that a station learns for itself from such frames; resolves to its folder. */
async function learnModel(modelsRoot: string): Promise<string> {
  const camera = new Camera({ name: 'bench', source: { kind: 'simulator', ...parts } });
  await camera.start();
  const images: { frame: Frame }[] = [];
  while (images.length < 30) {
    images.push({ frame: await camera.capture({ after: systemClock.mono(), timeoutMs: 5000 }) });
  }
  await camera.stop();
  const { dir } = await new LearningJob({ images, modelsRoot, name: 'bench', keepAspect: true }).run();
  return dir;
}

async function startNodeRed(RED: NodeRedApp, server: ReturnType<typeof createServer>, app: object, userDir: string) {
  const scope = join(userDir, 'node_modules/@goodpart');
  mkdirSync(scope, { recursive: true });
  symlinkSync(packageRoot, join(scope, 'node-red-inspection'), 'dir');
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  writeFileSync(join(userDir, 'flows.json'), JSON.stringify(await benchFlow()));
  RED.init(server, {
    userDir,
    flowFile: 'flows.json',
    httpAdminRoot: '/',
    telemetry: { enabled: false, updateNotification: false },
    credentialSecret: 'bench',
    logging: { console: { level: 'error', metrics: false, audit: false } },
  });
  (app as { use(path: string, other: object): void }).use('/', RED.httpAdmin);
  await RED.start();
  for (let waited = 0; liveStations().length === 0 && waited < 20_000; waited += 50) {
    await new Promise((again) => setTimeout(again, 50));
  }
}

async function benchFlow(): Promise<object[]> {
  const z = 'tab';
  const station = 'the-station';
  const [modbusPort, opcuaPort] = [await freePort(), await freePort()];
  const host = '127.0.0.1';
  return [
    { id: z, type: 'tab', label: 'bench' },
    { id: station, type: 'goodpart-station', line: 'bench', station: 'bench', deadlineMs: 5000, maxOpen: inFlight },
    { id: 'the-model', type: 'goodpart-model', threads: 1 },
    { id: 'the-opcua', type: 'goodpart-opcua-endpoint', host, port: opcuaPort },
    { id: 'the-modbus', type: 'goodpart-modbus-endpoint', host, port: modbusPort },
    { id: 'score', z, type: 'goodpart-score', station, model: 'the-model', timeoutMs: 5000, wires: [['rules']] },
    { id: 'rules', z, type: 'goodpart-rules', station, wires: [['opcua']] },
    { id: 'opcua', z, type: 'goodpart-opcua-output', station, endpoint: 'the-opcua', wires: [['modbus']] },
    {
      id: 'modbus',
      z,
      type: 'goodpart-modbus-output',
      station,
      endpoint: 'the-modbus',
      slot: 0,
      wires: [['evidence']],
    },
    {
      id: 'evidence',
      z,
      type: 'goodpart-evidence',
      station,
      passPercent: 0,
      keepWarn: false,
      keepInvalid: false,
      wires: [[]],
    },
  ];
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A recipe by which every finite score passes: the bench is about time, evidence keeps fails only. */
async function activate(station: Station, model: ModelIdentity): Promise<void> {
  const limits = { median: 0, warn: 1e9, fail: 2e9, rois: [] };
  const fingerprint = station.fingerprint('main', { model, ...limits });
  const validation = { fingerprint, by: 'bench', at: systemClock.utc(), basis: 'bench' };
  const views = { main: { model, ...limits, validation } };
  const about = { number: 1, name: 'bench', author: 'bench', reason: 'bench', warnAccepted: true };
  const recipe = await station.recipes.save({ ...about, views });
  station.recipes.activate(recipe.number, { by: 'bench' });
  for (let waited = 0; station.credit() === 0 && waited < 20_000; waited += 20) {
    await new Promise((again) => setTimeout(again, 20));
  }
}

/** Inspections a second with two in flight, from the first frame in to the last verdict out. */
async function flood(
  station: Station,
  score: { receive(message: object): void },
  count: number,
  closed: Inspection[] = [],
): Promise<number> {
  const pictures = [testPicture(1), testPicture(2), testPicture(3)];
  const done = Promise.withResolvers<void>();
  let sent = 0;
  let came = 0;
  const send = () => {
    const exposure = { exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() };
    const frame = new Frame({ ...pictures[sent % pictures.length], ...exposure, number: sent + 1 });
    sent += 1;
    score.receive({ payload: frame });
  };
  const onClosed = (inspection: Inspection) => {
    closed.push(inspection);
    came += 1;
    if (sent < count) send();
    if (came === count) done.resolve();
  };
  station.on('closed', onClosed);
  const began = systemClock.mono();
  for (let i = 0; i < inFlight; i++) send();
  await done.promise;
  station.off('closed', onClosed);
  return (1000 * count) / (systemClock.mono() - began);
}

function testPicture(seed: number) {
  const data = Buffer.alloc(size.width * size.height * size.channels);
  for (let i = 0; i < data.length; i++) data[i] = (i * seed * 31 + (i >> 8) * 7) & 0xff;
  return { ...size, data, bitDepth: 8, encoding: 'raw' as const, source: 'bench', settings: {} };
}

function stages(closed: Inspection[]): Record<string, { p50: number; p99: number }> {
  const timings = (pick: (inspection: Inspection) => number | null | undefined) => {
    const values = closed.map(pick).filter((value): value is number => Number.isFinite(value));
    return { p50: rounded(quantile(values, 0.5)), p99: rounded(quantile(values, 0.99)) };
  };
  return {
    queue: timings(({ views }) => views[0]?.score?.timings.queue),
    decode: timings(({ views }) => views[0]?.score?.timings.decode),
    run: timings(({ views }) => views[0]?.score?.timings.run),
    scoring: timings(({ views }) => views[0]?.score?.timings.total),
    toVerdict: timings(({ timings: { judged } }) => judged),
    toPlc: timings(({ timings: { published } }) => published),
  };
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
