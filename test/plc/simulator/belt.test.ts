import assert from 'node:assert/strict';
import { Belt, type BeltOptions, type BeltSignals, type PlcOutputs } from '../../../lib/plc/simulator/belt.ts';
import type { SimulatedFault } from '../../../lib/plc/simulator/faults.ts';

const cycleMs = 10;

/** A belt of 100 ms a slot, trigger at 2, check at 4, ejector at 6, the good box at 10; what happened as text. */
class Bench {
  readonly told: string[] = [];
  readonly belt: Belt;
  readonly faults = new Set<SimulatedFault>();
  readonly pulses: string[] = [];
  out: PlcOutputs = { motor: true, eject: false };
  seen: BeltSignals;
  #before: BeltSignals;

  constructor(more: Partial<BeltOptions> = {}) {
    const layout = { triggerPosition: 2, checkPosition: 4, ejectPosition: 6, endPosition: 10 };
    const options = { ...layout, tickMs: 100, pitch: 1, seed: 1, defectRate: 0, binCapacity: 0, parts: 1, ...more };
    this.belt = new Belt(options, {
      entered: ({ number }) => this.told.push(`${number} in`),
      ended: ({ number, slot }, where) => this.told.push(`${number} ${where} at ${slot}`),
    });
    this.seen = this.belt.step(0, { motor: false, eject: false }, this.faults);
    this.#before = this.seen;
  }

  cycles(count: number): this {
    for (let n = 0; n < count; n++) {
      this.seen = this.belt.step(cycleMs, this.out, this.faults);
      for (const name of ['encoder', 'partSensor', 'checkSensor', 'ejectSensor'] as const) {
        if (this.seen[name] && !this.#before[name]) this.pulses.push(`${name} ${this.belt.gone.toFixed(1)}`);
      }
      this.#before = this.seen;
    }
    return this;
  }

  slots(count: number): this {
    return this.cycles(count * 10);
  }

  count(sensor: string): number {
    return this.pulses.filter((pulse) => pulse.startsWith(sensor)).length;
  }
}

describe('the simulated belt', () => {
  it('carries a part past sensor and check sensor into the good box, one pulse a slot', () => {
    const line = new Bench().slots(11);
    assert.deepEqual(line.told, ['1 in', '1 good box at 10']);
    assert.deepEqual([line.count('partSensor'), line.count('checkSensor'), line.count('ejectSensor')], [1, 1, 0]);
    assert.ok(line.pulses.find((pulse) => pulse.startsWith('checkSensor 4.')));
    assert.ok(Math.abs(line.count('encoder') - 11) <= 1, `${line.count('encoder')} pulses`);
  });

  it('stands where the motor stands', () => {
    const line = new Bench().slots(3);
    const { gone } = line.belt;
    line.out = { motor: false, eject: false };
    line.slots(5);
    assert.deepEqual([line.belt.gone, line.seen.moving, line.told], [gone, false, ['1 in']]);
  });

  it('blows off what lies at the ejector while its gate is open, and nothing else; the chute sees it fall', () => {
    const line = new Bench({ parts: 3 }).slots(5);
    line.out = { motor: true, eject: true };
    line.slots(1);
    assert.deepEqual(line.told.slice(3), [], 'nothing lies there yet');
    line.cycles(2);
    assert.deepEqual(line.told.slice(3), ['1 reject bin at 6']);
    line.out = { motor: true, eject: false };
    line.slots(1);
    assert.equal(line.count('ejectSensor'), 1);
    assert.deepEqual(line.belt.partAt(6)?.number, 2);
    line.slots(5);
    assert.deepEqual(line.told.slice(4), ['2 good box at 10', '3 good box at 10']);
    assert.equal(line.belt.inBin, 1);
  });

  for (const [fault, sensor, signal] of [
    ['ejector-sticks', 0, 'the part goes on'],
    ['confirmation-dead', 0, 'the part falls unseen'],
  ] as const) {
    it(`${fault}: ${signal}`, () => {
      const line = new Bench();
      line.faults.add(fault);
      line.slots(6);
      line.out = { motor: true, eject: true };
      line.slots(6);
      assert.equal(line.told[1], fault === 'ejector-sticks' ? '1 good box at 10' : '1 reject bin at 6');
      assert.equal(line.count('ejectSensor'), sensor);
    });
  }

  it('encoder-stops, missed-pulse, extra-pulse: the belt moves on, the pulses do not agree with it', () => {
    const dead = new Bench().slots(2);
    dead.faults.add('encoder-stops');
    const before = dead.count('encoder');
    dead.slots(4);
    assert.deepEqual([dead.count('encoder'), Math.floor(dead.belt.gone + 1e-6)], [before, 6]);
    const healthy = new Bench().slots(8).count('encoder');
    const missing = new Bench().slots(2);
    missing.belt.missPulse();
    assert.equal(missing.slots(6).count('encoder'), healthy - 1);
    const extra = new Bench().slots(2);
    extra.belt.addPulse();
    assert.equal(extra.slots(6).count('encoder'), healthy + 1);
  });

  it('double-part: two parts in one slot, both seen by the sensor', () => {
    const line = new Bench({ parts: 3, pitch: 3 }).slots(1);
    line.belt.doublePart();
    line.slots(4).cycles(3);
    assert.deepEqual(
      line.belt.parts().map(({ number, slot }) => `${number}:${slot}`),
      ['1:5', '2:2', '3:2'],
    );
    assert.equal(line.count('partSensor'), 3);
  });

  it('bin-full: by its switch, or by its capacity until it is emptied', () => {
    const line = new Bench({ binCapacity: 1 });
    line.faults.add('bin-full');
    assert.equal(line.cycles(1).seen.binFull, true);
    line.faults.delete('bin-full');
    assert.equal(line.cycles(1).seen.binFull, false);
    line.slots(6);
    line.out = { motor: true, eject: true };
    assert.equal(line.cycles(2).seen.binFull, true);
    line.belt.emptyBin();
    assert.equal(line.cycles(1).seen.binFull, false);
  });

  it('takes off by hand what lies at the ejector and behind it, and nothing before it', () => {
    const line = new Bench({ parts: 9 }).slots(9);
    line.belt.clearBehind();
    const taken = line.told.filter((text) => text.includes('by hand'));
    assert.ok(taken.length >= 2 && taken[0].startsWith('1 by hand'), taken.join());
    assert.ok(line.belt.parts().every(({ slot }) => slot < 6));
    assert.ok(line.belt.parts().length >= 5);
  });
});
