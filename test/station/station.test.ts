import assert from 'node:assert/strict';
import { reason } from '../../lib/core/reasons.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import { until } from '../kit/until.ts';
import { accept, fixedHere, frame, inspect, openRig, score } from './kit.ts';

describe('station: one inspection', () => {
  it('goes from trigger over frame, score and rules to a published pass', async () => {
    const rig = await openRig();
    const { station, time } = rig;
    station.attachOutput();
    const id = accept(rig, { triggerId: 7, partId: 'A/../b' });
    assert.equal(station.snapshot().status.busy, true);
    time.pass(20);
    assert.equal(station.addFrame(id, 'main', frame(time), 'cam'), true);
    assert.equal(station.snapshot().exposureDoneTrigger, 7);
    time.pass(30);
    assert.equal(station.addScore(id, 'main', score(0.5)), true);
    assert.equal(
      station.judgeView(id, 'main', { final: true, rois: fixedHere, overrideBy: 'rules 1' }).verdict,
      'pass',
    );
    assert.equal(rig.closed.length, 0);
    assert.equal(station.publish(id), 'published');
    assert.equal(station.publish(id), 'already');
    const [done] = rig.closed;
    assert.equal(rig.closed.length, 1);
    assert.equal(done.verdict, 'pass');
    assert.equal(done.accept, true);
    assert.equal(done.sequence, 1);
    assert.equal(done.part.id, 'A/../b');
    assert.equal(done.validation?.state, 'override');
    assert.match(done.validation?.detail ?? '', /rules 1/);
    assert.deepEqual(done.timings, { exposed: 20, scored: 50, judged: 50, published: 50 });
    const { result, counters, status, health } = station.snapshot();
    assert.deepEqual(
      [result?.sequence, result?.triggerId, result?.verdict, result?.reason, result?.accept, result?.severity],
      [1, 7, 'pass', 0, true, 0.25],
    );
    assert.deepEqual([result?.score, result?.cycleMs, result?.inferenceMs, result?.worstRoi], [0.5, 50, 6, 1]);
    assert.deepEqual([counters.total, counters.pass], [1, 1]);
    assert.equal(status.busy, false);
    assert.equal(health.notValidated, true);
  });

  it('closes at once when judged without any output, and waits with one', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig), 0);
    assert.equal(rig.closed.length, 1);
    const detach = rig.station.attachOutput();
    inspect(rig, accept(rig), 0);
    assert.equal(rig.closed.length, 1);
    detach();
    detach();
    inspect(rig, accept(rig), 0);
    assert.equal(rig.closed.length, 1, 'the earlier one is still to be published');
    rig.time.pass(500);
    assert.deepEqual(
      rig.closed.map((one) => [one.sequence, one.verdict, one.reasons[0]?.key]),
      [
        [1, 'pass', undefined],
        [2, 'invalid', 'messageLost'],
        [3, 'pass', undefined],
      ],
    );
  });

  it('hands out frozen copies that cannot change the ledger', async () => {
    const rig = await openRig();
    const id = accept(rig);
    const given = score(0);
    rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
    rig.station.addScore(id, 'main', given);
    given.score = Number.NaN;
    const seen = rig.station.describe(id, 'main');
    assert.equal(seen.views[0].score?.score, 0);
    assert.throws(() => {
      seen.views[0].verdict = 'pass';
    }, TypeError);
    assert.throws(() => seen.reasons.push(reason('none')), TypeError);
    assert.equal(seen.views[0].frame, rig.station.frameOf(id, 'main'));
  });

  it('keeps the first frame, the first score and the first verdict', async () => {
    const rig = await openRig();
    const { station, time } = rig;
    station.attachOutput();
    const id = accept(rig);
    const first = frame(time);
    assert.equal(station.addScore(id, 'main', score(0)), false, 'no frame yet');
    assert.equal(station.addFrame(id, 'main', first, 'cam'), true);
    assert.equal(station.addFrame(id, 'main', frame(time), 'cam'), false);
    assert.equal(station.frameOf(id, 'main'), first);
    assert.equal(station.addScore(id, 'main', score(5)), true);
    assert.equal(station.addScore(id, 'main', score(0)), false);
    const judge = { final: true, rois: fixedHere, overrideBy: 'x' };
    assert.equal(station.judgeView(id, 'main', judge).verdict, 'fail');
    const softer = [{ ...fixedHere[0], warn: 50, fail: 100 }];
    assert.equal(station.judgeView(id, 'main', { ...judge, rois: softer }).verdict, 'fail');
    assert.equal(station.failView(id, 'main', reason('cameraLost')), false);
    assert.equal(station.invalidate(id, reason('flowError')), false);
    station.publish(id);
    assert.equal(rig.closed[0].verdict, 'fail');
    assert.equal(station.judgeView(id, 'main', { ...judge, rois: softer }).verdict, 'fail');
    assert.equal(rig.closed.length, 1);
  });

  it('knows closed inspections for a short while and bounded in number, then no more', async () => {
    const rig = await openRig();
    const ids = Array.from({ length: 40 }, () => {
      const id = accept(rig);
      inspect(rig, id, 0);
      return id;
    });
    assert.equal(rig.station.describe(ids[39], 'main').verdict, 'pass');
    assert.throws(() => rig.station.describe(ids[0], 'main'), { code: 'GP_STATION_UNKNOWN_INSPECTION' });
    rig.time.pass(6000);
    assert.throws(() => rig.station.describe(ids[39], 'main'), { code: 'GP_STATION_UNKNOWN_INSPECTION' });
    assert.equal(rig.station.publish(ids[39]), 'unknown');
    assert.throws(() => rig.station.addFrame('../x', 'main', frame(rig.time), null), {
      code: 'GP_STATION_UNKNOWN_INSPECTION',
    });
    assert.equal(rig.time.timers, 0, 'nothing is left to wait for');
  });
});

