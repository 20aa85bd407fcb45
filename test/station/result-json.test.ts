import assert from 'node:assert/strict';
import type { Inspection } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { resultJson, resultSchema } from '../../lib/station/result-json.ts';
import { goneStatus, statusJson, statusSchema } from '../../lib/station/status-json.ts';
import { accept, fixedHere, frame, inspect, openRig, score } from './kit.ts';

const software = { package: 'p', version: '1', node: 'v24' };

describe('a result for the world outside', () => {
  it('says what the ledger and the PLC say, as the schema promises, without pictures', async () => {
    const rig = await openRig({ simulated: true });
    const id = accept(rig, { triggerId: 9, partId: 'P-9' });
    inspect(rig, id, 5);
    const [inspection] = rig.closed;
    const told = resultJson(inspection);
    const { result } = rig.station.snapshot();
    assert.deepEqual(resultSchema.parse(told), told);
    assert.deepEqual(JSON.parse(JSON.stringify(told)), told);
    assert.deepEqual([told.id, told.sequence, told.triggerId, told.part], [id, 1, 9, 'P-9']);
    assert.deepEqual([told.verdict, told.code, told.accept], ['fail', 3, false]);
    assert.deepEqual([told.severity, told.score, told.worstRoi], [result?.severity, result?.score, result?.worstRoi]);
    assert.deepEqual([told.rois[0].view, told.rois[0].verdict, told.rois[0].score], ['main', 'fail', 5]);
    assert.deepEqual([told.models[0].name, told.models[0].provider, told.ms.inference], ['tile', 'cpu', 6]);
    assert.deepEqual(
      [told.reasons[0].code, told.simulated, told.shadow, told.challenge],
      [result?.reason, true, false, 0],
    );
    assert.equal(Date.parse(told.utc.published ?? '') - Date.parse(told.utc.trigger), told.ms.published);
  });

  it('has no number that is none, no text without an end, and no list without an end', async () => {
    const rig = await openRig();
    const id = accept(rig);
    rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
    rig.station.addScore(id, 'main', score(Number.NaN));
    rig.station.judgeView(id, 'main', { final: true, rois: fixedHere, overrideBy: 'test' });
    const [inspection] = rig.closed;
    const [view] = inspection.views;
    const roi = { ...view.rois[0], index: 1, name: 'n'.repeat(9_000), measure: 'maximum', verdict: 'fail' } as const;
    const numbers = { value: Number.NaN, severity: Number.POSITIVE_INFINITY, warn: 1, fail: 2, median: 0 };
    const hostile: Inspection = {
      ...inspection,
      line: `${'x'.repeat(499)}😀`,
      severity: Number.NaN,
      reasons: Array.from({ length: 500 }, () => reason('flowError', { detail: 'd'.repeat(9_000) })),
      views: Array.from({ length: 40 }, () => ({
        ...view,
        rois: Array.from({ length: 20 }, () => ({ ...roi, ...numbers })),
      })),
    };
    for (const told of [resultJson(inspection), resultJson(hostile)]) {
      assert.deepEqual(resultSchema.parse(JSON.parse(JSON.stringify(told))), told);
      assert.equal(told.severity, null);
      assert.equal(told.score, null);
      assert.ok(JSON.stringify(told).length < 150_000);
    }
    assert.equal(resultJson(hostile).line, 'x'.repeat(499));
  });

  it('says which it is: shadow, challenge, closed by its deadline, closed by a restart', async () => {
    const rig = await openRig({ mode: 'shadow' });
    accept(rig);
    rig.time.pass(1_000);
    const told = resultJson(rig.closed[0]);
    assert.deepEqual([told.shadow, told.verdict, told.reasons[0].key], [true, 'invalid', 'deadline']);
    accept(rig);
    await rig.station.settled();
    const next = await openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
    const restarted = resultJson(next.station.closedAtStart[0]);
    assert.deepEqual(resultSchema.parse(restarted), restarted);
    assert.deepEqual([restarted.utc.published, restarted.ms.published, restarted.models], [null, null, []]);
    assert.equal(resultJson({ ...rig.closed[0], challenge: 3 }).challenge, 3);
  });
});

describe('a status for the world outside', () => {
  it('says what the snapshot says, as the schema promises, and is ready while busy with parts', async () => {
    const rig = await openRig({ maxOpen: 1 });
    const { station } = rig;
    const status = () =>
      statusJson({
        snapshot: station.snapshot(),
        ...{
          faults: station.faults(),
          conditions: station.conditions(),
          alarm: null,
          recipe: null,
          software,
          utc: 'u',
        },
      });
    const states = [status().state];
    accept(rig);
    assert.equal(station.snapshot().status.ready, false);
    states.push(status().state);
    station.setHealth('cam', 'camera', false, 0, 'not open yet');
    states.push(status().state);
    station.setHealth('cam', 'camera', false, 101, 'gone');
    const broken = status();
    assert.deepEqual(
      [broken.fault, broken.ne107],
      [
        { code: 101, text: 'gone' },
        { code: 1, word: 'failure' },
      ],
    );
    station.forgetHealth('cam');
    station.setMode('offline', 'anna', '');
    states.push(broken.state, status().state);
    assert.deepEqual(states, ['ready', 'ready', 'not-ready', 'fault', 'offline']);
    for (const one of [broken, status(), goneStatus]) assert.deepEqual(statusSchema.parse(one), one);
    assert.deepEqual(status().counters, station.snapshot().counters);
  });
});
