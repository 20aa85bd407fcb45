import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { OPCUAServer, ServerSession } from 'node-opcua';
import { type Protocol, probePort, type StationView } from './endpoint.ts';
import { StationNodes } from './opcua-nodes.ts';
import type { Opcua } from './opcua-variant.ts';
import type { OpcUaSettings } from './settings.ts';

/** An orderly end leaves Bad_Shutdown readable this long before the connection closes. */
const lastWordsMs = 600;

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

/** OPC UA server: anonymous clients read; users, over Basic256Sha256 only, may write into the command block. */
export class OpcUaServer implements Protocol {
  onFailure: (error: Error) => void = () => {};
  readonly #settings: OpcUaSettings;
  readonly #views = new Map<string, StationView>();
  readonly #nodes = new Map<string, StationNodes>();
  #server: OPCUAServer | undefined;
  #opcua: Opcua | undefined;

  constructor(settings: OpcUaSettings) {
    this.#settings = settings;
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

  async open(): Promise<void> {
    const { host, port } = this.#settings;
    await probePort(host, port);
    const opcua = await loadOpcua();
    this.#opcua = opcua;
    const server = await this.#build(opcua);
    try {
      await server.initialize();
      this.#server = server;
      for (const view of this.#views.values()) this.#show(view);
      await server.start();
    } catch (error) {
      this.#server = undefined;
      this.#nodes.clear();
      await server.shutdown(0).catch(() => {});
      throw error;
    }
  }

  async close(orderly: boolean): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await server.shutdown(orderly && this.clients() > 0 ? lastWordsMs : 0);
    this.#server = undefined;
    this.#nodes.clear();
  }

  async #build(opcua: Opcua): Promise<OPCUAServer> {
    const { host, port, allowAnonymous, maxSessions, pkiDir } = this.#settings;
    const encrypted = (session: ServerSession) =>
      session.channel?.securityMode === opcua.MessageSecurityMode.SignAndEncrypt;
    const known = (name: string, password: string) => this.#isUser(name, password);
    function isUser(this: ServerSession, name: string, password: string): boolean {
      return encrypted(this) && known(name, password);
    }
    mkdirSync(pkiDir, { recursive: true, mode: 0o700 });
    const certificates = new opcua.OPCUACertificateManager({
      rootFolder: pkiDir,
      automaticallyAcceptUnknownCertificate: false,
    });
    await certificates.initialize();
    return new opcua.OPCUAServer({
      ...(host === '0.0.0.0' ? {} : { host }),
      port,
      alternateHostname: reachableAs(host),
      allowAnonymous,
      securityPolicies: [opcua.SecurityPolicy.None, opcua.SecurityPolicy.Basic256Sha256],
      securityModes: [
        opcua.MessageSecurityMode.None,
        opcua.MessageSecurityMode.Sign,
        opcua.MessageSecurityMode.SignAndEncrypt,
      ],
      serverCertificateManager: certificates,
      userCertificateManager: certificates,
      registerServerMethod: opcua.RegisterServerMethod.HIDDEN,
      buildInfo: { productName: 'Goodpart', manufacturerName: 'Goodpart' },
      serverInfo: { applicationName: { text: 'Goodpart' } },
      maxConnectionsPerEndpoint: maxSessions + 2,
      serverCapabilities: {
        maxSessions,
        // 0: a subscriber with sampling interval 0 hears of every result, not of one in 50 ms.
        minSupportedSampleRate: 0,
        maxSubscriptions: maxSessions * 4,
        maxSubscriptionsPerSession: 4,
        maxMonitoredItems: maxSessions * 1000,
        maxMonitoredItemsPerSubscription: 1000,
        maxMonitoredItemsQueueSize: 100,
      },
      userManager: {
        isValidUser: isUser,
        getUserRoles: () => opcua.makeRoles([opcua.WellKnownRoles.AuthenticatedUser]),
      },
    });
  }

  #isUser(name: string, password: string): boolean {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    let known = false;
    for (const user of this.#settings.users) {
      const same = timingSafeEqual(digest(user.password), digest(password));
      if (user.name === name && same) known = true;
    }
    return known;
  }

  #show(view: StationView): void {
    const space = this.#server?.engine.addressSpace;
    if (this.#opcua === undefined || space == null) return;
    this.#nodes.set(view.id, new StationNodes(this.#opcua, space, view));
  }
}
