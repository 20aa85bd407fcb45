import assert from 'node:assert/strict';
import { overviewData } from '../../lib/console/overview-data.ts';
import { StationWatch } from '../../lib/console/station-watch.ts';
import { accept, inspect, openRig } from '../station/kit.ts';

describe('the watch of a station', () => {
  it('shows a real station: what it inspected last, its pace and its counters', async () => {
    const rig = await openRig();
    const watch = new StationWatch(rig.station, rig.time.clock);
    const card = () =>
      overviewData([watch.view()], { mono: rig.time.clock.mono(), utc: rig.time.clock.utc() }).stations[0];
    assert.equal(card().last, null);
    assert.equal(card().condition, 'ready');
    for (let i = 0; i < 3; i++) {
      rig.time.pass(10_000);
      inspect(rig, accept(rig, { partId: `P-${i}` }), 0);
    }
    rig.time.pass(400);
    const { last, counters, rates, station, line, mode, recipe } = card();
    assert.deepEqual([line, station, mode, recipe], ['line 1', 'station-2', 'run', null]);
    assert.deepEqual([last?.verdict, last?.partId, last?.sequence, last?.ageMs], ['pass', 'P-2', 3, 400]);
    assert.equal(counters.pass, 3);
    assert.equal(rates?.count, 3);
    assert.equal(Math.round(rates?.perMinute ?? 0), 6);
    await rig.station.close();
  });

  it('says in words what the station waits for', async () => {
    const rig = await openRig();
    const watch = new StationWatch(rig.station, rig.time.clock);
    rig.station.setHealth('camera a', 'camera', false, 101, 'The cable is out');
    const [card] = overviewData([watch.view()], { mono: 0, utc: '' }).stations;
    assert.equal(card.condition, 'fault');
    assert.equal(card.headline, 'The cable is out');
    await rig.station.close();
  });

  it('warns of light, lens and place beside what the station does', async () => {
    const rig = await openRig();
    const watch = new StationWatch(rig.station, rig.time.clock);
    rig.station.setCondition('scene', { kind: 'outOfSpecification', text: 'main: The light has changed' });
    const [card] = overviewData([watch.view()], { mono: 0, utc: '' }).stations;
    assert.equal(card.condition, 'ready');
    assert.deepEqual(card.notes[0], { level: 'warning', text: 'main: The light has changed' });
    await rig.station.close();
  });

  it('hears nothing more after it was stopped', async () => {
    const rig = await openRig();
    const watch = new StationWatch(rig.station, rig.time.clock);
    watch.stop();
    inspect(rig, accept(rig), 0);
    assert.equal(watch.last, null);
    await rig.station.close();
  });
});
