import assert from 'node:assert/strict';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { childrenNamed } from '../kit/processes.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

onEachNodeRed('a station that loses its engine', (runner) => {
  it('says invalid when the engine is killed at work, and inspects again without help', async () => {
    const [{ station, closed }] = await startStations(runner(), imageFlow());
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('a first verdict', () => closed.length === 1);
    const [engine] = childrenNamed('engine');
    process.kill(engine, 'SIGSTOP'); // so that it is certainly at work when it is killed
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('an open inspection', () => station.snapshot().open === 1);
    process.kill(engine, 'SIGKILL');
    await until('its verdict', () => closed.length === 2);
    assert.equal(closed[1].verdict, 'invalid');
    assert.equal(closed[1].reasons[0].key, 'engineFailed');
    await until('a new engine', () => station.credit() > 0);
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('a verdict of the new engine', () => closed.length === 3);
    assert.equal(closed[2].verdict, 'pass');
  });

  it('says invalid by the deadline when the engine hangs', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow('station1', { deadlineMs: 800 }));
    const [engine] = childrenNamed('engine');
    process.kill(engine, 'SIGSTOP');
    try {
      const began = performance.now();
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60) });
      await until('its verdict', () => closed.length === 1);
      assert.ok(performance.now() - began < 1_500, 'well before anybody notices that the engine hangs');
      assert.equal(closed[0].verdict, 'invalid');
    } finally {
      process.kill(engine, 'SIGKILL');
    }
  });
});
