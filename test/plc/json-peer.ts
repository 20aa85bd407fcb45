import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../kit/needs.ts';

interface Answer {
  result?: unknown;
  error?: string;
}

/** A client that is none of ours, in a process of its own that answers one JSON line for each. */
export class JsonPeer {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 1;

  /** `script`: below test/plc. */
  constructor(python: string, script: string) {
    this.#process = spawn(python, [join(repositoryRoot, 'test/plc', script)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output = this.#process.stdout;
    if (output === null) throw new Error('no output');
    createInterface({ input: output }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as { id: number } & Answer;
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#process.on('exit', () => {
      for (const answer of this.#waiting.values()) answer({ error: `${script} ended` });
      this.#waiting.clear();
    });
  }

  async ask<T>(request: Record<string, unknown>): Promise<T> {
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#process.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(error);
    return result as T;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#process.kill(name);
  }
}
