import assert from 'node:assert/strict';
import { TrackBench } from './track-bench.ts';

describe('FB_GoodpartTrack: slots', () => {
  it('starts every part as REJECT, triggers it at its position and ejects it where no result comes', () => {
    const line = new TrackBench().part();
    assert.equal(line.slots, '0:0:R');
    line.ticks(1);
    assert.equal(line.slots, '1:0:R');
    line.ticks(1);
    assert.equal(line.slots, '2:101:R');
    line.ticks(3);
    assert.deepEqual([line.slots, line.ejects], ['5:101:R', 0]);
    line.ticks(1);
    assert.deepEqual([line.slots, line.ejects], ['', 1]);
    assert.deepEqual(line.dispositions, ['101 2']);
    assert.deepEqual(line.faults(), []);
  });

  it('lets pass what was accepted under its own number', () => {
    const line = new TrackBench().part().ticks(2).result(101, true);
    assert.equal(line.slots, '2:101:A');
    line.ticks(4);
    assert.deepEqual([line.slots, line.ejects, line.dispositions.join()], ['6:101:A', 0, '101 1']);
  });

  it('takes no result of another number, none with Accept 0, and no second one', () => {
    const line = new TrackBench().part().ticks(2).result(102, true).result(0, true);
    assert.equal(line.slots, '2:101:R');
    line.result(101, false).result(101, true);
    assert.equal(line.slots, '2:101:R');
  });

  it('keeps parts in a row apart, each with its own result', () => {
    const line = new TrackBench().part().ticks(1).part().ticks(1).part().ticks(2);
    assert.equal(line.slots, '2:103:R 3:102:R 4:101:R');
    line.result(103, true).result(101, true).ticks(5);
    assert.deepEqual([line.ejects, line.dispositions], [1, ['101 1', '102 2', '103 1']]);
  });

  it('takes a result in the cycle of the tick to the eject position, and none afterwards', () => {
    const line = new TrackBench().part().ticks(5);
    line.cycle({ tick: true, newResult: true, resultTriggerId: 101, resultAccept: true });
    assert.equal(line.ejects, 0);
    const late = new TrackBench().part().ticks(6).result(101, true);
    assert.deepEqual([late.ejects, late.slots], [1, '']);
  });

  it('sets all to REJECT for good, but for parts that are still to be triggered', () => {
    const line = new TrackBench().part().ticks(1).part().ticks(1).part();
    line.result(101, true);
    assert.equal(line.slots, '0:0:R 1:0:R 2:101:A');
    line.cycle({ allReject: true });
    assert.equal(line.slots, '0:0:R 1:0:R 2:101:R');
    line.result(101, true);
    assert.equal(line.slots, '0:0:R 1:0:R 2:101:R');
    line.ticks(1).result(102, true).ticks(3);
    assert.deepEqual([line.ejects, line.slots], [1, '4:103:R 5:102:A']);
  });

  it('takes no result in a cycle in which all are rejected', () => {
    const line = new TrackBench().part().ticks(2);
    line.cycle({ allReject: true, newResult: true, resultTriggerId: 101, resultAccept: true });
    assert.equal(line.slots, '2:101:R');
  });

  it('ejects what was refused, not sent, or not sent in time', () => {
    const refused = new TrackBench().part().ticks(2);
    refused.cycle({ refused: true, refusedTriggerId: 101 });
    assert.equal(refused.result(101, true).slots, '2:101:R');
    const notSent = new TrackBench();
    notSent.nextId = null;
    notSent.part().ticks(1);
    notSent.cycle({ tick: true });
    notSent.cycle({ notIssued: true });
    assert.equal(notSent.ticks(4).ejects, 1);
    const late = new TrackBench();
    late.nextId = null;
    assert.deepEqual(late.part().ticks(3).faults(), ['triggerLost']);
    assert.equal(late.ticks(3).ejects, 1);
  });

  it('takes two parts in one slot for a fault, and ejects them', () => {
    const line = new TrackBench().part().part();
    assert.deepEqual(line.faults(), ['twoParts']);
    line.ticks(2).result(101, true);
    assert.equal(line.slots, '2:0:R');
    line.cycle({ reset: true });
    assert.deepEqual(line.faults(), []);
  });

  it('takes parts without a gap for a fault', () => {
    const line = new TrackBench();
    line.inputs = { partSensor: true };
    line.cycle();
    line.ticks(1);
    assert.deepEqual(line.faults(), []);
    line.ticks(1);
    assert.deepEqual(line.faults(), ['noGap']);
    line.inputs = {};
    assert.equal(line.ticks(6).ejects, 3);
  });

  it('ejects every slot after a missed pulse, full or empty', () => {
    const line = new TrackBench({ tickMaxMs: 150 }).part().ticks(2).result(101, true);
    for (let n = 0; n < 8; n++) line.cycle();
    assert.deepEqual([line.slots, ...line.faults()], ['2:101:R', 'missedPulse']);
    line.ticks(6);
    assert.deepEqual([line.ejects, line.dispositions], [6, ['101 2']]);
    line.cycle({ reset: true });
    line.part().ticks(2);
    assert.equal(line.result(102, true).slots, '2:102:A');
  });

  it('does not wait for pulses while the line stands', () => {
    const line = new TrackBench({ tickMaxMs: 150, moving: false });
    for (let n = 0; n < 100; n++) line.cycle();
    assert.deepEqual(line.faults(), []);
  });

  it('counts the time that the line moves, also over a stop between two pulses', () => {
    const line = new TrackBench({ tickMaxMs: 150 }).ticks(1);
    for (let n = 0; n < 50; n++) line.cycle({ moving: false });
    for (let n = 0; n < 5; n++) line.cycle();
    assert.deepEqual(line.faults(), []);
    for (let n = 0; n < 5; n++) line.cycle();
    assert.deepEqual(line.faults(), ['missedPulse']);
  });

  it('ejects all that moves past the ejector between a missed pulse and the next one', () => {
    const line = new TrackBench({ tickMaxMs: 150, confirmMs: 300 }).ticks(1);
    for (let n = 0; n < 8; n++) line.cycle();
    assert.equal(line.out.eject, true);
    assert.equal(line.cycle({ moving: false, reset: true }).eject, false);
    // the first pulse after the stop is missing as well: too early to be noticed
    for (let n = 0; n < 12; n++) assert.equal(line.cycle().eject, true);
    line.cycle({ ejectSensor: true });
    assert.deepEqual(line.faults(), []);
    line.ticks(1);
    assert.equal(line.out.eject, false);
  });

  it('ejects all that moves past the ejector between the PLC’s start and the first pulse', () => {
    const line = new TrackBench({ tickMaxMs: 150 }, { fresh: true });
    assert.equal(line.cycle().eject, true);
    assert.equal(line.cycle({ moving: false }).eject, false);
    assert.equal(line.cycle({ slotCount: 2 }).eject, false);
    assert.equal(line.ticks(1).out.eject, false);
  });

  it('takes a bouncing encoder for a fault', () => {
    const line = new TrackBench({ tickMinMs: 50 }).part().ticks(2).result(101, true);
    line.cycle({ tick: true });
    line.cycle();
    line.cycle({ tick: true });
    assert.deepEqual([line.slots, ...line.faults()], ['4:101:R', 'extraPulse']);
  });

  it('is held in step by the check sensor', () => {
    const good = new TrackBench({ checkPosition: 4 }).part().ticks(4);
    good.cycle({ checkSensor: true });
    assert.deepEqual(good.ticks(1).faults(), []);
    const unseen = new TrackBench({ checkPosition: 4 }).part().ticks(2).result(101, true).ticks(3);
    assert.deepEqual([unseen.slots, ...unseen.faults()], ['5:101:R', 'outOfStep']);
    const stranger = new TrackBench({ checkPosition: 4 });
    stranger.cycle({ checkSensor: true });
    assert.deepEqual(stranger.ticks(1).faults(), ['outOfStep']);
  });

  it('takes what is covered at the start of the PLC for no edge', () => {
    const line = new TrackBench({ partSensor: true, tick: true, ejectSensor: true }, { fresh: true });
    assert.deepEqual([line.slots, ...line.faults()], ['']);
  });

  it('stops the line where the positions do not fit each other', () => {
    for (const wrong of [
      { slotCount: 2 },
      { slotCount: 65 },
      { triggerPosition: 0 },
      { ejectPosition: 2 },
      { ejectPosition: 10 },
      { checkPosition: 6 },
      { checkPosition: -1 },
      { confirmTicks: -1 },
      { ejectPulseMs: 0 },
      { confirmMs: 600_001 },
    ]) {
      const line = new TrackBench().part().ticks(2).result(101, true);
      const out = line.cycle({ ...wrong, tick: true });
      assert.deepEqual([out.stopRequest, out.faultCode, line.slots], [true, 701, '2:101:R'], JSON.stringify(wrong));
    }
  });
});

