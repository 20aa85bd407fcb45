import assert from 'node:assert/strict';
import { findStation } from '../../lib/node-red/stations.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { imageFlow, startStations, stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

/** A trigger opens one inspection; the pictures of two views reach the rules by their own branch; `part` joins them. */
function twoViews(more: object = {}): object[] {
  const station = 'station1-station';
  const z = 'station1-tab';
  const branch = (view: string) => [
    {
      id: `camera-${view}`,
      z,
      type: 'goodpart-camera',
      station,
      view,
      source: 'simulator',
      simWidth: 64,
      simHeight: 64,
      run: 'triggered',
      wires: [[`score-${view}`]],
    },
    {
      id: `score-${view}`,
      z,
      type: 'goodpart-score',
      station,
      model: 'station1-model',
      view,
      wires: [[`rules-${view}`]],
    },
    { id: `rules-${view}`, z, type: 'goodpart-rules', station, final: false, wires: [['part']] },
  ];
  return [
    ...stationNodes('station1', { deadlineMs: 2500, ...more }),
    {
      id: 'trigger',
      z,
      type: 'goodpart-trigger',
      station,
      source: 'message',
      wires: [['camera-top', 'camera-side'], ['refused']],
    },
    ...branch('top'),
    ...branch('side'),
    { id: 'part', z, type: 'goodpart-part', station, rule: 'worst', required: 'top,side', wires: [['out']] },
    { id: 'out', z, type: 'helper', wires: [] },
    { id: 'refused', z, type: 'helper', wires: [] },
  ];
}

onEachNodeRed('one part seen from two sides', (runner) => {
  it('is judged once, when both views are judged', async () => {
    const [{ closed }] = await startStations(runner(), twoViews(), { views: ['top', 'side'] });
    const out = runner().collect('out');
    runner()
      .node('trigger')
      .receive({ part: { id: 'A1' } });
    await until('the verdict', () => closed.length === 1 && out.length === 1);
    assert.deepEqual(closed[0].views.map(({ name }) => name).sort(), ['side', 'top']);
    assert.ok(closed[0].views.every(({ verdict }) => verdict !== null && verdict !== 'invalid'));
    assert.equal(out[0].payload, closed[0].verdict);
  });

  it('is invalid when one required view is missing, however good the other', async () => {
    const flow = twoViews({ deadlineMs: 900 }).filter((node) => !('id' in node && node.id === 'score-side'));
    const [{ closed }] = await startStations(runner(), flow, { views: ['top', 'side'] });
    runner()
      .node('trigger')
      .receive({ part: { id: 'A2' } });
    await until('the deadline', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'invalid');
    assert.equal(closed[0].reasons[0].key, 'viewMissing');
    assert.equal(closed[0].accept, false);
  });

  it('refuses what is too much, at once and counted', async () => {
    const flow = twoViews({ maxOpen: 1 }).filter((node) => !('id' in node && node.id === 'score-side'));
    const [{ station }] = await startStations(runner(), flow, { views: ['top', 'side'] });
    const refused = runner().collect('refused');
    runner()
      .node('trigger')
      .receive({ part: { id: 'A3' } });
    runner()
      .node('trigger')
      .receive({ part: { id: 'A4' } });
    await until('the refusal', () => refused.length === 1);
    assert.match(String(refused[0].payload), /open/);
    assert.equal(station.snapshot().counters.missed, 1);
  });
});

const alarm = {
  id: 'alarm',
  z: 'station1-tab',
  type: 'goodpart-alarm',
  station: 'station1-station',
  rule: 'consecutive',
  count: 2,
  code: 7,
  wires: [['after'], ['bell']],
};

function alarmFlow(): object[] {
  const flow = imageFlow().map((node) =>
    'id' in node && node.id === 'station1-rules' ? { ...node, wires: [['alarm']] } : node,
  );
  const helper = (id: string) => ({ id, z: 'station1-tab', type: 'helper', wires: [] });
  return [...flow, alarm, helper('after'), helper('bell')];
}

onEachNodeRed('an alarm over several parts', (runner) => {
  const inspect = (spot: number) =>
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, spot) });

  it('latches after two bad parts in a row, over an invalid between, and stays until it is reset', async () => {
    const [{ station, closed }] = await startStations(runner(), alarmFlow());
    const after = runner().collect('after');
    const bell = runner().collect('bell');
    const parts = [
      () => inspect(230),
      () =>
        runner()
          .node('station1-score')
          .receive({ payload: Buffer.from('?') }),
      () => inspect(230),
    ];
    for (const [index, part] of parts.entries()) {
      assert.equal(station.snapshot().status.alarmLatched, false);
      part();
      await until('the part has passed the alarm', () => after.length === index + 1);
    }
    assert.deepEqual(
      closed.map(({ verdict }) => verdict),
      ['fail', 'invalid', 'fail'],
    );
    assert.equal(station.snapshot().status.alarmLatched, true);
    assert.equal(station.snapshot().alarmCode, 7);
    inspect(60);
    await until('a good part', () => after.length === 4);
    assert.equal(station.snapshot().status.alarmLatched, true);
    runner().node('alarm').receive({ topic: 'reset' });
    await until('the reset', () => bell.length === 2);
    assert.equal(station.snapshot().status.alarmLatched, false);
    assert.deepEqual(
      bell.map(({ payload }) => (payload as { alarm: boolean }).alarm),
      [true, false],
    );
  });

  it('is still latched after a restart', async () => {
    const [{ station }] = await startStations(runner(), alarmFlow());
    const after = runner().collect('after');
    inspect(230);
    await until('one', () => after.length === 1);
    inspect(230);
    await until('the latch', () => station.snapshot().status.alarmLatched);
    const { lastSequence, counters } = station.snapshot();
    await runner().stop();
    assert.equal(findStation('line1', 'station1'), undefined);
    await runner().start(alarmFlow());
    const again = await until('the station', () => findStation('line1', 'station1'));
    assert.notEqual(again, station);
    assert.equal(again.snapshot().status.alarmLatched, true);
    assert.equal(again.snapshot().alarmCode, 7);
    assert.equal(again.snapshot().lastSequence, lastSequence);
    assert.deepEqual(again.snapshot().counters, counters);
  });
});
