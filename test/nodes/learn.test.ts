import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import { type FlowRunner, onEachNodeRed } from '../kit/flows.ts';
import { childrenNamed } from '../kit/processes.ts';
import { refusal } from '../kit/refusal.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { bytesOf, cnn } from '../learning/tiny-backbones.ts';

const z = 'station1-tab';
const parts = syntheticParts(40, 96, 64, 5);
const quick = { features: 'bank', head: 'gaussian', sensitivity: false, size: 64, count: 20 };

type Learned = LearnResult & { recipe: { number: number; version: number; activated: boolean } };

type Status = { fill: string; text: string };

/** A learning node in a running flow, and everything that came out of it. */
class Bench {
  readonly station: Station;
  readonly #runner: FlowRunner;
  readonly #learned: Record<string, unknown>[];
  readonly asked: Record<string, unknown>[];
  readonly errors: string[] = [];
  readonly status: Status[] = [];

  private constructor(runner: FlowRunner, station: Station) {
    this.#runner = runner;
    this.station = station;
    this.#learned = runner.collect('learned');
    this.asked = runner.collect('asked');
    this.node.on('call:error', (({ firstArg }: { firstArg: Error }) => this.errors.push(String(firstArg))) as never);
    this.node.on('call:status', (({ firstArg }: { firstArg: Status }) => this.status.push(firstArg)) as never);
  }

  static async start(runner: FlowRunner, more: object = {}, mode = 'run'): Promise<Bench> {
    const learn = { id: 'learn', z, type: 'goodpart-learn', station: 'station1-station', view: 'main', model: 'parts' };
    await runner.start([
      ...stationNodes('station1', { mode }),
      { ...learn, source: 'messages', ...quick, ...more, wires: [['learned'], [], ['asked']] },
      ...['learned', 'asked'].map((id) => ({ id, z, type: 'helper', wires: [] })),
    ]);
    return new Bench(runner, await until('the station', () => findStation('line1', 'station1')));
  }

  get node() {
    return this.#runner.node('learn');
  }

  send(message: object): void {
    this.node.receive(message);
  }

  show(from: number, to: number, about: (i: number) => object = () => ({})): void {
    for (let i = from; i < to; i++) this.send({ payload: parts[i], ...about(i) });
  }

  async result(): Promise<Learned> {
    const message = await until('the model', () => this.#learned[0] ?? (this.errors.length > 0 ? {} : null), {
      timeoutMs: 30_000,
    });
    assert.deepEqual(this.errors, []);
    this.#learned.shift();
    assert.equal(message.topic, 'learned');
    return message.payload as Learned;
  }

  lastStatus(pattern: RegExp): Promise<Status> {
    return until(`a status like ${pattern}`, () => this.status.findLast(({ text }) => pattern.test(text)));
  }
}

