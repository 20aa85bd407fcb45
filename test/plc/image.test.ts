import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Verdict } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import { type HostCondition, type ImageInput, renderTags } from '../../lib/plc/image.ts';
import { encodeRegisters } from '../../lib/plc/registers.ts';
import { StationState } from '../../lib/plc/station-state.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const noCommand = { ack: 0, status: 0, rejected: null, missed: 0, registers: new Uint16Array(41) };

function render(snapshot: StationSnapshot, more: Partial<ImageInput> = {}) {
  const now = snapshot.result?.at ?? 0;
  return renderTags({
    snapshot,
    told: [],
    shadowUpTo: 0,
    command: noCommand,
    heartbeat: 0,
    condition: 'alive',
    now,
    ...more,
  });
}

const summary = (tags: ReturnType<typeof render>) => ({
  code: tags.result.code,
  valid: tags.status.ResultValid,
  ready: tags.status.Ready,
  quality: tags.quality,
});

describe('the rendered tags', () => {
  it('say nothing but the last sequence before the first result', () => {
    const tags = render(makeSnapshot(null, { lastSequence: 70_000 }));
    assert.deepEqual(summary(tags), { code: 0, valid: false, ready: true, quality: 'waiting' });
    assert.equal(tags.result.sequence, 70_000 - 65_535);
    assert.equal(tags.result.severity, null);
    assert.equal(tags.result.partId, '');
  });

  it('keep the last result when the camera is lost with nothing open', () => {
    const status = { ...makeSnapshot(null).status, ready: false, fault: true };
    const tags = render(makeSnapshot(makeResult(9), { status, faultCode: 101 }));
    assert.deepEqual(summary(tags), { code: 1, valid: true, ready: false, quality: 'good' });
    assert.equal(tags.faultCode, 101);
  });

  it('show an invalid as a result with a bad status and without measured values', () => {
    const tags = render(makeSnapshot(makeResult(9, { verdict: 'invalid', reason: 21, severity: 0.4, accept: true })));
    assert.deepEqual(summary(tags), { code: 4, valid: true, ready: true, quality: 'deviceFailure' });
    assert.equal(tags.result.sequence, 9);
    assert.equal(tags.result.accept, false);
    assert.equal(tags.result.severity, null);
    assert.equal(tags.result.score, null);
    assert.deepEqual(tags.rois[1], { code: 0, severity: null, score: null });
  });

  it('withdraw a free-running result that is older than its limit', () => {
    const result = makeResult(9, { triggerId: 0, at: 1000 });
    const snapshot = makeSnapshot(result, { staleAfterMs: 500 });
    assert.deepEqual(summary(render(snapshot, { now: 1500 })), { code: 1, valid: true, ready: true, quality: 'good' });
    const stale = render(snapshot, { now: 1501 });
    assert.deepEqual(summary(stale), { code: 0, valid: false, ready: true, quality: 'lastUsable' });
    assert.equal(stale.status.Stale, true);
    assert.equal(stale.result.accept, false);
    assert.equal(stale.result.partId, 'PART-9');
  });

  it('never let a result age that answers a trigger of the PLC', () => {
    const tags = render(makeSnapshot(makeResult(9, { at: 1000 }), { staleAfterMs: 500 }), { now: 900_000 });
    assert.equal(tags.result.code, 1);
    assert.equal(tags.status.Stale, false);
  });

  it('show no verdict outside Shadow in shadow mode', () => {
    const snapshot = makeSnapshot(makeResult(9), { mode: 2, shadow: { code: 3, severity: 1.5 } });
    const tags = render(snapshot);
    assert.equal(tags.result.code, 0);
    assert.equal(tags.result.severity, null);
    assert.equal(tags.result.sequence, 9);
    assert.equal(tags.ring[0].code, 0);
    assert.deepEqual(tags.shadow, { code: 3, severity: 1.5 });
    assert.equal(encodeRegisters(tags)[43], 1500);
  });

  it('never turn a shadow result into a real one when the mode changes', () => {
    const state = new StationState(makeSnapshot(makeResult(9), { mode: 2 }));
    state.apply(makeSnapshot(makeResult(9), { mode: 3 }));
    const o = { heartbeat: 0, condition: 'alive' as const, now: 0 };
    assert.equal(state.render(o).result.code, 0);
    state.apply(makeSnapshot(makeResult(10), { mode: 3 }));
    assert.equal(state.render(o).result.code, 1);
  });

  it('are 0/0/0 while closing', () => {
    const tags = render(makeSnapshot(makeResult(9)), { condition: 'closing' });
    assert.deepEqual(summary(tags), { code: 0, valid: false, ready: false, quality: 'shutdown' });
  });
});

