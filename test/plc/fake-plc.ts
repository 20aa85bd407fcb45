import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../kit/needs.ts';
import { until } from '../kit/until.ts';

/** The test's hand on a PLC's server in Python: what it saw, one object a line, and orders to it. */
export class FakePlc<Event extends object> {
  readonly events: Event[] = [];
  readonly #process: ChildProcess;
  readonly #answers: ((answer: unknown) => void)[] = [];
  #ready = false;
  #errors = '';

  private constructor(python: string, script: string, args: string[]) {
    this.#process = spawn(python, [join(repositoryRoot, 'test/plc', script), ...args], { stdio: 'pipe' });
    this.#process.stderr?.on('data', (chunk) => {
      this.#errors = (this.#errors + String(chunk)).slice(-4000);
    });
    this.#process.stdin?.on('error', () => {});
    const output = this.#process.stdout;
    if (output === null) throw new Error('no output');
    createInterface({ input: output }).on('line', (line) => {
      const said = JSON.parse(line) as { ready?: boolean; answer?: unknown };
      if (said.ready) this.#ready = true;
      else if ('answer' in said) this.#answers.shift()?.(said.answer);
      else this.events.push(said as Event);
    });
  }

  static async start<Event extends object>(python: string, script: string, args: (string | number)[]) {
    const plc = new FakePlc<Event>(python, script, args.map(String));
    const gone = () => plc.#process.exitCode !== null;
    await until('the fake PLC listens', () => plc.#ready || gone(), { timeoutMs: 30_000 });
    if (gone()) throw new Error(plc.#errors);
    return plc;
  }

  order<T>(order: Record<string, unknown>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#answers.push(resolve);
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
    return promise as Promise<T>;
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  /** Stopped: takes connections and bytes, answers nothing. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }
}
