import assert from 'node:assert/strict';
import { Rehearsal } from '../../../nodes/rehearsal.ts';
import { until } from '../../kit/until.ts';
import { TestLine } from './line.ts';

describe('a simulated PLC before a real station', function () {
  this.timeout(180_000);
  let rehearsal: Rehearsal;
  let line: TestLine;

  afterEach(async () => {
    await line?.line.stop();
    await rehearsal?.close();
  });

  function check(parts: number): void {
    const { totals } = line.line.state();
    const summary = JSON.stringify(totals);
    const wrong = line.records.flatMap((record) => rehearsal.contradictions(record, { faulty: true }));
    assert.deepEqual(wrong, []);
    assert.equal(line.records.length, parts);
    assert.equal(totals.goodBox.wrong, 0, summary);
    assert.deepEqual([totals.lost, totals.doubleResults, totals.mixedUp, totals.byHand], [0, 0, 0, 0], summary);
    assert.equal(rehearsal.closedTwice, 0);
    // what was accepted, and its own PLC knew in time, is in the good box
    for (const { id, accept, decision, end } of line.records) {
      if (decision === 'accept') assert.deepEqual([id, accept, end], [id, true, 'good box']);
    }
    // a machine that is too slow triggers fewer parts and blows off the rest
    assert.ok(totals.goodBox.right > 0 && totals.rejectBin.right > 0, summary);
  }

  it('sorts 80 parts over Modbus with up to three in flight: none lost, none double, none in the wrong box', async () => {
    rehearsal = await Rehearsal.open({ engineMs: { from: 100, to: 350 }, deadlineMs: 600 });
    line = new TestLine(rehearsal, 'modbus', { partsPerMinute: 480, pitch: 1, parts: 80 });
    await line.start();
    await line.allParts(90_000);
    check(80);
    assert.ok(rehearsal.mostOpen >= 2, `${rehearsal.mostOpen} in flight`);
  });

  it('sorts 24 parts over OPC UA, signed and encrypted, in the same way', async () => {
    rehearsal = await Rehearsal.open({ opcua: true, engineMs: { from: 60, to: 300 }, deadlineMs: 600 });
    const open = () => rehearsal.link.endpointState('opcua')?.state === 'open';
    await until('the OPC UA server is open', open, { timeoutMs: 60_000 });
    line = new TestLine(rehearsal, 'opcua', { partsPerMinute: 120, pitch: 2, parts: 24, marginMs: 600 });
    line.line.start();
    await until('its certificate waits to be let in', () => /trust/.test(line.line.state().link.text), {
      timeoutMs: 60_000,
    });
    rehearsal.trustClients();
    line.line.run(false);
    await until('the blocks believe the station', () => !line.line.state().plc.allReject, { timeoutMs: 60_000 });
    line.line.run(true);
    await line.allParts(120_000);
    check(24);
  });
});
