import type { Clock } from '../core/clock.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import { EndpointKeeper, type StationView } from './endpoint.ts';
import type { Handed } from './forwarding.ts';
import { makeProtocol } from './protocols.ts';
import type { DesiredEndpoint, EndpointState } from './settings.ts';
import { StationState, type ToldResult } from './station-state.ts';

const tickMs = 100;

export interface HostOptions {
  clock: Clock;
  /** Node-RED counts as hung when its decision loop was not heard for this long. */
  silenceMs: number;
  heartbeatMs: number;
}

export interface HostListener {
  endpoint(key: string, state: EndpointState): void;
  /** Node-RED is silent, and this was told to the PLC in its place. */
  told(stationId: string, results: ToldResult[]): void;
  /** Node-RED is heard again: it shall publish what is true now. */
  resumed(): void;
  /** What a PLC asks for, at this monotonic instant. */
  commands(stationId: string, handed: Handed[], at: number): void;
}

interface Endpoint {
  keeper: EndpointKeeper;
  settings: string;
  /** Wanted stations; `attached` holds those whose first snapshot has come. */
  slots: Map<string, number>;
  attached: Map<string, number>;
  /** This endpoint goes while others stay: its clients, and only they, see the stations closing. */
  closing: boolean;
}

/** The PLC child's one state: stations, heartbeat, the watch over Node-RED, and the endpoints that show it all. */
export class PlcHost {
  readonly #options: HostOptions;
  readonly #listener: HostListener;
  readonly #stations = new Map<string, StationState>();
  readonly #endpoints = new Map<string, Endpoint>();
  /** Endpoints that say their last words. */
  readonly #leaving = new Set<Promise<void>>();
  #silent = false;
  #closing = false;
  #heartbeat = 0;
  #beatAt: number;
  #heardAt: number;
  #tickedAt: number;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: HostOptions, listener: HostListener) {
    this.#options = options;
    this.#listener = listener;
    this.#heardAt = this.#beatAt = this.#tickedAt = options.clock.mono();
  }

  start(): void {
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  /** The decision loop lives. After a silence each station stays as it was told until its next snapshot. */
  alive(): void {
    this.#heardAt = this.#options.clock.mono();
    if (!this.#silent) return;
    this.#silent = false;
    this.#beatAt = this.#heardAt;
    this.#listener.resumed();
  }

  /** `handled`: the number of the last command whose answer is in this snapshot. */
  publish(snapshot: StationSnapshot, handled = 0): void {
    const known = this.#stations.get(snapshot.id);
    if (known !== undefined) {
      known.apply(snapshot, handled);
      known.silent = this.#silent;
      this.#refresh(snapshot.id);
      return;
    }
    const station = new StationState(snapshot, handled);
    station.silent = this.#silent;
    this.#stations.set(snapshot.id, station);
    for (const [key, endpoint] of this.#endpoints) this.#attachAll(key, endpoint);
  }

  /** A station that is no more: its blocks and nodes go. */
  withdraw(id: string): void {
    for (const { keeper, attached } of this.#endpoints.values()) if (attached.delete(id)) keeper.server.detach(id);
    this.#stations.delete(id);
  }

  /** Makes the endpoints what is desired; one that stays the same is not touched. */
  configure(desired: DesiredEndpoint[]): void {
    const wanted = new Map(desired.map((endpoint) => [endpoint.key, endpoint]));
    for (const [key, endpoint] of this.#endpoints) {
      const next = wanted.get(key);
      if (next !== undefined && JSON.stringify(next.settings) === endpoint.settings) continue;
      this.#endpoints.delete(key);
      endpoint.closing = true;
      for (const id of endpoint.attached.keys()) endpoint.keeper.server.refresh(id);
      const leaving = endpoint.keeper.close(true).catch(() => {});
      this.#leaving.add(leaving);
      leaving.finally(() => this.#leaving.delete(leaving));
    }
    for (const [key, { settings, stations }] of wanted) {
      let endpoint = this.#endpoints.get(key);
      if (endpoint === undefined) {
        const { protocol, ...options } = makeProtocol(settings);
        const keeper: EndpointKeeper = new EndpointKeeper(protocol, options, (state) => {
          // One that closes while another takes its key has nothing to say any more.
          if (this.#endpoints.get(key)?.keeper === keeper) this.#listener.endpoint(key, state);
        });
        endpoint = {
          keeper,
          settings: JSON.stringify(settings),
          slots: new Map(),
          attached: new Map(),
          closing: false,
        };
        this.#endpoints.set(key, endpoint);
        // A client that leaves still writes its last words into the PLC: not over the first ones of the next
        if (settings.kind.endsWith('client')) void Promise.allSettled(this.#leaving).then(() => keeper.start());
        else keeper.start();
      }
      endpoint.slots = new Map(stations.map(({ id, slot }) => [id, slot]));
      this.#attachAll(key, endpoint);
    }
  }

  /** Node-RED is gone without a word: the same as silent, at once. */
  orphaned(): void {
    this.#fallSilent();
  }

  /** Ends all endpoints; orderly says 0/0/0 first, otherwise the last picture stays until the sockets close. */
  async close({ orderly }: { orderly: boolean }): Promise<void> {
    clearInterval(this.#ticker);
    this.#closing = orderly;
    for (const id of this.#stations.keys()) this.#refresh(id);
    const closing = [...this.#endpoints.values()].map(({ keeper }) => keeper.close(orderly));
    await Promise.all([...closing, ...this.#leaving]);
  }

  #attachAll(key: string, endpoint: Endpoint): void {
    const { keeper, slots, attached } = endpoint;
    for (const [id, slot] of attached) {
      if (slots.get(id) === slot) continue;
      attached.delete(id);
      keeper.server.detach(id);
    }
    for (const [id, slot] of slots) {
      const station = this.#stations.get(id);
      if (station === undefined || attached.has(id)) continue;
      attached.set(id, slot);
      keeper.server.attach(this.#view(id, station, endpoint, key), slot);
    }
  }

  #view(id: string, station: StationState, endpoint: Endpoint, key: string): StationView {
    const { line, station: name } = station.snapshot;
    const now = () => this.#options.clock.mono();
    const hand = (handed: Handed[]) => {
      this.#hand(id, handed);
      this.#refresh(id);
    };
    return {
      id,
      title: `${line} ${name}`.trim() || id,
      values: () => {
        const condition = station.silent ? 'silent' : endpoint.closing || this.#closing ? 'closing' : 'alive';
        return station.render({ heartbeat: this.#heartbeat, condition, now: now() });
      },
      write: (offset, words) => station.desk.store(offset, words),
      writePartId: (text) => station.desk.storePartId(text),
      evaluate: () => hand(station.evaluate(now())),
      coil: (index) => station.desk.coil(index),
      setCoil: (index, on) => hand(station.setCoil(index, on, now())),
      commandsRead: (words, first) => {
        const handed = station.read(key, words, first, now());
        if (handed.length > 0) hand(handed);
      },
    };
  }

  #tick(): void {
    const now = this.#options.clock.mono();
    const late = now - this.#tickedAt - tickMs;
    this.#tickedAt = now;
    // This process was away itself (loading, stopped): what Node-RED said meanwhile is still unread.
    if (late > tickMs) this.#heardAt += late;
    if (!this.#silent && now - this.#heardAt > this.#options.silenceMs) this.#fallSilent();
    if (!this.#silent && now - this.#beatAt >= this.#options.heartbeatMs) {
      this.#beatAt = Math.max(this.#beatAt + this.#options.heartbeatMs, now - this.#options.heartbeatMs);
      this.#heartbeat = (this.#heartbeat + 1) % 65536;
    }
    for (const [id, station] of this.#stations) {
      this.#hand(id, station.tick(now));
      this.#refresh(id);
    }
    for (const { keeper } of this.#endpoints.values()) keeper.report();
  }

  #fallSilent(): void {
    if (this.#silent) return;
    this.#silent = true;
    const { clock } = this.#options;
    for (const [id, station] of this.#stations) {
      const results = station.tellOpen(clock.mono(), Date.parse(clock.utc()));
      station.silent = true;
      if (results.length > 0) this.#listener.told(id, results);
      this.#hand(id, station.cancelUnanswered());
      this.#refresh(id);
    }
  }

  #hand(id: string, handed: Handed[]): void {
    if (handed.length > 0) this.#listener.commands(id, handed, this.#options.clock.mono());
  }

  #refresh(id: string): void {
    for (const { keeper, attached } of this.#endpoints.values()) if (attached.has(id)) keeper.server.refresh(id);
  }
}