onEachNodeRed('learn good parts from messages', (runner) => {
  it('is provisional until good parts of every declared shift were added, and a running line goes on meanwhile', async () => {
    const bench = await Bench.start(runner(), { shifts: 'early, late', nests: '1, 2' });
    const about = (shift: string) => (i: number) => ({ shift, lot: ` L${i % 2} `, nest: 1 + (i % 2) });
    bench.send({ topic: 'learn' });
    bench.show(0, 20, about('early'));
    const first = await bench.result();
    const sentence = 'The model has seen no frame of shift "late"; it needs at least 5.';
    assert.deepEqual(first.provisional, [sentence]);
    assert.deepEqual(first.recipe, { number: 1, version: 1, activated: false });
    assert.equal(bench.station.recipes.active(), null);
    const saved = bench.station.recipes.get(1, 1)!.views.main.validation!;
    assert.deepEqual(saved.provisional, [sentence]);
    assert.ok(saved.basis.includes('20 good'), saved.basis);
    const { fill, text } = await bench.lastStatus(/provisional/);
    assert.equal(fill, 'yellow');
    assert.match(text, /^parts version 1 is provisional, not activated: The model has seen no frame of shift "late"/);
    const lots = first.coverage?.counts.filter(({ attribute }) => attribute === 'lot');
    assert.deepEqual(
      lots?.map(({ value, frames }) => [value, frames]),
      [
        ['L0', 10],
        ['L1', 10],
      ],
    );

    bench.send({ topic: 'add', count: 8, shift: 'late' });
    bench.show(20, 28, (i) => ({ nest: 1 + (i % 2) }));
    const second = await bench.result();
    assert.deepEqual([second.images, second.model.version, second.provisional], [28, '2', []]);
    assert.deepEqual(second.recipe, { number: 1, version: 2, activated: true });
    const { main } = bench.station.recipes.active()!.views;
    assert.deepEqual([main.model.version, main.validation?.provisional], ['2', []]);
    assert.equal((await bench.lastStatus(/28 pictures/)).fill, 'green');

    bench.send({ topic: 'learn once' });
    await bench.lastStatus(/already learned/);
  });

  it('takes effect in shadow mode while it is still provisional', async () => {
    const bench = await Bench.start(runner(), { lots: 'A' }, 'shadow');
    bench.send({ topic: 'learn' });
    bench.show(0, 20);
    const { recipe, provisional } = await bench.result();
    assert.equal(provisional.length, 1);
    assert.equal(recipe.activated, true);
    assert.equal(bench.station.recipes.active()?.views.main.validation?.provisional?.length, 1);
    await bench.lastStatus(/^parts version 1 is provisional: /);
  });

  it('refuses what it cannot use in one sentence each, and goes on', async () => {
    const bench = await Bench.start(runner());
    const refused = (message: object, pattern: RegExp) =>
      refusal(bench.node, message).then((said) => assert.match(said, pattern));
    await refused({ topic: 'add' }, /^Nothing was learned yet for view main: "learn" comes before "add"$/);
    await refused({ topic: 'exclude', payload: ['x'] }, /"learn" comes before "exclude"$/);
    await refused({ payload: parts[0] }, /"learn", "learn once", "add", "exclude" or "cancel" for msg\.topic/);
    bench.send({ topic: 'learn' });
    await refused({ topic: 'learn' }, /^Pictures are being collected, 0 of 20: wait for it, or send "cancel" first$/);
    await refused(
      { payload: parts[0], nest: { name: 1 } },
      /^Expected a short text or a number for msg\.nest but received object$/,
    );
    await refused({ payload: parts[0], shift: 'x'.repeat(101) }, /for msg\.shift/);
    await refused({ payload: 7 }, /^Expected an image: .+ for msg\.payload but received 7$/);
    bench.show(0, 20);
    await until('it learns', () => childrenNamed('learning').length === 1);
    await refused({ topic: 'learn' }, /^Learning is already running: wait/);
    bench.errors.length = 0;
    const { goodScores } = await bench.result();
    assert.equal(goodScores.length, 20);

    for (const payload of ['ab', [], [1], undefined]) {
      await refused({ topic: 'exclude', payload }, /^Expected a list of the digests or file names of pictures/);
    }
    for (const count of ['many', 0, 2.5, 5001, null]) {
      await refused({ topic: 'add', count }, /^Expected a whole number from 1 to 5000 for msg\.count but received /);
    }
    await refused({ topic: 'exclude', payload: ['0'.repeat(64)] }, /pictures that the model learned from for exclude/);
    assert.equal(bench.station.recipes.active()?.version, 1, 'the recipe stays');
    bench.errors.length = 0;
    bench.send({ topic: 'add', count: 1 });
    bench.show(30, 31);
    assert.equal((await bench.result()).images, 21);
  });

  it('learns again without the pictures that a person leaves out, and says so in the recipe', async () => {
    const bench = await Bench.start(runner(), { count: 24 });
    bench.send({ topic: 'learn' });
    bench.show(0, 24);
    const { dir } = await bench.result();
    const { pictures } = JSON.parse(readFileSync(join(dir, 'training.json'), 'utf8'));
    bench.send({ topic: 'exclude', payload: [pictures[3].digest, pictures[7].digest] });
    const { images, excluded, recipe } = await bench.result();
    assert.deepEqual([images, excluded.length, recipe.version], [22, 2, 2]);
    assert.equal(bench.station.recipes.active()?.reason, 'learned from 22 good pictures, 2 left out');
  });

  it('ends without an error when it is cancelled, collecting or learning, and can begin again', async () => {
    const bench = await Bench.start(runner());
    bench.send({ topic: 'learn' });
    bench.show(0, 5);
    await bench.lastStatus(/collecting 5\/20/);
    bench.send({ topic: 'cancel' });
    bench.send({ topic: 'learn' });
    bench.show(0, 20);
    await until('it learns', () => childrenNamed('learning').length === 1);
    bench.send({ topic: 'cancel' });
    await bench.lastStatus(/^cancelled$/);
    const { length } = bench.asked;
    await until('it begins again', () => {
      bench.send({ topic: 'learn' });
      return bench.asked.length > length;
    });
    assert.ok(bench.errors.every((text) => /wait for it/.test(text)));
    assert.equal(bench.station.recipes.active(), null);
  });
});

