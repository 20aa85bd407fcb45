import type { ClientMonitoredItemGroup, ClientSubscription, DataValue } from 'node-opcua';
import { type ConnectionEvents, type Place, PlcClient, type PlcConnection } from './client.ts';
import { OpcUaLink } from './opcua-link.ts';
import { inChunks, type MappedNode, type Mapping, mapStation, naming } from './opcua-mapping.ts';
import { commandLength, commandStart } from './registers.ts';
import type { OpcUaClientSettings } from './settings.ts';
import { textBytes } from './tag-table.ts';
import type { TagValues } from './tag-values.ts';

/** The command block is read again after this even where no notification came: it proves the session too. */
const pollMs = 1000;
/** Operation limits of the PLC's server, both optional. */
const maxNodesPerRead = 'ns=0;i=11705';
const maxNodesPerWrite = 'ns=0;i=11707';
const serverState = 'ns=0;i=2259';

const sequence = 'Result.Sequence';
const age = 'Result.Age';
const heartbeat = 'Status.Heartbeat';
/** Written whenever anything is: a PLC whose memory was cleared knows again whom it talks to. */
const always = new Set(['Status.Word', 'Status.BootId', heartbeat]);

/** The station as client of a PLC's OPC UA server: it writes its tags into the PLC's nodes and subscribes to the command nodes. */
export function opcUaClient(settings: OpcUaClientSettings): PlcClient {
  return new PlcClient({
    address: settings.url,
    connect: async (events, signal) => {
      const link = await OpcUaLink.open(settings, events.lost, signal);
      try {
        return await OpcUaConnection.over(link, settings, events);
      } catch (error) {
        await link.end(false);
        throw error;
      }
    },
  });
}

interface Station extends Mapping {
  group: ClientMonitoredItemGroup | undefined;
  /** What the PLC has acknowledged, by tag. */
  held: Map<string, string>;
  sequence: number | undefined;
}

class OpcUaConnection implements PlcConnection {
  readonly pollMs = pollMs;
  readonly #link: OpcUaLink;
  readonly #settings: OpcUaClientSettings;
  readonly #events: ConnectionEvents;
  readonly #limits: { read: number; write: number };
  readonly #stations = new Map<Place, Station>();
  #subscription: ClientSubscription | undefined;

  private constructor(
    link: OpcUaLink,
    settings: OpcUaClientSettings,
    events: ConnectionEvents,
    limits: { read: number; write: number },
  ) {
    this.#link = link;
    this.#settings = settings;
    this.#events = events;
    this.#limits = limits;
  }

  static async over(
    link: OpcUaLink,
    settings: OpcUaClientSettings,
    events: ConnectionEvents,
  ): Promise<OpcUaConnection> {
    const nodes = [maxNodesPerRead, maxNodesPerWrite].map((nodeId) => ({ nodeId }));
    const [read, write] = (await link.ask(() => link.session.read(nodes))).map(limitOf);
    return new OpcUaConnection(link, settings, events, { read, write });
  }

