import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { Inspection, Roi } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import { fixedHere, frame, openRig, type Rig, request, score } from './kit.ts';

/** What the test itself knows of an accepted trigger, to judge the station by. */
interface Known {
  id: string;
  sequence: number;
  at: number;
  deadline: number;
  boot: number;
  fresh: boolean;
  usable: boolean;
  value: number;
}

/** Mostly one of the newest; sometimes one that is long closed. */
const pick = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 2 }) }, fc.integer({ min: 3, max: 9 }));
const value = fc.constantFrom(0, 0, 0.5, 1, 1.5, 2, 5, Number.NaN, Number.POSITIVE_INFINITY);
const hole = fc.constantFrom(false, false, false, false, true);
const mostly = fc.constantFrom(true, true, true, true, false);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      id: fc.integer({ min: 0, max: 4 }),
      age: fc.constantFrom(0, 0, 30),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('frame' as const), of: pick, age: fc.constantFrom(0, 0, 0, 0, 200) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('score' as const), of: pick, value, hole }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('judge' as const), of: pick, final: mostly, fixed: mostly }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('inspect' as const),
      of: pick,
      value,
      hole,
      age: fc.constantFrom(0, 0, 0, 0, 200),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), of: pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), of: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate' as const), of: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('output' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 20, 90, 300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('late' as const), ms: fc.constantFrom(50, 700) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), settled: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const maxOpen = 3;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A station that is crashed and opened again; everything it says is checked as it says it. */
class Run {
  rig!: Rig;
  boot = 0;
  detach: (() => void) | null = null;
  readonly known: Known[] = [];
  readonly closed: { inspection: Inspection; at: number; boot: number }[] = [];
  /** Accepted, and lost with a killed process before the disk had it. */
  readonly forgotten = new Set<string>();
  /** Closed, but the disk did not have it when the process was killed. */
  readonly twice = new Set<string>();
  /** Clock moved without the timers: closing may come late by this instant. */
  lateUntil = 0;

  async open(parts: Parameters<typeof openRig>[1] = {}): Promise<void> {
    this.boot += 1;
    this.detach = null;
    this.rig = await openRig({ maxOpen }, parts);
    const boot = this.boot;
    this.rig.station.on('closed', (inspection: Inspection) => {
      if (this.boot === boot) this.closed.push({ inspection, at: this.rig.time.clock.mono(), boot });
    });
    await turn();
  }

  one(of: number): Known | undefined {
    return this.known.at(-1 - of);
  }

