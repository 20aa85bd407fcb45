import assert from 'node:assert/strict';
import type { Inspection } from '../../lib/core/inspection.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { childrenNamed } from '../kit/processes.ts';
import { startStations, stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const z = 'station1-tab';
const station = 'station1-station';

/** Two simulated cameras on one trigger, each by its own way of giving pictures. */
function flow(top: string, side: string): object[] {
  const branch = (view: string, simDelivery: string) => [
    {
      ...{ id: `camera-${view}`, z, type: 'goodpart-camera', name: view, station, view, run: 'triggered' },
      ...{ source: 'simulator', simWidth: 64, simHeight: 64, simDelivery, simPeriodMs: 50, defectRate: 0 },
      ...{ timeoutMs: 2_000, wires: [[`score-${view}`]] },
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
    ...stationNodes('station1', { deadlineMs: 8_000 }),
    {
      ...{ id: 'trigger', z, type: 'goodpart-trigger', station, source: 'message', triggerIdProperty: 'triggerId' },
      wires: [['camera-top', 'camera-side'], ['refused']],
    },
    ...branch('top', top),
    ...branch('side', side),
    { id: 'part', z, type: 'goodpart-part', station, rule: 'worst', required: 'top,side', wires: [[]] },
    { id: 'refused', z, type: 'helper', wires: [] },
  ];
}

onEachNodeRed('several cameras on one trigger', (runner) => {
  for (const [top, side] of [
    ['flow', 'flow'],
    ['on-demand', 'flow'],
  ]) {
    it(`give the views of one inspection (${top} and ${side}), each exposed after it`, async () => {
      const [{ closed }] = await startStations(runner(), flow(top, side), { views: ['top', 'side'] });
      for (let n = 1; n <= 2; n++) {
        runner()
          .node('trigger')
          .receive({ triggerId: n, part: { id: `P${n}` } });
        await until('the verdict', () => closed.length === n);
      }
      for (const { trigger, views, reasons } of closed) {
        assert.deepEqual(views.map(({ name }) => name).sort(), ['side', 'top'], JSON.stringify(reasons));
        for (const { frame } of views) {
          assert.ok(frame && frame.info.exposedAt >= trigger.at);
          const { counter, losses, arrivedAt, settings } = frame.info;
          assert.ok(counter && losses && arrivedAt && arrivedAt >= frame.info.exposedAt);
          assert.equal(settings.simulated, true, 'what was read back goes with each frame');
        }
      }
      const [first, second] = closed.map((one) => frameOf(one, 'side')?.info);
      if (side === 'flow') {
        const between = (second?.counter?.exposures ?? 0) - (first?.counter?.exposures ?? 0) - 1;
        const { lost = 0, superseded = 0 } = second?.losses ?? {};
        assert.equal(lost + superseded, between, 'what was not used is accounted for');
      }
    });
  }

  it('make the part invalid while one of them is dead, and judge again when it is back', async () => {
    const [{ station: heart, closed }] = await startStations(runner(), flow('on-demand', 'flow'), {
      views: ['top', 'side'],
    });
    const refused = runner().collect('refused');
    const [pid] = childrenNamed('camera side');
    process.kill(pid, 'SIGSTOP');
    runner().node('trigger').receive({ triggerId: 1 });
    await until('its verdict', () => closed.length === 1, { timeoutMs: 15_000 });
    assert.deepEqual([closed[0].verdict, closed[0].trigger.triggerId], ['invalid', 1]);
    const reasons = closed[0].reasons.map(({ key, view }) => [key, view]);
    assert.deepEqual(reasons[0], ['frameTimeout', 'side']);
    assert.equal(frameOf(closed[0], 'side'), undefined);
    process.kill(pid, 'SIGKILL');
    await until('the station knows', () => !heart.snapshot().health.cameraOk);
    runner().node('trigger').receive({ triggerId: 2 });
    await until('it is refused', () => refused.length === 1);
    assert.match(String(refused[0].payload), /The camera is not ready/);
    await until('the camera is back', () => heart.credit() > 0, { timeoutMs: 20_000 });
    runner().node('trigger').receive({ triggerId: 3 });
    await until('the next verdict', () => closed.length === 2, { timeoutMs: 15_000 });
    assert.notEqual(closed[1].verdict, 'invalid', JSON.stringify(closed[1].reasons));
  });
});

function frameOf(inspection: Inspection, view: string) {
  return inspection.views.find(({ name }) => name === view)?.frame ?? undefined;
}

onEachNodeRed('a free-running camera that takes pictures all the time', (runner) => {
  it('opens an inspection by an exposure only while the station can take a part, and counts the rest', async () => {
    const camera = {
      ...{ id: 'camera', z, type: 'goodpart-camera', station, view: 'main', run: 'free', intervalMs: 20 },
      ...{ source: 'simulator', simWidth: 64, simHeight: 64, simDelivery: 'flow', simPeriodMs: 20, timeoutMs: 2_000 },
      wires: [['out']],
    };
    const nodes = [
      ...stationNodes('station1', { maxOpen: 1, deadlineMs: 400 }),
      camera,
      { id: 'out', z, type: 'helper', wires: [] },
    ];
    const [{ station: heart, closed }] = await startStations(runner(), nodes);
    await until('three parts, each open until its deadline', () => closed.length >= 3);
    assert.equal(heart.snapshot().counters.missed, 0);
    for (const { trigger, views } of closed) {
      assert.deepEqual([trigger.source, trigger.at], ['camera', views[0].frame?.info.exposedAt]);
    }
    const { losses } = closed[2].views[0].frame?.info ?? {};
    assert.ok((losses?.superseded ?? 0) + (losses?.lost ?? 0) >= 5, JSON.stringify(losses));
  });
});
