import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { systemClock } from '../../../lib/core/clock.ts';
import { GoodpartError } from '../../../lib/core/errors.ts';
import { Frame } from '../../../lib/core/frame.ts';
import type { ModelDescription } from '../../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../../lib/scoring/model-store.ts';
import { addonFile } from '../../../lib/scoring/tensorrt/addon.ts';
import { AutomaticEngine } from '../../../lib/scoring/tensorrt/automatic-engine.ts';
import { SharedTensorRt } from '../../../lib/scoring/tensorrt/shared-engine.ts';
import { wants } from '../../kit/needs.ts';
import { tempDir } from '../../kit/temp.ts';
import { until } from '../../kit/until.ts';
import { addTiny, meanModel, nanModel } from '../tiny-models.ts';
import { buildAddon, buildDouble, canBuild } from './double.ts';

const soon = { deadlineMs: 10_000 };
const calibration = (fail: number) => ({ median: 40, warn: fail, fail, scores: [], method: 'made up' });

/** Grey of nearly one level; null: black. */
function picture(level: number | null): Frame {
  const data = Buffer.from(Uint8Array.from({ length: 144 }, (_, i) => (level === null ? 0 : level + (i % 5))));
  return new Frame({
    ...{ data, encoding: 'raw', width: 8, height: 6, channels: 3, bitDepth: 8, source: 'test', number: 1 },
    ...{ exposedAt: systemClock.mono(), exposedUtc: systemClock.utc(), settings: {} },
  });
}

