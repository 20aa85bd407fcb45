import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ClientSession, EndpointDescription, OPCUACertificateManager, OPCUAClient } from 'node-opcua';
import { GoodpartError } from '../core/errors.ts';
import { settledWithin } from '../process/settled-within.ts';
import { loadOpcua } from './opcua-server.ts';
import type { Opcua } from './opcua-variant.ts';
import { reach } from './reach.ts';
import type { OpcUaClientSettings } from './settings.ts';

/** A session that a lost connection left behind is freed by the PLC after this time: PLCs have few. */
const sessionTimeoutMs = 20_000;
/** Closing a session, then the channel, may each take this long before the socket is destroyed. */
const closingMs = 1000;

type Transport = ReturnType<Opcua['defaultClientTransportFactory']['create']>;

/** What connecting needs of the settings: the same for the client and for browsing. */
export type OpcUaLinkSettings = Pick<
  OpcUaClientSettings,
  'url' | 'security' | 'user' | 'password' | 'pkiDir' | 'timeoutMs'
>;

/** A session with an OPC UA server, made once and never repaired: whoever needs it again makes another. */
export class OpcUaLink {
  readonly opcua: Opcua;
  readonly #settings: OpcUaLinkSettings;
  readonly #lost: (error: Error) => void;
  readonly #certificates: OPCUACertificateManager;
  readonly #clients: OPCUAClient[] = [];
  readonly #transports: Transport[] = [];
  #session: ClientSession | undefined;
  #over = false;
  #ended: Promise<void> | undefined;

