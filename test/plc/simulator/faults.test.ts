import assert from 'node:assert/strict';
import { faultNames, type SimulatedFault } from '../../../lib/plc/simulator/faults.ts';
import { Rehearsal } from '../../../nodes/rehearsal.ts';
import { until } from '../../kit/until.ts';
import { TestLine } from './line.ts';

/** The blocks' own fault that must be seen, or what else shows it; null: nothing is wrong for the blocks, the station says it. */
const shows: Record<SimulatedFault, RegExp | null> = {
  'ejector-sticks': /^708$/,
  'confirmation-dead': /^708$/,
  'bin-full': /^710$/,
  'encoder-stops': /^702$/,
  'cycle-stalls': /^cycle stalls$/,
  'cable-pulled': /^601$/,
  'heartbeat-frozen': /^604$/,
  'wrong-recipe': null,
  'acknowledgements-withheld': null,
  'double-part': /^705$/,
  'missed-pulse': /^702$/,
  'extra-pulse': /^703$/,
  'plc-restart': /^restarted$/,
};
/** The line must stand, until somebody has cleared and reset it. */
const stops: SimulatedFault[] = [
  ...(['ejector-sticks', 'confirmation-dead', 'bin-full', 'encoder-stops'] as const),
  ...(['cycle-stalls', 'missed-pulse', 'plc-restart'] as const),
];

describe('a fault on the simulated line', function () {
  this.timeout(90_000);
  let rehearsal: Rehearsal;
  let test: TestLine;

  before(async () => {
    rehearsal = await Rehearsal.open({ engineMs: { from: 60, to: 250 }, deadlineMs: 500 });
    test = new TestLine(rehearsal, 'modbus', { partsPerMinute: 480, pitch: 1 });
    await test.start();
    await recovers();
  });

  after(async () => {
    await test?.line.stop();
    await rehearsal?.close();
  });

  const good = () => test.line.totals().goodBox.right;

  /** Parts reach the good box again, the operator helping where the line stands. */
  async function recovers(): Promise<void> {
    const from = good();
    await until(
      'accepted parts reach the good box again',
      () => {
        const state = test.line.state();
        if (state.stands === 'fault' || state.stands === 'restarted') test.line.reset();
        return good() >= from + 4;
      },
      { timeoutMs: 40_000, everyMs: 200 },
    ).catch((error: Error) => {
      throw new Error(`${error.message} ${JSON.stringify(test.line.state())}`);
    });
  }

  /** Nothing un-proven may have reached the good box, whatever happened. */
  function safe(): void {
    const { totals } = test.line.state();
    assert.deepEqual(
      test.records.flatMap((record) => rehearsal.contradictions(record, { faulty: true })),
      [],
    );
    assert.deepEqual([totals.goodBox.wrong, totals.lost, totals.doubleResults], [0, 0, 0], JSON.stringify(totals));
  }

  for (const name of faultNames) {
    it(`${name}: is noticed${stops.includes(name) ? ', stops the line' : ''}, lets nothing un-proven pass, and goes by`, async () => {
      const before = test.line.totals();
      test.line.fault(name, true);
      const pattern = shows[name];
      if (pattern !== null) {
        await until(`${name} shows`, () => {
          const { plc, stands } = test.line.state();
          return [...plc.faults.map(({ code }) => `${code}`), stands ?? ''].some((text) => pattern.test(text));
        });
      } else if (name === 'wrong-recipe') {
        const invalid = () => test.records.some(({ verdict, part }) => verdict === 'invalid' && part > before.entered);
        await until('parts are not inspected', invalid);
      } else {
        await until('the station takes no more parts', () => test.line.totals().notTriggered > before.notTriggered);
        assert.equal(rehearsal.station.snapshot().status.ready, false);
      }
      if (stops.includes(name)) await until('the line stands', () => !test.line.state().moving);
      test.line.fault(name, false);
      await recovers();
      safe();
    });
  }

  it('that nobody has asked for leaves no part unaccounted', () => {
    const { entered, onBelt, goodBox, rejectBin, byHand, lost } = test.line.totals();
    assert.equal(lost, 0);
    assert.equal(entered, onBelt + goodBox.right + goodBox.wrong + rejectBin.right + rejectBin.wrong + byHand);
    assert.equal(test.records.length, entered - onBelt);
  });
});
