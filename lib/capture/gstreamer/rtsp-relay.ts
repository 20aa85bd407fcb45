import { readFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import { Authorizer, chooseChallenge, type Login } from './rtsp-auth.ts';
import { encodeMessage, headerOf, headersOf, type RtspMessage, RtspReader, withHeader } from './rtsp-messages.ts';

export interface RelayOptions {
  /** rtsp:// or rtsps://, without user and password. */
  url: string;
  login: Login;
  /** The camera refused user and password, cannot be reached, or speaks nonsense. */
  failed: (error: GoodpartError) => void;
}

/**
 * Stands between the pipeline and the camera on 127.0.0.1 and adds user and password. Arguments of a process can be read by
 * everybody on the machine (`ps`), and GStreamer may print the address it was given: so it is never given the secret.
 * It takes connections of this user's processes only, one at a time.
 */
export class RtspRelay {
  readonly #options: RelayOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #authority: string;
  #busy = false;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#authority = new URL(options.url).host;
    this.#server = createServer((client) => this.#accept(client));
    this.#server.on('error', () => {});
  }

  static async open(options: RelayOptions): Promise<RtspRelay> {
    const relay = new RtspRelay(options);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject);
      relay.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return relay;
  }

  /** For the pipeline. */
  get location(): string {
    const { pathname, search } = new URL(this.#options.url);
    return `rtsp://${this.#own}${pathname}${search}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A line that names the relay, naming the camera instead. */
  unrelayed(line: string): string {
    return line.replaceAll(this.#own, this.#authority);
  }

  get #own(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  #accept(client: Socket): void {
    if (this.#busy || !isOwnProcess(client)) {
      client.destroy();
      return;
    }
    this.#busy = true;
    const { url } = this.#options;
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const tls = protocol === 'rtsps:';
    const camera = tls
      ? connectTls({ host, port: Number(port || 322), servername: /^[\d.:]+$/.test(host) ? '' : host })
      : connectTcp({ host, port: Number(port || 554) });
    const end = () => {
      this.#busy = false;
      for (const socket of [client, camera]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    for (const socket of [client, camera]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', end);
    }
    client.on('error', () => {});
    camera.on('error', (error: Error) => {
      const text = `The camera at ${this.#authority} cannot be reached: ${error.message}`;
      this.#options.failed(new GoodpartError('GP_SOURCE_FAILED', text, { field: 'url', cause: error }));
    });
    this.#relay(client, camera, end);
  }

  #relay(client: Socket, camera: Socket, end: () => void): void {
    let authorizer: Authorizer | null = null;
    let asked: { message: RtspMessage; answered: boolean } | null = null;
    const ask = (message: RtspMessage) => {
      const [method, uri] = message.startLine.split(' ');
      const headers =
        authorizer === null
          ? message.headers
          : withHeader(message.headers, 'Authorization', authorizer.header(method, uri));
      send(camera, client, encodeMessage({ ...message, headers }));
    };
    const fromClient = new RtspReader({
      interleaved: (bytes) => send(camera, client, bytes),
      message: (message) => {
        const outward = this.#outward(message);
        if (!outward.startLine.startsWith('RTSP/')) asked = { message: outward, answered: false };
        if (outward.startLine.startsWith('RTSP/')) send(camera, client, encodeMessage(outward));
        else ask(outward);
      },
    });
    const fromCamera = new RtspReader({
      interleaved: (bytes) => send(client, camera, bytes),
      message: (message) => {
        const refused = /^RTSP\/\S+ 401\b/.test(message.startLine);
        const challenge = refused ? chooseChallenge(headersOf(message.headers, 'www-authenticate')) : null;
        if (refused && asked !== null && challenge !== null && !asked.answered) {
          authorizer = new Authorizer(challenge, this.#options.login);
          asked.answered = true;
          ask(asked.message);
          return;
        }
        if (refused) {
          const text = `The camera at ${this.#authority} refused user and password`;
          this.#options.failed(new GoodpartError('GP_SOURCE_FAILED', text, { field: 'rtspUser' }));
        }
        send(client, camera, encodeMessage(this.#inward(message, camera)));
      },
    });
    const reading = (reader: RtspReader) => (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (thrown) {
        this.#options.failed(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
        end();
      }
    };
    client.on('data', reading(fromClient));
    camera.on('data', reading(fromCamera));
  }

  /** What the pipeline says to the relay, as the camera expects it. */
  #outward(message: RtspMessage): RtspMessage {
    const scheme = new URL(this.#options.url).protocol;
    const text = (line: string) => line.replaceAll(`rtsp://${this.#own}`, `${scheme}//${this.#authority}`);
    return { ...message, startLine: text(message.startLine), headers: message.headers.map(text) };
  }

  /** What the camera says, so that the pipeline goes on asking the relay. */
  #inward(message: RtspMessage, camera: Socket): RtspMessage {
    const own = (text: string) => text.replace(/rtsps?:\/\/[^/\s;,"]+/gi, `rtsp://${this.#own}`);
    const addressed = /^(content-base|content-location|location|rtp-info):/i;
    let headers = message.headers.map((line) => (addressed.test(line) ? own(line) : line));
    const transport = headerOf(headers, 'transport');
    if (transport !== undefined && /client_port=/.test(transport) && !/source=/.test(transport)) {
      // reports about what came by UDP go to the camera, not to the relay
      headers = withHeader(headers, 'Transport', `${transport};source=${camera.remoteAddress ?? ''}`);
    }
    const isSdp = /application\/sdp/i.test(headerOf(headers, 'content-type') ?? '');
    const body = isSdp ? Buffer.from(sdp(message.body.toString('latin1'), own), 'latin1') : message.body;
    return { ...message, headers, body };
  }
}

const sdp = (text: string, own: (line: string) => string) => text.replace(/^a=control:.*$/gm, own);

function send(to: Socket, from: Socket, bytes: Buffer): void {
  if (to.destroyed || to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

/** Whether a local connection comes from a process of this user: the kernel's table of sockets names the owner. */
function isOwnProcess(client: Socket): boolean {
  const { remotePort: port } = client;
  if (process.platform !== 'linux' || port === undefined || process.getuid === undefined) return true;
  const place = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local, , , , , , uid] = line.trim().split(/\s+/);
    if (local === place) return Number(uid) === process.getuid();
  }
  return false;
}
