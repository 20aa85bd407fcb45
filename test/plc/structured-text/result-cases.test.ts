import assert from 'node:assert/strict';
import { StationBench } from './station-bench.ts';
import { WireStation } from './wire-station.ts';

const slow = () => new StationBench(new WireStation({ deadlineMs: 20_000 })).settle();

/** What is read is as old as this call, until `show`. */
function freeze(bench: StationBench, parts: ('registers' | 'ring')[] = ['registers', 'ring']): () => void {
  const old = bench.station.words();
  bench.torn = (now) => ({ ...now, ...Object.fromEntries(parts.map((part) => [part, old[part]])) });
  return () => {
    bench.torn = null;
  };
}

describe('FB_GoodpartStation: results', () => {
  it('accepts a pass and no other', () => {
    const bench = slow();
    for (const [verdict, code, word] of [
      ['pass', 1, 'accept'],
      ['warn', 2, 'reject'],
      ['fail', 3, 'reject'],
      ['invalid', 4, 'reject'],
    ] as const) {
      const id = bench.sendAccepted();
      bench.station.publish(id, verdict);
      assert.equal(bench.result(), `${id} ${code} ${word}`);
    }
    assert.deepEqual(bench.faults(), []);
  });

  it('accepts a warn where the station says so', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    bench.station.publish(id, 'warn', { accept: true });
    assert.equal(bench.result(), `${id} 2 accept`);
  });

  it('tells what the result says', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    bench.station.publish(id, 'fail', { reason: 2, severity: 1.75 });
    bench.result();
    const { resultSequence, resultReason, resultSeverity } = bench.out;
    assert.deepEqual([resultSequence, resultReason, resultSeverity], [1, 2, 1750]);
  });

  it('takes three results that came between two reads in their order, from the ring', () => {
    const bench = slow();
    const ids = [bench.sendAccepted(), bench.sendAccepted(), bench.sendAccepted()];
    bench.station.publish(ids[0], 'pass');
    bench.station.publish(ids[1], 'fail');
    bench.station.publish(ids[2], 'warn', { accept: true });
    assert.equal(bench.result(), `${ids[0]} 1 accept`);
    assert.equal(bench.result(), `${ids[1]} 3 reject`);
    assert.equal(bench.result(), `${ids[2]} 2 accept`);
    assert.equal(bench.result(), 'none');
  });

  it('accepts a warn found in the ring only where the parameter says so', () => {
    for (const warnAccepts of [false, true]) {
      const bench = slow();
      bench.inputs = { warnAccepts };
      const ids = [bench.sendAccepted(), bench.sendAccepted()];
      bench.station.publish(ids[0], 'warn', { accept: true });
      bench.station.publish(ids[1], 'pass');
      assert.equal(bench.result(), `${ids[0]} 2 ${warnAccepts ? 'accept' : 'reject'}`);
      assert.equal(bench.result(), `${ids[1]} 1 accept`);
    }
  });

  it('waits for the ring where it was read before the result', () => {
    const bench = slow();
    const ids = [bench.sendAccepted(), bench.sendAccepted()];
    const show = freeze(bench, ['ring']);
    bench.station.publish(ids[0]);
    bench.station.publish(ids[1]);
    assert.equal(bench.result(), 'none');
    show();
    assert.equal(bench.result(), `${ids[0]} 1 accept`);
    assert.equal(bench.result(), `${ids[1]} 1 accept`);
    assert.deepEqual(bench.faults(), []);
  });

  it('rejects all where the ring is never read', () => {
    const bench = slow();
    const ids = [bench.sendAccepted(), bench.sendAccepted()];
    freeze(bench, ['ring']);
    for (const id of ids) bench.station.publish(id);
    bench.run(1030);
    assert.deepEqual(bench.faults(), ['resultsLost']);
  });

  it('rejects all where more results came between two reads than the ring holds', () => {
    const bench = slow();
    bench.sendAccepted();
    const show = freeze(bench);
    for (let n = 0; n < 9; n++) bench.station.publish(0);
    bench.run(50);
    show();
    bench.cycle();
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'resultsLost']);
    bench.settle();
  });

  it('follows the Sequence past 65535: 0 is no number', () => {
    const bench = new StationBench(new WireStation({ lastSequence: 65_534, deadlineMs: 20_000 })).settle();
    const ids = [bench.sendAccepted(), bench.sendAccepted(), bench.sendAccepted()];
    bench.station.publish(ids[0]);
    assert.equal(bench.result(), `${ids[0]} 1 accept`);
    assert.equal(bench.out.resultSequence, 65_535);
    bench.station.publish(ids[1]);
    bench.station.publish(ids[2]);
    assert.equal(bench.result(), `${ids[1]} 1 accept`);
    assert.equal(bench.out.resultSequence, 1);
    assert.equal(bench.result(), `${ids[2]} 1 accept`);
    assert.equal(bench.out.resultSequence, 2);
  });

  it('takes nothing from a torn read, and the result from the next whole one', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    const old = bench.station.words();
    bench.station.publish(id);
    // The first fifty registers are old, the rest is new: Sequence and its repetition differ.
    bench.torn = ({ registers, ring }) => ({
      registers: [...old.registers.slice(0, 50), ...registers.slice(50)],
      ring,
    });
    assert.equal(bench.result(), 'none');
    bench.torn = null;
    assert.equal(bench.result(), `${id} 1 accept`);
  });

  it('takes nothing while Code and bits contradict each other, and rejects all when that stays', () => {
    const bench = slow();
    const id = bench.sendAccepted();
    bench.station.publish(id, 'fail');
    bench.torn = ({ registers, ring }) => ({ registers: registers.map((word, n) => (n === 26 ? 1 : word)), ring });
    assert.equal(bench.result(), 'none');
    assert.deepEqual(bench.faults(), []);
    bench.run(600);
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'tornRead']);
    bench.torn = null;
    bench.settle();
    assert.deepEqual(bench.faults(), []);
  });

  it('keeps a part REJECT whose result comes after its time', () => {
    const bench = new StationBench().settle();
    const id = bench.sendAccepted();
    bench.run(360);
    assert.deepEqual(bench.faults(), []);
    bench.run(60);
    assert.deepEqual(bench.faults(), ['resultMissing']);
    bench.station.publish(id);
    assert.equal(bench.result(), `${id} 1 reject`);
    assert.deepEqual(bench.faults(), ['resultMissing', 'lateResult']);
    assert.equal(bench.out.allReject, false);
  });

  it('rejects all at a result for a trigger that is unknown', () => {
    const bench = slow();
    bench.sendAccepted();
    bench.station.publish(4242);
    assert.equal(bench.result(), '4242 1 reject');
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'unknownResult']);
  });

  it('shows a result without a trigger, and accepts nothing by it', () => {
    const bench = slow();
    bench.station.publish(0);
    assert.equal(bench.result(), '0 1 reject');
    assert.equal(bench.out.allReject, false);
  });

  it('rejects all where a result overtakes that of an earlier part', () => {
    const bench = slow();
    bench.sendAccepted();
    const second = bench.sendAccepted();
    bench.station.publish(second);
    assert.equal(bench.result(), `${second} 1 reject`);
    assert.deepEqual([bench.out.allReject, ...bench.faults()], [true, 'outOfOrder']);
  });

  it('waits for the acceptance that a read in pieces has not brought yet', () => {
    const bench = slow();
    const id = bench.send();
    const old = bench.station.words().registers[13];
    bench.station.accept(id);
    bench.station.publish(id);
    bench.torn = ({ registers, ring }) => ({ registers: registers.map((word, n) => (n === 13 ? old : word)), ring });
    assert.equal(bench.result(), 'none');
    bench.torn = null;
    assert.equal(bench.result(), `${id} 1 accept`);
  });

  it('acknowledges each result it has taken, and at the start all old ones', () => {
    const station = new WireStation({ deadlineMs: 20_000 });
    station.publish(3);
    station.publish(4);
    const bench = new StationBench(station);
    bench.inputs = { ackResults: true };
    bench.settle();
    assert.equal(bench.written.resultAck, 2);
    const id = bench.sendAccepted();
    bench.station.publish(id);
    bench.result();
    assert.equal(bench.out.command.resultAck, 3);
    const without = slow();
    without.station.publish(0);
    without.result();
    assert.equal(without.out.command.resultAck, 0);
  });

  it('waits for no result in shadow, and takes none', () => {
    const bench = new StationBench(new WireStation({ mode: 2 })).settle();
    const id = bench.sendAccepted();
    bench.station.set({ lastSequence: 1, open: 0 });
    bench.run(600);
    assert.equal(id, 1);
    assert.deepEqual([bench.out.inFlight, bench.out.allReject, ...bench.faults()], [0, false]);
  });
});
