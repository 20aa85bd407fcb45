import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildRecord } from '../../lib/evidence/build-record.ts';
import { recordSchema } from '../../lib/evidence/record.ts';
import { encodePng } from '../../lib/imaging/encode.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { type FlowRunner, onEachNodeRed } from '../kit/flows.ts';
import { activateTestRecipe, writeTestModel } from '../kit/models.ts';
import { childrenNamed } from '../kit/processes.ts';
import { refusal } from '../kit/refusal.ts';
import { emptyNest, linePicture, type RawPicture, spoilt } from '../kit/scene-pictures.ts';
import { imageFlow, type RunningStation, startStations } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const frames = 20;
const partRegion = [
  [0.05, 0.05],
  [0.95, 0.05],
  [0.95, 0.95],
  [0.05, 0.95],
];
/** The left third: conveyor, edge and holes of the part; a defect on its right is none of the scene's. */
const region = [
  [0, 0],
  [0.35, 0],
  [0.35, 1],
  [0, 1],
];
const z = 'station1-tab';
const sceneNode = (more: object = {}) => ({
  ...{ id: 'scene', z, type: 'goodpart-scene', station: 'station1-station', view: 'main', count: frames },
  ...{ timeoutMs: 3000, region, part: true, partRegion, wires: [['checked', 'station1-score'], ['told']] },
  ...more,
});
const flow = (more: object = {}, stationMore: object = {}) => [
  ...imageFlow('station1', { deadlineMs: 5000, ...stationMore }),
  sceneNode(more),
  { id: 'checked', z, type: 'helper', wires: [] },
  { id: 'told', z, type: 'helper', wires: [] },
];

/** Dark enough for the test model to pass it; the spot is a defect that it fails. */
const part = (number: number) => spoilt.darkened(linePicture(number), 0.6);
const badPart = (number: number): RawPicture => {
  const picture = part(number);
  for (let y = 90; y < 150; y++) picture.data.fill(255, (y * picture.width + 200) * 3, (y * picture.width + 280) * 3);
  return picture;
};

class Bench {
  readonly runner: FlowRunner;
  readonly on: RunningStation;
  readonly told: Record<string, unknown>[];
  readonly checked: Record<string, unknown>[];
  #number = 100;

  constructor(runner: FlowRunner, on: RunningStation) {
    this.runner = runner;
    this.on = on;
    this.told = runner.collect('told');
    this.checked = runner.collect('checked');
  }

  static async start(runner: FlowRunner, nodes = flow()): Promise<Bench> {
    const [on] = await startStations(runner, nodes);
    return new Bench(runner, on);
  }