  remark(): string {
    const stations = [...this.#stations.values()];
    const absent = stations.reduce((sum, station) => sum + station.absent, 0);
    const deaf = stations.some(({ commands }) => commands.length === 0);
    return [absent > 0 ? `${absent} tags are not in the PLC` : '', deaf ? 'no command nodes: the PLC cannot ask' : '']
      .filter(Boolean)
      .join('; ');
  }

  async prepare(place: Place): Promise<void> {
    const mapping = await mapStation(this.#link, this.#settings.template, place, this.#limits.read);
    const group = mapping.commands.length > 0 ? await this.#subscribe(place, mapping.commands) : undefined;
    this.#stations.set(place, { ...mapping, group, held: new Map(), sequence: undefined });
  }

  async show(place: Place, values: TagValues): Promise<void> {
    const station = this.#stations.get(place);
    if (station === undefined) return;
    const renewed = station.sequence !== values.result.sequence;
    const beating = station.held.get(heartbeat) !== String(values.heartbeat);
    const all = station.shown.map((node) => {
      const variant = node.variant(values);
      return { node, variant, text: `${variant.value}` };
    });
    const changed = all.filter(({ node: { name }, text }) => {
      if (name === age && !beating && !renewed) return false;
      return station.held.get(name) !== text || (renewed && name.startsWith('Result.'));
    });
    if (changed.length === 0) return;
    const payload = all.filter(
      (one) => one.node.name !== sequence && (changed.includes(one) || always.has(one.node.name)),
    );
    await this.#write(station, payload);
    if (renewed)
      await this.#write(
        station,
        all.filter(({ node }) => node.name === sequence),
      );
    station.sequence = values.result.sequence;
  }

  async leave(place: Place, values: TagValues): Promise<void> {
    await this.show(place, values);
    const group = this.#stations.get(place)?.group;
    this.#stations.delete(place);
    if (group !== undefined) await this.#link.ask(() => group.terminate());
  }

  async readCommands(place: Place): Promise<Uint16Array | null> {
    const commands = this.#stations.get(place)?.commands ?? [];
    if (commands.length === 0) {
      await this.#link.ask(() => this.#link.session.read({ nodeId: serverState }));
      return null;
    }
    const answers: DataValue[] = [];
    const wanted = commands.map(({ nodeId }) => ({ nodeId }));
    for (const chunk of inChunks(wanted, this.#limits.read)) {
      answers.push(...(await this.#link.ask(() => this.#link.session.read(chunk))));
    }
    const bad = commands.filter((_, n) => !answers[n].statusCode.isGood());
    if (bad.length > 0) throw this.#link.error(`does not say ${naming(bad.map(({ name }) => name))}`);
    return commandWords(commands, answers);
  }

  end(orderly: boolean): Promise<void> {
    return this.#link.end(orderly);
  }

  async #write(station: Station, nodes: { node: MappedNode; variant: object; text: string }[]): Promise<void> {
    const { AttributeIds } = this.#link.opcua;
    for (const chunk of inChunks(nodes, this.#limits.write)) {
      const wanted = chunk.map(({ node, variant }) => ({
        nodeId: node.nodeId,
        attributeId: AttributeIds.Value,
        value: { value: variant },
      }));
      const statuses = await this.#link.ask(() => this.#link.session.write(wanted));
      const refused = chunk.flatMap(({ node }, n) =>
        statuses[n]?.isGood() ? [] : `${node.name}: ${statuses[n]?.name}`,
      );
      if (refused.length > 0) throw this.#link.error(`refused what was written: ${naming(refused)}`);
      for (const { node, text } of chunk) station.held.set(node.name, text);
    }
  }

  /** A notification says that something changed; all nodes of the change are then read together. */
  async #subscribe(place: Place, commands: MappedNode[]): Promise<ClientMonitoredItemGroup> {
    const { AttributeIds, TimestampsToReturn } = this.#link.opcua;
    const { publishMs } = this.#settings;
    const keepAlive = Math.max(1, Math.ceil(pollMs / publishMs));
    if (this.#subscription === undefined) {
      this.#subscription = await this.#link.ask(() =>
        this.#link.session.createSubscription2({
          requestedPublishingInterval: publishMs,
          requestedMaxKeepAliveCount: keepAlive,
          requestedLifetimeCount: keepAlive * 20,
          maxNotificationsPerPublish: 0,
          publishingEnabled: true,
          priority: 1,
        }),
      );
      this.#subscription.on('terminated', () => {
        this.#events.lost(this.#link.error('ended the subscription of the command nodes'));
      });
    }
    const subscription = this.#subscription;
    const group = await this.#link.ask(() =>
      subscription.monitorItems(
        commands.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
        { samplingInterval: publishMs, queueSize: 1, discardOldest: true },
        TimestampsToReturn.Neither,
      ),
    );
    group.on('changed', () => this.#events.hurry(place));
    return group;
  }
}

/** 0 = no limit. */
function limitOf({ statusCode, value }: DataValue): number {
  return statusCode.isGood() && typeof value.value === 'number' ? value.value : 0;
}

/** Registers 200..240 from what the nodes hold; a node that the PLC has not is 0. */
function commandWords(commands: readonly MappedNode[], answers: readonly DataValue[]): Uint16Array {
  const words = new Uint16Array(commandLength);
  for (const [n, { tag }] of commands.entries()) {
    const at = tag.address - commandStart;
    const value: unknown = answers[n].value.value;
    if (typeof value === 'number') words[at] = value;
    if (typeof value !== 'string') continue;
    const bytes = textBytes(value);
    words[at - 1] = bytes.length;
    for (const [index, byte] of bytes.entries()) words[at + (index >> 1)] |= index % 2 === 0 ? byte << 8 : byte;
  }
  return words;
}