  private constructor(opcua: Opcua, settings: OpcUaLinkSettings, lost: (error: Error) => void) {
    this.opcua = opcua;
    this.#settings = settings;
    this.#lost = lost;
    mkdirSync(settings.pkiDir, { recursive: true, mode: 0o700 });
    this.#certificates = new opcua.OPCUACertificateManager({
      rootFolder: settings.pkiDir,
      automaticallyAcceptUnknownCertificate: false,
    });
  }

  /** Rejects with one sentence; each step is bounded by `timeoutMs`. `lost` is called where an open link ends by itself. */
  static async open(
    settings: OpcUaLinkSettings,
    lost: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<OpcUaLink> {
    if (settings.user !== '' && settings.security === 'None') {
      throw new GoodpartError(
        'GP_ENDPOINT_FAILED',
        'A password goes over an encrypted connection only: choose a security policy',
      );
    }
    const { hostname, port } = new URL(settings.url);
    // node-opcua takes its time to say that nobody is there, and says it in many ways
    const socket = await reach(hostname.replace(/^\[|\]$/g, ''), Number(port || 4840), settings.timeoutMs, signal);
    socket.on('error', () => {});
    socket.destroy();
    const link = new OpcUaLink(await loadOpcua(), settings, lost);
    const abandon = () => void link.end(false);
    signal.addEventListener('abort', abandon, { once: true });
    try {
      signal.throwIfAborted();
      await link.#open();
      return link;
    } catch (error) {
      await link.end(false);
      throw error;
    } finally {
      signal.removeEventListener('abort', abandon);
    }
  }

  get session(): ClientSession {
    if (this.#session === undefined) throw this.error('is not connected');
    return this.#session;
  }

  error(text: string): GoodpartError {
    return new GoodpartError('GP_ENDPOINT_FAILED', `${this.#settings.url} ${text}`);
  }

  /** One request within `timeoutMs`; rejects with one sentence. */
  async ask<T>(request: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this.#settings;
    this.#goOn();
    const late = () => this.error(`did not answer within ${timeoutMs} ms`);
    try {
      const answer = await settledWithin(request(), timeoutMs, late);
      this.#goOn();
      return answer;
    } catch (error) {
      throw GoodpartError.is(error) ? error : this.#sentence(error as Error);
    }
  }

  /**
   * Never rejects, bounded in time. Not orderly: the sockets are reset first, or the system would go on delivering what was written long
   * after the cable is back.
   */
  end(orderly: boolean): Promise<void> {
    this.#over = true;
    this.#ended ??= this.#end(orderly);
    return this.#ended;
  }

  async #end(orderly: boolean): Promise<void> {
    if (!orderly) this.#cut();
    const bounded = (work: Promise<unknown> | undefined) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closingMs);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        (work ?? Promise.resolve()).then(done, done);
      });
    if (orderly) await bounded(this.#session?.close(true));
    for (const client of this.#clients) await bounded(client.disconnect());
    this.#cut();
    this.#certificates.referenceCounter = 0; // a client that never connected does not give its share back
    await bounded(this.#certificates.dispose());
  }

  /** What was ended while a step was under way must not take the next one. */
  #goOn(): void {
    if (this.#over) throw this.error('was left');
  }

  #cut(): void {
    for (const transport of this.#transports) {
      const { _socket: socket } = transport as unknown as { _socket: Socket | null };
      if (socket != null && !socket.destroyed) socket.resetAndDestroy();
      transport.dispose();
    }
  }

  async #open(): Promise<void> {
    const { MessageSecurityMode, SecurityPolicy, UserTokenType } = this.opcua;
    const { security, user, password } = this.#settings;
    await this.#certificates.initialize();
    this.#goOn();
    const plain = await this.#connect({ securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None });
    const offered = await this.ask(() => plain.getEndpoints());
    const mode = security === 'None' ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt;
    const endpoint = offered.find(
      ({ securityMode, securityPolicyUri }) => securityMode === mode && securityPolicyUri === SecurityPolicy[security],
    );
    if (endpoint === undefined) throw this.error(`does not offer ${security}; it offers ${this.#named(offered)}`);
    let client = plain;
    if (security !== 'None') {
      await this.#trust(endpoint);
      await this.ask(() => plain.disconnect());
      client = await this.#connect({
        securityMode: mode,
        securityPolicy: SecurityPolicy[security],
        serverCertificate: endpoint.serverCertificate,
      });
    }
    const session = await this.ask(() =>
      user === ''
        ? client.createSession()
        : client.createSession({ type: UserTokenType.UserName, userName: user, password }),
    );
    this.#session = session;
    const gone = () => {
      if (!this.#over) this.#lost(this.error('closed the connection'));
    };
    client.on('connection_lost', gone);
    client.on('close', gone);
    session.on('session_closed', gone);
  }

  async #connect(security: object): Promise<OPCUAClient> {
    const { OPCUAClient, defaultClientTransportFactory } = this.opcua;
    const { url, timeoutMs } = this.#settings;
    const client = OPCUAClient.create({
      applicationName: 'Goodpart',
      clientName: 'Goodpart',
      clientCertificateManager: this.#certificates,
      endpointMustExist: false,
      keepSessionAlive: false,
      requestedSessionTimeout: sessionTimeoutMs,
      defaultTransactionTimeout: timeoutMs + closingMs,
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 100 },
      transportFactory: {
        create: (options) => {
          const transport = defaultClientTransportFactory.create(options);
          this.#transports.push(transport);
          return transport;
        },
      },
      ...security,
    });
    this.#clients.push(client);
    await this.ask(() => client.connect(url));
    return client;
  }

  /** Refuses a certificate that nobody has trusted; it then lies in `<pkiDir>/rejected`. */
  async #trust({ serverCertificate }: EndpointDescription): Promise<void> {
    const status = await this.ask(() => this.#certificates.checkCertificate(serverCertificate));
    if (status.isGood()) return;
    const { pkiDir } = this.#settings;
    const thumbprint = createHash('sha1').update(serverCertificate).digest('hex');
    const how = `trust it in this endpoint’s dialog, or move it from ${join(pkiDir, 'rejected')} to trusted/certs`;
    throw this.error(
      status.name === 'BadCertificateUntrusted'
        ? `has a certificate that is not trusted (thumbprint ${thumbprint}): ${how}`
        : `has a certificate that cannot be used: ${status.name}`,
    );
  }

  #named(offered: EndpointDescription[]): string {
    const names = offered.map(({ securityMode, securityPolicyUri }) => {
      const policy = securityPolicyUri?.split('#')[1] ?? '';
      return policy === 'None' ? policy : `${policy} (${this.opcua.MessageSecurityMode[securityMode]})`;
    });
    return [...new Set(names)].join(', ') || 'nothing';
  }

  #sentence({ message }: Error): GoodpartError {
    const { user, pkiDir } = this.#settings;
    const [status = ''] = /\bBad[A-Z]\w+/.exec(message) ?? [];
    if (/^Bad(UserAccessDenied|IdentityToken)/.test(status)) {
      return this.error(
        user === ''
          ? `lets nobody in without a user (${status})`
          : `refused user "${user}" or the password (${status})`,
      );
    }
    if (/^Bad(Certificate|SecurityChecksFailed)/.test(status)) {
      const own = join(pkiDir, 'own/certs/client_certificate.pem');
      return this.error(`does not trust this station: let the PLC trust ${own} (${status})`);
    }
    if (/^BadTooMany|^BadTcpServerTooBusy/.test(status))
      return this.error(`has no place for another client (${status})`);
    const broken = /connection.{0,40}(break|broken|lost|abort|cancel)|channel closed|ECONNRESET|EPIPE|disconnected/i;
    if (status === '' && broken.test(message)) return this.error('closed the connection');
    return this.error(`failed: ${status || message.split('\n')[0]}`);
  }
}