  async do(step: Step): Promise<void> {
    const { station, time } = this.rig;
    if (step.do === 'accept') return this.accept(step.id, step.age);
    if (step.do === 'pass') return time.pass(step.ms);
    if (step.do === 'late') {
      time.clock.advance(step.ms);
      this.lateUntil = time.clock.mono();
      return;
    }
    if (step.do === 'output') {
      this.detach?.();
      this.detach = this.detach === null ? station.attachOutput() : null;
      return;
    }
    if (step.do === 'restart' || step.do === 'crash') {
      if (step.do === 'restart') await station.close();
      else if (step.settled) await station.settled();
      const { disk } = this.rig;
      const settled = step.do === 'restart' || step.settled;
      const done = new Set(this.closed.map(({ inspection }) => inspection.id));
      const open = this.known.filter((one) => !done.has(one.id) && !this.forgotten.has(one.id));
      await this.open({ time, disk: disk.afterCrash() });
      const told = new Set(this.rig.station.closedAtStart.map((inspection) => inspection.id));
      // Only what was not yet handed to the disk in the very moment of the crash may be unknown to the next start.
      for (const one of open) if (!told.has(one.id)) this.forgotten.add(one.id);
      for (const id of told) if (done.has(id)) this.twice.add(id);
      if (settled) {
        assert.ok(
          open.every((one) => told.has(one.id)),
          'what was open is closed by the next start',
        );
        assert.ok(
          [...told].every((id) => !done.has(id)),
          'what was closed is not closed again',
        );
      }
      return;
    }
    if (step.do === 'inspect') {
      // The usual course, so that random order does not spoil every part.
      const { of, age, value, hole } = step;
      await this.do({ do: 'frame', of, age });
      await this.do({ do: 'score', of, value, hole });
      await this.do({ do: 'judge', of, final: true, fixed: true });
      return;
    }
    const one = this.one(step.of);
    if (one === undefined) return;
    try {
      if (step.do === 'frame') {
        const taken = station.addFrame(one.id, 'main', frame(time, step.age), 'cam');
        if (taken) one.fresh = time.clock.mono() - step.age >= one.at;
      } else if (step.do === 'score') {
        const cells = Float32Array.of(step.value, step.hole ? Number.NaN : 0, 0, 0);
        const given = score(step.value, { map: AnomalyMap.from(2, 2, cells) });
        if (station.addScore(one.id, 'main', given)) {
          one.usable = Number.isFinite(step.value) && !step.hole;
          one.value = step.value;
        }
      } else if (step.do === 'judge') {
        const rois: Roi[] | undefined = step.fixed ? fixedHere : undefined;
        station.judgeView(one.id, 'main', { final: step.final, rois, overrideBy: 'test' });
      } else if (step.do === 'publish') station.publish(one.id);
      else if (step.do === 'fail') station.failView(one.id, 'main', reason('cameraLost'));
      else station.invalidate(one.id, reason('flowError'));
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'GP_STATION_UNKNOWN_INSPECTION');
    }
  }

  accept(triggerId: number, age: number): void {
    const { station, time } = this.rig;
    const before = station.snapshot();
    const answer = station.accept(request(time, { triggerId, at: time.clock.mono() - age }));
    if (answer.refused) {
      assert.equal(station.snapshot().counters.missed, before.counters.missed + 1);
      return;
    }
    const { id, sequence, trigger, deadline } = answer.inspection;
    const last = this.known.at(-1);
    if (last !== undefined && last.boot === this.boot) assert.equal(sequence, last.sequence + 1);
    else if (last !== undefined) assert.ok(sequence > last.sequence, `${sequence} after ${last.sequence}`);
    this.known.push({
      id,
      sequence,
      at: trigger.at,
      deadline,
      boot: this.boot,
      fresh: false,
      usable: false,
      value: Number.NaN,
    });
  }

  check(): void {
    const snapshot = this.rig.station.snapshot();
    assert.ok(snapshot.open <= maxOpen);
    const { total, pass, warn, fail, invalid } = snapshot.counters;
    assert.equal(total, pass + warn + fail + invalid);
    assert.equal(snapshot.status.busy, snapshot.open > 0);
    checkSnapshot(snapshot);
  }

  finish(): void {
    const seen = new Map<string, number>();
    for (const { inspection } of this.closed) seen.set(inspection.id, (seen.get(inspection.id) ?? 0) + 1);
    for (const one of this.known) {
      const expected = this.forgotten.has(one.id) ? 0 : this.twice.has(one.id) ? 2 : 1;
      assert.equal(seen.get(one.id) ?? 0, expected, `sequence ${one.sequence} closed`);
    }
    assert.equal(seen.size, this.known.length - this.forgotten.size);
    const again = ({ inspection }: { inspection: Inspection }) =>
      this.twice.has(inspection.id) && inspection.reasons[0]?.key === 'restarted';
    const order = this.closed.filter((one) => !again(one)).map(({ inspection }) => inspection.sequence);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      'results in trigger order',
    );
    for (const { inspection, at, boot } of this.closed) {
      const one = this.known.find((known) => known.id === inspection.id)!;
      assert.equal(inspection.state, 'published');
      if (boot === one.boot) assert.ok(at <= Math.max(one.deadline, this.lateUntil), 'closed by its deadline');
      if (at > one.deadline && boot === one.boot) assert.equal(inspection.verdict, 'invalid');
      if (boot !== one.boot) assert.equal(inspection.reasons[0].key, 'restarted');
      const inspected = one.fresh && one.usable && boot === one.boot;
      if (inspection.verdict === 'pass') assert.ok(inspected && one.value <= 1, 'law 2');
      if (inspection.verdict === 'warn') assert.ok(inspected && one.value > 1 && one.value <= 2);
      if (inspection.verdict === 'fail') assert.ok(inspected && one.value > 2);
      if (inspection.verdict === 'invalid') assert.ok(inspection.reasons.length > 0 && !inspection.accept);
    }
  }
}

function checkSnapshot(snapshot: StationSnapshot): void {
  assert.ok(snapshot.ring.length <= 8);
  assert.equal(snapshot.openTriggers.length, snapshot.open);
  assert.equal(snapshot.status.ready, snapshot.notReadyReason === 0);
  if (snapshot.result !== null) assert.equal(snapshot.ring[0].sequence, snapshot.result.sequence);
}

describe('station: whatever happens, in whatever order', () => {
  it('gives every accepted trigger exactly one verdict by its deadline, in order, and passes only what was inspected', async () => {
    let passes = 0;
    let crashes = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 90 }), fc.boolean(), async (steps, output) => {
        const run = new Run();
        await run.open();
        if (output) run.detach = run.rig.station.attachOutput();
        for (const one of steps) {
          await run.do(one);
          run.check();
        }
        run.rig.time.pass(10_000);
        run.check();
        assert.equal(run.rig.station.snapshot().open, 0);
        run.finish();
        passes += run.closed.filter(({ inspection }) => inspection.verdict === 'pass').length;
        crashes += run.boot - 1;
      }),
      { numRuns: 800 },
    );
    assert.ok(passes > 50 && crashes > 100, `${passes} passes and ${crashes} restarts were tried`);
  });

  it('counts every closed inspection once, over crashes too', async () => {
    const rig = await openRig();
    let verdicts = 0;
    let current = rig;
    for (let boot = 0; boot < 5; boot++) {
      for (let i = 0; i < 4; i++) {
        const answer = current.station.accept(request(current.time));
        assert.equal(answer.refused, false);
        if (i % 2 === 0) current.time.pass(600);
        verdicts += 1;
      }
      await current.station.settled();
      current = await openRig({}, { time: current.time, disk: current.disk.afterCrash() });
      const { total, invalid } = current.station.snapshot().counters;
      assert.deepEqual([total, invalid], [verdicts, verdicts]);
    }
  });
});
