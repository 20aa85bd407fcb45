import assert from 'node:assert/strict';
import type { SceneResult } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { parseRecipe } from '../../lib/station/recipe-schema.ts';
import { accept, draft, fixedHere, frame, openRig, type Rig, score } from './kit.ts';

const good: SceneResult = { state: 'good', part: null, values: [], reasons: [], ms: 5 };
const bad: SceneResult = { ...good, state: 'invalid', reasons: [reason('lightChanged', { view: 'main' })] };

const scene = {
  ...{ region: [], reference: null, part: null, cameraSettings: '', frames: 50, by: 'anna' },
  bands: [{ measure: 'level', median: 0.5, attention: [0.4, 0.6], invalid: [0.3, null] }],
  at: '2026-01-01T00:00:00.000Z',
};

const rigWith = async (withScene = false): Promise<Rig> => {
  const rig = await openRig();
  const made = draft(rig.station);
  if (withScene) Object.assign(made.views.main, { scene });
  await rig.station.recipes.save(made);
  rig.station.recipes.activate(1);
  return rig;
};
const inspected = (rig: Rig, seen: SceneResult | null, { override = false } = {}) => {
  const id = accept(rig);
  rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
  if (seen !== null) rig.station.addScene(id, 'main', seen);
  rig.station.addScore(id, 'main', score(0.5));
  rig.station.judgeView(id, 'main', { final: true, ...(override && { rois: fixedHere, overrideBy: 'rules' }) });
  return rig.closed.at(-1)!;
};

describe('station: pass is said only of what passed its scene check (law 2)', () => {
  it('passes without one where none is configured', async () => {
    assert.equal(inspected(await rigWith(), null).verdict, 'pass');
  });

  it('demands the word of a scene check that watches over the view, under fixed limits as well', async () => {
    const rig = await rigWith();
    rig.station.scenes.register('main', { hasPart: null });
    const { verdict, reasons, accept: taken } = inspected(rig, null);
    assert.deepEqual([verdict, reasons[0].key, reasons[0].code, taken], ['invalid', 'sceneMissing', 55, false]);
    assert.equal(inspected(rig, null, { override: true }).reasons[0].key, 'sceneMissing');
    const passed = inspected(rig, good);
    assert.deepEqual([passed.verdict, passed.views[0].scene], ['pass', good]);
    assert.equal(inspected(rig, { ...good, state: 'attention' }).verdict, 'pass');
  });

  it('demands it of another view’s scene check for that view only', async () => {
    const rig = await rigWith();
    rig.station.scenes.register('top', { hasPart: null });
    assert.equal(inspected(rig, null).verdict, 'pass');
  });

  it('demands it where the recipe has scene limits, though nobody watches', async () => {
    const rig = await rigWith(true);
    const { verdict, reasons } = inspected(rig, null);
    assert.deepEqual([verdict, reasons[0].key], ['invalid', 'sceneMissing']);
    assert.match(reasons[0].text, /the recipe has scene limits, the flow no scene check/);
    assert.equal(inspected(rig, good).verdict, 'pass');
  });

  it('demands it of an inspection that began while one watched, though a deploy took it away since', async () => {
    const rig = await rigWith();
    const away = rig.station.scenes.register('main', { hasPart: null });
    const id = accept(rig);
    rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
    rig.station.addScore(id, 'main', score(0.5));
    away();
    rig.station.judgeView(id, 'main', { final: true });
    assert.equal(rig.closed[0].reasons[0].key, 'sceneMissing');
    assert.equal(inspected(rig, null).verdict, 'pass');
  });

  it('makes a picture that failed invalid at once, with the reason, and no score changes that', async () => {
    const rig = await rigWith();
    rig.station.scenes.register('main', { hasPart: null });
    const id = accept(rig);
    rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
    assert.equal(rig.station.addScene(id, 'main', bad), true);
    const [{ verdict, reasons, views }] = rig.closed;
    assert.deepEqual([verdict, reasons[0].key, reasons[0].code], ['invalid', 'lightChanged', 50]);
    assert.deepEqual(views[0].scene, bad, 'it is in the record');
    assert.equal(rig.station.addScore(id, 'main', score(0)), false);
    assert.equal(rig.station.addScene(id, 'main', good), false);
  });

  it('takes one word for each frame, the first, and none without a frame', async () => {
    const rig = await rigWith();
    const id = accept(rig);
    assert.equal(rig.station.addScene(id, 'main', good), false);
    rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
    assert.equal(rig.station.addScene(id, 'main', { ...good, state: 'attention' }), true);
    assert.equal(rig.station.addScene(id, 'main', bad), false);
    rig.station.addScore(id, 'main', score(0));
    rig.station.judgeView(id, 'main', { final: true });
    assert.deepEqual([rig.closed[0].verdict, rig.closed[0].views[0].scene?.state], ['pass', 'attention']);
  });

  it('is invalid for a state that is none', async () => {
    const rig = await rigWith();
    for (const state of [undefined, 'GOOD', null]) {
      const { verdict, reasons } = inspected(rig, { ...good, state } as never);
      assert.deepEqual([verdict, reasons[0].key], ['invalid', 'sceneCheck']);
    }
  });

  it('makes the part invalid where one of several views failed its check', async () => {
    const rig = await rigWith();
    for (const view of ['main', 'top']) rig.station.registerCamera(view, { name: view, settingsHash: '' });
    const id = accept(rig);
    for (const view of ['main', 'top']) rig.station.addFrame(id, view, frame(rig.time), view);
    rig.station.addScene(id, 'top', bad);
    rig.station.addScene(id, 'main', good);
    rig.station.addScore(id, 'main', score(0));
    rig.station.judgeView(id, 'main', { final: false, rois: fixedHere, overrideBy: 'rules' });
    const part = rig.station.judgePart(id, { kind: 'worst', required: ['main', 'top'] });
    assert.deepEqual([part?.verdict, part?.reasons[0].key], ['invalid', 'lightChanged']);
  });
});

