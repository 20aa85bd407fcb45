import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../lib/core/clock.ts';
import { SupervisedChild } from '../lib/process/supervised-child.ts';
import { type Spread, spread } from '../lib/scoring/bench-figures.ts';
import { RunThread } from '../lib/scoring/run-thread.ts';

/**
 * What a hand-over there and back takes on this machine with nothing in it, at the pace of a line: between two processes and between two threads.
 * An inspection has the first and the way there of the second, and hands its verdict to the PLC's process.
 */
export async function emptyHandOvers(periodMs: number, count: number): Promise<Record<'process' | 'thread', Spread>> {
  const module = resolve(__dirname, '../lib/process/echo-child.js');
  const child = new SupervisedChild({ name: 'hand-overs', module });
  const thread = new RunThread((error) => process.stderr.write(`${error.stack}\n`));
  await child.start();
  try {
    return {
      process: spread(await timed(periodMs, count, () => child.request('count', null))),
      thread: spread(await timed(periodMs, count, () => thread.call('close', { key: '' }))),
    };
  } finally {
    await Promise.all([child.stop(), thread.end()]);
  }
}

async function timed(periodMs: number, count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await pause(periodMs);
    const began = systemClock.mono();
    await work();
    times.push(systemClock.mono() - began);
  }
  return times;
}
