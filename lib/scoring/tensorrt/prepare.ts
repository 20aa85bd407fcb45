import { GoodpartError } from '../../core/errors.ts';
import { checkGraph, type RawScore, readOutputs } from '../fit.ts';
import type { ModelDescription } from '../model-schema.ts';
import { referenceFrames } from '../reference-frames.ts';
import type { RunThread } from '../run-thread.ts';
import type { TensorInput, TensorOutput } from '../session.ts';
import { type Addon, type AddonTensor, addonError, type Examined, shownVersion } from './addon.ts';
import { type Agreement, agreementOf, shownAgreement } from './agreement.ts';
import type { PlanCache, PlanKey, Precision } from './plan-cache.ts';
import { platformVersion } from './platform.ts';

export interface Subject {
  key: string;
  dir: string;
  model: ModelDescription;
  bytes: Buffer;
}

export interface Means {
  addon: Addon;
  machine: Examined;
  cache: PlanCache;
  /** The CPU engine that a plan is compared with. */
  cpu: RunThread;
  onBuilding(progress: Building): void;
  /** Runs a plan in its turn. */
  run(plan: number, tensor: TensorInput): Promise<ArrayBuffer[]>;
}

export interface Building {
  precision: Precision;
  phase: string;
  /** 0..1 */
  share: number;
}

/** A plan that may be used. */
export interface Admitted {
  plan: number;
  tensors: AddonTensor[];
  provider: string;
  agreement: Agreement;
}

const mostWorkspace = 2 ** 30;
const watchMs = 500;

/**
 * A plan for the model, from the cache or built now, that scores the reference frames as the CPU does: in half precision, else in full.
 * Throws GP_TENSORRT_REFUSED with the figures, GP_TENSORRT_BUILD, GP_TENSORRT_PLAN, GP_TENSORRT_MEMORY, GP_MODEL_INVALID.
 */
export async function prepare(subject: Subject, means: Means): Promise<Admitted> {
  const { model } = subject;
  const frames = await referenceFrames(subject.dir, model);
  const expected = await byCpu(subject, frames, means.cpu);
  const refused: string[] = [];
  for (const precision of ['fp16', 'fp32'] as const) {
    const loaded = await loadPlan(subject, precision, means);
    try {
      checkGraph(model, infos(loaded.tensors, true), infos(loaded.tensors, false));
      const received: RawScore[] = [];
      for (const frame of frames)
        received.push(readOutputs(model, named(loaded.tensors, await means.run(loaded.id, frame))));
      const agreement = agreementOf(model, expected, received);
      if (agreement === null) throw incomparable(frames.length);
      if (agreement.agrees) {
        const provider = `TensorRT ${shownVersion(means.machine.tensorrt)} ${precision}`;
        return { plan: loaded.id, tensors: loaded.tensors, provider, agreement };
      }
      refused.push(`${precision}: ${shownAgreement(agreement)}`);
    } catch (error) {
      means.addon.close(loaded.id);
      throw error;
    }
    means.addon.close(loaded.id);
  }
  throw new GoodpartError(
    'GP_TENSORRT_REFUSED',
    `Expected TensorRT within 1 % of severity of the CPU but received ${refused.join('; ')}`,
    { field: 'engine', expected: 'within 1 % of severity of the CPU', received: refused.join('; ') },
  );
}

/** The addon's outputs by name. */
export function named(tensors: AddonTensor[], buffers: ArrayBuffer[]): Record<string, TensorOutput> {
  const outputs = tensors.filter(({ input }) => !input);
  return Object.fromEntries(
    outputs.map(({ name, shape }, i) => [name, { data: new Float32Array(buffers[i]), shape }] as const),
  );
}

function infos(tensors: AddonTensor[], input: boolean) {
  return tensors.filter((tensor) => tensor.input === input);
}

function incomparable(frames: number): GoodpartError {
  const why =
    frames === 0
      ? 'no reference frames (example-NN.png) are kept with this version: learn it here, or import it with --good'
      : 'the model has no fail limit above its median';
  return new GoodpartError('GP_TENSORRT_REFUSED', `TensorRT cannot be compared with the CPU: ${why}`);
}

/** Also the judge of the file itself: what ONNX Runtime refuses, or what names other files, never comes to TensorRT's parser. */
async function byCpu({ key, model, bytes }: Subject, frames: TensorInput[], cpu: RunThread): Promise<RawScore[]> {
  const opened = await cpu.call('open', { key, bytes, model, threads: 0 });
  try {
    checkGraph(model, opened.inputs, opened.outputs);
    if (frames.length === 0 || !(model.calibration.fail > model.calibration.median)) throw incomparable(frames.length);
    const scores: RawScore[] = [];
    for (const frame of frames) {
      const feeds = { [model.input.name]: frame };
      const ran = await cpu.call('run', { key, feeds, deadline: Number.MAX_VALUE });
      scores.push(readOutputs(model, ran.outputs));
    }
    return scores;
  } finally {
    await cpu.call('close', { key });
  }
}

async function loadPlan({ model, bytes }: Subject, precision: Precision, means: Means) {
  const { addon, cache, machine } = means;
  const workspace = Math.min(mostWorkspace, Math.floor(machine.memory / 4));
  const { tensorrt, gpu } = machine;
  const platform = `${platformVersion()} CUDA ${machine.cuda}`;
  const key: PlanKey = { sha256: model.sha256, precision, tensorrt, gpu, platform, workspace };
  const known = await cache.read(key);
  if (known !== null) {
    try {
      return await addon.load(known);
    } catch (thrown) {
      const { error } = addonError(thrown);
      if (error.code !== 'GP_TENSORRT_PLAN') throw error;
      await cache.remove(key);
    }
  }
  const plan = await built(bytes, { precision, workspace }, means);
  try {
    await cache.write(key, plan);
  } catch (error) {
    // used all the same, and built again at the next start
    process.stderr.write(`the plan is not kept: ${error instanceof Error ? error.message : error}\n`);
  }
  return addon.load(plan).catch((thrown: unknown) => {
    throw addonError(thrown).error;
  });
}

async function built(
  bytes: Buffer,
  { precision, workspace }: Pick<PlanKey, 'precision' | 'workspace'>,
  { addon, onBuilding }: Means,
): Promise<Buffer> {
  onBuilding({ precision, phase: '', share: 0 });
  const build = addon.build(bytes, precision === 'fp16', workspace);
  const watch = setInterval(() => {
    const progress = addon.progress(build.id);
    if (progress) onBuilding({ precision, ...progress });
  }, watchMs);
  try {
    return await build.plan;
  } catch (thrown) {
    throw addonError(thrown).error;
  } finally {
    clearInterval(watch);
  }
}
