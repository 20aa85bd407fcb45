import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import type { Inspection, ModelIdentity } from '../../lib/core/inspection.ts';
import { resources } from '../../lib/node-red/resources.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';
import type { Engine } from '../../lib/scoring/engine.ts';
import type { Station } from '../../lib/station/station.ts';
import { overlayOf } from '../../nodes/evidence-desk.ts';
import { type FlowRunner, onEachNodeRed } from '../kit/flows.ts';
import { greyPicture, testLimits, writeTestClassifier, writeTestModel } from '../kit/models.ts';
import { freePort } from '../kit/ports.ts';
import { childrenNamed } from '../kit/processes.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';
import { ModbusClient } from '../plc/modbus-client.ts';

const z = 'station1-tab';
const station1 = { z, station: 'station1-station' };
const score = (id: string, to: string, more: object) => ({
  ...{ id, type: 'goodpart-score', view: 'main', timeoutMs: 2000, ...station1, wires: [[to]] },
  ...more,
});

/** first → verify → classify → rules → Modbus, with an engine child for each of the three. */
function cascadeFlow(port: number, more: object[] = []): object[] {
  const model = (id: string, name = '') => {
    return {
      id: `${id}-model`,
      type: 'goodpart-model',
      name: id,
      model: name,
      version: '',
      engine: 'onnxruntime',
      threads: 1,
    };
  };
  const [tab, station] = stationNodes('station1', { deadlineMs: 2000 });
  return [
    ...[tab, station, model('first'), model('second'), model('namer', 'namer')],
    score('score', 'second-look', { model: 'first-model' }),
    score('second-look', 'naming', { model: 'second-model', stage: 'verify' }),
    score('naming', 'rules', { model: 'namer-model', stage: 'classify' }),
    {
      id: 'rules',
      type: 'goodpart-rules',
      ...station1,
      thresholds: 'recipe',
      final: true,
      rois: [],
      wires: [['output']],
    },
    { id: 'modbus', type: 'goodpart-modbus-endpoint', host: '127.0.0.1', port, unitId: 255 },
    { id: 'output', type: 'goodpart-modbus-output', ...station1, endpoint: 'modbus', slot: 0, wires: [[]] },
    ...more,
  ];
}

/** The second model's limits: what it passes up to 190 fails above, so that its word differs from the first one's. */
const secondLimits = { median: 50, warn: 190, fail: 190 };

/**
 * The first model is in doubt from severity 0.5 to 1.2, brightness 125 to 230; it warns above 150 and fails above 200. `second`: undefined
 * leaves the recipe without a second model.
 */
async function activate(station: Station, first: ModelIdentity, second?: ModelIdentity): Promise<void> {
  const at = systemClock.utc();
  const validated = (model: ModelIdentity, limits: typeof testLimits) => {
    const fingerprint = station.fingerprint('main', { model, ...limits, rois: [wholeFrameRoi(limits)] });
    return { model, ...limits, rois: [], validation: { fingerprint, by: 'test', at, basis: 'test' } };
  };
  const between: [number, number] = [0.5, 1.2];
  const verify = second && { verify: { ...validated(second, secondLimits), between } };
  const views = { main: { ...validated(first, testLimits), ...verify } };
  const about = { name: 'test', author: 'test', reason: 'test', warnAccepted: true };
  const recipe = await station.recipes.save({ number: 1, ...about, views });
  station.recipes.activate(recipe.number, { by: 'test', why: 'test' });
}

/** A deployed cascade, an independent Modbus client, and everything that its station has closed. */
class Bench {
  readonly closed: Inspection[] = [];
  readonly #runner: FlowRunner;
  readonly #modbus: ModbusClient;
  readonly station: Station;
  first!: ModelIdentity;
  second!: ModelIdentity;

  private constructor(runner: FlowRunner, station: Station, modbus: ModbusClient) {
    this.#runner = runner;
    this.station = station;
    this.#modbus = modbus;
    station.on('closed', (inspection: Inspection) => this.closed.push(inspection));
  }

  static async start(runner: FlowRunner): Promise<Bench> {
    const models = join(runner.userDir, 'goodpart', 'models');
    const port = await freePort();
    const [first, second] = [await writeTestModel(models), await writeTestModel(models, { name: 'thorough' })];
    await writeTestClassifier(models);
    await runner.start(cascadeFlow(port));
    const station = await until('the station', () => findStation('line1', 'station1'));
    const modbus = await until('Modbus', () => ModbusClient.connect(port).catch(() => undefined), {
      timeoutMs: 15_000,
    });
    const bench = new Bench(runner, station, modbus);
    Object.assign(bench, { first, second });
    await activate(station, first, second);
    await bench.ready();
    return bench;
  }

  async ready(): Promise<void> {
    await until('it can take a part', () => this.station.credit() > 0, { timeoutMs: 20_000 });
  }

  /** Shows a part whose brightest place has that brightness, on a ground of its own; what the ledger says of it, and the PLC reads. */
  async inspect(brightest: number, ground = 100): Promise<Inspection & { register: number }> {
    const before = this.closed.length;
    this.#runner.node('score').receive({ payload: greyPicture(ground, brightest) });
    const done = await until('a verdict', () => this.closed[before]);
    const wire = ((done.sequence - 1) % 65535) + 1;
    const words = await until('the PLC reads it', async () => {
      const read = await this.#modbus.read(22, 13);
      return read[0] === wire ? read : undefined;
    });
    return { ...done, register: words[12] };
  }

