import assert from 'node:assert/strict';
import type { Roi } from '../../lib/core/inspection.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { activateTestRecipe, greyPicture, testLimits } from '../kit/models.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const region = (polygon: Roi['polygon'], limits = { median: 0, warn: 1, fail: 2 }): Roi => ({
  ...{ index: 1, name: 'corner', mode: 'inspect', polygon, measure: 'maximum', areaAbove: null },
  ...limits,
});
/** The spot of `greyPicture` lies in the first quarter; this is the last one. */
const away: Roi['polygon'] = [
  [0.6, 0.6],
  [0.95, 0.6],
  [0.95, 0.95],
  [0.6, 0.95],
];

const withRules = (fields: object) =>
  imageFlow().map((node) => ('id' in node && node.id === 'station1-rules' ? { ...node, ...fields } : node));

onEachNodeRed('regions drawn in roi rules', (runner) => {
  const inspect = () =>
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 230) });

  it('judge by the limits that were learned for them, and by none learned for anything else', async () => {
    const flow = withRules({ thresholds: 'drawn', view: 'main', rois: [region(away)] });
    const [{ station, model, closed }] = await startStations(runner(), flow);
    inspect(); // the active recipe was made for the whole picture
    await until('a verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'invalid');
    assert.equal(closed[0].reasons[0].key, 'notValidated');
    assert.deepEqual(
      station.regionsOf('main').map(({ name }) => name),
      ['corner'],
    );
    await activateTestRecipe(station, model, ['main'], [region(away, testLimits)]);
    await until('ready', () => station.credit() > 0);
    inspect(); // the spot is outside of the region
    await until('a verdict', () => closed.length === 2);
    assert.equal(closed[1].verdict, 'pass');
    assert.equal(closed[1].validation?.state, 'validated');
    await runner().deploy(
      withRules({ thresholds: 'drawn', view: 'main', rois: [region(away.map(([x, y]) => [x - 0.3, y]))] }),
    );
    await until('ready again', () => station.credit() > 0);
    inspect();
    await until('a verdict', () => closed.length === 3);
    assert.equal(closed[2].verdict, 'invalid', 'the outline was moved: its limits mean nothing any more');
  });

  it('override the recipe when they are fixed, by name and on record', async () => {
    const flow = withRules({ name: 'by hand', thresholds: 'fixed', rois: [region(away, testLimits)] });
    const [{ station, closed }] = await startStations(runner(), flow);
    inspect();
    await until('a verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'pass');
    assert.equal(closed[0].validation?.state, 'override');
    assert.match(closed[0].validation?.detail ?? '', /by hand/);
    assert.equal(station.snapshot().health.notValidated, true);
  });
});

onEachNodeRed('a picture that the view’s camera did not take', (runner) => {
  it('is not judged under what was validated for that camera', async () => {
    const camera = {
      id: 'the-camera',
      z: 'station1-tab',
      type: 'goodpart-camera',
      station: 'station1-station',
      view: 'main',
      source: 'simulator',
      simWidth: 64,
      simHeight: 64,
      run: 'triggered',
      wires: [['station1-score']],
    };
    const [{ closed }] = await startStations(runner(), [...imageFlow(), camera]);
    runner().node('the-camera').receive({});
    await until('the camera’s picture', () => closed.length === 1);
    assert.notEqual(closed[0].verdict, 'invalid');
    assert.equal(closed[0].validation?.state, 'validated');
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('the stranger’s picture', () => closed.length === 2);
    assert.equal(closed[1].verdict, 'invalid');
    assert.equal(closed[1].reasons[0].key, 'notValidated');
  });
});