describe('FB_GoodpartTrack: the reject gate', () => {
  it('holds Eject for its time', () => {
    const line = new TrackBench({ ejectPulseMs: 50 }).part().ticks(5);
    const seen = [line.cycle({ tick: true }).eject];
    for (let n = 0; n < 6; n++) seen.push(line.cycle().eject);
    assert.deepEqual(seen, [true, true, true, true, true, false, false]);
  });

  it('reports a part as ejected once it was seen leaving', () => {
    const line = new TrackBench({ confirmMs: 300 }).part().ticks(6);
    assert.deepEqual(line.dispositions, []);
    line.cycle({ ejectSensor: true });
    for (let n = 0; n < 50; n++) line.cycle();
    assert.deepEqual([line.dispositions, line.faults(), line.out.stopRequest], [['101 2'], [], false]);
  });

  for (const [limit, what] of [
    [{ confirmMs: 300 }, 'in time'],
    [{ confirmTicks: 2 }, 'within its ticks'],
  ] as const) {
    it(`stops the line where a part was not seen leaving ${what}`, () => {
      const line = new TrackBench(limit).part().ticks(9);
      assert.deepEqual([line.dispositions, line.faults(), line.out.stopRequest], [['101 5'], ['ejectFailed'], true]);
      line.cycle();
      assert.equal(line.out.stopRequest, true);
      line.cycle({ reset: true });
      assert.deepEqual([line.faults(), line.out.stopRequest], [[], false]);
    });
  }

  for (const [limit, what] of [
    [{ confirmMs: 300 }, 'time'],
    [{ confirmTicks: 3 }, 'ticks'],
  ] as const) {
    it(`expects what was ejected on doubt at the eject sensor, within its ${what} only, and does not miss it`, () => {
      const line = new TrackBench(limit, { fresh: true }).ticks(3);
      line.cycle({ ejectSensor: true });
      line.cycle();
      line.cycle({ ejectSensor: true });
      assert.deepEqual([line.faults(), line.out.stopRequest], [[], false]);
      line.ticks(10 + 4).cycle({ ejectSensor: true });
      assert.deepEqual(line.faults(), ['unexpectedEject']);
    });
  }

  it('tells of a part that left the line and should not have', () => {
    const line = new TrackBench({ confirmMs: 300 }).part().ticks(2).result(101, true).ticks(4);
    line.cycle({ ejectSensor: true });
    assert.deepEqual(line.faults(), ['unexpectedEject']);
  });

  it('asks for a stop while the bin is full, and lets no part pass un-ejected', () => {
    const line = new TrackBench().part().ticks(2);
    line.inputs = { binFull: true };
    line.cycle();
    assert.deepEqual([line.out.stopRequest, ...line.faults()], [true, 'binFull']);
    assert.equal(line.ticks(4).ejects, 1);
    line.inputs = {};
    line.cycle();
    assert.deepEqual([line.out.stopRequest, ...line.faults()], [false]);
  });

  it('hands dispositions on one by one, and says when too many wait', () => {
    const line = new TrackBench({ dispositionReady: false });
    for (let n = 0; n < 24; n++) line.part().ticks(1);
    assert.deepEqual([line.dispositions, line.faults()], [[], ['dispositionLost']]);
    line.inputs = {};
    for (let n = 0; n < 20; n++) line.cycle();
    assert.deepEqual(
      line.dispositions,
      Array.from({ length: 16 }, (_, n) => `${101 + n} 2`),
    );
  });
});

