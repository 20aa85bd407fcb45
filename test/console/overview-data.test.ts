import assert from 'node:assert/strict';
import { overviewData } from '../../lib/console/overview-data.ts';
import { modeCodes } from '../../lib/core/inspection.ts';
import { inspection, now, sampleData, sampleViews, snapshot } from './sample.ts';

const one = (view: Parameters<typeof overviewData>[0][0]) => overviewData([view], now).stations[0];

describe('the data of the overview', () => {
  it('is plain JSON, and stations keep their place by line and name', () => {
    const data = sampleData();
    assert.deepEqual(JSON.parse(JSON.stringify(data)), data);
    assert.deepEqual(
      data.stations.map(({ line, station }) => `${line}/${station.slice(0, 9)}`),
      ['hall 2/clip', 'hall 2/lid', 'hall 2/seam', 'hall 3/weld', 'lab/a station'],
    );
    assert.deepEqual(overviewData(sampleViews().reverse(), now), data);
  });

  it('says in words what a station lacks', () => {
    const { status } = snapshot();
    const lacking = (change: Parameters<typeof snapshot>[0]) =>
      one({ snapshot: snapshot({ status: { ...status, ready: false }, ...change }) });
    assert.equal(lacking({ notReadyReason: 67 }).headline, 'The model is not loaded');
    assert.equal(lacking({ notReadyReason: 67 }).condition, 'not-ready');
    assert.equal(lacking({ mode: modeCodes.offline, notReadyReason: 60 }).condition, 'offline');
    assert.equal(lacking({ faultCode: 401 }).headline, 'Fault 401 of the evidence or disk');
    assert.equal(lacking({ notReadyReason: 999 }).headline, 'Reason 999');
  });

  it('shows the newest inspection with its reason, age and slowest model run', () => {
    const card = one({ snapshot: snapshot(), last: { inspection: inspection('fail', 1.5), closedAt: now.mono - 250 } });
    assert.equal(card.last?.verdict, 'fail');
    assert.match(card.last?.reason ?? '', /clearly unlike the good parts: seam left/);
    assert.equal(card.last?.ageMs, 250);
    assert.equal(card.last?.inferenceMs, 31);
    assert.equal(card.last?.cycleMs, 63);
    assert.equal(card.model?.provider, 'cpu');
    assert.equal(card.recipe, '3 housing left, version 12');
  });

  it('falls back to what was published, and to nothing where nothing was', () => {
    const result = {
      ...{ sequence: 9, triggerId: 4, verdict: 'warn' as const, reason: 1, accept: true, severity: 0.7, score: 2 },
      ...{ worstRoi: 1, recipe: 3, defectClass: 0, timeUtc: 0, at: now.mono - 5_000, cycleMs: 80, inferenceMs: 30 },
      ...{ partId: 'P1', rois: [] },
    };
    const card = one({ snapshot: snapshot({ result }) });
    assert.deepEqual([card.last?.verdict, card.last?.ageMs, card.last?.sequence], ['warn', 5_000, 9]);
    assert.equal(one({ snapshot: snapshot() }).last, null);
  });

  it('never lets a number that is none reach the page', () => {
    const strange = inspection('invalid', Number.NaN);
    strange.views[0].score = { ...strange.views[0].score!, score: Number.POSITIVE_INFINITY };
    const card = one({ snapshot: snapshot(), last: { inspection: strange, closedAt: now.mono } });
    assert.equal(card.last?.severity, null);
    assert.equal(card.last?.score, null);
  });

  it('shows the version in shadow with its figures, and what is being made ready', () => {
    const shadow = {
      ...{ number: 3, version: 13, beside: 12, since: '2026-01-02T03:04:05.000Z' },
      ...{ text: '120 pictures compared, all alike', trouble: 'ended by SIGKILL' },
    };
    const card = one({ snapshot: snapshot(), shadow, preparing: { number: 4, version: 1 } });
    assert.deepEqual(card.shadow, {
      version: '3, version 13 beside version 12',
      text: '120 pictures compared, all alike, since 2026-01-02 03:04 UTC',
      trouble: 'ended by SIGKILL',
    });
    assert.deepEqual(card.notes, [{ level: 'note', text: 'Recipe 4 version 1 is being made ready to take over' }]);
    assert.equal(one({ snapshot: snapshot() }).shadow, null);
  });

  it('tells every degradation once', () => {
    const { health } = snapshot();
    const card = one({
      snapshot: snapshot({ health: { ...health, notValidated: true, degraded: true, simulated: true } }),
      faults: [
        { text: 'The CPU runs the model', degraded: true },
        { text: 'The CPU runs the model', degraded: true },
      ],
    });
    assert.deepEqual(
      card.notes.map(({ level }) => level),
      ['warning', 'warning', 'note'],
    );
  });

  it('shows an alarm only while it is latched', () => {
    const { status } = snapshot();
    assert.equal(one({ snapshot: snapshot({ alarmCode: 7 }) }).alarm, null);
    const latched = one({ snapshot: snapshot({ alarmCode: 7, status: { ...status, alarmLatched: true } }) });
    assert.deepEqual(latched.alarm, { code: 7, text: 'Alarm 7' });
  });
});
