import assert from 'node:assert/strict';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { RecipeScene } from '../../lib/station/recipe-scene.ts';
import { Station } from '../../lib/station/station.ts';
import { adopt, type Learned } from '../../nodes/learn/adopt.ts';
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
