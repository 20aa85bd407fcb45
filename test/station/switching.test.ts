import assert from 'node:assert/strict';
import type { Recipe } from '../../lib/station/recipe-schema.ts';
import type { Station } from '../../lib/station/station.ts';
import { draft, inspect, model, openRig, type Rig } from './kit.ts';

interface Hand {
  asked: Recipe[];
  done(): void;
  fail(why: string): void;
  signals: AbortSignal[];
}

/** One who prepares and answers when the test says so. */
function hand(station: Station, limitMs = 1000): Hand {
  const answers: PromiseWithResolvers<void>[] = [];
  const it: Hand = {
    ...{ asked: [], signals: [] },
    done: () => answers.at(-1)?.resolve(),
    fail: (why) => answers.at(-1)?.reject(new Error(why)),
  };
  station.prepareBy({
    limitMs,
    prepare: (recipe, signal) => {
      it.asked.push(recipe);
      it.signals.push(signal);
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    },
  });
  return it;
}

/** Versions 1 to 3 of recipe 1 and version 1 of recipe 2; the first is live. */
async function openVersions(): Promise<Rig> {
  const rig = await openRig();
  for (const number of [1, 1, 1, 2]) await rig.station.recipes.save(draft(rig.station, { number }));
  rig.station.recipes.activate(1, { version: 1, by: 'anna', why: 'first' });
  return rig;
}

