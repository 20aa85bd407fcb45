import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { PlcCommand } from '../core/commands.ts';
import { asGoodpartError, type GoodpartError, invalidParameter } from '../core/errors.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import { type ChildStats, SupervisedChild } from '../process/supervised-child.ts';
import type { Handed } from './forwarding.ts';
import type { Browsed } from './opcua-browse.ts';
import { checkPlace } from './places.ts';
import {
  browseDeadlineMs,
  type DesiredEndpoint,
  type EndpointSettings,
  type EndpointState,
  type ModbusClientOptions,
  type ModbusOptions,
  modbusClientSettings,
  modbusSettings,
  type OpcUaBrowseOptions,
  type OpcUaClientOptions,
  type OpcUaOptions,
  opcUaBrowseSettings,
  opcUaClientSettings,
  opcUaSettings,
  parseSettings,
} from './settings.ts';
import type { ToldResult } from './station-state.ts';

export interface PlcLinkOptions {
  /** How long the child goes on telling the PLC that Node-RED is gone, after Node-RED was killed. */
  lingerMs?: number;
  /** Node-RED counts as hung when `alive` was not called for this long. */
  silenceMs?: number;
  heartbeatMs?: number;
}

export interface PlcLinkEvents {
  endpoint: [key: string, state: EndpointState];
  /** What a PLC asks for, written at the monotonic instant `at`. Answered by the next snapshot that is published. */
  command: [stationId: string, command: PlcCommand, at: number];
  /** While this process was silent, the child told the PLC that these are invalid: the ledger must say the same. */
  told: [stationId: string, results: ToldResult[]];
  /** The child ended; it is started again by itself. */
  failure: [error: GoodpartError];
}

interface Wanted {
  settings: EndpointSettings;
  slots: Map<string, number>;
}

/** Starting the child and loading its OPC UA library, before it can browse. */
const childPatienceMs = 20_000;
const stationIdPattern = /^[A-Za-z0-9_-]{1,100}$/;

/**
 * Node-RED's side of the ONE PLC child. Everything here only notes what is wanted and tells the child: nothing blocks, and but for
 * a refused configuration (GP_CONFIG_INVALID) nothing throws. After a restart of the child all of it is said again.
 */
export class PlcLink extends EventEmitter<PlcLinkEvents> {
  readonly #child: SupervisedChild;
  readonly #endpoints = new Map<string, Wanted>();
  readonly #states = new Map<string, EndpointState>();
  readonly #snapshots = new Map<string, StationSnapshot>();
  readonly #handledIn = new WeakMap<StationSnapshot, number>();
  readonly #unsent = new Set<string>();
  /** Number of the last command of this child that was handed on, by station. */
  #handled: Record<string, number> = {};
  #configured = true;
  #started = false;

