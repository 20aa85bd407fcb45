import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../../lib/core/ids.ts';
import {
  type DispositionLine,
  dispositionLine,
  dispositionSchema,
  type Reported,
} from '../../lib/evidence/disposition.ts';
import { DispositionLog } from '../../lib/evidence/disposition-log.ts';
import { EvidenceStore } from '../../lib/evidence/evidence-store.ts';
import { linesOf } from '../../lib/evidence/journal-line.ts';
import { recordSchema } from '../../lib/evidence/record.ts';
import { needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { inspection, journalOf } from './inspections.ts';

const root = tempDir('dispositions');
const first = '000000000000.ndjson';

function reported(o: { id?: string; sequence?: number; disposition?: string; utc?: string } = {}): Reported {
  return { id: newId(), sequence: 1, triggerId: 7, disposition: 'ejected', utc: '2026-03-01T08:00:00.000Z', ...o };
}

/** What is on the disk, whoever wrote it. */
function filed(dir: string): DispositionLine[] {
  const folder = join(dir, 'dispositions');
  return readdirSync(folder)
    .sort()
    .flatMap((name) => [...linesOf<DispositionLine>(readFileSync(join(folder, name)))])
    .flatMap(({ record }) => (record === undefined ? [] : [record]));
}

describe('what became of a part', () => {
  let store: EvidenceStore;
  const open = async (dir: string, policy = {}) => {
    store = new EvidenceStore({ child: { backoff: { minMs: 10, maxMs: 50, resetAfterMs: 5_000 } } });
    await store.openStore('s', { dir, line: 'L', station: 'S', policy: { minFreeBytes: 0, ...policy } });
  };
  afterEach(() => store.stop());

  it('joins the record that is read and leaves the one in the journal as it was; of two the newest counts', async () => {
    const dir = join(root, 'joined');
    await open(dir);
    const parts = [1, 2, 3].map((sequence) => inspection({ sequence }));
    for (const part of parts) store.record('s', part);
    assert.ok(await store.flush(10_000));
    const before = readFileSync(join(dir, 'journal', '000000000001.ndjson'), 'utf8');
    const tell = (n: number, disposition: string, utc: string) =>
      store.recordDisposition('s', reported({ id: parts[n].id, sequence: n + 1, disposition, utc }));
    assert.equal(tell(0, 'accepted', 'a'), true);
    assert.equal(tell(1, 'ejectFailed', 'b'), true);
    assert.equal(tell(1, 'scrap', 'c'), true);
    assert.ok(await store.flush(10_000));
    const records = (await store.list('s', { limit: 10 })).reverse();
    assert.deepEqual(
      records.map(({ disposition, dispositions }) => [disposition, dispositions]),
      [
        [{ what: 'accepted', utc: 'a' }, undefined],
        [
          { what: 'scrap', utc: 'c' },
          [
            { what: 'ejectFailed', utc: 'b' },
            { what: 'scrap', utc: 'c' },
          ],
        ],
        [undefined, undefined],
      ],
    );
    for (const record of records) assert.deepEqual(recordSchema.parse(record), record);
    assert.equal('disposition' in records[2], false);
    assert.equal(readFileSync(join(dir, 'journal', '000000000001.ndjson'), 'utf8'), before);
    for (const line of filed(dir)) assert.deepEqual(dispositionSchema.parse(line), line);
  });

  it('may be reported before the record is on the disk', async () => {
    const dir = join(root, 'before');
    await open(dir);
    const part = inspection();
    store.recordDisposition('s', reported({ id: part.id }));
    assert.ok(await store.flush(10_000));
    assert.equal(filed(dir).length, 1);
    assert.deepEqual(await store.list('s', { limit: 10 }), []);
    store.record('s', part);
    assert.ok(await store.flush(10_000));
    assert.equal((await store.list('s', { limit: 1 }))[0].disposition?.what, 'ejected');
  });

  it('is there once and complete, over the end of the process in mid-write and over a restart', async () => {
    const dir = join(root, 'killed');
    await open(dir);
    const running = () => until('its process runs', () => store.childStats().state === 'running');
    const ids = Array.from({ length: 400 }, () => newId());
    for (const [i, id] of ids.entries()) {
      store.recordDisposition('s', reported({ id, sequence: 800 + i }));
      if (i % 100 === 99 && i < 399) {
        await running();
        const { pid } = store.childStats();
        process.kill(pid ?? assert.fail('no process'), 'SIGKILL');
        await until('its end is noticed', () => store.childStats().pid !== pid);
      }
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(await store.flush(15_000));
    assert.deepEqual(
      filed(dir).map((line) => line.inspection),
      ids,
    );
    await store.stop();
    await open(dir);
    store.record('s', inspection({ id: ids[0], sequence: 800 }));
    store.recordDisposition('s', reported({ id: ids[0], sequence: 800, disposition: 'rework' }));
    assert.ok(await store.flush(10_000));
    const [record] = await store.list('s', { limit: 1 });
    assert.deepEqual(
      record.dispositions?.map(({ what }) => what),
      ['ejected', 'rework'],
    );
  });

  it('is written once although it is sent again, over a new start too', async () => {
    const folder = join(root, 'again', 'dispositions');
    const [one, two] = [dispositionLine(reported()), dispositionLine(reported({ sequence: 2 }))];
    const before = new DispositionLog(folder, async () => false);
    assert.deepEqual(await before.append([one]), []);
    assert.deepEqual(await before.append([one]), []);
    await before.close();
    const after = new DispositionLog(folder, async () => false);
    assert.deepEqual(await after.append([one, two]), []);
    await after.close();
    assert.deepEqual(filed(join(root, 'again')), [one, two]);
    await open(join(root, 'again-store')); // for afterEach
  });

  it('is not hindered by a damaged line or half a line that a crash left', async () => {
    const dir = join(root, 'torn');
    await open(dir);
    const parts = [1, 2, 3].map((sequence) => inspection({ sequence }));
    for (const [i, part] of parts.entries()) {
      store.record('s', part);
      if (i < 2) store.recordDisposition('s', reported({ id: part.id, sequence: i + 1 }));
    }
    assert.ok(await store.flush(10_000));
    await store.stop();
    const path = join(dir, 'dispositions', first);
    writeFileSync(path, readFileSync(path, 'utf8').replace('ejected', 'accepte'));
    appendFileSync(path, '{"check":"0000');
    await open(dir);
    store.recordDisposition('s', reported({ id: parts[2].id, sequence: 3, disposition: 'scrap' }));
    assert.ok(await store.flush(10_000));
    const told = (await store.list('s', { limit: 10 })).map(({ disposition }) => disposition?.what);
    assert.deepEqual(told, ['scrap', 'ejected', undefined]);
    assert.equal(store.stats('s').ok, true);
  });

  it('never expires, and a part of long ago finds its own', async () => {
    const dir = join(root, 'kept');
    await open(dir, { segmentBytes: 4_096 });
    const parts = Array.from({ length: 40 }, (_, i) => inspection({ sequence: i * 997, frame: null }));
    for (const part of parts) {
      store.record('s', part);
      store.recordDisposition('s', reported({ id: part.id, sequence: part.sequence, utc: `${part.sequence}` }));
    }
    assert.ok(await store.flush(10_000));
    const records = await store.list('s', { limit: 100 });
    assert.deepEqual(
      records.map(({ disposition }) => disposition?.utc),
      parts.map(({ sequence }) => `${sequence}`).reverse(),
    );
    for (const record of records) assert.equal(record.dispositions, undefined);
  });

  it('is told as lost where it cannot be kept, and hinders no record', async () => {
    const dir = join(root, 'lost');
    await open(dir);
    writeFileSync(join(dir, 'dispositions'), 'a file in the way');
    const lost: string[] = [];
    store.on('lost', (key: string, _id: string, why: string) => lost.push(`${key}: ${why}`));
    assert.equal(store.recordDisposition('s', reported()), true);
    store.record('s', inspection());
    assert.ok(await store.flush(10_000));
    assert.equal(lost.length, 1);
    assert.match(lost[0], /^s: .*(EEXIST|ENOTDIR)/);
    assert.equal(journalOf(dir).records.length, 1);
    assert.equal((await store.list('s', { limit: 1 })).length, 1);
    assert.equal(store.recordDisposition('s', reported({ disposition: 'toString' })), false);
    assert.equal(store.recordDisposition('s', reported({ id: '../x' })), false);
    assert.equal(store.recordDisposition('nobody', reported()), false);
    assert.equal(lost.length, 4);
  });

  it('is kept a hundred times for one part at most: a bit that flutters fills no disk', async () => {
    const dir = join(root, 'flutter');
    await open(dir);
    const lost: string[] = [];
    store.on('lost', (_key: string, _id: string, why: string) => lost.push(why));
    const part = inspection();
    store.record('s', part);
    for (let i = 0; i < 130; i++) {
      store.recordDisposition('s', reported({ id: part.id, disposition: i % 2 ? 'ejected' : 'accepted' }));
    }
    assert.ok(await store.flush(10_000));
    assert.equal(filed(dir).length, 100);
    assert.equal(lost.length, 30);
    assert.equal((await store.list('s', { limit: 1 }))[0].dispositions?.length, 100);
  });

  describe('on a full disk', () => {
    const mounted = join(root, 'tmpfs');
    before(function () {
      mkdirSync(mounted);
      const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted]).status === 0;
      needs(this, 'the right to mount a tmpfs', done);
    });
    after(() => {
      spawnSync('umount', ['-l', mounted]);
    });
    const free = () => {
      const { bavail, bsize } = statfsSync(mounted);
      return bavail * bsize;
    };

    it('takes the reserve, then is counted as lost and said, none is half there, and it recovers by itself', async () => {
      const dir = join(mounted, 's');
      await open(dir);
      const filler = join(mounted, 'filler');
      writeFileSync(filler, Buffer.alloc(free()));
      const lost: string[] = [];
      store.on('lost', (_key: string, _id: string, why: string) => lost.push(why));
      let sent = 0;
      while (lost.length === 0 && sent < 5_000) {
        for (let i = 0; i < 50; i++) store.recordDisposition('s', reported({ sequence: sent++ % 900 }));
        assert.ok(await store.flush(10_000));
      }
      assert.ok(lost.length > 0, 'some are lost');
      assert.match(lost[0], /ENOSPC/);
      assert.match(store.stats('s').text, /Dispositions are being lost/);
      assert.equal(filed(dir).length, sent - lost.length);
      assert.ok(filed(dir).length > 0, 'the reserve was used');
      rmSync(filler);
      await until('recovered', () => store.stats('s').ok);
      const before = lost.length;
      store.recordDisposition('s', reported());
      assert.ok(await store.flush(10_000));
      assert.equal(lost.length, before);
      assert.equal(filed(dir).length, sent + 1 - before);
    });
  });
});
