import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { type Engine, OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { EnginePool } from '../../lib/scoring/engine-pool.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import type { Station } from '../../lib/station/station.ts';
import { ModelRunner } from '../../nodes/model/model-runner.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { activateTestRecipe, greyPicture, writeTestModel } from '../kit/models.ts';
import { childrenNamed } from '../kit/processes.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

/** What makes a model unusable, done to its folder. */
const damages: [string, (dir: string) => void, RegExp][] = [
  ['is missing', (dir) => rmSync(dir, { recursive: true }), /brightness/],
  [
    'is not the file that was validated',
    (dir) => {
      const file = join(dir, 'model.onnx');
      const bytes = readFileSync(file);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(file, bytes);
    },
    /sha256/,
  ],
  [
    'takes pictures of another size than it says',
    (dir) => {
      const file = join(dir, 'model.json');
      const model = JSON.parse(readFileSync(file, 'utf8'));
      model.input.width = 32;
      writeFileSync(file, JSON.stringify(model));
    },
    /64|32|width|preprocessing/,
  ],
];

onEachNodeRed('a station whose model', (runner) => {
  for (const [what, damage, expected] of damages) {
    it(`${what} is not ready, says so in one sentence, and works once a good one is chosen`, async () => {
      const models = join(runner().userDir, 'goodpart', 'models');
      const bad = await writeTestModel(models, { version: '1' });
      damage(join(models, 'brightness', '1'));
      await runner().start(imageFlow());
      const station = await until('the station', () => findStation('line1', 'station1'));
      let ready = false;
      station.on('snapshot', ({ status }: ReturnType<Station['snapshot']>) => {
        ready ||= status.ready;
      });
      await activateTestRecipe(station, bad);
      const fault = await until('the fault', () => station.faults().find(({ code }) => code === 201));
      await until('the last word', () => expected.test(station.faults()[0]?.text ?? '') || null);
      assert.equal(station.faults().length, 1, fault.text);
      assert.equal(station.credit(), 0);
      assert.equal(ready, false, 'not for a moment');
      const { missed } = station.snapshot().counters;
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60) });
      await until('a refusal', () => station.snapshot().counters.missed === missed + 1);

      await activateTestRecipe(station, await writeTestModel(models, { version: '2' }));
      await until('it can take a part', () => station.credit() > 0);
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60) });
      await until('a pass', () => station.snapshot().result?.verdict === 'pass');
    });
  }

  it('is not chosen yet is not ready, whatever the engine runs for others', async () => {
    const flow = imageFlow();
    const other = flow.find((node) => 'id' in node && node.id === 'station1-score');
    flow.push({ ...other, id: 'other', view: 'side', wires: [[]] });
    const models = join(runner().userDir, 'goodpart', 'models');
    await runner().start(flow);
    const station = await until('the station', () => findStation('line1', 'station1'));
    const ready: boolean[] = [];
    station.on('snapshot', ({ status }: ReturnType<Station['snapshot']>) => ready.push(status.ready));
    await activateTestRecipe(station, await writeTestModel(models), ['main']);
    await until('the engine', () => childrenNamed('engine').length > 0);
    const [engine] = childrenNamed('engine');
    await until('its model', () => station.faults().length === 1);
    process.kill(engine, 'SIGKILL'); // and when it comes back with the one model that it has
    await until('its fault', () => station.faults().length === 2);
    await until('its return', () => station.faults().length === 1, { timeoutMs: 15_000 });
    assert.match(station.faults()[0].text, /No model is chosen/);
    assert.ok(!ready.includes(true), 'never ready');
  });
});

onEachNodeRed('a station whose engine ends while it loads the model', (runner) => {
  it('tries again by itself', async () => {
    const models = join(runner().userDir, 'goodpart', 'models');
    await runner().start(imageFlow());
    const station = await until('the station', () => findStation('line1', 'station1'));
    await activateTestRecipe(station, await writeTestModel(models));
    const [engine] = await until('the engine', () => {
      const found = childrenNamed('engine');
      return found.length > 0 ? found : null;
    });
    process.kill(engine, 'SIGKILL');
    await until('its fault', () => station.faults().some(({ code }) => code === 201));
    await until('it can take a part', () => station.credit() > 0, { timeoutMs: 15_000 });
  });
});

