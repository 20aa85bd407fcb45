import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { GoodpartError } from '../../core/errors.ts';
import type { HttpSettings } from './settings.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Each `WWW-Authenticate` by itself. */
  challenges: string[];
  body: Buffer;
}

/** Nobody answers, or not to the end: the camera is gone, where a wrong answer only spoils one picture. */
export class Unreachable extends GoodpartError {}

type Target = Pick<HttpSettings, 'url' | 'method' | 'timeoutMs' | 'maxBytes' | 'selfSigned'>;

/**
 * Requests to one address over connections that are kept. `http.request` and not `fetch`, which cannot take one camera's
 * self-signed certificate without taking everybody's, follows redirects and unpacks what a small answer blows up to.
 */
export class Requests {
  readonly #target: Target;
  readonly #url: URL;
  readonly #agent: PlainAgent | TlsAgent;

  constructor(target: Target) {
    this.#target = target;
    this.#url = new URL(target.url);
    const kept = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
    this.#agent =
      this.#url.protocol === 'https:'
        ? new TlsAgent({ ...kept, rejectUnauthorized: !target.selfSigned })
        : new PlainAgent(kept);
  }

  get path(): string {
    return `${this.#url.pathname}${this.#url.search}`;
  }

  /** For people: without the query, where some cameras want their key. */
  get shown(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Rejects with GP_SOURCE_FAILED, one sentence, no secrets; with `Unreachable` where no whole answer came. */
  async send(authorization: string | undefined, signal: AbortSignal): Promise<Answer> {
    const limit = AbortSignal.timeout(Math.ceil(this.#target.timeoutMs));
    const both = AbortSignal.any([signal, limit]);
    try {
      return await this.#once(authorization, both).catch((thrown: unknown) => {
        // the camera closed a connection that had been kept: nothing of this request was answered
        if (thrown instanceof StaleConnection && !both.aborted) return this.#once(authorization, both);
        throw thrown;
      });
    } catch (thrown) {
      if (GoodpartError.is(thrown)) throw thrown;
      if (signal.aborted) throw this.#unreachable('The request to the camera was given up', 'nothing in time');
      const why = limit.aborted ? `no whole answer within ${Math.round(this.#target.timeoutMs)} ms` : plain(thrown);
      throw this.#unreachable(`The camera at ${this.shown} gave no picture: ${why}`, why);
    }
  }

  #unreachable(text: string, received: string): Unreachable {
    return new Unreachable('GP_SOURCE_FAILED', text, { field: 'url', expected: 'an answer', received });
  }

  #once(authorization: string | undefined, signal: AbortSignal): Promise<Answer> {
    const { method } = this.#target;
    const send = this.#url.protocol === 'https:' ? tlsRequest : plainRequest;
    const headers = {
      Accept: 'image/jpeg, image/png',
      'Accept-Encoding': 'identity',
      'Cache-Control': 'no-cache',
      Pragma: 'no-cache',
      ...(method === 'POST' ? { 'Content-Length': '0' } : {}),
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    };
    return new Promise((resolve, reject) => {
      const asked = send(this.#url, { method, agent: this.#agent, headers, signal });
      let answered = false;
      asked.on('error', (error: NodeJS.ErrnoException) => {
        const stale = !answered && asked.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale ? new StaleConnection() : error);
      });
      asked.on('response', (response) => {
        answered = true;
        this.#read(response).then(resolve, (error: unknown) => {
          asked.destroy();
          reject(error);
        });
      });
      asked.end();
    });
  }

  async #read(response: IncomingMessage): Promise<Answer> {
    const { maxBytes } = this.#target;
    const tooMuch = () => {
      const received = 'more';
      const text = `Expected a picture of at most ${maxBytes} bytes from ${this.shown} but received ${received}`;
      const details = { field: 'url', expected: `at most ${maxBytes} bytes`, received };
      return new GoodpartError('GP_SOURCE_FAILED', text, details);
    };
    if (Number(response.headers['content-length']) > maxBytes) throw tooMuch();
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooMuch();
      chunks.push(chunk);
    }
    if (!response.complete) throw new Error('the answer was cut off');
    const challenges = response.headersDistinct['www-authenticate'] ?? [];
    return { status: response.statusCode ?? 0, headers: response.headers, challenges, body: Buffer.concat(chunks) };
  }
}

class StaleConnection extends Error {}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'it closed the connection',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'the network does not reach it',
  ENETUNREACH: 'the network does not reach it',
  ETIMEDOUT: 'it does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; allow that for this camera if it is meant to be',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is self-signed; allow that for this camera if it is meant to be',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

/** Never the error's own text: it may quote what was sent. */
function plain(thrown: unknown): string {
  const { code = '', message = '' } = thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : {};
  if (message === 'the answer was cut off' || message === 'aborted') return 'the answer was cut off';
  if (Object.hasOwn(reasons, code)) return reasons[code];
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code : 'the connection failed';
}
