import assert from 'node:assert/strict';
import type { Roi } from '../../lib/core/inspection.ts';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { RecipeScene } from '../../lib/station/recipe-scene.ts';
import { Station } from '../../lib/station/station.ts';
import { adopt, type Learned, regionsToLearn } from '../../nodes/learn/adopt.ts';
import { learnedModel } from '../../nodes/learn/continuing.ts';
import { adoptScene } from '../../nodes/scene/adopt-scene.ts';
import { tempDir } from '../kit/temp.ts';

const result = (name: string): LearnResult => ({
  model: { name, version: '1', sha256: 'a'.repeat(64), preprocessing: 'b'.repeat(64) },
  ...{ dir: '', images: 30, skipped: [], highest: [], goodScores: [], rois: [], seconds: 1 },
  ...{ median: 1, warn: 2, fail: 3, statement: 'test', features: 'bank', head: 'gaussian', headReason: 'as chosen' },
  ...{ excluded: [], findings: [], clusters: null, coverage: null, provisional: [] },
  ...{ sensitivity: null, defects: null, repeatability: null },
});

describe('what was learned becomes the recipe', () => {
  let station: Station;
  beforeEach(async () => {
    const place = { line: 'line1', station: 'station1', dir: tempDir('adopt') };
    station = await Station.open({ ...place, deadlineMs: 1000, maxOpen: 2, staleAfterMs: 0, mode: 'run' });
  });
  afterEach(() => station.close());

  const learned = (view: string, more: Partial<Learned> = {}): Learned => ({
    ...{ view, rois: [], cameraSettings: station.cameraSettings(view), result: result(`parts-${view}`) },
    ...{ author: `learn ${view}`, activate: true },
    ...more,
  });

  it('with every view, when several were learned at the same time', async () => {
    const views = ['top', 'side', 'front'];
    await Promise.all(views.map((view) => adopt(station, learned(view))));
    assert.deepEqual(Object.keys(station.recipes.active()?.views ?? {}).sort(), [...views].sort());
    assert.equal(station.recipes.active()?.version, 3);
  });

  it('with every view too when a person activates it later', async () => {
    for (const view of ['top', 'side']) await adopt(station, learned(view, { activate: false }));
    assert.equal(station.recipes.active(), null);
    assert.deepEqual(Object.keys(station.recipes.get(1)?.views ?? {}).sort(), ['side', 'top']);
  });

  it('without taking along what waits in another view', async () => {
    await adopt(station, learned('top'));
    await adopt(station, learned('top', { result: result('not-yet'), activate: false }));
    await adopt(station, learned('side'));
    const { top, side } = station.recipes.active()?.views ?? {};
    assert.deepEqual([top.model.name, side.model.name], ['parts-top', 'parts-side']);
  });

  it('with as much of a long statement, of what was not shown and of a name as a recipe holds', async () => {
    const provisional = Array.from({ length: 60 }, (_, i) => `The model has seen no frame of nest "${i}".`);
    provisional[0] = `The model has seen no frame of lot "${'x'.repeat(600)}".`;
    const long = { ...result('parts'), statement: 'A sentence. '.repeat(1000), provisional };
    await adopt(station, learned('top', { result: long, author: `learn ${'n'.repeat(500)}` }));
    const { author, views } = station.recipes.active()!;
    const { basis, provisional: kept } = views.top.validation!;
    assert.equal(author.length, 128);
    assert.equal(basis.length, 4000);
    assert.match(basis, /^A sentence\. .+…$/);
    assert.deepEqual([kept?.length, kept?.[0].length, kept?.[1]], [50, 500, provisional[1]]);
  });

  it('not when the camera’s settings were changed meanwhile, and the next result still is', async () => {
    const stale = learned('top');
    station.registerCamera('top', { name: 'camera', settingsHash: 'other exposure' });
    const refused = adopt(station, stale);
    const next = adopt(station, learned('side'));
    await assert.rejects(refused, { code: 'GP_LEARN_FAILED', message: /settings were changed while learning/ });
    await next;
    assert.deepEqual(Object.keys(station.recipes.active()?.views ?? {}), ['side']);
  });
});

