import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { FrameInfo } from '../../lib/core/frame.ts';
import type { Orders } from './fake-gige-inside.ts';
import { hasCommand, needs } from './needs.ts';

export interface CaptureResult {
  /** Monotonic milliseconds of the trigger. */
  after: number;
  /** From the trigger to the frame in the parent. */
  ms: number;
  info: FrameInfo;
  /** The first sample: with exposure 10 000 us and gain 0 the fake camera writes its frame number there. */
  first: number;
}

type Body<O extends keyof Orders> = Parameters<Orders[O]>[0];

const asRoot = process.getuid?.() === 0;
const unshare = ['--net', ...(asRoot ? [] : ['--map-root-user'])];

/**
 * A network namespace with fake GigE Vision cameras (of aravis-tools) and our cameras in it: outside of one the fake camera
 * answers on a real network.
 */
export class FakeGige {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;

  constructor() {
    const inside = join(__dirname, 'fake-gige-inside.js');
    this.#child = spawn('unshare', [...unshare, process.execPath, inside], { stdio: 'pipe' });
    this.#child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { id, value, error } = JSON.parse(line) as { id: number; value: unknown; error?: Record<string, unknown> };
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(GoodpartError.fromJSON(error));
      else waiting?.resolve(value);
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the namespace has ended'));
    });
  }

  /** Skips the calling suite where something is missing. */
  static needs(context: Mocha.Context): void {
    needs(context, 'arv-fake-gv-camera-0.8 (aravis-tools)', hasCommand('arv-fake-gv-camera-0.8', ['--help']));
    needs(context, 'ip (iproute2)', hasCommand('ip', ['-V']));
    const spaces = spawnSync('unshare', [...unshare, 'true'], { stdio: 'ignore' }).status === 0;
    needs(context, 'the right to make a network namespace', spaces);
  }

  ask<O extends keyof Orders>(order: O, body?: Body<O>): Promise<Awaited<ReturnType<Orders[O]>>> {
    const id = this.#next++;
    this.#child.stdin.write(`${JSON.stringify({ id, order, body: body ?? null })}\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** A fake camera at 127.0.0.1 that drops so many packets of thousand; resolves to its process id. */
  async fake(lostPerMille = 0): Promise<number> {
    return (await this.ask('fake', { serial: 'GV01', lostPerMille })) as number;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
  }
}
