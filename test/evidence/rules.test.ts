import assert from 'node:assert/strict';
import fc from 'fast-check';
import { newId } from '../../lib/core/ids.ts';
import type { Verdict } from '../../lib/core/inspection.ts';
import { decodeLine, encodeLine, linesOf } from '../../lib/evidence/journal-line.ts';
import { type Entry, Pending } from '../../lib/evidence/pending.ts';
import { isSampled, keepsPictures, parsePolicy } from '../../lib/evidence/policy.ts';
import { type EvidenceRecord, recordJsonSchema } from '../../lib/evidence/record.ts';
import { makeRoom, type Shelved, type Shelves, type Totals } from '../../lib/evidence/retention.ts';

const verdicts: Verdict[] = ['pass', 'warn', 'fail', 'invalid'];
const rank: Record<Verdict, number> = { pass: 0, invalid: 1, warn: 2, fail: 3 };

describe('sampling', () => {
  it('depends on the id alone and takes the share it was told', () => {
    const ids = Array.from({ length: 20_000 }, () => newId());
    for (const share of [0, 0.01, 0.3, 1]) {
      const taken = ids.filter((id) => isSampled(id, share));
      assert.deepEqual(
        taken,
        ids.filter((id) => isSampled(id, share)),
      );
      assert.ok(Math.abs(taken.length / ids.length - share) < 0.02, `${share}: ${taken.length}`);
    }
    assert.equal(isSampled('01J00000000000000000000000', 0.5), isSampled('01J00000000000000000000000', 0.5));
    const few = ids.filter((id) => isSampled(id, 0.1));
    for (const id of few) assert.ok(isSampled(id, 0.2), 'a larger share takes the same ones and more');
  });

  it('never leaves out what did not pass', () => {
    const policy = parsePolicy({ passSample: 0 });
    for (const verdict of verdicts) assert.equal(keepsPictures(policy, verdict, newId()), verdict !== 'pass');
  });
});