describe('station: what may open an inspection', () => {
  it('is anything but an empty nest: no gate, no answer and a gate that fails let it open', async () => {
    const { station, time } = await openRig();
    const picture = frame(time);
    assert.equal(await station.scenes.mayOpen('main', picture), true);
    for (const [hasPart, opens] of [
      [null, true],
      [async () => true, true],
      [async () => false, false],
      [() => Promise.reject(new Error('the child ended')), true],
    ] as const) {
      const away = station.scenes.register('main', { hasPart });
      assert.equal(await station.scenes.mayOpen('main', picture), opens);
      assert.equal(await station.scenes.mayOpen('top', picture), true);
      away();
    }
  });

  it('is not decided by a gate whose place another one has taken', async () => {
    const { station } = await openRig();
    const old = station.scenes.register('main', { hasPart: null });
    station.scenes.register('main', { hasPart: null });
    old();
    assert.equal(station.scenes.has('main'), true);
  });
});

describe('station: NE 107', () => {
  it('says the most urgent of what the station finds itself and what is said of light and camera', async () => {
    const { station } = await openRig();
    const ne107 = () => station.snapshot().ne107;
    assert.equal(ne107(), 0);
    station.setCondition('scene a', { kind: 'maintenance', text: 'clean the lens' });
    assert.equal(ne107(), 4);
    station.setCondition('scene b', { kind: 'outOfSpecification', text: 'the light has changed' });
    assert.equal(ne107(), 3);
    assert.deepEqual(
      station.conditions().map(({ text }) => text),
      ['the light has changed', 'clean the lens'],
    );
    station.setCondition('scene a', { kind: 'functionCheck', text: 'learning' });
    assert.equal(ne107(), 2);
    station.setHealth('camera', 'camera', false, 101, 'unplugged');
    assert.equal(ne107(), 1);
    station.forgetHealth('camera');
    station.setCondition('scene a', null);
    assert.equal(ne107(), 3);
    station.forgetHealth('scene b');
    assert.equal(ne107(), 0);
  });

  it('is told without a fault: the station goes on', async () => {
    const { station } = await openRig();
    station.setCondition('scene', { kind: 'failure', text: 'the pictures are black' });
    const { ne107, status, faultCode } = station.snapshot();
    assert.deepEqual([ne107, status.ready, status.fault, faultCode], [1, true, false, 0]);
  });
});

describe('a recipe with scene limits', () => {
  const recipe = (more: object) => ({
    ...{
      schema: 1,
      number: 1,
      version: 1,
      name: 'tile',
      author: 'anna',
      at: scene.at,
      reason: 'x',
      warnAccepted: true,
    },
    views: {
      main: {
        model: { name: 'tile', version: '1', sha256: 'a'.repeat(64), preprocessing: 'p' },
        ...{ median: 0, warn: 1, fail: 2, rois: [], validation: null },
        ...more,
      },
    },
  });

  it('is read with them and, written before there were any, without', () => {
    assert.deepEqual(parseRecipe(recipe({ scene })).views.main.scene, scene);
    assert.equal(parseRecipe(recipe({})).views.main.scene, undefined);
  });

  it('is refused in one sentence for a band that is none', () => {
    for (const band of [
      { ...scene.bands[0], invalid: [Number.NaN, null] },
      { ...scene.bands[0], measure: 'beauty' },
    ]) {
      const wrong = recipe({ scene: { ...scene, bands: [band] } });
      assert.throws(() => parseRecipe(wrong), { code: 'GP_CONFIG_INVALID', message: /views\.main\.scene\.bands\.0/ });
    }
  });
});
