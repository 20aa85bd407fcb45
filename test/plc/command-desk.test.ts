import assert from 'node:assert/strict';
import type { PlcCommand } from '../../lib/core/commands.ts';
import { reason } from '../../lib/core/reasons.ts';
import { CommandDesk } from '../../lib/plc/command-desk.ts';
import { StationState } from '../../lib/plc/station-state.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const hung = reason('stationHung').code;
const show = { heartbeat: 0, condition: 'alive' as const, now: 0 };
const only = (commands: PlcCommand[]) => {
  assert.equal(commands.length, 1, JSON.stringify(commands));
  return commands[0];
};

describe('the command desk', () => {
  it('hands on a command by its change, with what stood there before', () => {
    const desk = new CommandDesk();
    desk.store(3, [3, 7]);
    assert.deepEqual(desk.evaluate(), [{ kind: 'code', code: 3, arg: 7, from: 0 }]);
    assert.deepEqual(desk.evaluate(), []);
    desk.store(3, [4]);
    assert.deepEqual(desk.evaluate(), [{ kind: 'code', code: 4, arg: 7, from: 3 }]);
    desk.store(3, [0]);
    assert.deepEqual(desk.evaluate(), [{ kind: 'code', code: 0, arg: 7, from: 4 }]);
  });

  it('hands on each new trigger id once, with the part id that came with it', () => {
    const desk = new CommandDesk();
    desk.storePartId('Zähler 7');
    desk.store(0, [17, 3]);
    const asked = { kind: 'trigger', triggerId: 17, partId: 'Zähler 7', expectedRecipe: 3 };
    assert.deepEqual(desk.evaluate(), [asked]);
    assert.deepEqual(desk.evaluate(), []);
    desk.store(0, [0]);
    assert.deepEqual(desk.evaluate(), [], 'zero is no trigger');
    desk.store(0, [17]);
    assert.deepEqual(desk.evaluate(), [asked]);
  });

  it('takes results before it asks for a part, whatever the order of the registers', () => {
    const desk = new CommandDesk();
    desk.store(0, [5, 0, 9, 6, 0, 1, 4, 2]);
    const kinds = desk.evaluate().map(({ kind }) => kind);
    assert.deepEqual(kinds, ['watchdog', 'acknowledge', 'code', 'disposition', 'trigger']);
  });

  it('does nothing about what it was left with, and about what stood there at a connection only takes results', () => {
    const desk = new CommandDesk({ triggerId: 17, code: 2, dispositionTrigger: 16, dispositionCode: 1 });
    assert.deepEqual([...desk.registers.subarray(0, 8)], [17, 0, 0, 2, 0, 0, 16, 1]);
    desk.store(0, [17, 0, 0, 2, 0, 0, 16, 1]);
    assert.deepEqual(desk.evaluate(), []);
    desk.store(0, [18, 0, 44, 0, 0, 0, 17, 2]);
    assert.deepEqual(desk.adopt(), [{ kind: 'acknowledge', sequence: 44 }]);
    assert.deepEqual(desk.evaluate(), []);
    desk.store(0, [19]);
    assert.equal(only(desk.evaluate()).kind, 'trigger');
  });

  it('takes rising edges of the simple coils only', () => {
    const desk = new CommandDesk();
    assert.deepEqual(only(desk.setCoil(0, true, 42)), { kind: 'trigger', triggerId: 0, partId: '', expectedRecipe: 0 });
    assert.deepEqual(desk.setCoil(0, true, 42), []);
    desk.setCoil(0, false, 42);
    assert.equal(only(desk.setCoil(0, true, 42)).kind, 'trigger');
    assert.deepEqual(desk.setCoil(1, true, 42), [{ kind: 'acknowledge', sequence: 42 }]);
    assert.equal(desk.registers[2], 42);
    assert.equal(desk.coil(1), true);
  });

  it('never reads beyond the part id, whatever length the PLC writes, and cuts no character in half', () => {
    for (const [text, expected] of [
      ['x'.repeat(200), 'x'.repeat(64)],
      [`${'x'.repeat(63)}Ä`, 'x'.repeat(63)],
    ]) {
      const desk = new CommandDesk();
      desk.storePartId(text);
      if (text.length > 64) desk.store(8, [65_535]);
      desk.store(0, [1]);
      const command = only(desk.evaluate());
      assert.equal(command.kind === 'trigger' && command.partId, expected);
    }
  });
});