  /** What the flow's own engine of a model node has scored. */
  async scored(id: string, name = ''): Promise<number> {
    const key = JSON.stringify({ engine: 'onnxruntime', threads: 1, loadMs: 30_000 });
    const lease = await resources.take<{ engine: Engine }>(
      `engine ${id}-model ${JSON.stringify({ model: name, version: '' })} ${key}`,
      { create: () => assert.fail(`the engine ${id} is not there`), destroy: async () => {} },
    );
    const { scored } = lease.value.engine.stats();
    await lease.release();
    return scored;
  }

  /** Kills the one child of an engine before it can have answered. */
  async inspectKilling(engine: string, brightest: number): Promise<Inspection & { register: number }> {
    const [pid] = childrenNamed(`engine ${engine}`);
    process.kill(pid, 'SIGSTOP');
    const done = this.inspect(brightest);
    await until('an open inspection', () => this.station.snapshot().open === 1);
    process.kill(pid, 'SIGKILL');
    return done;
  }

  close(): void {
    this.#modbus.close();
  }
}

onEachNodeRed('a cascade of three models', (runner) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start(runner());
  });
  afterEach(() => bench?.close());

  // each start takes longer than all that is done in it
  it('asks the second model in doubt only, the classifier for what is not good only, and tells the PLC the defect', async () => {
    const parts: [number, number, string, 'first' | 'second', number][] = [
      // brightest place, ground; verdict, who decides, defect class: 1 dull, 3 glare
      [100, 100, 'pass', 'first', 0],
      [240, 140, 'fail', 'first', 3],
      [240, 40, 'fail', 'first', 1],
      [140, 100, 'pass', 'second', 0],
      [180, 100, 'pass', 'second', 0],
      [220, 140, 'fail', 'second', 3],
      [220, 95, 'fail', 'second', 0],
    ];
    for (const [brightest, ground, verdict, decidedBy, register] of parts) {
      const done = await bench.inspect(brightest, ground);
      const [view] = done.views;
      const said = [done.verdict, view.verify?.decidedBy, done.register];
      assert.deepEqual(said, [verdict, decidedBy, register], `${brightest} on ${ground}`);
      assert.equal(view.verify?.score !== null, decidedBy === 'second');
      assert.equal(view.defectClass !== undefined, verdict === 'fail');
      const { map, text = '' } = overlayOf(view, []);
      assert.equal(map, decidedBy === 'second' ? view.verify?.score?.map : view.score?.map);
      assert.equal(/^(dull|glare)\. Region/.test(text), register > 0, text);
    }
    const counts = [await bench.scored('first'), await bench.scored('second'), await bench.scored('namer', 'namer')];
    assert.deepEqual(counts, [7, 4, 4]);
    const last = bench.closed.at(-1)!.views[0].defectClass!;
    assert.deepEqual([last.name, last.number], ['unknown', 0], 'the classifier calls it good: not sure of any defect');
    await passesOnAndRefuses(runner(), bench);
  });

  it('is invalid in doubt when the second engine is killed, keeps its verdict when the classifier is, and both return', async () => {
    await losesSecond(bench);
    await losesClassifier(bench);
  });
});

async function losesSecond(bench: Bench): Promise<void> {
  const lost = await bench.inspectKilling('second', 140);
  assert.deepEqual([lost.verdict, lost.reasons[0].key], ['invalid', 'notVerified'], lost.reasons[0].text);
  await bench.ready();
  assert.equal((await bench.inspect(140)).verdict, 'pass');
  const [pid] = childrenNamed('engine second');
  process.kill(pid, 'SIGSTOP');
  try {
    assert.equal((await bench.inspect(100)).verdict, 'pass', 'what is clear does not wait for the second');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function losesClassifier(bench: Bench): Promise<void> {
  const lost = await bench.inspectKilling('namer', 240);
  assert.deepEqual([lost.verdict, lost.register], ['fail', 0]);
  const { failure, by, number } = lost.views[0].defectClass!;
  assert.ok(failure !== null && by === null && number === 0, String(failure));
  assert.equal(bench.station.snapshot().health.degraded, true);
  assert.match(bench.station.conditions()[0]?.text ?? '', /defects are not named/);
  assert.ok(bench.station.credit() > 0, 'ready without names');
  await until('it names again', () => !bench.station.snapshot().health.degraded, { timeoutMs: 20_000 });
  assert.equal((await bench.inspect(240, 140)).register, 3);
  const [pid] = childrenNamed('engine namer');
  process.kill(pid, 'SIGSTOP');
  const hung = await bench.inspect(240, 140);
  process.kill(pid, 'SIGKILL');
  assert.deepEqual([hung.verdict, hung.register], ['fail', 0], 'it gets half of the time that is left');
}

/** A recipe without a second model; two verify nodes for one view. */
async function passesOnAndRefuses(runner: FlowRunner, bench: Bench): Promise<void> {
  await activate(bench.station, bench.first, { ...bench.second, version: '9' });
  await until('a second model that is missing is a fault', () => bench.station.faults().length > 0);
  assert.equal(bench.station.credit(), 0);
  await activate(bench.station, bench.first);
  await bench.ready();
  const done = await bench.inspect(180);
  assert.deepEqual([done.verdict, done.views[0].verify], ['warn', undefined]);
  const errors: string[] = [];
  const other = score('other', 'rules', { model: 'second-model', stage: 'verify' });
  const port = await freePort();
  await runner.deploy(cascadeFlow(port, [other]), 'nodes');
  runner
    .node('other')
    .on('call:error', (({ firstArg }: { firstArg: string }) => errors.push(String(firstArg))) as never);
  runner.node('other').receive({ payload: null });
  await until('its refusal', () => errors.length > 0);
  assert.match(errors[0], /Expected a view that no other anomaly score node of this station has as its stage "verify"/);
}
