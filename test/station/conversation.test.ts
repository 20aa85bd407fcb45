import assert from 'node:assert/strict';
import type { PlcCommand } from '../../lib/core/commands.ts';
import type { Inspection, TriggerRequest } from '../../lib/core/inspection.ts';
import type { Refusal } from '../../lib/core/snapshot.ts';
import type { StationOptions } from '../../lib/station/options.ts';
import type { DispositionReport } from '../../lib/station/station-conversation.ts';
import { draft, inspect, type MemoryDisk, openRig, type Rig } from './kit.ts';

interface Line extends Rig {
  accepted: Inspection[];
  turnedAway: { request: TriggerRequest; refusal: Refusal }[];
  reported: DispositionReport[];
  ask(command: PlcCommand): void;
  trigger(triggerId: number, more?: { partId?: string; expectedRecipe?: number }): void;
  command(code: number, arg?: number): [ack: number, status: number];
}

/** A station with a trigger node that takes what the PLC asks for. */
async function openLine(options: Partial<StationOptions> = {}, disk?: MemoryDisk, taken = true): Promise<Line> {
  const rig = await openRig(options, disk && { disk });
  const { station, time } = rig;
  const line: Line = {
    ...{ ...rig, accepted: [], turnedAway: [], reported: [] },
    ask: (command) => station.obey(command, time.clock.mono()),
    trigger: (triggerId, { partId = `P${triggerId}`, expectedRecipe = 0 } = {}) =>
      line.ask({ kind: 'trigger', triggerId, partId, expectedRecipe }),
    command: (code, arg = 0) => {
      line.ask({ kind: 'code', code, arg, from: 0 });
      const { commandAck, commandStatus } = station.snapshot();
      line.ask({ kind: 'code', code: 0, arg, from: code });
      return [commandAck, commandStatus];
    },
  };
  station.on('disposition', (report: DispositionReport) => line.reported.push(report));
  if (taken) {
    station.takeTriggers({
      accepted: (inspection) => line.accepted.push(inspection),
      refused: (request, refusal) => line.turnedAway.push({ request, refusal }),
    });
  }
  return line;
}

/** Trigger, picture, verdict: the part is closed. */
function part(line: Line, triggerId: number): void {
  line.trigger(triggerId);
  inspect(line, line.accepted.at(-1)?.id ?? '', 0);
}

const done = 2;
const refused = 3;

describe('a station that a PLC talks to', () => {
  it('takes a trigger with part id and recipe, echoes it, and hands it to the flow', async () => {
    const line = await openLine();
    await line.station.recipes.save(draft(line.station));
    line.station.recipes.activate(1);
    line.trigger(17, { partId: 'Zähler 7', expectedRecipe: 1 });
    const [{ part: known, trigger, verdict }] = line.accepted;
    assert.deepEqual([known.id, trigger.triggerId, trigger.source, verdict], ['Zähler 7', 17, 'plc', null]);
    const { acceptedTrigger, status, seen } = line.station.snapshot();
    assert.deepEqual([acceptedTrigger, status.busy, seen.triggerId], [17, true, 17]);
  });

  it('calls a part of another recipe invalid at once', async () => {
    const line = await openLine();
    line.trigger(17, { expectedRecipe: 3 });
    assert.equal(line.closed[0].reasons[0].key, 'wrongRecipe');
    assert.equal(line.station.snapshot().result?.triggerId, 17);
  });

  const refusals: [string, string, (line: Line) => void][] = [
    ['offline', 'offline', ({ station }) => station.setMode('offline', 'anna', '')],
    ['in commissioning', 'commissioning', ({ station }) => station.setMode('commissioning', 'anna', '')],
    ['with a lost camera', 'cameraNotReady', ({ station }) => station.setHealth('cam', 'camera', false, 101, 'lost')],
    [
      'with too many open',
      'tooManyOpen',
      (line) => {
        for (const id of [1, 2, 3]) line.trigger(id);
      },
    ],
  ];
  for (const [when, key, spoil] of refusals) {
    it(`refuses ${when}: reason and Missed at once, no Sequence used, the flow is told`, async () => {
      const line = await openLine();
      spoil(line);
      const { lastSequence, counters, openTriggers } = line.station.snapshot();
      line.trigger(99);
      const after = line.station.snapshot();
      assert.equal(line.turnedAway.at(-1)?.refusal.reason, key);
      assert.equal(line.refused.at(-1)?.request.triggerId, 99);
      assert.deepEqual([after.rejectedTrigger, after.counters.missed], [99, counters.missed + 1]);
      assert.notEqual(after.rejectedReason, 0);
      assert.deepEqual([after.lastSequence, after.openTriggers.length], [lastSequence, openTriggers.length]);
    });
  }

  it('refuses where no trigger node takes its triggers, and where one failed the next part is not lost', async () => {
    const line = await openLine({}, undefined, false);
    line.trigger(1);
    assert.match(line.refused[0].refusal.text, /no trigger node/);
    let broken = true;
    const giveBack = line.station.takeTriggers({
      accepted: (inspection) => {
        if (broken) throw new Error('a node threw');
        line.accepted.push(inspection);
      },
      refused: () => {},
    });
    assert.equal(line.station.takeTriggers({ accepted: () => {}, refused: () => {} }), null, 'one only');
    line.trigger(2);
    assert.deepEqual([line.closed[0].verdict, line.closed[0].reasons[0].key], ['invalid', 'flowError']);
    broken = false;
    line.trigger(3);
    assert.equal(line.accepted[0].trigger.triggerId, 3);
    giveBack?.();
    line.trigger(4);
    assert.equal(line.refused.length, 2);
  });

  it('takes a trigger id again only when it is neither open nor the previous one, or after going online', async () => {
    const line = await openLine();
    const ids = () => line.accepted.map(({ trigger }) => trigger.triggerId);
    part(line, 65_535);
    part(line, 1);
    line.trigger(1);
    assert.equal(line.turnedAway[0].refusal.reason, 'duplicateTrigger');
    part(line, 65_535);
    line.command(2);
    line.command(1);
    line.trigger(65_535);
    assert.deepEqual(ids(), [65_535, 1, 65_535, 65_535]);
  });

  it('numbers triggers itself in simple mode', async () => {
    const line = await openLine();
    part(line, 65_535);
    line.trigger(0);
    line.trigger(0);
    assert.deepEqual(
      line.accepted.map(({ trigger }) => trigger.triggerId),
      [65_535, 1, 2],
    );
  });

  it('cancels what the PLC process has refused meanwhile: invalid, never a pass, and counted as missed', async () => {
    const line = await openLine();
    line.trigger(5);
    line.ask({ kind: 'cancelled', triggerId: 5 });
    assert.deepEqual([line.closed[0].verdict, line.closed[0].reasons[0].key], ['invalid', 'stationHung']);
    assert.equal(line.station.snapshot().counters.missed, 1);
    line.ask({ kind: 'cancelled', triggerId: 6 });
    line.ask({ kind: 'trigger', triggerId: 7, partId: '', expectedRecipe: 0, refused: 34 });
    assert.equal(line.turnedAway[0].refusal.reason, 'stationHung');
    assert.equal(line.station.snapshot().counters.missed, 2);
  });
});

