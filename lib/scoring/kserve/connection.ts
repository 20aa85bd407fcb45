import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { GoodpartError } from '../../core/errors.ts';
import { type Redact, redactor } from '../../process/redact.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Asked {
  method: 'GET' | 'POST';
  /** Below the address. */
  path: string;
  headers?: Record<string, string>;
  /** Sent one after the other, without being joined. */
  body?: readonly Uint8Array[];
}

export interface Security {
  /** PEM of the authorities that are accepted; undefined: the system's. */
  ca: Buffer | undefined;
  token: string;
}

const maxAnswer = 128 * 1024 * 1024;

/** HTTP/1.1 to one server over connections that are kept; as many as there are requests at once. Follows nothing, unpacks nothing. */
export class Connection {
  readonly url: string;
  readonly #base: URL;
  readonly #agent: PlainAgent | TlsAgent;
  readonly #token: string;
  readonly #redact: Redact;

  constructor(url: string, { ca, token }: Security) {
    this.url = url;
    this.#base = new URL(url);
    this.#token = token;
    this.#redact = redactor([token]);
    const kept = { keepAlive: true, maxFreeSockets: 8 };
    this.#agent =
      this.#base.protocol === 'https:'
        ? new TlsAgent({ ...kept, ca, rejectUnauthorized: true, minVersion: 'TLSv1.2' })
        : new PlainAgent(kept);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Rejects with GP_SERVER_FAILED, one sentence without secrets; GP_SERVER_TIMEOUT after `limitMs`: the connection is then closed. */
  async send(asked: Asked, limitMs: number): Promise<Answer> {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(limitMs)));
    try {
      return await this.#once(asked, signal).catch((thrown: unknown) => {
        // the server closed a connection that had been kept: nothing of this request was answered
        if (thrown instanceof StaleConnection && !signal.aborted) return this.#once(asked, signal);
        throw thrown;
      });
    } catch (thrown) {
      if (signal.aborted) {
        const text = `The inference server ${this.url} gave no whole answer within ${Math.round(limitMs)} ms`;
        throw new GoodpartError('GP_SERVER_TIMEOUT', text);
      }
      throw GoodpartError.is(thrown) ? thrown : this.failed(plain(thrown));
    }
  }

  /** `why` may quote the server, which may quote what it was sent. */
  failed(why: string): GoodpartError {
    const text = `The inference server ${this.url} gave no score: ${this.#redact(why)}`;
    return new GoodpartError('GP_SERVER_FAILED', text);
  }

  #once({ method, path, headers, body = [] }: Asked, signal: AbortSignal): Promise<Answer> {
    const secure = this.#base.protocol === 'https:';
    const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const options = {
      method,
      host: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port || (secure ? 443 : 80),
      path: `${this.#base.pathname.replace(/\/+$/, '')}${path}`,
      agent: this.#agent,
      signal,
      headers: {
        Host: this.#base.host,
        Accept: '*/*',
        'Accept-Encoding': 'identity',
        ...(method === 'POST' && { 'Content-Length': String(length) }),
        ...(this.#token !== '' && { Authorization: `Bearer ${this.#token}` }),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const request = secure ? tlsRequest(options) : plainRequest(options);
      let answered = false;
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = !answered && request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale ? new StaleConnection() : error);
      });
      request.on('response', (response) => {
        answered = true;
        this.#read(response).then(resolve, (error: unknown) => {
          request.destroy();
          reject(error);
        });
      });
      for (const part of body) request.write(part);
      request.end();
    });
  }

  async #read(response: IncomingMessage): Promise<Answer> {
    if (Number(response.headers['content-length']) > maxAnswer) throw this.failed('its answer is too large');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswer) throw this.failed('its answer is too large');
      chunks.push(chunk);
    }
    if (!response.complete) throw this.failed('its answer was cut off');
    const encoding = response.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw this.failed(`it packed its answer (${encoding}), which was not asked for`);
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  }
}

class StaleConnection extends Error {}

const unknownAuthority = 'its certificate is not from an authority that is accepted here: name the right CA file';
const reasons: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'the network does not reach it',
  ENETUNREACH: 'the network does not reach it',
  ETIMEDOUT: 'it does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: is its address http?',
  EPROTO: 'it does not speak TLS as expected: is its address http?',
};

/** Never the error's own text: it may quote what was sent. */
function plain(thrown: unknown): string {
  const { code = '', message = '' } = thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : {};
  if (message === 'aborted') return 'its answer was cut off';
  if (Object.hasOwn(reasons, code)) return reasons[code];
  if (code.startsWith('HPE_')) return 'its answer is not HTTP';
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code : 'the connection failed';
}
