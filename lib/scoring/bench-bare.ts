import { join } from 'node:path';
import { SupervisedChild } from '../process/supervised-child.ts';
import { mean, median } from './bench-figures.ts';

/** Milliseconds of every decode with its resize, and of every run. */
export interface BareLoops {
  decodes: number[];
  runs: number[];
}

/** The two stages of an engine by themselves, in a process of their own, to compare an engine or a whole station with. */
export class BareStages {
  readonly #child = new SupervisedChild({
    name: 'bare stages',
    module: join(__dirname, 'bench-child.js'),
    env: { MALLOC_ARENA_MAX: '2' },
  });

  static async open(dir: string, threads = 1): Promise<BareStages> {
    const bare = new BareStages();
    await bare.#child.start();
    await bare.#child.request('load', { dir, threads }, [], { deadlineMs: 60_000 });
    return bare;
  }

  /** Decode loop and run loop beside each other for `ms`; how many a second the slower one makes. */
  async slower(
    jpeg: Buffer,
    ms: number,
  ): Promise<{ perSecond: number; decodesPerSecond: number; runsPerSecond: number }> {
    const { decodes, runs } = await this.#loops(jpeg, ms, 'together');
    const [decodesPerSecond, runsPerSecond] = [1000 / mean(decodes), 1000 / mean(runs)];
    return { perSecond: Math.min(decodesPerSecond, runsPerSecond), decodesPerSecond, runsPerSecond };
  }

  /** The run loop by itself, with nothing beside it. */
  async runsPerSecond(jpeg: Buffer, ms: number): Promise<number> {
    const { runs } = await this.#loops(jpeg, ms, 'run');
    return 1000 / mean(runs);
  }

  /** Medians of one decode and one run, each with the machine to itself. */
  async alone(jpeg: Buffer, ms: number): Promise<{ decodeMs: number; runMs: number }> {
    const { decodes, runs } = await this.#loops(jpeg, ms, 'alone');
    return { decodeMs: median(decodes), runMs: median(runs) };
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  async #loops(jpeg: Buffer, ms: number, how: 'together' | 'alone' | 'run'): Promise<BareLoops> {
    const { body } = await this.#child.request('loops', { ms, how }, [jpeg], { deadlineMs: ms + 60_000 });
    return body as BareLoops;
  }
}
