import assert from 'node:assert/strict';
import { machine } from './machines.ts';
import { WireStation } from './wire-station.ts';

for (const dialect of ['tia', 'codesys'] as const) {
  describe(`the example for the PLC's programmer, ${dialect}`, () => {
    it('inspects parts on a line: one passes, one is ejected', () => {
      const station = new WireStation({ deadlineMs: 300 });
      const plc = machine(dialect);
      const instance = plc.instance('FB_GoodpartExample');
      let now = 0;
      let version = 0;
      let seen = 0;
      let ejects = 0;
      const sent: number[] = [];
      const cycle = (tick: boolean, part: boolean, eject: boolean) => {
        now += 10;
        station.heartbeat = Math.floor(now / 500);
        const { registers, ring } = station.words();
        const out = plc.call(instance, {
          NowMs: now,
          LinkOk: true,
          Registers: registers,
          RingRegisters: ring,
          WrittenVersion: version,
          Tick: tick,
          Moving: true,
          PartSensor: part,
          EjectSensor: eject,
        });
        version = out.CommandVersion as number;
        const [triggerId] = out.CommandRegisters as number[];
        if (triggerId !== 0 && triggerId !== seen) {
          seen = triggerId;
          sent.push(triggerId);
          station.accept(triggerId);
        } else if (triggerId === 0 && station.snapshot.open > 0) {
          station.publish(seen, sent.length === 1 ? 'pass' : 'fail');
        }
        return out;
      };
      const { variables } = instance;
      // what lay on the line at the start leaves it first
      while (now < 8000) cycle(now % 100 === 0, false, false);
      let firing = false;
      for (let tick = 0; tick < 20; tick++) {
        for (let n = 0; n < 10; n++) {
          const seenLeaving = firing;
          const out = cycle(n === 0, (tick === 0 || tick === 2) && n === 4, seenLeaving);
          if (out.Eject === true && !firing) ejects += 1;
          firing = out.Eject === true;
          assert.equal(out.StopRequest, false);
        }
      }
      assert.deepEqual(sent, [1, 2]);
      assert.equal(ejects, 1);
      const written = variables.CommandRegisters as number[];
      assert.deepEqual([written[6], written[7]], [2, 2]);
    });
  });
}
