import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { GoodpartError } from '../../core/errors.ts';
import type { ImageInput } from '../../imaging/decode.ts';
import type { PreparedReference } from '../../imaging/registration.ts';
import { serveChild } from '../../process/serve-child.ts';
import type { LoadReply, ScoreReply } from '../engine-wire.ts';
import { inputShape, toTensor } from '../fit.ts';
import type { ModelDescription } from '../model-schema.ts';
import { missing, readDescription } from '../model-store.ts';
import { referenceOf } from '../registering.ts';
import { RunThread } from '../run-thread.ts';
import { scoreFrame } from '../score-frame.ts';
import type { Ran } from '../score-reply.ts';
import type { TensorInput } from '../session.ts';
import { type Addon, addonError, type Examined, loadAddon } from './addon.ts';
import { PlanCache } from './plan-cache.ts';
import { type Admitted, named, prepare } from './prepare.ts';

/** Process: one for each GPU, for all models that run on it. Decodes and runs on libuv's threads, talks on this one. */
interface Loaded extends Admitted {
  model: ModelDescription;
  reference: PreparedReference | null;
}

const models = new Map<string, Loaded>();
let device: Promise<{ addon: Addon; machine: Examined }> | undefined;
/** One run at a time: the GPU does not do two faster, and each has its time measured. */
let turn: Promise<unknown> = Promise.resolve();

const parent = serveChild(
  { load, unload, score },
  {
    orphaned: async () => {
      process.kill(process.pid, 'SIGKILL');
    },
  },
);

function opened(folder: string): Promise<{ addon: Addon; machine: Examined }> {
  device ??= (async () => {
    const addon = loadAddon(folder);
    // the end waits for builds under way
    process.once('exit', () => addon.cancel());
    return { addon, machine: await addon.examine() };
  })();
  // a library or GPU that comes later is found by the next load
  device.catch(() => {
    device = undefined;
  });
  return device;
}

async function load({ key, dir, folder }: { key: string; dir: string; folder: string }): Promise<{ body: LoadReply }> {
  const model = await readDescription(dir);
  const bytes = await readFile(join(dir, 'model.onnx')).catch((error) => {
    throw missing('model.onnx', dir, error);
  });
  const { addon, machine } = await opened(folder).catch((thrown) => {
    throw addonError(thrown).error;
  });
  const cpu = new RunThread((error) => {
    process.stderr.write(`run thread: ${error.stack}\n`);
    process.exit(1);
  });
  const admitted = await prepare(
    { key, dir, model, bytes },
    {
      ...{ addon, machine, cpu, cache: new PlanCache(join(folder, 'plans')) },
      onBuilding: (building) => parent.tell('building', { key, ...building }),
      run: async (plan, tensor) => (await inTurn(addon, plan, tensor, Number.MAX_VALUE)).buffers,
    },
  ).finally(() => cpu.end());
  const former = models.get(key);
  models.set(key, { ...admitted, model, reference: referenceOf(model) });
  if (former) addon.close(former.plan);
  const shape = inputShape(model.input);
  const pixels = new Uint8Array(shape.reduce((product, side) => product * side, 1)).fill(127);
  const data = model.input.type === 'uint8' ? pixels : Float32Array.from(pixels);
  const { began, ended } = await inTurn(addon, admitted.plan, { data, shape }, Number.MAX_VALUE);
  return { body: { description: model, provider: admitted.provider, warmUpMs: ended - began } };
}

async function unload({ key }: { key: string }): Promise<undefined> {
  const known = models.get(key);
  models.delete(key);
  if (known) (await device)?.addon.close(known.plan);
}

async function score(
  { key, info, deadline }: { key: string; info: ImageInput['info']; deadline: number },
  [data]: Buffer[],
): Promise<{ body: ScoreReply; payloads: Buffer[] }> {
  const known = models.get(key);
  if (known === undefined || device === undefined) {
    throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
  }
  const { addon } = await device;
  return scoreFrame({ data, info }, known, async (pixels): Promise<Ran> => {
    const tensor = toTensor(pixels, known.model.input);
    const { buffers, began, ended } = await inTurn(addon, known.plan, tensor, deadline);
    return { outputs: named(known.tensors, buffers), began, ended };
  });
}

function inTurn(addon: Addon, plan: number, { data }: TensorInput, deadline: number) {
  const mine = turn.then(async () => {
    const began = systemClock.mono();
    if (began > deadline) {
      throw new GoodpartError('GP_CHILD_DEADLINE', 'The deadline had passed before the model could run');
    }
    try {
      const buffers = await addon.run(plan, [data]);
      return { buffers, began, ended: systemClock.mono() };
    } catch (thrown) {
      const { error, broken } = addonError(thrown);
      if (broken) endSoon(error);
      throw error;
    }
  });
  turn = mine.catch(() => {});
  return mine;
}

/** The GPU's context is lost: only a new process gets another one. The answers under way go out first. */
function endSoon(error: GoodpartError): void {
  process.stderr.write(`${error.message}\n`);
  setTimeout(() => process.exit(1), 100);
}
