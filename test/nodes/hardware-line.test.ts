import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { TriggerRequest } from '../../lib/core/inspection.ts';
import type { Refusal } from '../../lib/core/snapshot.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { refusal } from '../kit/refusal.ts';
import { startStations, stationNodes } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const z = 'station1-tab';
const station = 'station1-station';
const periodMs = 350;
/** From the announcement to the pulse, as the PLC knows its conveyor. */
const leadMs = 100;

const camera = (more: object = {}) => ({
  ...{ id: 'camera', z, type: 'goodpart-camera', station, view: 'main', source: 'simulator' },
  ...{ simWidth: 64, simHeight: 64, encoding: 'raw', defectRate: 0, simPeriodMs: periodMs },
  ...{ run: 'line', announced: true, pulseEarliestMs: 20, pulseLatestMs: 220, timeoutMs: 300 },
  ...{ wires: [['score', 'pictures']], ...more },
});

function lineFlow(cameraFields: object = {}, stationFields: object = {}): object[] {
  return [
    ...stationNodes('station1', { maxOpen: 8, ...stationFields }),
    {
      ...{ id: 'trigger', z, type: 'goodpart-trigger', station, source: 'announce', triggerIdProperty: 'triggerId' },
      wires: [[], ['refused']],
    },
    camera(cameraFields),
    { id: 'score', z, type: 'goodpart-score', station, model: 'station1-model', view: 'main', wires: [['rules']] },
    { id: 'rules', z, type: 'goodpart-rules', station, thresholds: 'recipe', final: true, wires: [[]] },
    { id: 'pictures', z, type: 'helper', wires: [] },
    { id: 'refused', z, type: 'helper', wires: [] },
  ];
}

interface Shown {
  payload: Frame;
  inspection: { part: { id: string }; trigger: { triggerId: number; source: string } };
}

onEachNodeRed('a line whose light barrier triggers the camera', (runner) => {
  it('gives each announced part its own picture, whatever part is not announced or has no pulse', async () => {
    const [{ station: heart, closed }] = await startStations(runner(), lineFlow());
    const pictures = runner().collect('pictures') as unknown as Shown[];
    // a pulse that nobody announced tells when the parts come: from then on every part's instant is known
    let first: number | undefined;
    heart.on('refused', ({ at, source }: TriggerRequest, { reason }: Refusal) => {
      assert.deepEqual([source, reason], ['hardware', 'notAnnounced']);
      first ??= at;
    });
    const pulse = await until('a part that nobody announced', () => first);
    assert.ok(heart.snapshot().counters.missed >= 1);
    const part = (n: number) => pulse + n * periodMs;
    const begin = Math.ceil((systemClock.mono() - pulse) / periodMs) + 1;
    const announced: number[] = [];
    const passing = 8;
    for (let n = begin; n < begin + passing; n++) {
      await until(`part ${n} is near`, () => systemClock.mono() >= part(n) - leadMs, { everyMs: 5 });
      // as a PLC would: a part that has passed is not announced, and the fourth one's message is lost
      if (n === begin + 3 || systemClock.mono() > part(n) - 20) continue;
      announced.push(n);
      runner()
        .node('trigger')
        .receive({ triggerId: n - begin + 1, part: { id: `P${n}` } });
    }
    await until('a verdict for each announced part', () => closed.length === announced.length);
    assert.ok(pictures.length >= 3, `${pictures.length} of ${announced.length} were bound`);
    for (const { payload, inspection } of pictures) {
      const shown = begin + Math.round((payload.info.exposedAt - part(begin)) / periodMs);
      assert.equal(inspection.part.id, `P${shown}`);
      assert.equal(inspection.trigger.triggerId, shown - begin + 1);
      assert.equal(inspection.trigger.source, 'hardware');
    }
    const ids = closed.map(({ part: { id } }) => id);
    assert.deepEqual(
      ids,
      announced.map((n) => `P${n}`),
    );
    for (const { verdict, views } of closed)
      assert.equal(
        verdict === 'invalid',
        views.every(({ frame }) => !frame),
      );
  });

  it('opens an inspection by each pulse where parts are not announced', async () => {
    const [{ closed }] = await startStations(runner(), lineFlow({ announced: false, simPeriodMs: 100 }));
    await until('three parts', () => closed.length >= 3, { timeoutMs: 20_000 });
    for (const { trigger, views } of closed.slice(0, 3)) {
      assert.deepEqual([trigger.source, trigger.at], ['camera', views[0].frame?.info.exposedAt]);
    }
  });

  it('tells a part whose pulse never came, and refuses what a line cannot do', async () => {
    const [{ station: heart, closed }] = await startStations(runner(), lineFlow({ simPeriodMs: 60_000 }));
    const refused = runner().collect('refused');
    runner()
      .node('trigger')
      .receive({ triggerId: 7, part: { id: 'A' } });
    await until('its verdict', () => closed.length === 1);
    const [{ verdict, reasons, part }] = closed;
    assert.deepEqual([verdict, reasons[0].key, part.id], ['invalid', 'frameTimeout', 'A']);
    assert.match(reasons[0].text, /none 20 to 220 ms after the announcement/);
    assert.match(await refusal(runner().node('camera'), {}), /takes its pictures by itself/);
    runner().node('trigger').receive({ triggerId: 7 });
    await until('the same number again is refused', () => refused.length === 1);
    assert.equal((refused[0].refused as { reason: string }).reason, 'duplicateTrigger');
    assert.equal(heart.snapshot().counters.missed, 1);
  });

  it('says what is wrong with a camera that no light barrier triggers, and with times that cannot be', async () => {
    await runner().start([...stationNodes(), camera({ pulseEarliestMs: 300 }), { id: 'pictures', z, type: 'helper' }]);
    assert.match(await refusal(runner().node('camera'), {}), /a time after the earliest pulse for pulseLatestMs/);
    const path = tempDir('pictures');
    writeFileSync(join(path, 'a.jpg'), 'x');
    await runner().deploy([
      ...stationNodes(),
      camera({ source: 'folder', path }),
      { id: 'pictures', z, type: 'helper' },
    ]);
    const errors: string[] = [];
    runner()
      .node('camera')
      .on('call:error', ({ firstArg }: { firstArg: unknown }) => errors.push(String(firstArg)));
    await until('it says so', () => /a camera whose hardware line triggers it for run/.test(errors.join()));
  });
});