describe('station: order and deadline', () => {
  it('publishes in trigger order: a later result waits for the earlier one', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const [first, second] = [accept(rig, { triggerId: 1 }), accept(rig, { triggerId: 2 })];
    inspect(rig, second, 0);
    assert.equal(rig.station.publish(second), 'waiting');
    assert.equal(rig.station.publish(first), 'not judged');
    inspect(rig, first, 5);
    assert.equal(rig.station.publish(first), 'published');
    assert.equal(rig.station.publish(second), 'already');
    assert.deepEqual(
      rig.closed.map((one) => [one.trigger.triggerId, one.verdict]),
      [
        [1, 'fail'],
        [2, 'pass'],
      ],
    );
    assert.deepEqual(
      rig.station.snapshot().ring.map((one) => [one.sequence, one.code]),
      [
        [2, 1],
        [1, 3],
      ],
    );
  });

  it('shows each of two results that come at once in a snapshot of its own', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const seen: number[] = [];
    rig.station.on('snapshot', (snapshot: StationSnapshot) => seen.push(snapshot.result?.sequence ?? 0));
    const [first, second] = [accept(rig), accept(rig)];
    for (const id of [first, second]) inspect(rig, id, 0);
    rig.station.publish(second);
    rig.station.publish(first);
    assert.deepEqual(seen.slice(-2), [1, 2]);
  });

  it('tells one snapshot for each thing that a PLC can see, and none for a score or a verdict that waits', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    // from the first one on a PLC sees that limits fixed in the flow are not validated
    const first = accept(rig);
    inspect(rig, first, 0);
    rig.station.publish(first);
    await turn();
    let told = 0;
    rig.station.on('snapshot', () => {
      told += 1;
    });
    const toldBy = async (work: () => void) => {
      told = 0;
      work();
      await turn();
      return told;
    };
    const { station, time } = rig;
    let id = '';
    const opened = await toldBy(() => {
      id = accept(rig);
    });
    time.pass(5);
    const framed = await toldBy(() => station.addFrame(id, 'main', frame(time), 'cam'));
    const scored = await toldBy(() => station.addScore(id, 'main', score(0)));
    const judged = await toldBy(() => station.judgeView(id, 'main', { final: true, rois: fixedHere }));
    const published = await toldBy(() => station.publish(id));
    const again = await toldBy(() => station.publish(id));
    const expected = { opened: 1, framed: 1, scored: 0, judged: 0, published: 1, again: 0 };
    assert.deepEqual({ opened, framed, scored, judged, published, again }, expected);
    assert.equal(station.snapshot().result?.verdict, 'pass');
  });

  it('closes what is open at its deadline as invalid, and lets the waiting one out', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    accept(rig);
    rig.time.pass(100);
    const second = accept(rig);
    inspect(rig, second, 0);
    assert.equal(rig.station.publish(second), 'waiting');
    rig.time.pass(399);
    assert.equal(rig.closed.length, 0);
    rig.time.pass(1);
    assert.deepEqual(
      rig.closed.map((one) => [one.verdict, one.reasons.map((why) => why.key), one.timings.published]),
      [
        ['invalid', ['deadline'], 500],
        ['pass', [], 400],
      ],
    );
    const { counters } = rig.station.snapshot();
    assert.deepEqual([counters.total, counters.pass, counters.invalid], [2, 1, 1]);
  });

  it('turns a pass that reached no output in time into invalid', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const id = accept(rig);
    inspect(rig, id, 0);
    rig.time.pass(500);
    assert.equal(rig.closed[0].verdict, 'invalid');
    assert.equal(rig.closed[0].accept, false);
    assert.equal(rig.closed[0].reasons[0].key, 'messageLost');
    assert.equal(rig.closed[0].views[0].verdict, 'pass');
    assert.equal(rig.station.publish(id), 'already');
  });

  it('does not publish a pass after the deadline although its timer came late', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const id = accept(rig);
    inspect(rig, id, 0);
    rig.time.clock.advance(501);
    assert.equal(rig.station.publish(id), 'already');
    assert.equal(rig.closed[0].verdict, 'invalid');
  });

  it('does not publish a waiting pass either when both timers came late', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const [, second] = [accept(rig), accept(rig)];
    inspect(rig, second, 0);
    assert.equal(rig.station.publish(second), 'waiting');
    rig.time.clock.advance(501);
    rig.station.tick();
    assert.deepEqual(
      rig.closed.map((one) => [one.verdict, one.accept, one.reasons[0].key]),
      [
        ['invalid', false, 'deadline'],
        ['invalid', false, 'deadline'],
      ],
    );
  });

  it('keeps deadlines in order when the limit is made shorter meanwhile', async () => {
    const rig = await openRig();
    accept(rig);
    rig.station.configure({ deadlineMs: 100, maxOpen: 3, staleAfterMs: 0 });
    accept(rig);
    rig.time.pass(499);
    assert.equal(rig.closed.length, 0);
    rig.time.pass(1);
    assert.deepEqual(
      rig.closed.map((one) => one.sequence),
      [1, 2],
    );
    accept(rig);
    rig.time.pass(100);
    assert.equal(rig.closed.length, 3);
  });

  it('says invalid of what the PLC was told is invalid, a waiting pass included', async () => {
    const rig = await openRig();
    rig.station.attachOutput();
    const [first, second] = [accept(rig), accept(rig)];
    inspect(rig, second, 0);
    rig.station.publish(second);
    assert.equal(rig.station.invalidateHung(2), true);
    assert.equal(rig.station.invalidateHung(1), true);
    assert.equal(rig.station.invalidateHung(1), false);
    assert.equal(rig.station.invalidateHung(99), false);
    assert.equal(rig.station.publish(first), 'already');
    assert.deepEqual(
      rig.closed.map((one) => [one.sequence, one.verdict, one.reasons[0].key]),
      [
        [1, 'invalid', 'stationHung'],
        [2, 'invalid', 'stationHung'],
      ],
    );
  });

  it('passes on every result although a listener throws, and shows the fault', async () => {
    const rig = await openRig();
    const after: number[] = [];
    rig.station.on('closed', () => {
      throw new Error('broken listener');
    });
    rig.station.on('closed', (one) => after.push(one.sequence));
    inspect(rig, accept(rig), 0);
    inspect(rig, accept(rig), 0);
    assert.deepEqual(after, [1, 2]);
    assert.equal(rig.station.snapshot().faultCode, 502);
    rig.station.acknowledgeFault('anna');
    assert.equal(rig.station.snapshot().faultCode, 0);
  });

  it('lets a listener open the next inspection', async () => {
    const rig = await openRig({ maxOpen: 1 });
    rig.station.once('closed', () => inspect(rig, accept(rig), 0));
    inspect(rig, accept(rig), 0);
    assert.deepEqual(
      rig.closed.map((one) => one.sequence),
      [1, 2],
    );
  });
});

describe('station: snapshot events', () => {
  it('are one per turn of the loop for many changes', async () => {
    const rig = await openRig();
    await until('the first snapshot', () => new Promise((resolve) => setImmediate(() => resolve(true))));
    let count = 0;
    rig.station.on('snapshot', () => {
      count += 1;
    });
    accept(rig);
    accept(rig);
    rig.station.setHealth('cam', 'camera', false, 101, 'unplugged');
    rig.station.setHealth('cam', 'camera', false, 101, 'unplugged');
    assert.equal(count, 0);
    await until('one snapshot', () => count === 1);
  });
});
