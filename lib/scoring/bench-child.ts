import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { systemClock } from '../core/clock.ts';
import { decodeDescription } from '../imaging/description.ts';
import { serveChild } from '../process/serve-child.ts';
import type { BareLoops } from './bench-bare.ts';
import type { OpenOrder } from './bench-run-loop.ts';
import type { ModelInput } from './model-schema.ts';
import { readDescription } from './model-store.ts';

/** Process of the bench: what it compares with, the two stages of an engine with nothing around them. */
sharp.concurrency(1);
sharp.cache(false);
const runner = new Worker(join(__dirname, 'bench-run-loop.js'));
let input: ModelInput | undefined;

serveChild({ load, loops });

async function load({ dir, threads }: { dir: string; threads: number }): Promise<undefined> {
  const model = await readDescription(dir);
  input = model.input;
  await ask({ model, bytes: await readFile(join(dir, 'model.onnx')), threads });
  return undefined;
}

/** For `ms` milliseconds. `together`: a decode loop and a run loop beside each other; `alone`: one decode, one run, and so on; `run`: a run loop. */
async function loops(
  { ms, how }: { ms: number; how: 'together' | 'alone' | 'run' },
  [jpeg]: Buffer[],
): Promise<{ body: BareLoops }> {
  const began = systemClock.mono();
  const end = began + ms;
  const decodes: number[] = [];
  const runs: number[] = [];
  const decode = async () => {
    const from = systemClock.mono();
    await bareDecode(jpeg);
    decodes.push(systemClock.mono() - from);
  };
  if (how !== 'alone') {
    const running = ask({ ms });
    while (how === 'together' && systemClock.mono() < end) await decode();
    runs.push(...(await running));
  }
  while (how === 'alone' && systemClock.mono() < end) {
    await decode();
    runs.push(...(await ask({ ms: 0 })));
  }
  return { body: { decodes, runs } };
}

/** The one call of libvips, as short as it can be for the same pixels. */
function bareDecode(jpeg: Buffer): Promise<Buffer> {
  if (input === undefined) throw new Error('no model is loaded');
  const { kernel, shrinkOnLoad: fastShrinkOnLoad } = decodeDescription;
  const resized = sharp(jpeg).resize(input.width, input.height, { fit: 'fill', kernel, fastShrinkOnLoad });
  return (input.channels === 1 ? resized.greyscale() : resized).raw().toBuffer();
}

async function ask(order: OpenOrder | { ms: number }): Promise<number[]> {
  runner.postMessage(order);
  const [times] = (await once(runner, 'message')) as [number[]];
  return times;
}
