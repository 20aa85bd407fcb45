import assert from 'node:assert/strict';
import { reason } from '../../lib/core/reasons.ts';
import { accept, inspect, openRig, request } from './kit.ts';

describe('station: refusals', () => {
  it('refuses beyond what may be open, counts it and uses no sequence', async () => {
    const rig = await openRig({ maxOpen: 2 });
    assert.equal(rig.station.credit(), 2);
    accept(rig, { triggerId: 1 });
    accept(rig, { triggerId: 2 });
    assert.equal(rig.station.credit(), 0);
    const refusal = rig.station.accept(request(rig.time, { triggerId: 3 }));
    assert.equal(refusal.refused && refusal.reason, 'tooManyOpen');
    const { counters, rejectedTrigger, rejectedReason, acceptedTrigger, notReadyReason } = rig.station.snapshot();
    assert.deepEqual([counters.missed, rejectedTrigger, rejectedReason], [1, 3, 62]);
    assert.deepEqual([acceptedTrigger, notReadyReason], [2, 62]);
    assert.equal(rig.refused[0].request.triggerId, 3);
    rig.time.pass(500);
    accept(rig, { triggerId: 4 });
    rig.time.pass(500);
    assert.deepEqual(
      rig.closed.map((one) => one.sequence),
      [1, 2, 3],
    );
  });

  it('refuses a trigger id that is open, and for a PLC also the previous one until it goes online again', async () => {
    const rig = await openRig();
    accept(rig, { triggerId: 5, source: 'plc' });
    const twice = rig.station.accept(request(rig.time, { triggerId: 5, source: 'plc' }));
    assert.equal(twice.refused && twice.reason, 'duplicateTrigger');
    rig.time.pass(500);
    const again = rig.station.accept(request(rig.time, { triggerId: 5, source: 'plc' }));
    assert.equal(again.refused && again.reason, 'duplicateTrigger');
    rig.station.setMode('offline', 'anna', '');
    rig.station.setMode('run', 'anna', '');
    accept(rig, { triggerId: 5, source: 'plc' });
    rig.time.pass(500);
    accept(rig, { triggerId: 9 });
    rig.time.pass(500);
    accept(rig, { triggerId: 9 });
  });

  const bad: [string, object | null, string][] = [
    ['NUL in the part id', { partId: 'a\0b' }, 'badPartId'],
    ['a line break in the part id', { partId: 'a\nb' }, 'badPartId'],
    ['65 bytes of part id', { partId: 'x'.repeat(65) }, 'badPartId'],
    ['65 bytes in 33 characters', { partId: `${'ä'.repeat(32)}x` }, 'badPartId'],
    ['10 MB of part id', { partId: 'x'.repeat(10_000_000) }, 'badPartId'],
    ['half a surrogate pair', { partId: '\ud800' }, 'badPartId'],
    ['a part id that is no text', { partId: { toString: () => 'x' } }, 'badPartId'],
    ['trigger id 65536', { triggerId: 65536 }, 'badTrigger'],
    ['trigger id NaN', { triggerId: Number.NaN }, 'badTrigger'],
    ['recipe -1', { expectedRecipe: -1 }, 'badTrigger'],
    ['an instant of NaN', { at: Number.NaN }, 'badTrigger'],
    ['an unknown source', { source: 'ghost' }, 'badTrigger'],
  ];
  for (const [name, more, key] of bad) {
    it(`refuses ${name} with its reason, and goes on`, async () => {
      const rig = await openRig();
      const refusal = rig.station.accept({ ...request(rig.time), ...more } as never);
      assert.equal(refusal.refused && refusal.reason, key);
      assert.equal(rig.station.snapshot().counters.missed, 1);
      const { partId } = rig.refused[0].request;
      assert.ok(Buffer.byteLength(partId) <= 64 && !/\p{Cc}/u.test(partId));
      inspect(rig, accept(rig), 0);
      assert.equal(rig.closed[0].verdict, 'pass');
    });
  }

  it('refuses nothing at all without falling over', async () => {
    const rig = await openRig();
    for (const nothing of [null, undefined, 3, 'x']) assert.equal(rig.station.accept(nothing as never).refused, true);
    assert.equal(rig.station.snapshot().counters.missed, 4);
  });

  it('takes 64 bytes of part id in any script and a path as plain text', async () => {
    const rig = await openRig();
    for (const partId of ['ä'.repeat(32), '部品 №7', '../../etc/passwd', '']) {
      const id = accept(rig, { partId });
      assert.equal(rig.station.describe(id, '').part.id, partId);
      rig.time.pass(500);
    }
  });

  it('does not let a trigger claim to be from the future', async () => {
    const rig = await openRig();
    accept(rig, { at: rig.time.clock.mono() + 1e9 });
    rig.time.pass(500);
    assert.equal(rig.closed.length, 1);
  });

  for (const [mode, key] of [
    ['offline', 'offline'],
    ['commissioning', 'commissioning'],
  ] as const) {
    it(`refuses in mode ${mode}`, async () => {
      const rig = await openRig({ mode });
      const refusal = rig.station.accept(request(rig.time));
      assert.equal(refusal.refused && refusal.reason, key);
      assert.equal(rig.station.credit(), 0);
      assert.equal(rig.station.snapshot().status.ready, false);
    });
  }

  it('counts what others refuse', async () => {
    const rig = await openRig();
    assert.match(rig.station.refuse(request(rig.time, { triggerId: 8 }), 'learning').text, /learning/);
    assert.deepEqual(
      [rig.station.snapshot().rejectedTrigger, rig.station.snapshot().rejectedReason],
      [8, reason('learning').code],
    );
  });

  for (const [field, options] of [
    ['deadlineMs', { deadlineMs: Number.NaN }],
    ['maxOpen', { maxOpen: 0 }],
    ['maxOpen', { maxOpen: 1.5 }],
    ['staleAfterMs', { staleAfterMs: -1 }],
    ['line', { line: '' }],
    ['mode', { mode: 'fast' as never }],
  ] as const) {
    it(`does not open with ${JSON.stringify(options)}, naming ${field}`, async () => {
      await assert.rejects(openRig(options), { code: 'GP_CONFIG_INVALID', field });
    });
  }
});