describe('retention', () => {
  const arrangement = fc.record({
    stored: fc.array(fc.record({ verdict: fc.constantFrom(...verdicts), bytes: fc.integer({ min: 0, max: 100 }) })),
    incoming: fc.constantFrom(...verdicts),
    bytes: fc.integer({ min: 0, max: 200 }),
    maxBytes: fc.integer({ min: 0, max: 1_000 }),
    own: fc.record({
      maxCount: fc.option(fc.integer({ min: 0, max: 10 })),
      maxBytes: fc.option(fc.integer({ min: 0, max: 500 })),
    }),
  });

  it('takes passes before invalids before warns, oldest first, and a fail for nothing but its own limit', () => {
    fc.assert(
      fc.property(arrangement, ({ stored, incoming, bytes, maxBytes, own }) => {
        const shelves: Shelves<Shelved & { verdict: Verdict }> = { pass: [], warn: [], fail: [], invalid: [] };
        const totals = Object.fromEntries(verdicts.map((v) => [v, { count: 0, bytes: 0 }])) as Totals;
        for (const [i, { verdict, bytes: size }] of stored.entries()) {
          shelves[verdict].push({ id: `${i}`, bytes: size, verdict });
          totals[verdict].count += 1;
          totals[verdict].bytes += size;
        }
        const none = { maxCount: null, maxBytes: null };
        const policy = { maxBytes, pass: none, warn: none, fail: none, invalid: none, [incoming]: own };
        const gone = makeRoom(shelves, totals, policy, incoming, bytes);
        const of = (verdict: Verdict) => (gone ?? []).filter((one) => one.verdict === verdict);
        for (const verdict of verdicts) {
          assert.deepEqual(of(verdict), shelves[verdict].slice(0, of(verdict).length), 'the oldest of each');
          if (verdict !== incoming) {
            assert.ok(of(verdict).length === 0 || (rank[verdict] <= rank[incoming] && verdict !== 'fail'));
            // one that matters less is left only where nothing that matters more had to go
            const matterLess = verdicts.filter((less) => rank[less] < rank[verdict]);
            if (of(verdict).length > 0) {
              for (const less of matterLess) assert.equal(of(less).length, shelves[less].length);
            }
          }
        }
        const left =
          stored.reduce((sum, one) => sum + one.bytes, 0) - (gone ?? []).reduce((sum, one) => sum + one.bytes, 0);
        if (gone !== null) {
          assert.ok(left + bytes <= maxBytes);
          assert.ok(own.maxCount === null || shelves[incoming].length - of(incoming).length + 1 <= own.maxCount);
        }
        if (incoming === 'fail' && own.maxCount === null && own.maxBytes === null) assert.equal(of('fail').length, 0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what waits for the disk', () => {
  const entry = (verdict: Verdict, bytes: number, inFlight = false): Entry => ({
    ...{ key: 's', views: [], payloads: [Buffer.alloc(0)], bytes, inFlight, deaths: 0 },
    record: { id: newId(), verdict, pictures: { state: 'kept', detail: '' } } as unknown as EvidenceRecord,
  });

  it('stays within its limits, gives up pictures before records, and passes before fails', () => {
    const some = fc.record({
      verdict: fc.constantFrom(...verdicts),
      bytes: fc.integer({ min: 0, max: 30 }),
      inFlight: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(some, { minLength: 30, maxLength: 60 }), (arrivals) => {
        const pending = new Pending({ count: 20, bytes: 100 });
        let sentOff = 0;
        for (const { verdict, bytes, inFlight } of arrivals) {
          const sent = inFlight && sentOff < 3;
          if (sent) sentOff += 1;
          const one = entry(verdict, bytes, sent);
          const dropped = pending.add(one);
          assert.ok(pending.count <= 20);
          const waiting = pending.all();
          const fixed = waiting.filter((other) => other.inFlight).reduce((sum, other) => sum + other.bytes, 0);
          assert.ok(pending.bytes <= Math.max(100, fixed));
          assert.equal(
            pending.bytes,
            waiting.reduce((sum, other) => sum + other.bytes, 0),
          );
          for (const gone of dropped.pictures) {
            assert.equal(gone.record.pictures.state, 'dropped');
            const lesser = waiting.filter(
              (other) => !other.inFlight && other.bytes > 0 && rank[other.record.verdict] < rank[gone.record.verdict],
            );
            assert.deepEqual(lesser, []);
          }
          for (const gone of dropped.records) {
            assert.equal(gone.inFlight, false);
            const lesser = waiting.filter(
              (other) => !other.inFlight && rank[other.record.verdict] < rank[gone.record.verdict],
            );
            assert.deepEqual(lesser, []);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a journal line', () => {
  const record = { schema: 1, id: newId(), part: { id: 'line\nfeed \u2028 🔩 "' } } as unknown as EvidenceRecord;

  it('is one line of JSON and gives back what it was given', () => {
    const line = encodeLine(record);
    assert.equal(line.indexOf(0x0a), line.length - 1);
    assert.deepEqual(decodeLine(line.subarray(0, -1)), record);
    assert.deepEqual(JSON.parse(line.toString()).record, record);
  });

  it('is not a record any more when a bit changed or a byte is missing', () => {
    const line = encodeLine(record).subarray(0, -1);
    fc.assert(
      fc.property(fc.nat(line.length * 8 - 1), (bit) => {
        const changed = Buffer.from(line);
        changed[bit >> 3] ^= 1 << (bit & 7);
        assert.equal(decodeLine(changed), undefined);
      }),
    );
    for (let length = 0; length < line.length; length++) assert.equal(decodeLine(line.subarray(0, length)), undefined);
  });

  it('is found in any mixture of whole and broken lines', () => {
    const good = encodeLine(record);
    const data = Buffer.concat([good, Buffer.from('garbage\n\n'), good, good.subarray(0, 20)]);
    const found = [...linesOf(data)].map((line) => line.record !== undefined);
    assert.deepEqual(found, [true, false, false, true, false]);
    assert.equal(
      [...linesOf(data)].reduce((sum, { length }) => sum + length, 0),
      data.length,
    );
  });

  it('is described by a JSON Schema', () => {
    const schema = recordJsonSchema();
    assert.match(String(schema.$schema), /2020-12/);
    assert.ok((schema.required as string[]).includes('verdict'));
  });
});
