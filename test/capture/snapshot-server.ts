import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a camera's web server does with one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real web server on 127.0.0.1 whose behaviour each test chooses; counts requests and remembers their logins. */
export class SnapshotServer {
  readonly #server: Server;
  readonly #scheme: string;
  answer: Answer = (_, response) => response.end();
  requests = 0;
  readonly authorizations: string[] = [];
  readonly methods: string[] = [];

  constructor(tls?: { key: string; cert: string }) {
    const serve: Answer = (request, response) => {
      this.requests += 1;
      this.methods.push(request.method ?? '');
      if (request.headers.authorization) this.authorizations.push(request.headers.authorization);
      this.answer(request, response);
    };
    this.#server = tls ? createTlsServer(tls, serve) : createServer(serve);
    this.#scheme = tls ? 'https' : 'http';
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/snapshot.jpg'): string {
    return `${this.#scheme}://127.0.0.1:${this.port}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
