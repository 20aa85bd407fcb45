import assert from 'node:assert/strict';
import { CommandDesk } from '../../lib/plc/command-desk.ts';
import { StationState } from '../../lib/plc/station-state.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const notReady = 61;
const show = { heartbeat: 0, condition: 'alive' as const, now: 0 };

describe('the command desk', () => {
  it('echoes a command as refused and returns to idle with the PLC', () => {
    const desk = new CommandDesk();
    desk.store(3, [5, 0]);
    assert.equal(desk.evaluate(notReady), null);
    assert.deepEqual([desk.ack, desk.status], [5, 3]);
    desk.store(3, [0]);
    desk.evaluate(notReady);
    assert.deepEqual([desk.ack, desk.status], [0, 0]);
  });

  it('refuses each new trigger id once, with the part id that came with it', () => {
    const desk = new CommandDesk();
    desk.storePartId('Zähler 7');
    desk.store(0, [17, 3]);
    assert.deepEqual(desk.evaluate(notReady), {
      triggerId: 17,
      partId: 'Zähler 7',
      expectedRecipe: 3,
      reason: notReady,
    });
    assert.equal(desk.evaluate(notReady), null);
    desk.store(0, [0]);
    assert.equal(desk.evaluate(notReady), null, 'zero is no trigger');
    desk.store(0, [17]);
    assert.equal(desk.evaluate(notReady)?.triggerId, 17);
    assert.equal(desk.missed, 2);
  });

  it('takes rising edges of the simple coils only', () => {
    const desk = new CommandDesk();
    const context = { reason: notReady, sequence: 42 };
    assert.equal(desk.setCoil(0, true, context)?.triggerId, 1);
    assert.equal(desk.setCoil(0, true, context), null);
    desk.setCoil(0, false, context);
    assert.equal(desk.setCoil(0, true, context)?.triggerId, 2);
    desk.setCoil(1, true, context);
    assert.equal(desk.registers[2], 42);
    assert.equal(desk.coil(1), true);
  });

  it('never reads beyond the part id, whatever length the PLC writes', () => {
    const desk = new CommandDesk();
    desk.storePartId('x'.repeat(200));
    desk.store(8, [65_535]);
    desk.store(0, [1]);
    assert.equal(desk.evaluate(notReady)?.partId, 'x'.repeat(64));
  });

  it('cuts no character of a long part id in half', () => {
    const desk = new CommandDesk();
    desk.storePartId(`${'x'.repeat(63)}Ä`);
    desk.store(0, [1]);
    assert.equal(desk.evaluate(notReady)?.partId, 'x'.repeat(63));
  });
});

describe('a refused trigger', () => {
  it('shows beside the station’s own and counts on top of its Missed', () => {
    const own = makeSnapshot(makeResult(1), { rejectedTrigger: 5, rejectedReason: 62 });
    const state = new StationState({ ...own, counters: { ...own.counters, missed: 4 } });
    assert.equal(state.render(show).rejectedTrigger, 5);
    state.desk.store(0, [6]);
    state.evaluate();
    assert.deepEqual([state.render(show).rejectedTrigger, state.render(show).rejectedReason], [6, notReady]);
    assert.equal(state.render(show).counters.missed, 5);
    state.apply({ ...own, rejectedTrigger: 8, counters: { ...own.counters, missed: 5 } });
    assert.equal(state.render(show).rejectedTrigger, 8, 'the station’s newer refusal wins');
    assert.equal(state.render(show).counters.missed, 6);
    state.apply({ ...own, counters: { ...own.counters, missed: 6 } }, 1);
    assert.equal(state.render(show).counters.missed, 6, 'the station has counted it as its own: not twice');
    state.apply({ ...own, counters: { ...own.counters, missed: 0 } }, 1);
    assert.equal(state.render(show).counters.missed, 0, 'counters that were reset stay so');
  });

  it('names the station’s own reason where it has one', () => {
    const state = new StationState(makeSnapshot(null, { notReadyReason: 63 }));
    state.desk.store(0, [6]);
    assert.equal(state.evaluate()?.reason, 63);
  });
});
