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
