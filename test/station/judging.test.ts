import assert from 'node:assert/strict';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { ScoreResult } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';
import { accept, draft, fixedHere, frame, limits, model, openRig, type Rig, score } from './kit.ts';

const withRecipe = async (validated = true): Promise<Rig> => {
  const rig = await openRig();
  rig.station.registerCamera('main', { name: 'cam', settingsHash: 'exposure 5 ms' });
  await rig.station.recipes.save(draft(rig.station, {}, validated));
  rig.station.recipes.activate(1, { by: 'anna' });
  return rig;
};

const judged = (rig: Rig, result: ScoreResult | null, ageMs = 0) => {
  const id = accept(rig);
  rig.station.addFrame(id, 'main', frame(rig.time, ageMs), 'cam');
  if (result !== null) rig.station.addScore(id, 'main', result);
  rig.station.judgeView(id, 'main', { final: true });
  return rig.closed.at(-1)!;
};

describe('station: pass is said only of what was inspected (law 2)', () => {
  it('passes under a validated recipe', async () => {
    const rig = await withRecipe();
    const done = judged(rig, score(0.5));
    assert.equal(done.verdict, 'pass');
    assert.equal(done.validation?.state, 'validated');
    assert.deepEqual(done.recipe, { number: 1, version: 1, name: 'tile' });
    assert.equal(rig.station.snapshot().health.notValidated, false);
    assert.equal(rig.station.snapshot().result?.recipe, 1);
  });

  it('accepts a warn only where the recipe does', async () => {
    const rig = await withRecipe();
    assert.deepEqual([judged(rig, score(1.5)).verdict, rig.closed[0].accept], ['warn', false]);
    await rig.station.recipes.save(draft(rig.station, { warnAccepted: true }));
    rig.station.recipes.activate(1);
    assert.deepEqual([judged(rig, score(1.5)).verdict, rig.closed[1].accept], ['warn', true]);
    assert.equal(rig.closed[1].recipe?.version, 2);
  });

  const other = { ...model, sha256: 'c'.repeat(64) };
  const cases: [string, ScoreResult | null, number, string][] = [
    ['a frame from before the trigger', score(0), 1, 'frameTooOld'],
    ['a frame with an instant of NaN', score(0), Number.NaN, 'frameTooOld'],
    ['a frame with an infinite instant', score(0), Number.NEGATIVE_INFINITY, 'frameTooOld'],
    ['no score', null, 0, 'engineFailed'],
    ['a score of NaN', score(Number.NaN), 0, 'scoreNotFinite'],
    [
      'an infinity in the map',
      score(0, { map: AnomalyMap.from(1, 2, Float32Array.of(0, Infinity)) }),
      0,
      'scoreNotFinite',
    ],
    ['a NaN in the map', score(0, { map: AnomalyMap.from(2, 1, Float32Array.of(0, Number.NaN)) }), 0, 'scoreNotFinite'],
    ['an infinite score', score(0, { score: Number.NEGATIVE_INFINITY }), 0, 'scoreNotFinite'],
    ['another model', score(0, { model: other }), 0, 'notValidated'],
    ['another preprocessing', score(0, { model: { ...model, preprocessing: 'x' } }), 0, 'notValidated'],
    ['a map that is none', score(0, { map: { width: 1 } as never }), 0, 'internalError'],
  ];
  for (const [name, result, ageMs, key] of cases) {
    it(`is invalid for ${name}`, async () => {
      const done = judged(await withRecipe(), result, ageMs);
      assert.equal(done.verdict, 'invalid');
      assert.equal(done.reasons[0].key, key);
      assert.equal(done.accept, false);
    });
  }

  it('is invalid without a frame, without a recipe, for a view that the recipe lacks', async () => {
    const rig = await withRecipe();
    rig.station.judgeView(accept(rig), 'main', { final: true });
    assert.equal(rig.closed[0].reasons[0].key, 'cameraLost');
    rig.station.recipes.activate(0);
    assert.equal(judged(rig, score(0)).reasons[0].key, 'noRecipe');
    rig.station.recipes.activate(1);
    const id = accept(rig);
    rig.station.addFrame(id, 'constructor', frame(rig.time), 'cam');
    rig.station.addScore(id, 'constructor', score(0));
    rig.station.judgeView(id, 'constructor', { final: true });
    assert.match(rig.closed.at(-1)?.reasons[0].text ?? '', /has no view "constructor"/);
  });

  it('is invalid under a recipe that was never validated, and says so on the station', async () => {
    const rig = await withRecipe(false);
    const done = judged(rig, score(0));
    assert.deepEqual(
      [done.verdict, done.reasons[0].key, done.validation?.state],
      ['invalid', 'notValidated', 'not-validated'],
    );
    assert.equal(rig.station.snapshot().health.notValidated, true);
  });

  it('is invalid as soon as the camera settings differ from the validated ones', async () => {
    const rig = await withRecipe();
    assert.equal(judged(rig, score(0)).verdict, 'pass');
    rig.station.registerCamera('main', { name: 'cam', settingsHash: 'exposure 9 ms' });
    assert.equal(rig.station.snapshot().health.notValidated, false);
    assert.match(judged(rig, score(0)).reasons[0].text, /camera settings have changed/);
    assert.equal(rig.station.snapshot().health.notValidated, true);
  });

  it('is invalid at once for a recipe the PLC did not expect', async () => {
    const rig = await withRecipe();
    rig.station.attachOutput();
    const id = accept(rig, { expectedRecipe: 2 });
    assert.equal(rig.closed[0].reasons[0].key, 'wrongRecipe');
    assert.equal(rig.station.publish(id), 'already');
    accept(rig, { expectedRecipe: 1 });
    assert.equal(rig.closed.length, 1);
  });

  it('judges an open inspection by the recipe that was active at its trigger', async () => {
    const rig = await withRecipe();
    await rig.station.recipes.save(draft(rig.station, { number: 2, name: 'other' }));
    const id = accept(rig);
    rig.station.recipes.activate(2);
    rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
    rig.station.addScore(id, 'main', score(0));
    rig.station.judgeView(id, 'main', { final: true });
    assert.equal(rig.closed[0].recipe?.number, 1);
  });

  it('marks fixed limits as an override, and takes none that make no sense', async () => {
    const rig = await openRig();
    for (const rois of [
      [],
      [wholeFrameRoi({ ...limits, fail: Number.NaN })],
      [wholeFrameRoi({ ...limits, fail: 0.5 })],
    ]) {
      const id = accept(rig);
      rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
      rig.station.addScore(id, 'main', score(0));
      const view = rig.station.judgeView(id, 'main', { final: true, rois, overrideBy: 'rules' });
      assert.equal(view.verdict, 'invalid');
    }
    assert.deepEqual(
      rig.closed.map((one) => one.reasons[0].key),
      ['noInspectRegion', 'notValidated', 'notValidated'],
    );
  });
});