describe('TensorRT engine, with a double of the libraries', function () {
  this.timeout(120_000);
  const root = tempDir('tensorrt-engine');
  const folder = join(root, 'tensorrt');
  const plans = join(folder, 'plans');
  const faults = join(root, 'faults');
  const store = new ModelStore(join(root, 'models'));
  const engines: (SharedTensorRt | AutomaticEngine)[] = [];
  const kept = { ...process.env };
  let version = 0;

  before(function () {
    wants(this, "NVIDIA's public TensorRT headers (GOODPART_TENSORRT_HEADERS)", canBuild);
    const libraries = join(root, 'double');
    mkdirSync(libraries);
    mkdirSync(folder);
    buildDouble(libraries);
    buildAddon(addonFile(folder));
    process.env.LD_LIBRARY_PATH = libraries;
    process.env.GOODPART_DOUBLE_FAIL_FILE = faults;
  });
  beforeEach(() => writeFileSync(faults, ''));
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
    for (const name of Object.keys(process.env))
      if (/^GOODPART_DOUBLE_(SKEW|STEP|RUN|VERSION)/.test(name)) delete process.env[name];
  });
  after(() => {
    process.env = kept;
  });

  const only = (where = folder) => {
    const engine = new SharedTensorRt(where);
    engines.push(engine);
    return engine;
  };
  const automatic = (where = folder, expected = true) => {
    const engine = new AutomaticEngine({ name: 'test' }, where, { expected });
    engines.push(engine);
    return engine;
  };
  /** A version with reference frames, as learning writes them. */
  async function model(fail: number, changes: Partial<ModelDescription> = {}, onnx = meanModel): Promise<string> {
    version += 1;
    const outputs = onnx === meanModel ? { map: 'map', score: 'score' } : { map: 'map', score: null };
    const dir = await addTiny(
      store,
      { ...onnx, producerName: `test ${version}` },
      {
        version: String(version),
        outputs,
        calibration: calibration(fail),
        ...changes,
      },
    );
    for (const level of [41, 97]) {
      const raw = { raw: { width: 8, height: 6, channels: 3 } } as const;
      await sharp(picture(level).data, raw)
        .png()
        .toFile(join(dir, `example-0${level % 9}.png`));
    }
    return dir;
  }
  const code =
    (expected: string, text = /./) =>
    (error: unknown) => {
      assert.ok(GoodpartError.is(error), String(error));
      assert.equal(error.code, expected, error.message);
      assert.match(error.message, text);
      return true;
    };

  it('builds, admits and caches a plan, and scores as the CPU does', async () => {
    const dir = await model(400);
    const engine = only();
    const { key, provider } = await engine.load(dir);
    assert.equal(provider, 'TensorRT 10.3.0 fp16');
    const result = await engine.score(key, picture(41), soon);
    assert.ok(Math.abs(result.score - 43) < 0.1, String(result.score));
    assert.deepEqual([result.engine, result.map?.width, result.map?.height], ['tensorrt', 8, 6]);
    assert.equal(readdirSync(plans).length, 1);
    await engine.stop();
    // another process finds the plan: building would fail now
    writeFileSync(faults, 'build');
    const again = only();
    await again.load(dir);
    assert.ok(Math.abs((await again.score(key, picture(97), soon)).score - 99) < 0.1);
  });

  it('takes full precision where half is more than 1 % of severity off', async () => {
    const dir = await model(41);
    const engine = only();
    const { key, provider } = await engine.load(dir);
    assert.equal(provider, 'TensorRT 10.3.0 fp32');
    const exact = picture(41).data.reduce((sum, value) => sum + value, 0) / 144;
    assert.ok(Math.abs((await engine.score(key, picture(41), soon)).score - exact) < 1e-4);
  });

  it('refuses a plan that scores otherwise, with the figures', async () => {
    process.env.GOODPART_DOUBLE_SKEW = '5';
    const dir = await model(140, { outputs: { map: 'map', score: null } });
    const figures =
      /fp16: .+ 5\.\d % of severity apart; fp32: score of reference frame \d of 2 5\.0 % of severity apart/;
    await assert.rejects(only().load(dir), code('GP_TENSORRT_REFUSED', figures));
  });

  it('refuses what it cannot compare: no reference frames, no limit', async () => {
    const bare = await addTiny(store, meanModel, { name: 'bare', calibration: calibration(100) });
    const engine = only();
    await assert.rejects(engine.load(bare), code('GP_TENSORRT_REFUSED', /no reference frames/));
    await assert.rejects(engine.load(await model(40)), code('GP_TENSORRT_REFUSED', /no fail limit/));
  });

  it('says what is wrong when building fails, memory is short or the model is damaged, and goes on', async () => {
    const engine = only();
    const dir = await model(401);
    writeFileSync(faults, 'build');
    await assert.rejects(engine.load(dir), code('GP_TENSORRT_BUILD', /ForeignNode\[conv1\]/));
    writeFileSync(faults, 'context');
    await assert.rejects(engine.load(dir), code('GP_TENSORRT_MEMORY', /OutOfMemory/));
    writeFileSync(faults, '');
    appendFileSync(join(await model(402), 'model.onnx'), 'x');
    await assert.rejects(engine.load(store.dirOf('tiny', String(version))), code('GP_MODEL_INVALID', /sha256/));
    await engine.load(dir);
    assert.equal(engine.stats().failures, 0);
  });

  it('builds anew where a cached plan is damaged or of another TensorRT', async () => {
    const dir = await model(403, {}, nanModel);
    const engine = only();
    const { key } = await engine.load(dir);
    await engine.stop();
    const before = readdirSync(plans);
    const file = join(
      plans,
      before.find((name) => readFileSync(join(plans, name), 'latin1').includes(modelSha(dir))) ?? '',
    );
    const bytes = readFileSync(file);
    bytes[bytes.length - 3] ^= 1;
    writeFileSync(file, bytes);
    const second = only();
    await second.load(dir);
    assert.equal((await second.score(key, picture(5), soon)).score, 1);
    await second.stop();
    process.env.GOODPART_DOUBLE_VERSION = '101600';
    const third = only();
    assert.equal((await third.load(dir)).provider, 'TensorRT 10.16.0 fp16');
    assert.equal(readdirSync(plans).length, before.length + 1);
  });

  it('keeps NaN, late frames and unreadable pictures apart from faults', async () => {
    process.env.GOODPART_DOUBLE_RUN_MS = '150';
    const engine = only();
    const { key } = await engine.load(await model(404, {}, nanModel));
    assert.ok(Number.isNaN((await engine.score(key, picture(null), soon)).score));
    await assert.rejects(engine.score(key, picture(9), { deadlineMs: 50 }), code('GP_CHILD_DEADLINE'));
    assert.equal((await engine.score(key, picture(9), soon)).score, 1);
    assert.equal(engine.stats().failures, 0);
  });

  it('shares one child between users, and ends it with the last', async () => {
    const [one, two] = [only(), only()];
    const dir = await model(405);
    const { key } = await one.load(dir);
    await two.load(dir);
    assert.equal(one.stats().pid, two.stats().pid);
    await one.stop();
    assert.ok((await two.score(key, picture(41), soon)).score > 40);
    await two.stop();
    assert.equal(two.state, 'stopped');
    assert.equal(two.stats().state, 'stopped');
    await assert.rejects(two.load(dir), code('GP_CHILD_STOPPED'));
  });

  it('without an addon or library: one clear error', async () => {
    const empty = join(root, 'empty');
    mkdirSync(empty, { recursive: true });
    const dir = await model(406);
    await assert.rejects(
      only(empty).load(dir),
      code('GP_TENSORRT_MISSING', /addon is missing: run goodpart tensorrt build/),
    );
    writeFileSync(join(empty, 'addon-0123456789ab.node'), '');
    await assert.rejects(only(empty).load(dir), code('GP_TENSORRT_MISSING', /of another version of Goodpart/));
    writeFileSync(addonFile(empty), 'nonsense');
    await assert.rejects(only(empty).load(dir), code('GP_TENSORRT_MISSING', /does not load/));
  });

  describe('automatic choice', () => {
    it('is on the CPU at once, says how far the plan is, and goes over', async () => {
      process.env.GOODPART_DOUBLE_STEP_MS = '100';
      const engine = automatic();
      const said = new Set<string | undefined>();
      engine.on('state', () => said.add(engine.stats().degraded));
      const { key, provider } = await engine.load(await model(407));
      assert.equal(provider, 'cpu');
      assert.equal((await engine.score(key, picture(41), soon)).engine, 'onnxruntime');
      assert.match(engine.stats().degraded ?? '', /^CPU, not TensorRT: /);
      await until('TensorRT', () => engine.stats().degraded === undefined, { timeoutMs: 60_000 });
      assert.equal((await engine.score(key, picture(41), soon)).engine, 'tensorrt');
      assert.ok(
        [...said].some((text) => /TensorRT builds its plan \(fp16, \d+ %\)/.test(text ?? '')),
        [...said].join(),
      );
      assert.equal(engine.state, 'running');
    });

    it('stays on the CPU and says why', async () => {
      process.env.GOODPART_DOUBLE_SKEW = '50';
      const engine = automatic();
      const { key } = await engine.load(await model(140));
      await until('a refusal', () => /of severity apart/.test(engine.stats().degraded ?? ''), { timeoutMs: 60_000 });
      const { engine: name, provider } = await engine.score(key, picture(41), soon);
      assert.deepEqual([name, provider], ['onnxruntime', 'cpu']);
    });

    it('says nothing where nobody would expect TensorRT', async () => {
      const engine = automatic(folder, false);
      const { key } = await engine.load(await model(408));
      assert.equal((await engine.score(key, picture(41), soon)).engine, 'onnxruntime');
      assert.equal(engine.stats().degraded, undefined);
    });

    it('goes back to the CPU when TensorRT fails or its process dies, and returns', async () => {
      const engine = automatic();
      const { key } = await engine.load(await model(409));
      const on = async () => (await engine.score(key, picture(41), soon)).engine;
      for (const fault of ['run', 'crash']) {
        await until('TensorRT', () => engine.stats().degraded === undefined, { timeoutMs: 60_000 });
        writeFileSync(faults, fault);
        await assert.rejects(engine.score(key, picture(41), soon), /ILLEGAL_ADDRESS|ended/);
        assert.equal(await on(), 'onnxruntime', 'the next frame is scored');
        assert.match(engine.stats().degraded ?? '', /^CPU, not TensorRT: /);
        writeFileSync(faults, '');
      }
      await until('TensorRT', () => engine.stats().degraded === undefined, { timeoutMs: 60_000 });
      assert.equal(await on(), 'tensorrt');
    });

    it('a call that no GPU could answer leaves it on the CPU', async () => {
      const engine = automatic();
      const { key } = await engine.load(await model(410));
      await until('TensorRT', () => engine.stats().degraded === undefined, { timeoutMs: 60_000 });
      writeFileSync(faults, 'enqueue');
      await assert.rejects(engine.score(key, picture(41), soon), code('GP_ENGINE_FAILED', /API Usage Error/));
      assert.equal((await engine.score(key, picture(41), soon)).engine, 'onnxruntime');
      rmSync(faults, { force: true });
      await engine.unload(key);
      assert.deepEqual(engine.stats().models, []);
    });
  });
});

function modelSha(dir: string): string {
  return (JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8')) as ModelDescription).sha256;
}