describe('results that a PLC takes', () => {
  it('never leave the ring before, and a full ring makes the station not ready', async () => {
    const line = await openLine({ acknowledged: true, maxOpen: 3 });
    for (let id = 1; id <= 8; id++) part(line, id);
    const full = line.station.snapshot();
    assert.deepEqual([full.status.ready, full.notReadyReason, line.station.credit()], [false, 64, 0]);
    line.trigger(9);
    assert.equal(line.turnedAway[0].refusal.reason, 'ringFull');
    const oldest = full.ring.at(-1)?.sequence ?? 0;
    line.ask({ kind: 'acknowledge', sequence: oldest });
    assert.equal(line.station.credit(), 1);
    line.trigger(10);
    line.trigger(11);
    assert.equal(line.turnedAway.at(-1)?.refusal.reason, 'ringFull', 'what is open needs a place as well');
    line.ask({ kind: 'acknowledge', sequence: full.ring[0].sequence });
    assert.equal(line.station.credit(), 2);
    assert.deepEqual([full.status.overrun, full.counters.resultsOverrun], [false, 0]);
  });

  it('are not taken by a number that no waiting result has', async () => {
    const line = await openLine({ acknowledged: true });
    for (let id = 1; id <= 8; id++) part(line, id);
    for (const sequence of [0, 9, 4711]) line.ask({ kind: 'acknowledge', sequence });
    assert.equal(line.station.credit(), 0);
  });

  it('are counted as overrun where the PLC takes some but is not waited for, until it is up to date', async () => {
    const line = await openLine();
    for (let id = 1; id <= 12; id++) part(line, id);
    assert.equal(line.station.snapshot().counters.resultsOverrun, 0, 'a PLC that takes none does not want to');
    line.ask({ kind: 'acknowledge', sequence: line.station.snapshot().ring[0].sequence });
    for (let id = 13; id <= 22; id++) part(line, id);
    const { status, counters, ring } = line.station.snapshot();
    assert.deepEqual([status.overrun, counters.resultsOverrun], [true, 2]);
    line.ask({ kind: 'acknowledge', sequence: ring[0].sequence });
    assert.equal(line.station.snapshot().status.overrun, false);
  });
});

