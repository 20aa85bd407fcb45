import { hostname, networkInterfaces } from 'node:os';
import type { OPCUACertificateManager, OPCUAServer, ServerSession } from 'node-opcua';
import { type Protocol, probePort, type StationView } from './endpoint.ts';
import { watchChannels, watchTrust } from './opcua-channels.ts';
import { StationNodes } from './opcua-nodes.ts';
import type { Opcua } from './opcua-variant.ts';
import { CommandWrites } from './opcua-writes.ts';
import { isDue, type OwnCertificate, ownIdentity, PkiStore } from './pki-store.ts';
import type { OpcUaSettings } from './settings.ts';
import { Users } from './users.ts';

/** An orderly end leaves Bad_Shutdown readable this long before the connection closes. */
const lastWordsMs = 600;
/** How often the certificate is looked at: it expires while the server runs for years. */
const certificateLookMs = 6 * 60 * 60 * 1000;
/** A client that asks nothing for this long is dropped, also one that never completes its connection. */
const silentMs = 60_000;

/** One request, answer or text; the largest answer is a browse of all nodes. */
const transport = {
  minBufferSize: 8192,
  maxBufferSize: 64 * 1024,
  minMaxMessageSize: 64 * 1024,
  defaultMaxMessageSize: 1024 * 1024,
  maxMaxMessageSize: 1024 * 1024,
  minMaxChunkCount: 1,
  defaultMaxChunkCount: 128,
  maxMaxChunkCount: 128,
};
/** Nodes of one request: a station has about 250. */
const operationLimits = {
  maxNodesPerBrowse: 1000,
  maxNodesPerRead: 1000,
  maxNodesPerWrite: 200,
  maxNodesPerMethodCall: 10,
  maxNodesPerRegisterNodes: 1000,
  maxNodesPerTranslateBrowsePathsToNodeIds: 1000,
  maxMonitoredItemsPerCall: 1000,
};

/** PLCs are told an address and compare it with the endpoint's: all addresses listened on are named. */
function reachableAs(host: string): string[] {
  if (host !== '0.0.0.0') return /^[\d.]+$/.test(host) ? [host] : [];
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
}

let loading: Promise<Opcua> | undefined;

