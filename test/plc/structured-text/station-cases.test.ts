import assert from 'node:assert/strict';
import { StationBench } from './station-bench.ts';
import { WireStation } from './wire-station.ts';

const rejectedUntilSettled = (bench: StationBench, fault: string) => {
  assert.equal(bench.out.allReject, true);
  assert.equal(bench.out.inFlight, 0);
  assert.ok(bench.faults().includes(fault), bench.faults().join());
  bench.settle();
};

describe('FB_GoodpartStation: triggers', () => {
  it('starts with old values: acts on none of them and uses no number again', () => {
    const station = new WireStation({ acceptedTrigger: 77, rejectedTrigger: 79 });
    station.publish(77);
    const bench = new StationBench(station);
    assert.equal(bench.out.allReject, true);
    assert.deepEqual(bench.settle().run(300), []);
    assert.equal(bench.send(), 80);
  });

  it('waits at the start for what a former program left open', () => {
    const station = new WireStation({ acceptedTrigger: 5, open: 1, deadlineMs: 2000 });
    const bench = new StationBench(station);
    bench.run(900);
    assert.equal(bench.out.allReject, true);
    station.publish(5);
    assert.deepEqual(bench.settle().run(300), []);
    assert.deepEqual(bench.faults(), []);
  });

  it('does not wait longer than the deadline for what is open', () => {
    const bench = new StationBench(new WireStation({ open: 1, deadlineMs: 800 }));
    bench.settle();
    assert.ok(bench.now < 2600, `${bench.now}`);
  });

  it('begins with 1 at a station that knows no number, after 65535 comes 1 again', () => {
    assert.equal(new StationBench().settle().send(), 1);
    const bench = new StationBench(new WireStation({ acceptedTrigger: 65_534, rejectedTrigger: 40_000 })).settle();
    assert.equal(bench.sendAccepted(), 65_535);
    bench.station.publish(65_535);
    assert.equal(bench.result(), '65535 1 accept');
    assert.equal(bench.sendAccepted(), 1);
    bench.station.publish(1);
    assert.equal(bench.result(), '1 1 accept');
  });

  it('passes over a number that the station still shows as refused from long ago', () => {
    const bench = new StationBench(new WireStation({ acceptedTrigger: 60_000 })).settle();
    bench.station.set({ rejectedTrigger: 60_001 });
    bench.cycle();
    assert.equal(bench.send(), 60_002);
  });

  it('writes part id and recipe with the trigger, and 0 once it is answered', () => {
    const bench = new StationBench().settle();
    const partId = Array.from({ length: 64 }, (_, n) => 65 + (n % 26));
    const triggerId = bench.send({ partId, partIdLength: 3, expectedRecipe: 12 });
    assert.equal(bench.written.triggerId, triggerId);
    assert.equal(bench.written.expectedRecipe, 12);
    assert.equal(bench.written.partIdLength, 3);
    assert.deepEqual(bench.written.partId.slice(0, 5), [65, 66, 67, 0, 0]);
    bench.run(100);
    assert.equal(bench.written.triggerId, triggerId);
    bench.station.accept(triggerId);
    bench.run(20);
    assert.equal(bench.written.triggerId, 0);
  });

  it('cuts a part id to 64 bytes', () => {
    const bench = new StationBench().settle();
    bench.send({ partId: new Array<number>(64).fill(66), partIdLength: 900 });
    assert.equal(bench.written.partIdLength, 64);
  });

  it('reports a refusal with its reason', () => {
    const bench = new StationBench().settle();
    const triggerId = bench.send();
    bench.station.refuse(triggerId, 62);
    const out = bench.cycle();
    assert.deepEqual([out.refused, out.refusedTriggerId, out.refusedReason], [true, triggerId, 62]);
    assert.equal(out.inFlight, 0);
    assert.equal(bench.send(), triggerId + 1);
  });

  it('gives a trigger up that nobody answers, and accepts nothing when its result comes all the same', () => {
    const bench = new StationBench().settle();
    const triggerId = bench.send();
    bench.run(980);
    assert.deepEqual(bench.faults(), []);
    bench.run(40);
    assert.deepEqual(bench.faults(), ['noAnswer']);
    assert.equal(bench.written.triggerId, 0);
    bench.station.accept(triggerId);
    bench.run(20);
    bench.station.publish(triggerId);
    assert.equal(bench.result(), `${triggerId} 1 reject`);
    assert.deepEqual(bench.faults(), ['noAnswer', 'lateResult']);
    assert.equal(bench.out.allReject, false);
    bench.cycle({ faultReset: true });
    assert.deepEqual(bench.faults(), []);
    assert.equal(bench.out.fault, false);
  });

  it('sends no second trigger before the first is answered, and none that the station could not take', () => {
    const bench = new StationBench().settle();
    bench.send();
    assert.equal(bench.out.readyToTrigger, false);
    assert.equal(bench.cycle({ trigger: true }).notIssuedReason, 902);
    const other = new StationBench(new WireStation({ notReadyReason: 66 })).settle();
    other.station.set({ status: { ...other.station.snapshot.status, ready: false } });
    const out = other.cycle({ trigger: true });
    assert.deepEqual([out.issued, out.notIssued, out.notIssuedReason], [false, true, 66]);
    assert.equal(new StationBench().cycle({ trigger: true }).notIssuedReason, 901);
  });

  it('takes a rising edge for a trigger, and neither a button held nor one pressed at the start', () => {
    const bench = new StationBench().settle();
    assert.deepEqual(bench.run(500, { trigger: true }), ['issued']);
  });

  it('has up to eight parts in flight', () => {
    const bench = new StationBench(new WireStation({ deadlineMs: 60_000 })).settle();
    const ids = Array.from({ length: 8 }, () => bench.sendAccepted());
    assert.equal(bench.out.inFlight, 8);
    assert.equal(bench.cycle({ trigger: true }).notIssuedReason, 903);
    for (const id of ids) {
      bench.station.publish(id);
      assert.equal(bench.result(), `${id} 1 accept`);
    }
    assert.equal(bench.out.inFlight, 0);
  });

  it('makes room for the ninth where one of eight was given up', () => {
    const bench = new StationBench(new WireStation({ deadlineMs: 60_000 })).settle();
    bench.send();
    bench.run(1020);
    const ids = Array.from({ length: 8 }, () => bench.sendAccepted());
    assert.equal(bench.out.inFlight, 8);
    bench.station.publish(ids[0]);
    assert.equal(bench.result(), `${ids[0]} 1 accept`);
  });

  it('lets an indexer move once every picture that was asked for is taken', () => {
    const bench = new StationBench(new WireStation({ deadlineMs: 5000 })).settle();
    assert.equal(bench.out.mayMove, true);
    const first = bench.sendAccepted();
    const second = bench.sendAccepted();
    assert.equal(bench.out.mayMove, false);
    bench.station.set({ exposureDoneTrigger: first });
    const out = bench.cycle();
    assert.deepEqual([out.exposureDone, out.exposureDoneTriggerId, out.mayMove], [true, first, false]);
    bench.station.set({ exposureDoneTrigger: second });
    bench.cycle();
    assert.equal(bench.out.mayMove, true);
    assert.deepEqual(bench.run(100), []);
  });

  it('rejects all when somebody else triggers the station', () => {
    const bench = new StationBench().settle();
    bench.sendAccepted();
    bench.station.set({ acceptedTrigger: 999 });
    bench.cycle();
    rejectedUntilSettled(bench, 'countMismatch');
    assert.equal(bench.send(), 1000);
  });
});