describe('what was learned as a second model becomes the recipe’s', () => {
  let station: Station;
  beforeEach(async () => {
    const place = { line: 'line1', station: 'station1', dir: tempDir('adopt') };
    station = await Station.open({ ...place, deadlineMs: 1000, maxOpen: 2, staleAfterMs: 0, mode: 'run' });
    station.registerCamera('top', { name: 'cam', settingsHash: 'exposure 5 ms' });
  });
  afterEach(() => station.close());

  const bore: Roi = {
    ...{ index: 1, name: 'bore', mode: 'inspect', measure: 'area', areaAbove: 7, median: 0.1, warn: 0.2, fail: 0.3 },
    polygon: [
      [0, 0],
      [0.5, 0],
      [0.5, 0.5],
    ],
  };
  const region = (areaAbove: number): LearnResult['rois'][number] => ({
    ...{ index: 1, name: 'bore', measure: 'area', areaAbove, median: 0.01, warn: 0.02, fail: 0.03 },
    thresholds: {} as never,
  });
  const learned = (name: string, rois: Roi[], between?: [number, number]): Learned => ({
    ...{ view: 'top', rois, cameraSettings: station.cameraSettings('top'), author: `learn ${name}`, activate: true },
    result: { ...result(name), rois: rois.map(() => region(between ? 90 : 7)) },
    ...(between && { between }),
  });

  it('beside the first, for its very regions, with map values of its own', async () => {
    await adopt(station, learned('fast', [bore]));
    const toLearn = regionsToLearn(station, 'top', 'verify', true);
    assert.deepEqual([toLearn[0].polygon, toLearn[0].areaAbove], [bore.polygon, null]);
    const { reason, views } = await adopt(station, learned('thorough', toLearn, [0.4, 1.3]));
    const { model, rois, verify } = views.top;
    assert.deepEqual([model.name, rois[0].areaAbove, rois[0].fail], ['fast', 7, 0.03]);
    assert.deepEqual([verify?.model.name, verify?.between, verify?.fail], ['thorough', [0.4, 1.3], 3]);
    assert.deepEqual(verify?.rois, [{ index: 1, areaAbove: 90, median: 0.01, warn: 0.02, fail: 0.03 }]);
    assert.equal(reason, 'second model learned from 30 good pictures');
    assert.equal(learnedModel(station, 'top', true, 'verify')?.name, 'thorough');
    assert.equal(learnedModel(station, 'top', true)?.name, 'fast');
  });

  it('not before the first, and not for other regions than its', async () => {
    const before = { code: 'GP_LEARN_FAILED', message: /View top has no first model yet/ };
    assert.throws(() => regionsToLearn(station, 'top', 'verify', true), before);
    await assert.rejects(adopt(station, learned('thorough', [], [0.5, 1.5])), before);
    await adopt(station, learned('fast', [bore]));
    station.drawRegions('top', [{ ...bore, measure: 'maximum' }]);
    const others = { code: 'GP_LEARN_FAILED', message: /regions of view top are others/ };
    assert.throws(() => regionsToLearn(station, 'top', 'verify', true), others);
    await assert.rejects(adopt(station, learned('thorough', [], [0.5, 1.5])), others);
    station.drawRegions('top', [{ ...bore, name: 'the bore', warn: 0, fail: 9 }]);
    assert.equal(regionsToLearn(station, 'top', 'verify', true).length, 1, 'names and limits do not count');
  });

  it('and stays when the first is learned again, as long as it is valid for regions and camera settings', async () => {
    await adopt(station, learned('fast', [bore]));
    await adopt(station, learned('thorough', [bore], [0.5, 1.5]));
    const again = await adopt(station, learned('faster', [bore]));
    assert.deepEqual([again.views.top.model.name, again.views.top.verify?.model.name], ['faster', 'thorough']);
    assert.equal(again.reason, 'learned from 30 good pictures');
    const moved: Roi = { ...bore, polygon: [...bore.polygon, [0, 0.5]] };
    const other = await adopt(station, learned('moved', [moved]));
    assert.equal(other.views.top.verify, undefined);
    assert.match(
      other.reason,
      /; the second model thorough 1 was taken out: its limits are not valid for these regions/,
    );
    await adopt(station, learned('thorough', [moved], [0.5, 1.5]));
    station.registerCamera('top', { name: 'cam', settingsHash: 'exposure 9 ms' });
    assert.equal((await adopt(station, learned('brighter', [moved]))).views.top.verify, undefined);
  });

  it('and is not lost when a scene check learns', async () => {
    await adopt(station, learned('fast', []));
    await adopt(station, learned('thorough', [], [0.5, 1.5]));
    const saved = await adoptScene(station, 'top', null, { author: 'scene', reason: 'forgotten' });
    assert.equal(saved?.views.top.verify?.model.name, 'thorough');
  });
});

describe('what a scene check has learned in the recipe', () => {
  let station: Station;
  beforeEach(async () => {
    const place = { line: 'line1', station: 'station1', dir: tempDir('adopt') };
    station = await Station.open({ ...place, deadlineMs: 1000, maxOpen: 2, staleAfterMs: 0, mode: 'run' });
  });
  afterEach(() => station.close());

  const parts = (name: string, activate = true): Learned => ({
    ...{ view: 'top', rois: [], cameraSettings: '', result: result(name), author: 'learn', activate },
  });
  const scene = (frames: number): RecipeScene => ({
    ...{ region: [], bands: [], reference: null, part: null, cameraSettings: '', frames, by: 'scene check' },
    at: '2026-01-01T00:00:00.000Z',
  });
  const why = { author: 'scene check', reason: 'learned' };

  it('stays when good parts are learned again, as long as a scene check watches over the view', async () => {
    await adopt(station, parts('first'));
    await adoptScene(station, 'top', scene(50), why);
    const away = station.scenes.register('top', { hasPart: null });
    const again = await adopt(station, parts('second'));
    assert.deepEqual([again.version, again.views.top.model.name, again.views.top.scene?.frames], [3, 'second', 50]);
    away();
    assert.equal((await adopt(station, parts('third'))).views.top.scene, undefined);
  });

  it('waits where no recipe with the view is active', async () => {
    assert.equal(await adoptScene(station, 'top', scene(50), why), null);
    await adopt(station, parts('waiting', false));
    assert.equal(await adoptScene(station, 'top', scene(50), why), null);
    assert.equal(station.recipes.get(1)?.version, 1);
  });

  it('takes effect in the version in use, and does not lose the one that waits to be activated', async () => {
    await adopt(station, parts('in use'));
    await adopt(station, parts('waiting', false));
    const saved = await adoptScene(station, 'top', scene(50), why);
    assert.equal(saved?.version, 3);
    const active = station.recipes.active();
    assert.deepEqual(
      [active?.version, active?.views.top.model.name, active?.views.top.scene?.frames],
      [3, 'in use', 50],
    );
    const newest = station.recipes.get(1);
    assert.deepEqual(
      [newest?.version, newest?.views.top.model.name, newest?.views.top.scene?.frames],
      [4, 'waiting', 50],
    );
    assert.equal(newest?.author, 'learn', 'and stays whose it was');
  });
});