describe('what a PLC asks for while Node-RED is silent', () => {
  const own = makeSnapshot(makeResult(1), { rejectedTrigger: 5, rejectedReason: 62 });
  const before = { ...own, counters: { ...own.counters, missed: 4 } };
  const rejected = (state: StationState) => {
    const { rejectedTrigger, rejectedReason, counters } = state.render(show);
    return [rejectedTrigger, rejectedReason, counters.missed];
  };

  it('is refused at once, shown beside the station’s own, and counted on top of its Missed until the station counts it', () => {
    const state = new StationState(before);
    state.silent = true;
    assert.deepEqual(rejected(state), [5, 62, 4]);
    state.desk.store(0, [6]);
    const [{ number, command }] = state.evaluate(0);
    assert.deepEqual(command, { kind: 'trigger', triggerId: 6, partId: '', expectedRecipe: 0, refused: hung });
    assert.deepEqual(rejected(state), [6, hung, 5]);
    state.apply(before, number - 1);
    assert.deepEqual(rejected(state), [6, hung, 5], 'a snapshot from before it was heard of');
    state.apply(
      { ...before, rejectedTrigger: 6, rejectedReason: hung, counters: { ...own.counters, missed: 5 } },
      number,
    );
    assert.deepEqual(rejected(state), [6, hung, 5], 'the station has counted it as its own: not twice');
  });

  it('is refused after all where it was handed over and not answered', () => {
    const state = new StationState(before);
    state.desk.store(0, [6]);
    assert.equal(only(state.evaluate(0).map(({ command }) => command)).kind, 'trigger');
    assert.deepEqual(rejected(state), [5, 62, 4], 'it waits for its answer');
    state.silent = true;
    const [{ number, command }] = state.cancelUnanswered();
    assert.deepEqual(command, { kind: 'cancelled', triggerId: 6 });
    assert.deepEqual(rejected(state), [6, hung, 5]);

    state.apply({ ...before, counters: { ...own.counters, missed: 5 } }, number);
    assert.deepEqual(rejected(state), [5, 62, 5]);
  });

  it('is answered with refused where it is a slow command, and stays so when Node-RED is back', () => {
    const state = new StationState(before);
    state.silent = true;
    state.desk.store(3, [2]);
    const [{ number, command }] = state.evaluate(0);
    assert.deepEqual(command, { kind: 'code', code: 2, arg: 0, from: 0, refused: true });
    const answer = () => [state.render(show).commandAck, state.render(show).commandStatus];
    assert.deepEqual(answer(), [2, 3]);
    state.apply({ ...before, commandAck: 2, commandStatus: 3 }, number);
    assert.deepEqual(answer(), [2, 3]);
  });

  it('does not grow without limit: beyond it triggers are still refused and counted', () => {
    const state = new StationState(before);
    state.silent = true;
    for (let id = 1; id <= 3000; id++) {
      state.desk.store(0, [id]);
      state.evaluate(0);
    }
    assert.deepEqual(rejected(state), [3000, hung, 3004]);
    state.apply({ ...before, counters: { ...own.counters, missed: 1004 } }, 1000);
    assert.equal(state.render(show).counters.missed, 3004);
  });
});

describe('the PLC’s own heartbeat', () => {
  it('is told where it stands still and where it counts again, and is no business where a PLC has none', () => {
    const state = new StationState(makeSnapshot(null));
    const kinds = (handed: { command: PlcCommand }[]) => handed.map(({ command }) => command);
    assert.deepEqual(state.tick(10_000), []);
    const beat = (count: number, now: number) => {
      state.desk.store(5, [count]);
      return kinds(state.evaluate(now));
    };
    assert.deepEqual(beat(1, 10_000), [{ kind: 'watchdog', alive: true }]);
    assert.deepEqual(beat(2, 11_000), []);
    assert.deepEqual(kinds(state.tick(13_000)), []);
    assert.deepEqual(kinds(state.tick(13_001)), [{ kind: 'watchdog', alive: false }]);
    assert.deepEqual(kinds(state.tick(20_000)), []);
    assert.deepEqual(beat(3, 21_000), [{ kind: 'watchdog', alive: true }]);
  });
});
