import assert from 'node:assert/strict';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import { Station } from '../../lib/station/station.ts';
import { adopt, type Learned } from '../../nodes/learn/adopt.ts';
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
