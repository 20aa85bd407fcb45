import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** What the addon gives Node, as its sources say it. */
interface Addon {
  examine(): Promise<{ tensorrt: number; gpu: string; integrated: boolean }>;
  build(onnx: Uint8Array, half: boolean, workspace: number): { id: number; plan: Promise<Buffer> };
  progress(id: number): { phase: string; share: number } | null;
  cancel(): void;
  load(plan: Uint8Array): Promise<{ id: number; tensors: { name: string; type: string; shape: number[] }[] }>;
  run(id: number, feeds: unknown[]): Promise<ArrayBuffer[]>;
  close(id: number): void;
}

/** Runs in a process of its own, under AddressSanitizer: argv is addon, model and step. Prints `done` at the end of a step. */
const [addonFile, modelFile, step] = isMainThread ? process.argv.slice(2) : (workerData as string[]);
const addon = require(addonFile) as Addon;
const onnx = readFileSync(modelFile);
const picture = new Uint8Array(144).map((_, i) => (i * 7) % 256);
const hasCode =
  (code: string, broken = false) =>
  (error: unknown) => {
    assert.equal((error as { code: string }).code, code, String(error));
    assert.equal((error as { broken: boolean }).broken, broken);
    return true;
  };
const fault = async (name: string, work: () => Promise<unknown>) => {
  process.env.GOODPART_DOUBLE_FAIL = name;
  await work();
  delete process.env.GOODPART_DOUBLE_FAIL;
};
const loaded = async (half = true) => addon.load(await addon.build(onnx, half, 1e6).plan);

const steps: Record<string, () => Promise<void>> = {
  async life() {
    const { tensorrt, gpu } = await addon.examine();
    assert.deepEqual([tensorrt, gpu], [100300, 'Double']);
    const plan = await loaded();
    assert.deepEqual(
      plan.tensors.map(({ name, type, shape }) => `${name} ${type} ${shape.join('x')}`),
      ['image uint8 1x6x8x3', 'map float32 1x6x8', 'score float32 '],
    );
    for (let i = 0; i < 50; i++) {
      const level = i + 1;
      const [map, score] = await addon.run(plan.id, [new Uint8Array(144).fill(level)]);
      assert.deepEqual(new Float32Array(map), new Float32Array(48).fill(level));
      assert.equal(new Float32Array(score)[0], level);
    }
    for (const wrong of [[], [picture.subarray(1)], [new Float32Array(144)], ['text'], [null]]) {
      assert.throws(() => addon.run(plan.id, wrong), hasCode('GP_INPUT_INVALID'));
    }
    addon.close(plan.id);
    addon.close(plan.id);
    assert.throws(() => addon.run(plan.id, [picture]), hasCode('GP_TENSORRT_PLAN'));
    for (const wrong of [
      () => addon.run('x' as never, []),
      () => addon.build(null as never, true, 1),
      () => addon.load(3 as never),
    ]) {
      assert.throws(wrong);
    }
  },

  async precision() {
    const run = async (half: boolean) => {
      const plan = await loaded(half);
      return new Float32Array((await addon.run(plan.id, [picture]))[1])[0];
    };
    const mean = picture.reduce((sum, value) => sum + value, 0) / 144;
    assert.ok(Math.abs((await run(false)) - mean) < 1e-4);
    const half = await run(true);
    assert.ok(half !== mean && Math.abs(half - mean) < 0.2, `${half} for ${mean}`);
  },

  async failures() {
    await fault('build', () => assert.rejects(loaded(), hasCode('GP_TENSORRT_BUILD')));
    await fault('build-memory', () => assert.rejects(loaded(), hasCode('GP_TENSORRT_MEMORY')));
    const { id: cramped, plan: none } = addon.build(onnx, true, 10);
    await assert.rejects(none, hasCode('GP_TENSORRT_BUILD'));
    assert.equal(addon.progress(cramped), null);
    await assert.rejects(addon.build(onnx.subarray(0, 40), true, 1e6).plan, hasCode('GP_TENSORRT_BUILD'));
    const { integrated } = await addon.examine();
    for (const name of ['context', 'pinned-memory', ...(integrated ? [] : ['gpu-memory'])]) {
      await fault(name, () => assert.rejects(loaded(), hasCode('GP_TENSORRT_MEMORY')));
    }
    for (const wrong of [Buffer.alloc(0), Buffer.from('nonsense')]) {
      await assert.rejects(addon.load(wrong), hasCode('GP_TENSORRT_PLAN'));
    }
    const { id } = await loaded();
    await fault('enqueue', () => assert.rejects(addon.run(id, [picture]), hasCode('GP_ENGINE_FAILED')));
    await fault('run', () => assert.rejects(addon.run(id, [picture]), hasCode('GP_ENGINE_FAILED', true)));
    assert.equal((await addon.run(id, [picture])).length, 2);
  },

  async together() {
    process.env.GOODPART_DOUBLE_RUN_MS = '30';
    process.env.GOODPART_DOUBLE_STEP_MS = '20';
    const plans = await Promise.all([loaded(), loaded(), loaded(false)]);
    const build = addon.build(onnx, true, 1e6);
    const shares: number[] = [];
    const watch = setInterval(() => shares.push(addon.progress(build.id)?.share ?? -1), 20);
    const runs = plans.map(({ id }) => addon.run(id, [picture]));
    assert.throws(() => addon.run(plans[0].id, [picture]), hasCode('GP_CHILD_BUSY'));
    addon.close(plans[1].id); // in mid-run
    const scores = (await Promise.all(runs)).map(([, score]) => new Float32Array(score)[0]);
    assert.equal(scores[0], scores[1]);
    await build.plan;
    clearInterval(watch);
    assert.ok(
      shares.some((share) => share > 0 && share < 1) && shares.every((share, i) => i === 0 || share >= shares[i - 1]),
      `${shares}`,
    );
    assert.equal(addon.progress(build.id), null);
    const called = addon.build(onnx, true, 1e6);
    setTimeout(() => addon.cancel(), 50);
    await assert.rejects(called.plan, hasCode('GP_TENSORRT_BUILD'));
  },

  /** The process ends while a run, a build and a load are under way. */
  async exit() {
    const { id } = await loaded();
    const plan = await addon.build(onnx, true, 1e6).plan;
    process.env.GOODPART_DOUBLE_RUN_MS = '200';
    process.env.GOODPART_DOUBLE_STEP_MS = '10';
    for (const work of [addon.run(id, [picture]), addon.build(onnx, true, 1e6).plan, addon.load(plan)])
      work.catch(() => {});
    process.stdout.write('done\n');
    process.exit(0);
  },

  /** A thread is ended while its run is under way: what aborts the process in ONNX Runtime's addon. */
  async worker() {
    process.env.GOODPART_DOUBLE_RUN_MS = '200';
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(__filename, { workerData: [addonFile, modelFile, 'running'] });
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
    }
  },
  async running() {
    const { id } = await loaded();
    addon.run(id, [picture]).catch(() => {});
    addon.build(onnx, true, 1e6).plan.catch(() => {});
    parentPort?.postMessage('running');
    await new Promise((resolve) => setTimeout(resolve, 10_000));
  },
};

steps[step]().then(
  () => process.stdout.write('done\n'),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
