import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Inspection, Roi } from '../../lib/core/inspection.ts';
import { makeReference } from '../../lib/imaging/registration.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { overlayOf } from '../../nodes/evidence-desk.ts';
import { bracket, type Lying, photograph } from '../imaging/moved-part.ts';
import { type FlowRunner, onEachNodeRed } from '../kit/flows.ts';
import { activateTestRecipe, writeTestModel } from '../kit/models.ts';
import { imageFlow } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const side = { width: 64, height: 64 };
/** A dark part on a bright table: brightness where the part should be is a part that is missing there. */
const scene = (x: number, y: number) => 250 - 1.2 * bracket(x, y);
const payload = (lying: Lying) => ({ data: photograph(side, { scene, ...lying }), ...side, channels: 1 });

/** The solid corner of the part, up to its edge. */
const corner: Roi = {
  ...{
    index: 1,
    name: 'corner',
    mode: 'inspect',
    measure: 'maximum',
    areaAbove: null,
    median: 50,
    warn: 90,
    fail: 120,
  },
  polygon: [
    [0.13, 0.51],
    [0.37, 0.51],
    [0.37, 0.74],
    [0.13, 0.74],
  ],
};

async function start(runner: FlowRunner, registered: boolean): Promise<Inspection[]> {
  const limits = { maxShift: 0.1, maxRotation: 5 };
  const set = [1, 2, 3].map((seed) => ({
    pixels: photograph(side, { scene, noise: 2, seed }),
    ...side,
    channels: 1 as const,
  }));
  const registration = { ...limits, minAgreement: 0.5, reference: makeReference(set, limits) };
  const models = join(runner.userDir, 'goodpart', 'models');
  const model = await writeTestModel(models, registered ? { registration } : {});
  await runner.start(imageFlow());
  const station = await until('the station', () => findStation('line1', 'station1'));
  const closed: Inspection[] = [];
  station.on('closed', (inspection: Inspection) => closed.push(inspection));
  await activateTestRecipe(station, model, ['main'], [corner]);
  await until('the station can take a part', () => station.credit() > 0);
  return closed;
}

onEachNodeRed('a flow with a model that registers its frames', (runner) => {
  const inspect = async (closed: Inspection[], message: object) => {
    const before = closed.length;
    runner().node('station1-score').receive(message);
    await until('the verdict', () => closed.length > before);
    return closed[before];
  };

  it('passes a part that is shifted by a few percent, which fails without registration', async () => {
    const closed = await start(runner(), true);
    assert.equal((await inspect(closed, { payload: payload({}) })).verdict, 'pass');
    const shifted = await inspect(closed, { payload: payload({ dx: -0.09, dy: 0.02, rotation: 2 }) });
    assert.equal(shifted.verdict, 'pass');
    const found = shifted.views[0].score?.registration;
    assert.ok(found && Math.abs(found.dx + 0.09) < 0.01 && Math.abs(found.rotation - 2) < 0.7, JSON.stringify(found));
    assert.deepEqual(overlayOf(shifted.views[0], []).registration, found, 'the picture node draws it there');
    const broken = (x: number, y: number) => (y > 0.2 ? 210 : scene(x, y));
    const defect = await inspect(closed, { payload: payload({ dx: -0.05, scene: broken }) });
    assert.equal(defect.verdict, 'fail', 'a shifted part with a defect is found and fails');
  });

  it('fails the shifted part where the model does not register', async () => {
    const closed = await start(runner(), false);
    assert.equal((await inspect(closed, { payload: payload({}) })).verdict, 'pass');
    const shifted = await inspect(closed, { payload: payload({ dx: -0.09, dy: 0.02, rotation: 2 }) });
    assert.equal(shifted.verdict, 'fail');
    assert.equal(shifted.views[0].score?.registration, undefined);
  });

  it('says not inspected, never pass, when the part lies too far or is not there, and goes on', async () => {
    const closed = await start(runner(), true);
    for (const message of [{ payload: payload({ dx: 0.15 }) }, { payload: payload({ scene: () => 60 }) }]) {
      const { verdict, reasons, accept } = await inspect(closed, message);
      assert.equal(verdict, 'invalid');
      assert.equal(accept, false);
      assert.deepEqual([reasons[0].key, reasons[0].code], ['partMisplaced', 43]);
      assert.match(reasons[0].text, /does not lie where the model can judge it: Expected .+ but received /);
    }
    assert.equal((await inspect(closed, { payload: payload({ dx: 0.03 }) })).verdict, 'pass');
  });
});
