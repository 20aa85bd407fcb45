import assert from 'node:assert/strict';
import { StationBench } from './station-bench.ts';
import { WireStation } from './wire-station.ts';

const slow = (now?: number) => new StationBench(new WireStation({ deadlineMs: 20_000 }), now).settle();

describe('FB_GoodpartStation: may the station be believed?', () => {
  it('not before its heartbeat was seen to count', () => {
    const bench = new StationBench();
    bench.beats = false;
    bench.run(1900);
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true]);
    bench.run(200);
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'heartbeatStopped']);
    bench.beats = true;
    bench.settle();
    assert.deepEqual(bench.faults(), []);
  });

  it('not when its heartbeat stands still longer than the limit', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    bench.beats = false;
    bench.run(1400);
    assert.equal(bench.out.allReject, false);
    bench.run(700);
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'heartbeatStopped']);
    bench.beats = true;
    bench.station.publish(id);
    assert.equal(bench.result(), 'none');
    bench.settle();
    assert.deepEqual(bench.run(500), []);
  });

  it('not with a heartbeat that stood still for a month, however the counter wraps', () => {
    const bench = slow();
    bench.beats = false;
    bench.run(2100);
    for (let n = 0; n < 40; n++) {
      bench.now = (bench.now + 2 ** 31 - 500) % 2 ** 32;
      bench.cycle();
      assert.equal(bench.out.allReject, true);
    }
  });

  it('with a heartbeat that wraps from 65535 to 0', () => {
    const station = new WireStation();
    station.heartbeat = 65_534;
    const bench = new StationBench(station).settle();
    bench.run(3000);
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [false]);
  });

  it('over the wrap of the PLC’s counter, of 32 bits and of 31', () => {
    for (const now of [2 ** 32 - 900, 2 ** 31 - 900]) {
      const bench = slow(now);
      const id = bench.sendAccepted();
      bench.run(1200);
      bench.station.publish(id);
      assert.equal(bench.result(), `${id} 1 accept`);
      bench.run(3000);
      assert.deepEqual(bench.faults(), []);
    }
  });

  it('not after a new BootId: what was in flight stays REJECT', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    bench.station.set({ bootId: 4712, acceptedTrigger: 0, open: 0 });
    bench.cycle();
    assert.deepEqual([bench.out.allReject, bench.out.inFlight, ...bench.faults()], [true, 0, 'stationRestarted']);
    bench.station.publish(id, 'pass');
    assert.equal(bench.result(), 'none');
    bench.settle();
    assert.equal(bench.send(), id + 1);
  });

  it('not with another word order', () => {
    for (const order of ['CDAB', 'BADC', 'DCBA'] as const) {
      const station = new WireStation();
      station.wordOrder = order;
      const bench = new StationBench(station);
      bench.run(1500);
      assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'wrongWordOrder'], order);
    }
  });

  it('not where something else is read', () => {
    const bench = slow();
    bench.torn = ({ ring }) => ({ registers: new Array<number>(100).fill(0), ring });
    bench.cycle();
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'wrongMap']);
    bench.torn = ({ registers, ring }) => ({ registers: [0x0200, ...registers.slice(1)], ring });
    bench.cycle();
    assert.deepEqual(bench.faults(), ['wrongMap']);
  });

  it('not while the link is down, and after it only what is triggered anew', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    const other = bench.send();
    bench.cycle({ linkOk: false });
    assert.deepEqual([bench.out.allReject, bench.out.inFlight, ...bench.faults()], [true, 0, 'linkDown']);
    assert.equal(bench.out.command.triggerId, 0);
    bench.station.publish(id);
    assert.equal(bench.result(), 'none');
    bench.settle();
    assert.deepEqual(bench.faults(), []);
    const next = bench.sendAccepted();
    assert.equal(next, other + 1);
    bench.station.publish(next);
    assert.equal(bench.result(), `${next} 1 accept`);
  });

  it('not before the block was written anew, so that no old TriggerId stands in the station', () => {
    const bench = new StationBench();
    bench.writes = false;
    bench.run(3000);
    assert.equal(bench.out.allReject, true);
    bench.writes = true;
    bench.settle();
  });

  it('not with a limit of 0 or beyond ten minutes', () => {
    for (const wrong of [
      { heartbeatLimitMs: 0 },
      { answerLimitMs: 0 },
      { commandLimitMs: 0 },
      { marginMs: 600_001 },
      { heartbeatLimitMs: 2 ** 32 - 1 },
    ]) {
      const bench = slow();
      bench.cycle(wrong);
      assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'badParameter'], JSON.stringify(wrong));
      assert.equal(bench.out.faultCode, 605);
    }
  });
});