describe('a slow command', () => {
  it('is echoed with what became of it, and idle again with the PLC', async () => {
    const line = await openLine();
    assert.deepEqual(line.command(2), [2, done]);
    assert.equal(line.station.mode, 'offline');
    const { commandAck, commandStatus } = line.station.snapshot();
    assert.deepEqual([commandAck, commandStatus], [0, 0]);
    assert.deepEqual(line.command(1), [1, done]);
    assert.equal(line.station.mode, 'run');
  });

  it('selects a recipe that exists, resets alarm and counters, acknowledges faults', async () => {
    const line = await openLine();
    await line.station.recipes.save(draft(line.station, { number: 4 }));
    assert.deepEqual(line.command(3, 9), [3, refused]);
    assert.deepEqual(line.command(3, 4), [3, done]);
    assert.equal(line.station.snapshot().activeRecipe, 4);
    line.station.latchAlarm(7, 'three in a row');
    assert.deepEqual(line.command(5), [5, done]);
    assert.equal(line.station.alarm, null);
    part(line, 1);
    assert.deepEqual(line.command(6), [6, done]);
    assert.equal(line.station.snapshot().counters.total, 0);
    assert.deepEqual(line.command(4), [4, done]);
  });

  for (const code of [1, 2, 3, 5, 6, 7]) {
    it(`${code} is refused while a person holds the station in commissioning`, async () => {
      const line = await openLine();
      line.station.setMode('commissioning', 'anna', '');
      assert.deepEqual(line.command(code, 1), [code, refused]);
      assert.equal(line.station.mode, 'commissioning');
    });
  }

  it('is refused where it is unknown or did not begin at 0, never left without an answer', async () => {
    const line = await openLine();
    assert.deepEqual(line.command(9), [9, refused]);
    line.ask({ kind: 'code', code: 2, arg: 0, from: 6 });
    const { commandAck, commandStatus, mode } = line.station.snapshot();
    assert.deepEqual([commandAck, commandStatus, mode], [2, refused, 3]);
  });

  it('brings back shadow where a person had chosen it: a PLC makes no station tell verdicts', async () => {
    const line = await openLine();
    line.station.setMode('shadow', 'anna', 'trial');
    line.command(2);
    line.command(1);
    assert.equal(line.station.mode, 'shadow');
  });

  it('keeps challenge parts out of the counters until it ends, and says so in their inspections', async () => {
    const line = await openLine();
    assert.deepEqual(line.command(7, 0), [7, refused]);
    assert.deepEqual(line.command(7, 3), [7, done]);
    part(line, 1);
    assert.deepEqual([line.closed[0].challenge, line.closed[0].verdict], [3, 'pass']);
    assert.equal(line.station.snapshot().counters.total, 0);
    assert.equal(line.station.snapshot().result?.triggerId, 1, 'its result is told like those of ordinary parts');
    assert.deepEqual(line.command(8), [8, done]);
    part(line, 2);
    assert.deepEqual([line.closed[1].challenge, line.station.snapshot().counters.total], [0, 1]);
    line.command(7, 3);
    line.command(2);
    line.command(1);
    part(line, 3);
    assert.equal(line.closed[2].challenge, 0, 'offline ends it');
  });
});

describe('what became of a part', () => {
  it('is joined to its inspection by the trigger id, over a restart too', async () => {
    const line = await openLine();
    part(line, 65_535);
    part(line, 1);
    line.ask({ kind: 'disposition', triggerId: 65_535, code: 2 });
    const [{ id, sequence }] = line.closed;
    assert.deepEqual([line.reported[0].id, line.reported[0].sequence], [id, sequence]);
    assert.equal(line.reported[0].disposition, 'ejected');
    await line.station.settled();
    const again = await openLine({}, line.disk.afterCrash());
    again.ask({ kind: 'disposition', triggerId: 1, code: 5 });
    assert.deepEqual([again.reported[0].id, again.reported[0].disposition], [line.closed[1].id, 'ejectFailed']);
  });

  it('is trouble, and nothing else, where the part or the code is unknown or the part still open', async () => {
    const line = await openLine();
    const trouble: string[] = [];
    line.station.on('trouble', ({ message }: Error) => trouble.push(message));
    line.trigger(4);
    for (const [triggerId, code] of [
      [9, 1],
      [4, 1],
      [4, 9],
    ])
      line.ask({ kind: 'disposition', triggerId, code });
    assert.equal(line.reported.length, 0);
    assert.equal(trouble.length, 3);
    assert.match(trouble[0], /became of trigger 9 \(code 1\), expected one of the last parts/);
  });
});

describe('what stood in the command block at a restart', () => {
  it('is known again, after a crash as well, and a command that was running counts as failed', async () => {
    const line = await openLine();
    part(line, 8);
    line.trigger(9);
    line.ask({ kind: 'code', code: 2, arg: 0, from: 0 });
    line.ask({ kind: 'disposition', triggerId: 8, code: 1 });
    await line.station.settled();
    const { seen, acceptedTrigger, commandAck, commandStatus } = (
      await openLine({}, line.disk.afterCrash())
    ).station.snapshot();
    assert.deepEqual(seen, { triggerId: 9, code: 2, dispositionTrigger: 8, dispositionCode: 1 });
    assert.deepEqual([acceptedTrigger, commandAck, commandStatus], [9, 2, done]);
  });

  it('shows as a condition where the PLC’s own heartbeat stands still', async () => {
    const line = await openLine();
    line.ask({ kind: 'watchdog', alive: false });
    assert.match(line.station.conditions()[0].text, /heartbeat/);
    assert.equal(line.station.snapshot().ne107, 3);
    line.ask({ kind: 'watchdog', alive: true });
    assert.deepEqual(line.station.conditions(), []);
  });
});
