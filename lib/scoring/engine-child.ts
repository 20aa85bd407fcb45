import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import type { ImageInput } from '../imaging/decode.ts';
import { type Answer, answered, serveChild } from '../process/serve-child.ts';
import type { LoadReply } from './engine-wire.ts';
import { checkGraph, readOutputs, toTensor } from './fit.ts';
import { InOrder } from './in-order.ts';
import { missing, readDescription } from './model-store.ts';
import { referenceOf } from './registering.ts';
import { RunThread } from './run-thread.ts';
import { prepareFrame, type Subject } from './score-frame.ts';
import { TensorPool } from './tensor-pool.ts';

/** Process: decodes on libuv's threads, receives on this one; another one runs, and answers. */
interface Loaded extends Subject {
  tensors: TensorPool;
}

const models = new Map<string, Loaded>();
const thread = new RunThread((error) => {
  process.stderr.write(`run thread: ${error.stack}\n`);
  process.exit(1);
});

serveChild(
  { load, unload, score },
  {
    stop: () => thread.end(),
    // ending a thread in mid-run aborts the process and may leave a core file
    orphaned: async () => {
      process.kill(process.pid, 'SIGKILL');
    },
  },
);

async function load({
  key,
  dir,
  threads,
}: {
  key: string;
  dir: string;
  threads: number;
}): Promise<{ body: LoadReply }> {
  const model = await readDescription(dir);
  let bytes: Buffer;
  try {
    bytes = await readFile(join(dir, 'model.onnx'));
  } catch (error) {
    throw missing('model.onnx', dir, error);
  }
  models.delete(key);
  const opened = await thread.call('open', { key, bytes, model, threads });
  try {
    checkGraph(model, opened.inputs, opened.outputs);
    // The first run allocates and plans, and shows the outputs' real shapes
    const pixels = new Uint8Array(model.input.width * model.input.height * model.input.channels).fill(127);
    const { outputs, began, ended } = await thread.call('run', {
      key,
      feeds: { [model.input.name]: toTensor(pixels, model.input) },
      deadline: Number.MAX_VALUE,
    });
    readOutputs(model, outputs);
    models.set(key, {
      model,
      reference: referenceOf(model),
      order: new InOrder(),
      tensors: new TensorPool(model.input),
    });
    return { body: { description: model, provider: opened.provider, warmUpMs: ended - began } };
  } catch (error) {
    await thread.call('close', { key });
    throw error;
  }
}

async function unload({ key }: { key: string }): Promise<undefined> {
  models.delete(key);
  await thread.call('close', { key });
}

async function score(
  { key, info, deadline }: { key: string; info: ImageInput['info']; deadline: number },
  [data]: Buffer[],
  request: number,
): Promise<Answer | typeof answered> {
  const subject = loaded(key);
  const { model, tensors } = subject;
  const { pixels, prepared } = await prepareFrame({ data, info }, subject);
  const tensor = tensors.take();
  try {
    const feeds = { [model.input.name]: toTensor(pixels, model.input, tensor) };
    const reply = await thread.call('score', { key, feeds, deadline, request, prepared });
    return reply === null ? answered : { body: reply.body, payloads: reply.payloads.map(asBuffer) };
  } finally {
    tensors.give(tensor);
  }
}

/** A Buffer that came from another thread is a plain array there and here. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function loaded(key: string) {
  const found = models.get(key);
  if (found === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
  return found;
}