onEachNodeRed('learn good parts from a folder', (runner) => {
  const write = (folder: string, from: number, to: number) =>
    Promise.all(
      parts.slice(from, to).map(({ data }, i) => {
        const picture = sharp(data, { raw: { width: 96, height: 64, channels: 1 } });
        return picture.toFile(join(folder, `part ${from + i}.png`));
      }),
    );

  it('adds the pictures that it has not learned yet, of the lot that the message names', async () => {
    const path = tempDir('good');
    await write(path, 0, 20);
    const bench = await Bench.start(runner(), { source: 'folder', path, lots: 'A, B', activate: false });
    bench.send({ topic: 'learn', lot: 'A' });
    const first = await bench.result();
    assert.equal(first.provisional.length, 1);
    assert.deepEqual(first.coverage?.unknown, []);
    await write(path, 20, 30);
    bench.send({ topic: 'add', lot: 'B' });
    const second = await bench.result();
    assert.deepEqual([second.images, second.skipped.length, second.provisional], [30, 20, []]);
    assert.equal(second.recipe.activated, false);
    await bench.lastStatus(/^parts version 2 from 30 pictures, not activated/);
    assert.equal(bench.station.recipes.active(), null);
  });

  it('takes a backbone at the layers and with the pixels that the dialog names, and shows defects to it', async () => {
    const [path, defects] = [tempDir('good'), tempDir('defects')];
    await write(path, 0, 20);
    const backbone = join(path, 'tiny.onnx');
    writeFileSync(backbone, bytesOf(cnn({ sides: ['h', 'w'] })));
    const brings = { features: 'backbone', backbone, layers: 'layer1', normalisation: 'unit' };
    const bench = await Bench.start(runner(), { source: 'folder', path, ...brings, defects });
    const said = await refusal(bench.node, { topic: 'learn' });
    assert.match(said, /^Expected a folder with pictures for defects but received /);
    bench.errors.length = 0;
    await write(defects, 30, 33);
    bench.send({ topic: 'learn' });
    const result = await bench.result();
    assert.match(result.features, /layer1.+0\.\.1/);
    assert.equal(result.defects?.shown, 3);
  });

  it('says at once what is wrong with a backbone, with the pictures and with the node', async () => {
    const path = tempDir('good');
    const learns = { source: 'folder', path, features: 'backbone', backbone: join(path, 'no.onnx') };
    const bench = await Bench.start(runner(), learns);
    const said = await refusal(bench.node, { topic: 'learn' });
    assert.match(said, /^Expected .+ but received .+/);
    await write(path, 0, 20);
    const missing = await refusal(bench.node, { topic: 'learn' });
    assert.match(missing, /^Expected a readable ONNX file for backbone but received .+no\.onnx/);
    await runner().stop();
    await assert.rejects(
      Bench.start(runner(), { size: 100 })
        .then((odd) => refusal(odd.node, { topic: 'learn' }))
        .then((text) => {
          throw new Error(text);
        }),
      /Expected a multiple of 32 for size but received 100/,
    );
  });
});