onEachNodeRed('a recipe that changes while parts are inspected', (runner) => {
  it('leaves those that began under the former one to the former one', async () => {
    const [{ station, model, closed }] = await startStations(runner(), imageFlow());
    const models = join(runner().userDir, 'goodpart', 'models');
    const next = await writeTestModel(models, { version: '2' });
    assert.notDeepEqual(next, model);
    const [engine] = childrenNamed('engine');
    process.kill(engine, 'SIGSTOP');
    try {
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60) });
      await until('the part is open', () => station.snapshot().open === 1);
      await activateTestRecipe(station, next);
    } finally {
      process.kill(engine, 'SIGCONT');
    }
    await until('its verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'pass', closed[0].reasons[0]?.text);
    await until('the next can come', () => station.credit() > 0);
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('a verdict by the next recipe', () => closed.length === 2);
    assert.equal(closed[1].verdict, 'pass');
    assert.equal(closed[1].views[0].score?.model.version, '2');
  });
});

for (const pooled of [false, true])
  describe(pooled ? 'models with a child each' : 'models that share an engine', () => {
    const frame = () => {
      const { data } = greyPicture(40, 60);
      const size = { width: 64, height: 64, channels: 1, bitDepth: 8 };
      const when = { exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() };
      return new Frame({ ...size, ...when, data, encoding: 'raw', source: 'test', number: 1, settings: {} });
    };
    const choice = (version: string) => ({ name: 'brightness', version });
    let engine: Engine;
    let store: ModelStore;
    let runner: ModelRunner;
    const loaded = () =>
      engine
        .stats()
        .models.map(({ version }) => version)
        .sort();

    beforeEach(async () => {
      store = new ModelStore(tempDir('models'));
      for (const version of ['1', '2', '3']) await writeTestModel(store.root, { version });
      const one = () => new OnnxRuntimeEngine({ name: 'test' });
      engine = pooled ? new EnginePool(one) : one();
      runner = new ModelRunner(engine, store, { name: '', version: '' });
    });
    afterEach(() => engine.stop());

    it('stay loaded for each node that wants one, and go when nobody does', async () => {
      await runner.warm('top', choice('1'));
      await runner.warm('side', choice('2'));
      assert.deepEqual(loaded(), ['1', '2']);
      const versions = ['1', '2', '1', '2', '1', '2'];
      const results = await Promise.all(versions.map((version) => runner.score(frame(), choice(version), 5_000)));
      assert.deepEqual(
        results.map(({ model }) => model.version),
        versions,
      );
      await runner.warm('top', choice('3'));
      await until('the first is gone', () => !loaded().includes('1'));
      assert.deepEqual(loaded(), ['2', '3']);
    });

    it('finish the frames that are under way before they go', async () => {
      await runner.warm('top', choice('1'));
      const scores = Promise.all([1, 2, 3].map(() => runner.score(frame(), choice('1'), 5_000)));
      await runner.warm('top', choice('2'));
      for (const { score } of await scores) assert.equal(score, 60);
      await until('the former one is gone', () => loaded().length === 1);
      assert.deepEqual(loaded(), ['2']);
    });

    it('keep the deadline of a frame also while a model is being loaded', async () => {
      const began = performance.now();
      const late = runner.score(frame(), choice('1'), 10);
      await assert.rejects(late, { code: 'GP_CHILD_DEADLINE' });
      assert.ok(performance.now() - began < 200);
    });

    it('are kept ahead of their turn as far as is allowed, and one that cannot be loaded is told once', async () => {
      const told: string[] = [];
      const keep = (...versions: string[]) => runner.keep('top', versions.map(choice), (text) => told.push(text));
      writeFileSync(join(store.dirOf('brightness', '2'), 'model.onnx'), 'damaged');
      runner.keepLoaded = 3;
      await runner.warm('top', choice('1'));
      assert.deepEqual([runner.has(choice('1')), runner.has(choice('3'))], [true, false]);
      await keep('1', '2', '3');
      assert.deepEqual(loaded(), ['1', '3']);
      assert.ok(runner.has(choice('3')));
      await keep('2', '3');
      assert.equal(told.length, 1);
      assert.match(told[0], /^Model brightness 2 is not kept loaded: .*sha256/);
      runner.keepLoaded = 1;
      await keep('2', '3');
      await until('what is too much goes', () => loaded().length === 1);
      assert.deepEqual(loaded(), ['1'], 'what is in use stays');
    });

    it('take the recipe’s version only for the recipe’s model', async () => {
      await writeTestModel(store.root, { name: 'other', version: '7' });
      const fixed = new ModelRunner(engine, store, { name: 'other', version: '' });
      assert.equal((await fixed.warm('top', choice('1'))).version, '7');
    });
  });