describe('FB_GoodpartTrack: what nobody can know', () => {
  it('ejects all that lies on the line when the PLC starts, seen or not, and what came in since', () => {
    const line = new TrackBench({}, { fresh: true }).ticks(6);
    assert.equal(line.ejects, 6);
    line.ticks(6);
    assert.equal(line.ejects, 6, 'then the line is known');
    line.part().ticks(2).result(101, true).ticks(4);
    assert.deepEqual([line.ejects, line.dispositions], [6, ['101 1']]);
  });

  it('ejects the part that had just come in when a pulse bounces before it', () => {
    const line = new TrackBench({ tickMinMs: 60 });
    line.cycle({ tick: true });
    line.cycle();
    line.part();
    line.cycle({ tick: true });
    assert.deepEqual(line.faults(), ['extraPulse']);
    assert.deepEqual([line.out.slots[0].doubtful, line.out.slots[1].doubtful], [true, true]);
  });

  it('asks for a stop where a pulse is missing, until a person has looked', () => {
    const line = new TrackBench({ tickMaxMs: 150 }).ticks(1);
    for (let n = 0; n < 10; n++) line.cycle();
    assert.deepEqual([line.faults(), line.out.stopRequest], [['missedPulse'], true]);
    line.cycle({ moving: false, reset: true });
    assert.equal(line.out.stopRequest, false);
  });
});