describe('station: several views', () => {
  const rigWith = async (...views: string[]) => {
    const rig = await openRig();
    for (const view of views) rig.station.registerCamera(view, { name: view, settingsHash: '' });
    return rig;
  };
  const look = (rig: Rig, id: string, view: string, value: number, final = false) => {
    rig.station.addFrame(id, view, frame(rig.time), view);
    rig.station.addScore(id, view, score(value));
    rig.station.judgeView(id, view, { final, rois: fixedHere, overrideBy: 'rules' });
  };
  const rule = { kind: 'worst', required: ['top', 'side'] } as const;

  it('waits for all required views, then takes the worst', async () => {
    const rig = await rigWith('top', 'side');
    const id = accept(rig);
    look(rig, id, 'top', 0);
    assert.equal(rig.station.judgePart(id, rule), null);
    assert.equal(rig.station.snapshot().status.exposureDone, false);
    look(rig, id, 'side', 5);
    assert.equal(rig.station.snapshot().status.exposureDone, true);
    assert.equal(rig.station.judgePart(id, rule)?.verdict, 'fail');
    assert.equal(rig.closed[0].verdict, 'fail');
    assert.equal(rig.closed[0].views.length, 2);
  });

  it('makes the part invalid when a view fails after the others were judged, without another message', async () => {
    const rig = await rigWith('top', 'side');
    const id = accept(rig);
    look(rig, id, 'top', 0);
    rig.station.judgePart(id, rule);
    rig.station.failView(id, 'side', reason('cameraLost', { view: 'side' }));
    assert.deepEqual([rig.closed[0].verdict, rig.closed[0].reasons[0].key], ['invalid', 'cameraLost']);
  });

  it('names the missing view at the deadline', async () => {
    const rig = await rigWith('top', 'side');
    const id = accept(rig);
    look(rig, id, 'top', 0);
    rig.station.judgePart(id, rule);
    rig.time.pass(500);
    assert.deepEqual(
      rig.closed[0].reasons.map((why) => [why.key, why.view]),
      [
        ['viewMissing', 'side'],
        ['deadline', undefined],
      ],
    );
  });

  it('closes at once when every view has failed', async () => {
    const rig = await rigWith('top', 'side');
    const id = accept(rig);
    rig.station.failView(id, 'top', reason('cameraLost'));
    assert.equal(rig.closed.length, 0);
    rig.station.failView(id, 'side', reason('frameTimeout'));
    assert.deepEqual(
      rig.closed[0].reasons.map((why) => why.key),
      ['cameraLost', 'frameTimeout'],
    );
  });

  it('does not let one branch speak for the other although both call themselves final', async () => {
    const rig = await rigWith('top', 'side');
    const id = accept(rig);
    rig.station.addFrame(id, 'side', frame(rig.time), 'side');
    look(rig, id, 'top', 0, true);
    assert.equal(rig.closed.length, 0);
    look(rig, id, 'side', 5, true);
    assert.equal(rig.closed[0].verdict, 'fail');
  });

  it('does not let a branch that calls itself final speak for a camera whose picture is still to come', async () => {
    const rig = await rigWith('top', 'side');
    for (const view of ['top', 'side']) rig.station.registerCamera(view, { name: view, settingsHash: '' });
    look(rig, accept(rig), 'top', 0, true);
    assert.equal(rig.closed.length, 0, 'nothing passes on one of two cameras');
    rig.time.pass(600);
    const { verdict, reasons } = rig.closed[0];
    assert.deepEqual([verdict, reasons[0].key, reasons[0].view], ['invalid', 'viewMissing', 'side']);
    const id = accept(rig);
    look(rig, id, 'top', 0, true);
    look(rig, id, 'side', 5, true);
    assert.equal(rig.closed[1].verdict, 'fail');
  });

  it('lets the least trusted validation stand for the part', async () => {
    const rig = await rigWith('top', 'side');
    const id = accept(rig);
    look(rig, id, 'top', 0);
    rig.station.addFrame(id, 'side', frame(rig.time), 'side');
    rig.station.addScore(id, 'side', score(0));
    rig.station.judgeView(id, 'side', { final: false });
    assert.equal(rig.station.judgePart(id, rule)?.verdict, 'invalid');
  });

  it('takes no flood of view names', async () => {
    const rig = await rigWith();
    const id = accept(rig);
    const taken = Array.from({ length: 500 }, (_, i) => rig.station.addFrame(id, `v${i}`, frame(rig.time), null));
    assert.equal(taken.filter(Boolean).length, 64);
  });
});
