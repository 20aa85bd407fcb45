import assert from 'node:assert/strict';
import type { Inspection } from '../../lib/core/inspection.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const z = 'station1-tab';
const parts = syntheticParts(25, 96, 64, 5);
const quick = { source: 'messages', features: 'bank', head: 'gaussian', sensitivity: false, size: 64, count: 20 };
const station = { z, station: 'station1-station', view: 'main' };
const learn = (id: string, more: object) => ({
  ...{ id, type: 'goodpart-learn', ...station, ...quick, ...more, wires: [['learned'], [], []] },
});

onEachNodeRed('a cascade that was learned here', (runner) => {
  it('asks the second model for a part that the first doubts, and passes by its word', async () => {
    const score = (id: string, to: string, more: object) => {
      return { id, type: 'goodpart-score', ...station, model: 'station1-model', ...more, wires: [[to]] };
    };
    await runner().start([
      ...stationNodes(),
      learn('first', { model: 'fast' }),
      // all that is not clearly bad is doubt here
      learn('second', { model: 'slow', stage: 'verify', doubtFrom: -90, doubtTo: 50, seed: 2 }),
      score('score', 'look', {}),
      score('look', 'rules', { stage: 'verify' }),
      { id: 'rules', type: 'goodpart-rules', ...station, thresholds: 'recipe', final: true, rois: [], wires: [[]] },
      { id: 'learned', z, type: 'helper', wires: [] },
    ]);
    const station1 = await until('the station', () => findStation('line1', 'station1'));
    const results = runner().collect('learned');
    for (const [count, id] of ['first', 'second'].entries()) {
      const node = runner().node(id);
      node.receive({ topic: 'learn' });
      for (const payload of parts.slice(0, 20)) node.receive({ payload });
      await until(`${id} is learned`, () => results.length > count, { timeoutMs: 30_000 });
    }
    const { model, verify } = station1.recipes.active()!.views.main;
    assert.deepEqual([model.name, verify?.model.name, verify?.between], ['fast', 'slow', [-90, 50]]);
    const closed: Inspection[] = [];
    station1.on('closed', (inspection: Inspection) => closed.push(inspection));
    await until('it can take a part', () => station1.credit() > 0, { timeoutMs: 20_000 });
    // as a picture of now: the frame itself is as old as the time
    const payload = { data: parts[3].data, width: 96, height: 64, channels: 1 };
    runner().node('score').receive({ payload });
    await until('a verdict', () => closed.length > 0);
    const [{ verdict, validation, views, reasons }] = closed;
    assert.equal(views[0]?.verify?.decidedBy, 'second', reasons[0]?.text);
    assert.deepEqual([verdict, validation?.state], ['pass', 'validated']);
    assert.equal(views[0].verify?.score?.model.name, 'slow');
  });
});
