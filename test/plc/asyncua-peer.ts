import { JsonPeer } from './json-peer.ts';

export type Policy = 'Basic256Sha256' | 'Aes128Sha256RsaOaep' | 'Aes256Sha256RsaPss';
/** Node below `ns=1;s=`, type and value. */
export type Written = [node: string, type: string, value: number | string | boolean];

export interface Login {
  url: string;
  /** Several connections of one peer are told apart by this. */
  as?: string;
  policy?: Policy;
  mode?: 'Sign' | 'SignAndEncrypt';
  /** File without its ending, as given to `certificate`. */
  cert?: string;
  /** What the client says of itself; must be the certificate's. */
  uri?: string;
  user?: string;
  password?: string;
  timeout?: number;
}

/** An independent OPC UA client (asyncua) in a process of its own. */
export class AsyncuaPeer {
  readonly #peer: JsonPeer;

  /** `python`: one that has asyncua. */
  constructor(python: string) {
    this.#peer = new JsonPeer(python, 'asyncua_peer.py');
  }

  /** Makes a self-signed client certificate and its key beside it; resolves with its thumbprint. */
  certificate(o: { file: string; uri: string; name?: string; expired?: boolean }): Promise<string> {
    return this.#peer.ask({ op: 'certificate', ...o });
  }

  connect(login: Login): Promise<string> {
    return this.#peer.ask({ op: 'connect', ...login });
  }

  /** Policy, mode and application URI of each endpoint. */
  endpoints(url: string): Promise<[string, string, string][]> {
    return this.#peer.ask({ op: 'endpoints', url });
  }

  /** Value and status of each node. */
  read(nodes: string[], as?: string): Promise<[unknown, string][]> {
    return this.#peer.ask({ op: 'read', nodes, as });
  }

  /** One Write request. */
  write(values: Written[], as?: string): Promise<string[]> {
    return this.#peer.ask({ op: 'write', values, as });
  }

  /** Several Write requests, none waiting for the other's answer. */
  writes(requests: Written[][], as?: string): Promise<string[][]> {
    return this.#peer.ask({ op: 'writes', requests, as });
  }

  /** Sends requests with large answers and reads none of them. */
  flood(node: string, count: number, as?: string): Promise<string> {
    return this.#peer.ask({ op: 'flood', node, count, as });
  }

  subscribe(node: string): Promise<string> {
    return this.#peer.ask({ op: 'subscribe', node });
  }

  /** Every value of the subscribed node so far. */
  heard(): Promise<unknown[]> {
    return this.#peer.ask({ op: 'heard' });
  }

  /** The status of each of these values. */
  qualities(): Promise<string[]> {
    return this.#peer.ask({ op: 'qualities' });
  }

  /** Stops the peer's process as a hung machine would, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#peer.signal(name);
  }

  disconnect(as?: string): Promise<string> {
    return this.#peer.ask({ op: 'disconnect', as });
  }

  stop(): void {
    this.#peer.signal('SIGKILL');
  }
}
