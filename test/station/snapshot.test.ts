import assert from 'node:assert/strict';
import type { Inspection } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { stationId } from '../../lib/station/options.ts';
import { accept, inspect, openRig, request } from './kit.ts';

describe('station: what the PLC sees', () => {
  it('nothing inspected yet: no result, ready', async () => {
    const { station } = await openRig();
    const { result, status, lastSequence, notReadyReason, faultCode, ne107, bootId } = station.snapshot();
    assert.deepEqual([result, lastSequence, notReadyReason, faultCode, ne107], [null, 0, 0, 0, 0]);
    assert.deepEqual([status.ready, status.busy, status.fault, status.online], [true, false, false, true]);
    assert.ok(bootId >= 1 && bootId <= 65535);
  });

  it('camera lost without a trigger: the last result stays, fault 1xx, not ready', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig, { triggerId: 4 }), 0);
    rig.station.setHealth('cam 1', 'camera', false, 101, 'unplugged');
    const { result, status, health, faultCode, notReadyReason, ne107 } = rig.station.snapshot();
    assert.deepEqual([result?.triggerId, result?.verdict], [4, 'pass']);
    assert.deepEqual([status.ready, status.fault, health.cameraOk, faultCode], [false, true, false, 101]);
    assert.deepEqual([notReadyReason, ne107], [reason('cameraNotReady').code, 1]);
    const refusal = rig.station.accept(request(rig.time));
    assert.match(refusal.refused ? refusal.text : '', /unplugged/);
    rig.station.setHealth('cam 1', 'camera', true, 0, '');
    assert.deepEqual([rig.station.snapshot().status.ready, rig.station.snapshot().faultCode], [true, 0]);
  });

  it('camera lost with a trigger open: invalid with a new sequence, not ready', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const id = accept(rig, { triggerId: 5 });
    rig.station.setHealth('cam', 'camera', false, 102, 'unplugged');
    rig.station.failView(id, 'main', reason('cameraLost'));
    const { result, status } = rig.station.snapshot();
    assert.deepEqual([result?.verdict, result?.sequence, result?.triggerId], ['invalid', 1, 5]);
    assert.deepEqual([result?.reason, result?.severity, result?.score, status.ready], [21, null, null, false]);
  });

  for (const [kind, code, shown, ready, ne107] of [
    ['camera', 110, 110, false, 1],
    ['engine', 201, 201, false, 1],
    ['recipe', 301, 301, true, 3],
    ['evidence', 402, 402, true, 4],
    ['internal', 501, 501, true, 1],
    ['engine', 7, 201, false, 1],
    ['camera', Number.NaN, 101, false, 1],
  ] as const) {
    it(`${kind} fault ${code} shows as ${shown}, ready ${ready}, NE 107 ${ne107}`, async () => {
      const { station } = await openRig();
      station.setHealth('x', kind, false, code, 'text');
      const snapshot = station.snapshot();
      assert.deepEqual([snapshot.faultCode, snapshot.status.ready, snapshot.ne107], [shown, ready, ne107]);
      station.forgetHealth('x');
      assert.deepEqual([station.snapshot().faultCode, station.snapshot().ne107], [0, 0]);
    });
  }

  it('degraded is out of specification, simulated and shadow a function check', async () => {
    const { station } = await openRig();
    station.setDegraded('engine', true, 'CPU instead of TensorRT');
    assert.deepEqual([station.snapshot().health.degraded, station.snapshot().ne107], [true, 3]);
    station.setDegraded('engine', false, '');
    station.setMode('shadow', 'anna', '');
    assert.equal(station.snapshot().ne107, 2);
    const simulated = await openRig({ simulated: true });
    assert.deepEqual([simulated.station.snapshot().health.simulated, simulated.station.snapshot().ne107], [true, 2]);
  });

  it('shadow: the verdict under Shadow only, Code stays 0, counters still, Sequence goes on', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig), 0);
    rig.station.setMode('shadow', 'anna', '');
    assert.equal(rig.station.snapshot().result, null);
    inspect(rig, accept(rig), 5);
    const { result, shadow, counters, ring, lastSequence, mode } = rig.station.snapshot();
    assert.deepEqual([result, shadow, lastSequence, mode], [null, { code: 3, severity: 2.5 }, 2, 2]);
    assert.deepEqual([counters.total, counters.fail, ring.length], [1, 0, 1]);
    assert.equal(rig.closed.at(-1)?.verdict, 'fail');
    rig.station.setMode('run', 'anna', '');
    assert.deepEqual(rig.station.snapshot().shadow, { code: 0, severity: null });
  });

  it('an inspection finishes in the mode it began in', async () => {
    const rig = await openRig({ mode: 'shadow' });
    const id = accept(rig);
    rig.station.setMode('run', 'anna', '');
    inspect(rig, id, 0);
    assert.equal(rig.station.snapshot().counters.total, 0);
    assert.equal(rig.closed[0].mode, 'shadow');
    assert.deepEqual(
      rig.station.snapshot().shadow,
      { code: 0, severity: null },
      'no shadow verdict stands outside of shadow',
    );
  });

  it('a part of mode run that ends in shadow does not hold the Sequence of the shadow results back', async () => {
    const rig = await openRig();
    const id = accept(rig, { triggerId: 7 });
    rig.station.setMode('shadow', 'anna', '');
    inspect(rig, id, 0);
    assert.equal(rig.station.snapshot().result?.triggerId, 7);
    inspect(rig, accept(rig), 5);
    const { result, lastSequence, shadow } = rig.station.snapshot();
    assert.deepEqual([result, lastSequence, shadow.code], [null, 2, 3]);
  });

  it('a camera that draws its pictures shows as simulated, and its parts stay so over a deploy and a restart', async () => {
    const rig = await openRig();
    const said = () => [rig.station.snapshot().health.simulated, rig.station.snapshot().ne107];
    rig.station.registerCamera('main', { name: 'cam', settingsHash: 'h' });
    assert.deepEqual(said(), [false, 0]);
    rig.station.registerCamera('main', { name: 'line', settingsHash: 'h', simulated: true });
    assert.deepEqual(said(), [true, 2]);
    const id = accept(rig);
    accept(rig);
    await rig.station.settled();
    const next = await openRig({}, { disk: rig.disk.afterCrash() });
    assert.deepEqual(
      next.station.closedAtStart.map((one) => one.simulated),
      [true, true],
    );
    rig.station.unregisterCamera('main');
    assert.deepEqual(said(), [false, 0], 'nothing is simulated any more');
    inspect(rig, id, 0);
    assert.deepEqual([rig.closed[0].verdict, rig.closed[0].simulated], ['pass', true]);
  });

  it('keeps a ring of 8, newest first', async () => {
    const rig = await openRig();
    for (let i = 0; i < 12; i++) inspect(rig, accept(rig, { triggerId: 100 + i }), 0);
    const { ring } = rig.station.snapshot();
    assert.deepEqual(
      ring.map((one) => one.triggerId),
      [111, 110, 109, 108, 107, 106, 105, 104],
    );
  });

  it('names what is open, for the PLC process to close should this one die', async () => {
    const rig = await openRig();
    accept(rig, { triggerId: 8, partId: 'A' });
    accept(rig, { triggerId: 9, partId: 'B' });
    assert.deepEqual(rig.station.snapshot().openTriggers, [
      { sequence: 1, triggerId: 8, partId: 'A' },
      { sequence: 2, triggerId: 9, partId: 'B' },
    ]);
  });

  it('latches the first alarm until reset by name', async () => {
    const rig = await openRig();
    const told: string[] = [];
    rig.station.on('alarmReset', (by: string) => told.push(by));
    rig.station.latchAlarm(3, 'three of five');
    rig.station.latchAlarm(4, 'later');
    assert.deepEqual([rig.station.snapshot().alarmCode, rig.station.snapshot().status.stopRequest], [3, true]);
    rig.station.resetAlarm('anna');
    rig.station.resetAlarm('anna');
    assert.deepEqual([rig.station.snapshot().alarmCode, told], [0, ['anna']]);
    assert.throws(() => rig.station.latchAlarm(0, 'x'), { code: 'GP_INPUT_INVALID' });
  });

  it('resets all counters, by name', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig), 0);
    rig.station.refuse(request(rig.time), 'learning');
    rig.station.resetCounters('anna');
    assert.ok(Object.values(rig.station.snapshot().counters).every((count) => count === 0));
  });

  it('tells the worst region of several views, each region number once', async () => {
    const rig = await openRig();
    const seen: Inspection[] = [];
    rig.station.on('closed', (one: Inspection) => seen.push(one));
    inspect(rig, accept(rig), 5);
    const { result } = rig.station.snapshot();
    assert.deepEqual([result?.worstRoi, result?.severity, result?.reason], [1, 2.5, 2]);
    assert.deepEqual(result?.rois, [{ index: 1, code: 3, severity: 2.5, score: 5 }]);
    assert.equal(result?.timeUtc, Date.parse(rig.time.clock.utc()));
  });

  it('gives two stations never the same id', () => {
    const names: [string, string][] = [
      ['line 1', 's'],
      ['line_1', 's'],
      ['line-1', 's'],
      ['a', 'b__c'],
      ['a__b', 'c'],
      ['a_', '_b'],
      ['Straße', 's'],
    ];
    const ids = names.map(([line, station]) => stationId(line, station));
    assert.equal(new Set(ids).size, names.length);
    for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]+$/);
  });
});
