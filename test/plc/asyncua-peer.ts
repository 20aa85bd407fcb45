import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../kit/needs.ts';

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

interface Answer {
  result?: unknown;
  error?: string;
}

/** An independent OPC UA client (asyncua) in a process of its own. */
export class AsyncuaPeer {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 1;

  /** `python`: one that has asyncua. */
  constructor(python: string) {
    const script = join(repositoryRoot, 'test/plc/asyncua_peer.py');
    this.#process = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output = this.#process.stdout;
    if (output === null) throw new Error('no output');
    createInterface({ input: output }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as { id: number } & Answer;
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  /** Makes a self-signed client certificate and its key beside it; resolves with its thumbprint. */
  certificate(o: { file: string; uri: string; name?: string; expired?: boolean }): Promise<string> {
    return this.#ask({ op: 'certificate', ...o });
  }

  connect(login: Login): Promise<string> {
    return this.#ask({ op: 'connect', ...login });
  }

  /** Policy, mode and application URI of each endpoint. */
  endpoints(url: string): Promise<[string, string, string][]> {
    return this.#ask({ op: 'endpoints', url });
  }

  /** Value and status of each node. */
  read(nodes: string[], as?: string): Promise<[unknown, string][]> {
    return this.#ask({ op: 'read', nodes, as });
  }

  /** One Write request. */
  write(values: Written[], as?: string): Promise<string[]> {
    return this.#ask({ op: 'write', values, as });
  }

  /** Several Write requests, none waiting for the other's answer. */
  writes(requests: Written[][], as?: string): Promise<string[][]> {
    return this.#ask({ op: 'writes', requests, as });
  }

  /** Sends requests with large answers and reads none of them. */
  flood(node: string, count: number, as?: string): Promise<string> {
    return this.#ask({ op: 'flood', node, count, as });
  }

  subscribe(node: string): Promise<string> {
    return this.#ask({ op: 'subscribe', node });
  }

  /** Every value of the subscribed node so far. */
  heard(): Promise<unknown[]> {
    return this.#ask({ op: 'heard' });
  }

  /** The status of each of these values. */
  qualities(): Promise<string[]> {
    return this.#ask({ op: 'qualities' });
  }

  /** Stops the peer's process as a hung machine would, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(name);
  }

  disconnect(as?: string): Promise<string> {
    return this.#ask({ op: 'disconnect', as });
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  async #ask<T>(request: Record<string, unknown>): Promise<T> {
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#process.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(error);
    return result as T;
  }
}