  constructor({ lingerMs = 5000, silenceMs = 1500, heartbeatMs = 500 }: PlcLinkOptions = {}) {
    super();
    this.#child = new SupervisedChild({
      name: 'PLC',
      module: join(__dirname, 'plc-child.js'),
      args: [JSON.stringify({ lingerMs, silenceMs, heartbeatMs })],
      // without these its resident memory wanders up by a hundred megabytes over days, though nothing is kept (measured)
      env: { MALLOC_ARENA_MAX: '2' },
      nodeFlags: ['--max-semi-space-size=8'],
      outlivesParent: true,
      startMs: 40_000,
      stopMs: 4_000,
      hungMs: 8_000,
      backoff: { minMs: 200, maxMs: 5_000, resetAfterMs: 20_000 },
      maxQueuedBytes: 4 * 1024 * 1024,
      initialise: (child) => this.#initialise(child),
    });
    this.#child.on('event', (type: string, body: unknown) => this.#receive(type, body));
    this.#child.on('state', (state: string) => this.#childState(state));
    this.#child.on('failure', (error: GoodpartError) => this.#report(error));
  }

  /** Opens a Modbus TCP server. The same key with the same options again changes nothing. */
  openModbus(key: string, options: ModbusOptions): void {
    this.#open(key, { kind: 'modbus', options: parseSettings(modbusSettings, options) });
  }

  /** Opens an OPC UA server. The same key with the same options again changes nothing. */
  openOpcUa(key: string, options: OpcUaOptions): void {
    this.#open(key, { kind: 'opcua', options: parseSettings(opcUaSettings, options) });
  }

  /** Becomes client of a PLC's Modbus TCP server. The same key with the same options again changes nothing. */
  openModbusClient(key: string, options: ModbusClientOptions): void {
    this.#open(key, { kind: 'modbus client', options: parseSettings(modbusClientSettings, options) });
  }

  /** Becomes client of a PLC's OPC UA server. The same key with the same options again changes nothing. */
  openOpcUaClient(key: string, options: OpcUaClientOptions): void {
    this.#open(key, { kind: 'opcua client', options: parseSettings(opcUaClientSettings, options) });
  }

  /** Closes an endpoint; its clients read Code 0, Ready 0 (OPC UA: Bad_Shutdown) before. Unknown keys are ignored. */
  closeEndpoint(key: string): void {
    if (!this.#endpoints.delete(key)) return;
    this.#states.delete(key);
    this.#configure();
  }

  /**
   * Shows a station on an endpoint; `slot` n = Modbus base 1000·n, 0..65, one station per slot. An OPC UA client takes one station,
   * or several where its template names the station.
   */
  attach(endpointKey: string, stationId: string, slot = 0): void {
    const endpoint = this.#endpoints.get(endpointKey);
    if (endpoint === undefined) {
      throw invalidParameter('endpoint', 'the key of an open endpoint', endpointKey, 'GP_CONFIG_INVALID');
    }
    if (!stationIdPattern.test(stationId)) {
      throw invalidParameter('station id', 'letters, digits, - and _', stationId, 'GP_CONFIG_INVALID');
    }
    checkPlace(endpoint.settings, endpoint.slots, stationId, slot);
    if (endpoint.slots.get(stationId) === slot) return;
    endpoint.slots.set(stationId, slot);
    this.#configure();
  }

  detach(endpointKey: string, stationId: string): void {
    if (this.#endpoints.get(endpointKey)?.slots.delete(stationId)) this.#configure();
  }

  /**
   * Shows this from now on. Never blocks, never throws; while the child is away only the newest is kept. Each output of a station
   * hands over the same snapshot: it goes to the child once, for all endpoints.
   */
  publish(snapshot: StationSnapshot): void {
    const handled = this.#handled[snapshot.id] ?? 0;
    if (this.#snapshots.get(snapshot.id) === snapshot && this.#handledIn.get(snapshot) === handled) return;
    this.#snapshots.set(snapshot.id, snapshot);
    this.#handledIn.set(snapshot, handled);
    if (this.#started) this.#send(snapshot);
  }

  /** The station is closed for good: its tags disappear. */
  withdraw(stationId: string): void {
    this.#snapshots.delete(stationId);
    this.#unsent.delete(stationId);
    if (this.#started) this.#child.tell('withdraw', { id: stationId });
  }

  /** Called each 250 ms by the decision loop: the PLC's heartbeat counts only while this is heard. */
  alive(): void {
    if (!this.#started || !this.#child.tell('alive', null)) return;
    if (!this.#configured) this.#configure();
    for (const id of this.#unsent) {
      const snapshot = this.#snapshots.get(id);
      if (snapshot !== undefined) this.#send(snapshot);
    }
  }

  /**
   * One level of a PLC's OPC UA address space, below `nodeId` ('' = Objects); at most 500 nodes. Rejects with one sentence: GP_CONFIG_INVALID
   * names a setting, GP_ENDPOINT_FAILED says why the PLC does not answer.
   */
  async browse(options: OpcUaBrowseOptions, nodeId = ''): Promise<Browsed> {
    const settings = parseSettings(opcUaBrowseSettings, options);
    if (!this.#started) this.#start();
    const deadlineMs = browseDeadlineMs(settings) + childPatienceMs;
    const { body } = await this.#child.request('browse', { settings, nodeId }, [], {
      deadlineMs,
      keepOnDeadline: true,
    });
    return body as Browsed;
  }

  endpointState(key: string): EndpointState | undefined {
    return this.#states.get(key);
  }

  stats(): ChildStats {
    return this.#child.stats();
  }

  /** Orderly end: the PLC reads 0/0/0 (Bad_Shutdown), then the endpoints close. Resolves when the child is gone. */
  async stop(): Promise<void> {
    this.#endpoints.clear();
    this.#states.clear();
    this.#started = false;
    await this.#child.stop();
  }

  #open(key: string, settings: EndpointSettings): void {
    const known = this.#endpoints.get(key);
    if (known !== undefined && JSON.stringify(known.settings) === JSON.stringify(settings)) return;
    this.#endpoints.set(key, { settings, slots: known?.slots ?? new Map() });
    this.#set(key, { state: 'opening', text: 'opening', clients: 0 });
    if (this.#started) this.#configure();
    else this.#start();
  }

  #start(): void {
    this.#started = true;
    this.#child.start().catch(() => {}); // said by `failure`; it goes on trying
  }

  #desired(): { endpoints: DesiredEndpoint[] } {
    const endpoints = [...this.#endpoints].map(([key, { settings, slots }]) => ({
      key,
      settings,
      stations: [...slots].map(([id, slot]) => ({ id, slot })),
    }));
    return { endpoints };
  }

  #configure(): void {
    this.#configured = false;
    if (!this.#started || this.#child.state !== 'running') return;
    this.#configured = true;
    this.#child
      .request('configure', this.#desired(), [], { deadlineMs: 60_000 })
      .catch((error: unknown) => this.#report(asGoodpartError(error)));
  }

  async #initialise(child: SupervisedChild): Promise<void> {
    this.#configured = true;
    this.#unsent.clear();
    // Another child counts anew: what the snapshots say of the last one's commands means nothing to it.
    this.#handled = {};
    const patience = { deadlineMs: 30_000 };
    const answers = [child.request('configure', this.#desired(), [], patience)];
    for (const snapshot of this.#snapshots.values()) {
      this.#handledIn.delete(snapshot);
      answers.push(child.request('publish', this.#shown(snapshot), [], patience));
    }
    await Promise.all(answers);
  }

  #childState(state: string): void {
    if (state === 'running') {
      if (!this.#configured) this.#configure();
      this.alive();
      return;
    }
    for (const key of this.#endpoints.keys()) {
      this.#set(key, { state: 'opening', text: `the PLC process is ${state}`, clients: 0 });
    }
  }

  #shown(snapshot: StationSnapshot): { snapshot: StationSnapshot; handled: number } {
    return { snapshot, handled: this.#handledIn.get(snapshot) ?? 0 };
  }

  #send(snapshot: StationSnapshot): void {
    if (this.#child.tell('publish', this.#shown(snapshot))) this.#unsent.delete(snapshot.id);
    else this.#unsent.add(snapshot.id);
  }

  #receive(type: string, body: unknown): void {
    if (type === 'endpoint') {
      const { key, ...state } = body as { key: string } & EndpointState;
      if (this.#endpoints.has(key)) this.#set(key, state);
    } else if (type === 'told') {
      const { stationId, results } = body as { stationId: string; results: ToldResult[] };
      this.emit('told', stationId, results);
    } else if (type === 'commands') {
      const { stationId, handed, at } = body as { stationId: string; handed: Handed[]; at: number };
      for (const { number, command } of handed) {
        this.emit('command', stationId, command, at);
        // Only what is published from now on answers it.
        this.#handled[stationId] = number;
      }
    } else if (type === 'resumed') {
      for (const snapshot of this.#snapshots.values()) this.#send(snapshot);
    }
  }

  #set(key: string, state: EndpointState): void {
    this.#states.set(key, state);
    this.emit('endpoint', key, state);
  }

  #report(error: GoodpartError): void {
    if (this.listenerCount('failure') > 0) this.emit('failure', error);
  }
}
