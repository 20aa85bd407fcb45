import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as opcua from 'node-opcua';
import { renderTags } from '../../lib/plc/image.ts';
import { isSame, said, tagVariant } from '../../lib/plc/opcua-variant.ts';
import { tagTable } from '../../lib/plc/tag-table.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const tags = tagTable.filter((tag) => tag.opcua !== null);
const measured = fc.option(fc.constantFrom(0, -0, 0.5, 1.25, Number.NaN, Number.POSITIVE_INFINITY));
/** Few values of each, so that two of them often agree in part. */
const anyValues = fc
  .record({
    sequence: fc.constantFrom(1, 2),
    verdict: fc.constantFrom('pass' as const, 'fail' as const, 'invalid' as const),
    severity: measured,
    score: measured,
    timeUtc: fc.constantFrom(1_700_000_000_000, 1_700_000_000_001),
    partId: fc.constantFrom('', 'A', 'B'),
    rois: fc.array(fc.record({ index: fc.constantFrom(1, 2), code: fc.nat(3), severity: measured, score: measured })),
    heartbeat: fc.nat(1),
    words: fc.array(fc.nat(1), { minLength: 41, maxLength: 41 }),
  })
  .map(({ sequence, heartbeat, words, ...result }) =>
    renderTags({
      snapshot: makeSnapshot(makeResult(sequence, { ...result, at: 0 })),
      told: [],
      shadowUpTo: 0,
      command: { ack: 0, status: 0, rejected: null, missed: 0, registers: Uint16Array.from(words) },
      heartbeat,
      condition: 'alive',
      now: 0,
    }),
  );

describe('what a tag says', () => {
  it('is called the same only where a PLC would read the same', () => {
    const seen = { same: 0, other: 0 };
    fc.assert(
      fc.property(anyValues, anyValues, (a, b) => {
        for (const tag of tags) {
          const same = isSame(said(tag, a), said(tag, b));
          seen[same ? 'same' : 'other'] += 1;
          if (same) assert.deepEqual(tagVariant(opcua, tag, a), tagVariant(opcua, tag, b), tag.name);
        }
      }),
    );
    assert.ok(seen.same > 100 && seen.other > 100, JSON.stringify(seen));
  });

  it('is called the same where nothing has changed, texts, times and lists too', () => {
    const values = renderTags({
      snapshot: makeSnapshot(makeResult(7, { partId: 'A', severity: 0.5, score: 2, timeUtc: 1_700_000_000_000 })),
      told: [],
      shadowUpTo: 0,
      command: { ack: 0, status: 0, rejected: null, missed: 0, registers: new Uint16Array(41) },
      heartbeat: 1,
      condition: 'alive',
      now: 0,
    });
    for (const tag of tags) assert.ok(isSame(said(tag, values), said(tag, values)), tag.name);
  });
});
