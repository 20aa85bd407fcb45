import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../lib/core/clock.ts';
import type { Inspection, ModelIdentity } from '../lib/core/inspection.ts';
import { resources } from '../lib/node-red/resources.ts';
import { liveStations } from '../lib/node-red/stations.ts';
import type { Station } from '../lib/station/station.ts';

const packageRoot = resolve(__dirname, '../..');

/** What of the Node-RED application is used here. */
interface NodeRedApp {
  init(server: object, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly httpAdmin: object;
  readonly nodes: { getNode(id: string): { receive(message: object): void } | null };
}

/** A real Node-RED in this process, with this package and one flow, for benches and soaks. */
export class BenchRig {
  readonly stations: readonly Station[];
  readonly #red: NodeRedApp;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(red: NodeRedApp, server: ReturnType<typeof createServer>, stations: readonly Station[]) {
    this.#red = red;
    this.#server = server;
    this.stations = stations;
  }

  /** `userDir` may hold models already; waits until all `stations` are there. */
  static async start(userDir: string, flow: object[], stations = 1): Promise<BenchRig> {
    const scope = join(userDir, 'node_modules/@goodpart');
    mkdirSync(scope, { recursive: true });
    symlinkSync(packageRoot, join(scope, 'node-red-inspection'), 'dir');
    const app = require('express')() as { use(path: string, other: object): void };
    const server = createServer(app as never);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flow));
    const red = require('node-red') as NodeRedApp;
    red.init(server, {
      userDir,
      flowFile: 'flows.json',
      httpAdminRoot: '/',
      telemetry: { enabled: false, updateNotification: false },
      credentialSecret: 'bench',
      logging: { console: { level: 'error', metrics: false, audit: false } },
    });
    app.use('/', red.httpAdmin);
    await red.start();
    await within('the stations', () => liveStations().length === stations);
    const found = [...liveStations()].sort((a, b) => a.id.localeCompare(b.id));
    return new BenchRig(red, server, found);
  }

  node(id: string): { receive(message: object): void } {
    const node = this.#red.nodes.getNode(id);
    if (node === null) throw new Error(`the bench flow did not start: no ${id}`);
    return node;
  }

  async stop(userDir: string): Promise<void> {
    resources.drain();
    await this.#red.stop();
    this.#server.close();
    rmSync(userDir, { recursive: true, force: true });
  }
}

/** A fresh user directory in which the stations find these models. */
export function userDirWith(models: string): string {
  const userDir = mkdtempSync(join(tmpdir(), 'goodpart-bench-'));
  mkdirSync(join(userDir, 'goodpart'));
  symlinkSync(models, join(userDir, 'goodpart/models'), 'dir');
  return userDir;
}

/** A recipe by which every finite score passes: benches are about time. Resolves when inspections are accepted. */
export async function acceptAll(station: Station, model: ModelIdentity): Promise<void> {
  const limits = { median: 0, warn: 1e9, fail: 2e9, rois: [] };
  const fingerprint = station.fingerprint('main', { model, ...limits });
  const validation = { fingerprint, by: 'bench', at: systemClock.utc(), basis: 'bench' };
  const views = { main: { model, ...limits, validation } };
  const about = { number: 1, name: 'bench', author: 'bench', reason: 'bench', warnAccepted: true };
  const recipe = await station.recipes.save({ ...about, views });
  station.recipes.activate(recipe.number, { by: 'bench' });
  // by its next snapshot the nodes hear of the recipe, and load its model
  await new Promise((told) => station.once('snapshot', () => setImmediate(told)));
  await within(`${station.id} to be ready`, () => station.credit() > 0);
}

async function within(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    if (waited > 30_000) throw new Error(`waited too long for ${what}`);
    await pause(20);
  }
}

export function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** One station whose frames go score → rules → OPC UA → Modbus → evidence (of fails only). */
export async function plcFlow(maxOpen: number): Promise<object[]> {
  const [z, station, host] = ['tab', 'the-station', '127.0.0.1'];
  const [modbusPort, opcuaPort] = [await freePort(), await freePort()];
  const keep = { passPercent: 0, keepWarn: false, keepInvalid: false };
  const modbus = { type: 'goodpart-modbus-output', endpoint: 'the-modbus', slot: 0 };
  return [
    { id: z, type: 'tab', label: 'bench' },
    { id: station, type: 'goodpart-station', line: 'bench', station: 'bench', deadlineMs: 5000, maxOpen },
    { id: 'the-model', type: 'goodpart-model', threads: 1 },
    { id: 'the-opcua', type: 'goodpart-opcua-endpoint', host, port: opcuaPort },
    { id: 'the-modbus', type: 'goodpart-modbus-endpoint', host, port: modbusPort },
    { id: 'score', z, type: 'goodpart-score', station, model: 'the-model', timeoutMs: 5000, wires: [['rules']] },
    { id: 'rules', z, type: 'goodpart-rules', station, wires: [['opcua']] },
    { id: 'opcua', z, type: 'goodpart-opcua-output', station, endpoint: 'the-opcua', wires: [['modbus']] },
    { id: 'modbus', z, station, ...modbus, wires: [['evidence']] },
    { id: 'evidence', z, type: 'goodpart-evidence', station, ...keep, wires: [[]] },
  ];
}

/** A closed inspection with the instants around it, monotonic milliseconds. */
export interface Closed {
  inspection: Inspection;
  sent: number;
  at: number;
}
