import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ReadValue {
  value: unknown;
  type: string;
  status: string;
}

export interface Notification {
  node: string;
  value: unknown;
  status: string;
}

/** The test's hand on `opcua-probe.ts`, a real node-opcua client in its own process. */
export class OpcUaProbe {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: { result?: unknown; error?: string }) => void>();
  #next = 1;

  constructor() {
    this.#process = spawn(process.execPath, [join(__dirname, 'opcua-probe.js')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const output = this.#process.stdout;
    if (output === null) throw new Error('no output');
    createInterface({ input: output }).on('line', (line) => {
      if (!line.startsWith('ANSWER ')) return;
      const { id, ...answer } = JSON.parse(line.slice(7)) as { id: number; result?: unknown; error?: string };
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  async #ask(request: Record<string, unknown>): Promise<unknown> {
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<{ result?: unknown; error?: string }>();
    this.#waiting.set(id, resolve);
    this.#process.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(error);
    return result;
  }

  async connect(o: { url: string; pkiDir: string; user?: string; password?: string; secure?: boolean }): Promise<void> {
    await this.#ask({ op: 'connect', ...o });
  }

  async read(nodes: string[]): Promise<ReadValue[]> {
    return (await this.#ask({ op: 'read', nodes })) as ReadValue[];
  }

  async write(values: { node: string; type: string; value: number | string }[]): Promise<string[]> {
    return (await this.#ask({ op: 'write', values })) as string[];
  }

  async subscribe(nodes: string[]): Promise<void> {
    await this.#ask({ op: 'subscribe', nodes });
  }

  /** What was notified since the last call, in order. */
  async notifications(): Promise<Notification[]> {
    return (await this.#ask({ op: 'notifications' })) as Notification[];
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}
