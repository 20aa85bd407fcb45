import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type TrackInput, trackDefaults } from '../../../lib/plc/reference/track-io.ts';
import { StationBench } from './station-bench.ts';
import { TrackTrio } from './track-trio.ts';
import { WireStation } from './wire-station.ts';

const verdicts = ['pass', 'warn', 'fail', 'invalid'] as const;

/** What may happen in one cycle of a PLC and its station; most cycles are quiet. */
const happening = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('trigger' as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('accept' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      verdict: fc.constantFrom(...verdicts),
      warn: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('stranger' as const), triggerId: fc.integer({ min: 0, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('linkDown' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), bootId: fc.integer({ min: 1, max: 65_535 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heart' as const), beats: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('torn' as const), from: fc.integer({ min: 20, max: 80 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('writes' as const), writes: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('command' as const), code: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const), status: fc.integer({ min: 0, max: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('disposition' as const), triggerId: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shadow' as const), mode: fc.constantFrom(2, 3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 100, max: 3000 }) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** Lets it happen, and calls the three blocks. */
function happen(bench: StationBench, event: Happening): void {
  const { station } = bench;
  const { triggerId } = bench.written;
  switch (event.kind) {
    case 'trigger':
      bench.cycle({ trigger: true });
      return;
    case 'accept':
      if (triggerId !== 0) station.accept(triggerId);
      break;
    case 'refuse':
      if (triggerId !== 0) station.refuse(triggerId);
      break;
    case 'publish': {
      const { pending, pendingCount } = bench.trio.memory;
      const open = pending.slice(0, pendingCount).find(({ state }) => state === 2);
      station.publish(open?.triggerId ?? 0, event.verdict, event.verdict === 'warn' ? { accept: event.warn } : {});
      break;
    }
    case 'stranger':
      station.publish(event.triggerId);
      break;
    case 'linkDown':
      bench.cycle({ linkOk: false });
      return;
    case 'restart':
      station.set({ bootId: event.bootId, acceptedTrigger: 0, rejectedTrigger: 0, open: 0, ring: [], result: null });
      break;
    case 'heart':
      bench.beats = event.beats;
      break;
    case 'torn': {
      const old = station.words();
      bench.torn = ({ registers, ring }) => ({
        registers: [...old.registers.slice(0, event.from), ...registers.slice(event.from)],
        ring,
      });
      bench.run(50);
      bench.torn = null;
      return;
    }
    case 'writes':
      bench.writes = event.writes;
      break;
    case 'command':
      bench.cycle({ commandStart: true, commandCode: event.code });
      return;
    case 'answer':
      station.command = event.status === 0 ? { ack: 0, status: 0 } : { ack: bench.written.code, status: event.status };
      break;
    case 'disposition':
      bench.cycle({ dispositionTrigger: event.triggerId, dispositionCode: 1 });
      return;
    case 'shadow':
      station.set({ mode: event.mode });
      break;
    case 'reset':
      bench.cycle({ faultReset: true });
      return;
    case 'wait':
      bench.run(event.ms);
      return;
  }
  bench.cycle();
}

const trackCycle = fc.record({
  after: fc.integer({ min: 1, max: 120 }),
  tick: fc.boolean(),
  moving: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  partSensor: fc.boolean(),
  checkSensor: fc.boolean(),
  ejectSensor: fc.boolean(),
  binFull: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  reset: fc.boolean(),
  allReject: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  issued: fc.boolean(),
  issuedTriggerId: fc.integer({ min: 1, max: 12 }),
  notIssued: fc.boolean(),
  refused: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  refusedTriggerId: fc.integer({ min: 0, max: 12 }),
  newResult: fc.boolean(),
  resultTriggerId: fc.integer({ min: 0, max: 12 }),
  resultAccept: fc.boolean(),
  dispositionReady: fc.boolean(),
});

const trackParameters = fc.record({
  slotCount: fc.constantFrom(8, 8, 8, 64, 2),
  triggerPosition: fc.integer({ min: 1, max: 3 }),
  ejectPosition: fc.integer({ min: 3, max: 7 }),
  checkPosition: fc.constantFrom(0, 0, 2),
  ejectPulseMs: fc.integer({ min: 1, max: 90 }),
  confirmMs: fc.constantFrom(0, 40, 300),
  confirmTicks: fc.constantFrom(0, 0, 2),
  tickMinMs: fc.constantFrom(0, 0, 30),
  tickMaxMs: fc.constantFrom(0, 0, 400),
});

describe('the reference, TIA and CODESYS', () => {
  it('put out the same in every cycle, whatever a station does', function () {
    this.timeout(120_000);
    const start = fc.record({
      now: fc.constantFrom(0, 1000, 2 ** 31 - 1500, 2 ** 32 - 1500),
      lastSequence: fc.constantFrom(0, 9, 65_532),
      acceptedTrigger: fc.constantFrom(0, 5, 65_533),
      ackResults: fc.boolean(),
      warnAccepts: fc.boolean(),
    });
    const property = fc.property(start, fc.array(happening, { minLength: 20, maxLength: 60 }), (from, events) => {
      const { now, lastSequence, acceptedTrigger, ackResults, warnAccepts } = from;
      const bench = new StationBench(new WireStation({ lastSequence, acceptedTrigger, deadlineMs: 600 }), now);
      bench.inputs = { ackResults, warnAccepts, heartbeatLimitMs: 1500, answerLimitMs: 400, commandLimitMs: 700 };
      bench.settle();
      for (const event of events) happen(bench, event);
      assert.ok(bench.out.inFlight <= 8);
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('put out the same in every cycle, whatever a line does', function () {
    this.timeout(120_000);
    const cycles = fc.array(trackCycle, { minLength: 30, maxLength: 150 });
    const property = fc.property(
      trackParameters,
      cycles,
      fc.constantFrom(1000, 2 ** 32 - 500),
      (parameters, list, from) => {
        const trio = new TrackTrio();
        let nowMs = from;
        for (const { after, ...cycle } of list) {
          nowMs = (nowMs + after) % 2 ** 32;
          const input: TrackInput = { ...trackDefaults, ...parameters, ...cycle, nowMs };
          trio.call(input);
        }
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});