const live = ({ station }: Rig) => station.recipes.active()?.version;
/** The microtasks of a turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a switch to another version', () => {
  it('takes over when all have it ready, not before, and the station is ready all the while', async () => {
    const rig = await openVersions();
    const [a, b] = [hand(rig.station), hand(rig.station)];
    const ready: boolean[] = [];
    rig.station.on('snapshot', ({ status }: ReturnType<Station['snapshot']>) => ready.push(status.ready));
    const switched = rig.station.switchTo(1, { version: 2, by: 'ben', why: 'better' });
    await turn();
    assert.deepEqual([a.asked[0].version, b.asked[0].version, live(rig)], [2, 2, 1]);
    assert.equal(rig.station.preparing?.version, 2);
    assert.ok(rig.station.credit() > 0);
    a.done();
    await turn();
    assert.equal(live(rig), 1, 'one of them is not ready');
    b.done();
    assert.equal((await switched)?.version, 2);
    assert.deepEqual([live(rig), rig.station.preparing], [2, null]);
    await turn();
    assert.ok(!ready.includes(false));
  });

  it('is done before it returns where nobody has to prepare, and where nothing was live', async () => {
    const rig = await openVersions();
    void rig.station.switchTo(1, { version: 2 });
    assert.equal(live(rig), 2);
    const fresh = await openRig();
    await fresh.station.recipes.save(draft(fresh.station));
    const one = hand(fresh.station);
    void fresh.station.switchTo(1);
    assert.equal(live(fresh), 1);
    assert.equal(one.asked.length, 0);
  });

  it('that fails changes nothing, says why in one sentence and tells the others', async () => {
    const rig = await openVersions();
    const [a, b] = [hand(rig.station), hand(rig.station)];
    const switched = rig.station.switchTo(1, { version: 2 });
    await turn();
    b.fail('sha256 differs');
    await assert.rejects(switched, {
      code: 'GP_SWITCH_FAILED',
      message: 'No change to recipe 1 version 2: sha256 differs',
    });
    assert.deepEqual([live(rig), rig.station.preparing, a.signals[0].aborted], [1, null, true]);
  });

  it('that takes too long is given up', async () => {
    const rig = await openVersions();
    hand(rig.station, 700);
    const switched = rig.station.switchTo(1, { version: 2 });
    await turn();
    rig.time.pass(701);
    await assert.rejects(switched, { code: 'GP_SWITCH_FAILED', message: /not ready within 700 ms/ });
    assert.equal(live(rig), 1);
  });

  it('waits for nobody who has gone', async () => {
    const rig = await openVersions();
    const leave = rig.station.prepareBy({ limitMs: 1000, prepare: () => new Promise(() => {}) });
    const switched = rig.station.switchTo(1, { version: 2 });
    await turn();
    leave();
    await switched;
    assert.equal(live(rig), 2);
  });

  it('is refused when another one is asked for: the last one wins', async () => {
    const rig = await openVersions();
    const one = hand(rig.station);
    const first = rig.station.switchTo(1, { version: 2 });
    await turn();
    const second = rig.station.switchTo(1, { version: 3 });
    await assert.rejects(first, {
      code: 'GP_SWITCH_REFUSED',
      message: 'No change to recipe 1 version 2: recipe 1 version 3 was asked for meanwhile',
    });
    await turn();
    one.done();
    await second;
    assert.equal(live(rig), 3);
    const third = rig.station.switchTo(1, { version: 2 });
    await turn();
    rig.station.recipes.activate(2);
    one.done();
    await assert.rejects(third, { code: 'GP_SWITCH_REFUSED' });
    assert.equal(rig.station.recipes.active()?.number, 2);
  });

  it('names what there is where there is no such version', async () => {
    const rig = await openVersions();
    await assert.rejects(rig.station.switchTo(1, { version: 9 }), { message: /one of 3, 2, 1 for recipe version/ });
    await assert.rejects(rig.station.switchTo(7), { message: /one of 1, 2 for recipe / });
    assert.equal(await rig.station.switchTo(0), null);
    assert.equal(live(rig), undefined);
  });
});

describe('a PLC that selects a recipe', () => {
  const select = ({ station, time }: Rig, arg: number) =>
    station.obey({ kind: 'code', code: 3, arg, from: 0 }, time.clock.mono());
  const back = ({ station, time }: Rig, from = 3) =>
    station.obey({ kind: 'code', code: 0, arg: 0, from }, time.clock.mono());
  const said = ({ station }: Rig) => {
    const { commandAck, commandStatus } = station.snapshot();
    return [commandAck, commandStatus];
  };

  it('sees the command running until the recipe is ready, then done; parts go on meanwhile', async () => {
    const rig = await openVersions();
    const one = hand(rig.station);
    select(rig, 2);
    assert.deepEqual(said(rig), [3, 1]);
    await turn();
    assert.equal(rig.station.snapshot().activeRecipe, 1);
    assert.ok(rig.station.credit() > 0);
    one.done();
    await turn();
    assert.deepEqual(said(rig), [3, 2]);
    assert.equal(rig.station.snapshot().activeRecipe, 2);
    back(rig);
    assert.deepEqual(said(rig), [0, 0]);
  });

  it('sees failed where it cannot be loaded, refused where a person was faster or holds the station', async () => {
    const rig = await openVersions();
    const one = hand(rig.station);
    select(rig, 2);
    await turn();
    one.fail('damaged');
    await turn();
    assert.deepEqual(said(rig), [3, 4]);
    back(rig);
    select(rig, 2);
    await turn();
    rig.station.recipes.activate(1, { version: 2 });
    await turn();
    assert.deepEqual(said(rig), [3, 3]);
    back(rig);
    select(rig, 2);
    await turn();
    rig.station.setMode('commissioning', 'anna', 'trial');
    one.done();
    await turn();
    assert.deepEqual([said(rig), rig.station.snapshot().activeRecipe], [[3, 3], 1]);
  });

  it('hears nothing of an old command once it has taken it back', async () => {
    const rig = await openVersions();
    const one = hand(rig.station);
    select(rig, 2);
    await turn();
    back(rig);
    one.done();
    await turn();
    assert.deepEqual([said(rig), rig.station.snapshot().activeRecipe], [[0, 0], 2]);
  });

  it('gets the version that was live last, and of a product that never ran the newest: it releases nothing', async () => {
    const rig = await openVersions();
    select(rig, 2);
    back(rig);
    select(rig, 1);
    assert.equal(live(rig), 1, 'versions 2 and 3 wait for a person');
  });
});

describe('the history of what was live', () => {
  it('goes back one version with each rollback, not to and fro, and says so', async () => {
    const rig = await openVersions();
    for (const version of [2, 3]) await rig.station.switchTo(1, { version, by: 'anna' });
    const first = await rig.station.rollback({ by: 'ben', why: 'too strict' });
    assert.equal(first.text, 'Recipe 1 version 2 is live instead of version 3; another rollback goes to version 1');
    await rig.station.rollback({ by: 'ben' });
    assert.equal(live(rig), 1);
    await assert.rejects(rig.station.rollback(), { code: 'GP_SWITCH_REFUSED', message: /before version 1/ });
    assert.equal(live(rig), 1);
    await rig.station.switchTo(1, { version: 3 });
    await rig.station.rollback();
    assert.equal(live(rig), 1, 'what was rolled back is not what was before');
    const { activations } = rig.station.versions();
    assert.deepEqual(activations.map(({ recipe, by }) => [recipe?.version, by]).slice(3, 5), [
      [2, 'ben'],
      [3, 'anna'],
    ]);
    assert.equal(activations[3].why, 'rollback: too strict');
  });

  it('never brings another product: a change of product and back is no version', async () => {
    const rig = await openVersions();
    await rig.station.switchTo(1, { version: 2 });
    for (const number of [2, 1, 2]) await rig.station.switchTo(number, { version: number === 1 ? 2 : 1 });
    await assert.rejects(rig.station.rollback(), { message: /no version of recipe 2/ });
    await assert.rejects(rig.station.rollback({ recipe: 1 }), { code: 'GP_CONFIG_INVALID', field: 'recipe' });
    await rig.station.switchTo(1, { version: 2 });
    await rig.station.rollback({ recipe: 1 });
    assert.equal(live(rig), 1);
  });

  it('survives a restart, and a state that has none yet knows what is live', async () => {
    const rig = await openVersions();
    await rig.station.switchTo(1, { version: 3, by: 'anna', why: 'promoted' });
    await rig.station.close();
    const disk = rig.disk.afterCrash();
    const again = await openRig({}, { time: rig.time, disk });
    assert.deepEqual(again.station.versions().activations[0].why, 'promoted');
    await again.station.rollback();
    assert.equal(live(again), 1);

    const old = rig.disk.afterCrash();
    for (const [path, text] of old.files) {
      if (!/state(-copy)?\.json$/.test(path)) continue;
      const { activations: _, shadow: __, ...before } = JSON.parse(text);
      old.files.set(path, JSON.stringify(before));
    }
    const upgraded = await openRig({}, { time: rig.time, disk: old });
    assert.deepEqual(upgraded.station.faults(), []);
    assert.deepEqual(upgraded.station.versions().activations[0].recipe, { number: 1, version: 3 });
    await upgraded.station.switchTo(1, { version: 2 });
    await upgraded.station.rollback();
    assert.equal(live(upgraded), 3);
  });

  it('stays bounded, and of each product knows what was live last', async () => {
    const rig = await openVersions();
    await rig.station.switchTo(2, { by: 'anna' });
    for (let i = 0; i < 150; i++) await rig.station.switchTo(1, { version: 1 + (i % 2) });
    await rig.station.settled();
    const state = JSON.parse(rig.disk.files.get('/data/stations/line/station/state.json') ?? '');
    assert.equal(state.activations.length, 100);
    rig.station.obey({ kind: 'code', code: 3, arg: 2, from: 0 }, rig.time.clock.mono());
    assert.equal(rig.station.snapshot().activeRecipe, 2);
    assert.ok(state.activations.some((one: { recipe: { number: number } }) => one.recipe.number === 2));
  });

  it('lists every version with where it stands', async () => {
    const rig = await openVersions();
    await rig.station.switchTo(1, { version: 2 });
    rig.station.chooseShadow(1, { version: 3, by: 'anna' });
    const states = rig.station.versions().recipes.map(({ number, version, state }) => [number, version, state]);
    assert.deepEqual(states, [
      [1, 3, 'shadow'],
      [1, 2, 'live'],
      [1, 1, 'former'],
      [2, 1, 'candidate'],
    ]);
    assert.deepEqual(rig.station.versions().recipes[0].models.main.version, model.version);
    inspect(
      rig,
      (
        rig.station.accept({ triggerId: 0, partId: '', expectedRecipe: 0, source: 'message', at: 0 }) as {
          inspection: { id: string };
        }
      ).inspection.id,
      0,
    );
    assert.equal(rig.closed[0].recipe?.version, 2);
  });
});