  /** Shows the node these pictures as they come from a learn node's camera, and waits for what it made of them. */
  async learn(topic: string, pictures: RawPicture[]): Promise<Record<string, unknown>> {
    const before = this.#learned.length;
    this.runner.node('scene').receive({ topic });
    await until('the lesson', () => this.told.some(({ topic: said }) => said === 'progress'));
    for (const payload of pictures) this.runner.node('scene').receive({ topic: 'collect', collect: true, payload });
    await until('what was learned', () => this.#learned.length > before);
    this.told.splice(0, this.told.length, ...this.#learned);
    return this.#learned[before].payload as Record<string, unknown>;
  }

  get #learned(): Record<string, unknown>[] {
    return this.told.filter(({ topic }) => topic === 'learned');
  }

  async learnBoth(): Promise<void> {
    await this.learn(
      'learn',
      Array.from({ length: frames }, (_, i) => part(i + 1)),
    );
    await this.learn(
      'learn empty',
      Array.from({ length: 5 }, (_, i) => emptyNest(i)),
    );
  }

  /** One picture through the flow, or, with `at: 'station1-score'`, round the scene check. */
  async inspect(payload: RawPicture = part(this.#number++), at = 'scene') {
    const { closed } = this.on;
    const before = closed.length;
    this.runner.node(at).receive({ payload });
    await until('the verdict', () => closed.length > before);
    return closed[before];
  }

  get ne107(): number {
    return this.on.station.snapshot().ne107;
  }
}

onEachNodeRed('the scene check', (runner) => {
  it('lets nothing pass before it has learned, then good parts, and a picture that went round it never', async () => {
    const bench = await Bench.start(runner());
    const unlearned = await bench.inspect();
    assert.deepEqual([unlearned.verdict, unlearned.reasons[0].key], ['invalid', 'sceneNotLearned']);
    assert.equal(bench.checked.at(-1)?.payload, 'invalid');

    const lesson = bench.learn(
      'learn',
      Array.from({ length: frames }, (_, i) => part(i + 1)),
    );
    await until('function check', () => bench.ne107 === 2);
    const learned = await lesson;
    assert.deepEqual(learned.recipe, { number: 1, version: 2 });
    await until('all is well', () => bench.ne107 === 0);
    const { author, reason, views } = bench.on.station.recipes.active()!;
    assert.deepEqual([author, reason], ['scene check scene', 'scene limits of view main learned from 20 good frames']);
    assert.equal(views.main.scene?.bands.length, 10);
    assert.equal(views.main.validation?.by, 'test', 'the rest of the recipe is as it was');

    const passed = await bench.inspect();
    assert.equal(passed.verdict, 'pass', JSON.stringify(passed.reasons));
    assert.deepEqual([bench.checked.at(-1)?.payload, passed.views[0].scene?.state], ['good', 'good']);
    const record = buildRecord(passed as never, {
      at: { utc: '2026-01-01T00:00:00.000Z', mono: 0 },
      software: { package: 'p', version: '1', node: '24' },
      pictures: { state: 'none', detail: '' },
    });
    const level = recordSchema.parse(record).views[0].scene?.values.find(({ measure }) => measure === 'level');
    assert.ok(level && (level.value ?? 0) > 0.2 && level.invalid[0] !== null, JSON.stringify(level));

    const around = await bench.inspect(undefined, 'station1-score');
    assert.deepEqual([around.verdict, around.reasons[0].key], ['invalid', 'sceneMissing']);
    bench.runner.node('scene').receive({ topic: 'learn once' });
    bench.runner.node('scene').receive({ topic: 'forget' });
    await until('the limits are gone', () => bench.on.station.recipes.active()?.views.main.scene === undefined);
    assert.equal((await bench.inspect()).reasons[0].key, 'sceneNotLearned');
  });

  it('tells the light and the camera from many bad parts, by reasons and by NE 107', async () => {
    const bench = await Bench.start(runner());
    await bench.learnBoth();
    for (let i = 0; i < 8; i++) {
      const { verdict, reasons } = await bench.inspect(badPart(200 + i));
      assert.deepEqual([verdict, reasons[0].key], ['fail', 'regionFail']);
    }
    assert.equal(bench.ne107, 0, 'bad parts are no bad pictures');

    const spoil = async (make: (picture: RawPicture) => RawPicture, number: number) =>
      (await bench.inspect(make(part(number)))).reasons[0];
    const odd = await spoil((one) => spoilt.darkened(one), 210);
    assert.equal(odd.key, 'sceneCheck');
    assert.match(odd.text, /^A scene check failed: The picture is too dark: level \d+\.?\d* %, allowed \d/);
    assert.equal((await bench.inspect()).verdict, 'pass');
    assert.equal((await spoil((one) => spoilt.blurred(one, 3), 211)).key, 'outOfFocus');
    assert.equal(bench.ne107, 0);

    const run = async (make: (picture: RawPicture) => RawPicture, from: number) => {
      const keys: string[] = [];
      for (let i = 0; i < 4; i++) keys.push((await spoil(make, from + i)).key);
      return keys;
    };
    assert.deepEqual(await run((one) => spoilt.darkened(one), 220), [
      'sceneCheck',
      'sceneCheck',
      'lightChanged',
      'lightChanged',
    ]);
    assert.equal(bench.ne107, 3);
    assert.match(bench.on.station.conditions()[0].text, /^main: The light has changed/);
    assert.deepEqual(await run((one) => spoilt.shifted(one, 24), 230), [
      'sceneCheck',
      'sceneCheck',
      'cameraMoved',
      'cameraMoved',
    ]);
    for (let i = 0; i < 4; i++) await spoil(spoilt.black, 240 + i);
    assert.equal(bench.ne107, 1, 'no light at all is a failure');
    for (let i = 0; i < 7; i++) assert.equal((await bench.inspect()).verdict, 'pass');
    assert.equal(bench.ne107, 0);

    // a night shift is inspected all the same, and told
    for (let i = 0; i < 9; i++) {
      const { verdict, views, reasons } = await bench.inspect(spoilt.darkened(part(300 + i), 0.8));
      assert.deepEqual([verdict, views[0].scene?.state, reasons], ['pass', 'attention', []]);
      assert.equal(bench.checked.at(-1)?.payload, 'attention');
    }
    assert.equal(bench.ne107, 3);
    assert.match(bench.on.station.conditions()[0].text, /The light is drifting/);
  });

  it('knows the empty nest, the same picture again and what is no picture, and is never taken for good when it crashes', async () => {
    const bench = await Bench.start(runner());
    assert.match(await refusal(runner().node('scene'), { topic: 'learn empty' }), /learn good frames before/);
    await bench.learnBoth();
    const empty = await bench.inspect(emptyNest(50));
    assert.deepEqual([empty.verdict, empty.reasons[0].key, empty.reasons[0].code], ['invalid', 'noPart', 39]);
    assert.equal(bench.checked.at(-1)?.payload, 'no part');
    const same = part(400);
    assert.equal((await bench.inspect(same)).verdict, 'pass');
    const frozen = await bench.inspect(same);
    assert.deepEqual([frozen.verdict, frozen.reasons[0].key], ['invalid', 'pictureFrozen']);
    const { closed } = bench.on;
    const before = closed.length;
    runner()
      .node('scene')
      .receive({ payload: Buffer.from('no picture') });
    await until('the verdict', () => closed.length > before);
    assert.deepEqual([closed[before].verdict, closed[before].reasons[0].key], ['invalid', 'imageUnreadable']);

    const [child] = childrenNamed('scene check');
    process.kill(child, 'SIGSTOP');
    const hung = bench.inspect();
    process.kill(child, 'SIGKILL');
    const lost = await hung;
    assert.deepEqual([lost.verdict, lost.reasons[0].key], ['invalid', 'sceneCheck']);
    await until('it can take a part', () => bench.on.station.credit() > 0);
    assert.equal((await bench.inspect()).verdict, 'pass');
  });

  it('opens no inspection for an empty nest when the camera runs freely, and learns that nest from it', async () => {
    const folder = tempDir('nest');
    mkdirSync(folder, { recursive: true });
    const sequence = [emptyNest(1), emptyNest(2), part(1), emptyNest(3), emptyNest(4), part(2), emptyNest(5), part(3)];
    for (const [i, { data, ...info }] of sequence.entries()) {
      const png = await encodePng({ data, info: { encoding: 'raw', bitDepth: 8, ...info } });
      writeFileSync(join(folder, `${i}.png`), png);
    }
    const camera = {
      ...{ id: 'camera', z, type: 'goodpart-camera', station: 'station1-station', view: 'main', source: 'folder' },
      ...{ path: folder, order: 'name', loop: false, run: 'free', intervalMs: 20, timeoutMs: 2000, wires: [['scene']] },
    };
    const bench = await Bench.start(runner(), [...flow(), { ...camera, run: 'triggered' }]);
    await bench.learn(
      'learn',
      Array.from({ length: frames }, (_, i) => part(i + 20)),
    );
    await bench.learn(
      'learn empty',
      Array.from({ length: 5 }, (_, i) => emptyNest(i + 20)),
    );
    await runner().deploy([...flow(), camera], 'nodes');
    await until('the last part', () => bench.on.closed.length === 3, { timeoutMs: 15_000 });
    const files = bench.on.closed.map(({ views }) => views[0].frame?.info.settings.file);
    assert.deepEqual(files, ['2.png', '5.png', '7.png']);
    assert.deepEqual(
      bench.on.closed.map(({ verdict }) => verdict),
      ['pass', 'pass', 'pass'],
    );
    assert.equal(bench.on.station.snapshot().counters.missed, 0);
  });

  it('waits with what it has learned for a recipe, and refuses limits of other regions or camera settings', async () => {
    await runner().start(flow());
    const station = await until('the station', () => findStation('line1', 'station1'));
    const on: RunningStation = { station, model: null as never, closed: [] };
    const bench = new Bench(runner(), on);
    station.on('closed', (inspection) => on.closed.push(inspection));
    runner().node('scene').receive({ topic: 'learn' });
    await until('the lesson', () => bench.told.length > 0);
    for (let i = 0; i < frames; i++)
      runner()
        .node('scene')
        .receive({ collect: true, payload: part(i + 1) });
    await until('all are collected', () =>
      bench.told.some(({ payload }) => (payload as { done?: number }).done === frames),
    );
    const model = await writeTestModel(join(runner().userDir, 'goodpart', 'models'));
    await activateTestRecipe(station, model);
    await until('the limits are in the recipe', () => station.recipes.active()?.views.main.scene);
    await until('it can take a part', () => station.credit() > 0);
    assert.equal((await bench.inspect()).verdict, 'pass');

    const other = { region: region.map(([x, y]) => [x * 0.9, y]) };
    await runner().deploy(flow(other));
    await until('it can take a part', () => station.credit() > 0);
    const changed = await bench.inspect();
    assert.match(changed.reasons[0].text, /has not learned this scene: the reference region was changed since/);

    // its message is lost on the way to the rules, though the scene is good
    await runner().deploy(
      flow({}, { deadlineMs: 1500 }).filter((node) => !('id' in node && node.id === 'station1-score')),
    );
    await until('it can take a part', () => station.credit() > 0);
    const checked = runner().collect('checked');
    const lost = await bench.inspect();
    assert.deepEqual([lost.verdict, lost.reasons[0].key], ['invalid', 'deadline']);
    assert.equal(checked[0].payload, 'good');

    await runner().deploy([...flow(), { ...sceneNode(), id: 'second', wires: [[], []] }]);
    assert.match(await refusal(runner().node('second'), { payload: part(1) }), /no other scene check of this station/);
  });
});