/** node-opcua takes one to three seconds of this process's only thread: loaded once, when the first endpoint needs it. */
export function loadOpcua(): Promise<Opcua> {
  loading ??= import('node-opcua').then(
    (opcua) => {
      const silent = () => {};
      opcua.setDebugLogger(silent);
      opcua.setWarningLogger(silent);
      opcua.setErrorLogger(silent);
      return opcua;
    },
    (error) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** OPC UA server: whoever is let in reads, operators over an encrypted connection also write into the command block. */
export class OpcUaServer implements Protocol {
  onFailure: (error: Error) => void = () => {};
  readonly #settings: OpcUaSettings;
  readonly #users: Users;
  readonly #views = new Map<string, StationView>();
  readonly #nodes = new Map<string, StationNodes>();
  #server: OPCUAServer | undefined;
  #opcua: Opcua | undefined;
  #writes: CommandWrites | undefined;
  #own: OwnCertificate | undefined;
  #ends: (() => void)[] = [];

  constructor(settings: OpcUaSettings) {
    this.#settings = settings;
    this.#users = new Users(settings.users);
  }

  attach(view: StationView): void {
    this.detach(view.id);
    this.#views.set(view.id, view);
    this.#show(view);
  }

  detach(id: string): void {
    this.#views.delete(id);
    this.#nodes.get(id)?.dispose();
    this.#nodes.delete(id);
  }

  refresh(id: string): void {
    this.#nodes.get(id)?.update();
  }

  clients(): number {
    return this.#server?.currentSessionCount ?? 0;
  }

  describe(): string {
    const { host, port } = this.#settings;
    const note = this.#own?.note ?? '';
    return `listening on ${host}:${port}${note && `; ${note}`}`;
  }

  async open(): Promise<void> {
    await this.close(false);
    const { host, port } = this.#settings;
    await probePort(host, port);
    const opcua = await loadOpcua();
    this.#opcua = opcua;
    // One for both uses: two would renew the same folder's memory under each other
    const trust = new PkiStore(opcua, this.#settings.pkiDir);
    const server = await this.#build(opcua, trust);
    this.#writes = new CommandWrites(opcua);
    try {
      await server.initialize();
      this.#writes.guard(server);
      this.#server = server;
      for (const view of this.#views.values()) this.#show(view);
      this.#ends.push(watchChannels(server, this.#settings.halfOpenMs));
      await server.start();
      this.#ends.push(watchTrust(server, trust));
      this.#ends.push(this.#watchCertificate());
    } catch (error) {
      for (const end of this.#ends.splice(0)) end();
      this.#server = undefined;
      this.#nodes.clear();
      await server.shutdown(0).catch(() => {});
      throw error;
    }
  }

  async close(orderly: boolean): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    const server = this.#server;
    if (server === undefined) return;
    await server.shutdown(orderly && this.clients() > 0 ? lastWordsMs : 0);
    this.#server = undefined;
    this.#nodes.clear();
  }

  async #build(opcua: Opcua, trust: PkiStore): Promise<OPCUAServer> {
    const { host, port, allowAnonymous, allowNone, maxSessions, pkiDir } = this.#settings;
    const { SecurityPolicy, MessageSecurityMode, WellKnownRoles } = opcua;
    const reachable = reachableAs(host);
    const applicationUri = this.#settings.applicationUri || `urn:${hostname()}:goodpart`;
    const hosts = [...reachable, hostname(), ...(/^[\d.]+$/.test(host) ? [] : [host])];
    this.#own = await ownIdentity(opcua, pkiDir, { applicationUri, hosts });
    const { certificateFile, privateKeyFile } = this.#own;
    const users = this.#users;
    type Answer = (error: Error | null, known?: boolean) => void;
    function isValidUserAsync(this: ServerSession, name: string, password: string, answer: Answer): void {
      if (this.channel?.securityMode !== MessageSecurityMode.SignAndEncrypt) answer(null, false);
      else users.isUser(name, password).then((known) => answer(null, known), answer);
    }
    const roles = {
      observer: [WellKnownRoles.AuthenticatedUser, WellKnownRoles.Observer],
      operator: [WellKnownRoles.AuthenticatedUser, WellKnownRoles.Operator],
    };
    return new opcua.OPCUAServer({
      ...(host === '0.0.0.0' ? {} : { host }),
      port,
      alternateHostname: reachable,
      allowAnonymous,
      securityPolicies: [
        ...(allowNone ? [SecurityPolicy.None] : []),
        SecurityPolicy.Basic256Sha256,
        SecurityPolicy.Aes128_Sha256_RsaOaep,
        SecurityPolicy.Aes256_Sha256_RsaPss,
      ],
      securityModes: [
        ...(allowNone ? [MessageSecurityMode.None] : []),
        MessageSecurityMode.Sign,
        MessageSecurityMode.SignAndEncrypt,
      ],
      certificateFile,
      privateKeyFile,
      serverCertificateManager: storeFor(trust),
      // users are known by name and password: no certificate logs anybody in
      userCertificateManager: storeFor(new NobodyStore(opcua, pkiDir)),
      registerServerMethod: opcua.RegisterServerMethod.HIDDEN,
      buildInfo: { productName: 'Goodpart', manufacturerName: 'Goodpart' },
      serverInfo: { applicationUri, applicationName: { text: 'Goodpart' } },
      timeout: silentMs,
      transportSettings: { adjustTransportLimits: (hello) => opcua.adjustLimitsWithParameters(hello, transport) },
      // more connections than sessions, so that one too many is told so and not just hung up on
      maxConnectionsPerEndpoint: 2 * maxSessions + 2,
      serverCapabilities: {
        maxSessions,
        // 0: a subscriber with sampling interval 0 hears of every result, not of one in 50 ms.
        minSupportedSampleRate: 0,
        maxSubscriptions: maxSessions * 4,
        maxSubscriptionsPerSession: 4,
        maxMonitoredItems: maxSessions * 1000,
        maxMonitoredItemsPerSubscription: 1000,
        maxMonitoredItemsQueueSize: 100,
        operationLimits,
      },
      userManager: {
        isValidUserAsync,
        getUserRoles: (name: string) => opcua.makeRoles(roles[users.roleOf(name) ?? 'observer']),
      },
    });
  }

  /** A server that runs for years opens anew with a new certificate before the old one expires. */
  #watchCertificate(): () => void {
    const timer = setInterval(() => {
      if (this.#own === undefined || !isDue(this.#own.validTo)) return;
      clearInterval(timer);
      this.onFailure(new Error('its certificate is about to expire: it opens again with a new one'));
    }, certificateLookMs);
    return () => clearInterval(timer);
  }

  #show(view: StationView): void {
    const space = this.#server?.engine.addressSpace;
    if (this.#opcua === undefined || this.#writes === undefined || space == null) return;
    this.#nodes.set(view.id, new StationNodes(this.#opcua, space, view, this.#writes));
  }
}

class NobodyStore extends PkiStore {
  override async verifyCertificate(): Promise<string> {
    return 'BadCertificateUseNotAllowed';
  }
}

/** The library takes any store that has these methods; its types name only its own. */
const storeFor = (store: PkiStore) => store as unknown as OPCUACertificateManager;