describe('a silent Node-RED', () => {
  const open = [
    { sequence: 11, triggerId: 311, partId: 'B' },
    { sequence: 10, triggerId: 310, partId: 'A' },
  ];
  const silent = { heartbeat: 0, condition: 'silent' as const, now: 5000 };

  it('makes every open trigger an invalid result with its own sequence', () => {
    const state = new StationState(makeSnapshot(makeResult(9), { openTriggers: open, open: 2 }));
    assert.deepEqual(
      state.tellOpen(5000, 0).map(({ sequence }) => sequence),
      [10, 11],
    );
    const tags = state.render(silent);
    assert.deepEqual(summary(tags), { code: 4, valid: true, ready: false, quality: 'hostSilent' });
    assert.equal(tags.faultCode, 501);
    assert.equal(tags.status.Fault, true);
    assert.equal(tags.open, 0);
    assert.equal(tags.result.triggerId, 311);
    assert.equal(tags.result.reason, reason('stationHung').code);
    assert.deepEqual(
      tags.ring.slice(0, 3).map(({ sequence, triggerId, code }) => [sequence, triggerId, code]),
      [
        [11, 311, 4],
        [10, 310, 4],
        [9, 4009, 1],
      ],
    );
    assert.equal(tags.counters.invalid, 2);
    assert.equal(tags.counters.total, 5);
  });

  it('is told once, and what was told stays told when Node-RED comes back with another verdict', () => {
    const state = new StationState(makeSnapshot(makeResult(9), { openTriggers: open }));
    state.tellOpen(5000, 0);
    assert.deepEqual(state.tellOpen(6000, 0), []);
    const alive = { heartbeat: 1, condition: 'alive' as const, now: 7000 };
    assert.equal(state.render(alive).result.sequence, 11);
    state.apply(
      makeSnapshot(makeResult(10), {
        ring: [{ sequence: 10, triggerId: 310, code: 1, reason: 0, severity: 0.1 }],
      }),
    );
    assert.equal(state.render(alive).result.sequence, 11, 'the sequence never falls back');
    assert.equal(state.render(alive).result.code, 4);
    assert.equal(state.render(alive).ring[1].code, 4);
    state.apply(makeSnapshot(makeResult(11)));
    const { code, accept } = state.render(alive).result;
    assert.deepEqual([code, accept], [4, false], 'a pass that comes later of the very sequence is not believed');
    state.apply(makeSnapshot(makeResult(12)));
    assert.equal(state.render(alive).result.sequence, 12);
    assert.equal(state.render(alive).result.code, 1);
    assert.equal(state.render(alive).counters.invalid, 0, 'the station counts them itself from then on');
  });

  it('keeps the last result where nothing was open', () => {
    const state = new StationState(makeSnapshot(makeResult(9)));
    assert.deepEqual(state.tellOpen(5000, 0), []);
    const tags = state.render(silent);
    assert.equal(tags.result.code, 1);
    assert.equal(tags.quality, 'hostSilent');
    assert.equal(tags.status.Ready, false);
  });
});

describe('any snapshot', () => {
  const wild = fc.oneof(
    fc.double(),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e300, -1e300, 0, -0),
    fc.float(),
  );
  const measured = fc.option(wild);
  const anyResult = fc.record({
    sequence: fc.nat(200_000),
    triggerId: fc.nat(65_535),
    verdict: fc.constantFrom<Verdict>('pass', 'warn', 'fail', 'invalid'),
    accept: fc.boolean(),
    severity: measured,
    score: measured,
    partId: fc.string({ unit: 'binary', maxLength: 90 }),
    cycleMs: wild,
    rois: fc.array(
      fc.record({ index: fc.integer({ min: -1, max: 18 }), code: fc.nat(3), severity: measured, score: measured }),
    ),
  });
  const anyInput = fc.record({
    result: fc.option(anyResult),
    mode: fc.nat(3),
    staleAfterMs: fc.constantFrom(0, 100),
    condition: fc.constantFrom<HostCondition>('alive', 'silent', 'closing'),
    now: fc.nat(1000),
  });

  it('gives exactly one verdict bit while ResultValid, none otherwise, and Accept only with pass or warn', () => {
    fc.assert(
      fc.property(anyInput, ({ result, mode, staleAfterMs, condition, now }) => {
        const snapshot = makeSnapshot(result && makeResult(result.sequence, { ...result, at: 0 }), {
          mode,
          staleAfterMs,
        });
        const { status, result: shown } = render(snapshot, { condition, now });
        const bits = [status.Pass, status.Warn, status.Fail, status.Invalid].filter(Boolean).length;
        assert.equal(bits, status.ResultValid ? 1 : 0);
        assert.equal(status.ResultValid, shown.code !== 0);
        if (status.Accept) assert.ok(shown.code === 1 || shown.code === 2);
        if (mode === 2) assert.equal(shown.code, 0);
        if (condition !== 'alive') assert.equal(status.Ready, false);
      }),
    );
  });

  it('never puts NaN or infinity on the wire, and repeats the sequence at 77', () => {
    fc.assert(
      fc.property(anyInput, ({ result, mode, staleAfterMs, condition, now }) => {
        const snapshot = makeSnapshot(result && makeResult(result.sequence, { ...result, at: 0 }), {
          mode,
          staleAfterMs,
        });
        const registers = encodeRegisters(render(snapshot, { condition, now }));
        const bytes = Buffer.alloc(4);
        for (const at of [20, 28, 30, ...Array.from({ length: 16 }, (_, n) => 102 + 4 * n)]) {
          bytes.writeUInt16BE(registers[at], 0);
          bytes.writeUInt16BE(registers[at + 1], 2);
          assert.ok(Number.isFinite(bytes.readFloatBE(0)), `register ${at}`);
        }
        assert.equal(registers[77], registers[22]);
        const { severity } = render(snapshot, { condition, now }).result;
        assert.equal(registers[27] === 65_535, severity === null || !Number.isFinite(severity));
        assert.ok(registers[44] <= 64);
      }),
    );
  });
});
