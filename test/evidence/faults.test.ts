import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvidenceStore } from '../../lib/evidence/evidence-store.ts';
import type { EvidencePolicyInput } from '../../lib/evidence/policy.ts';
import { type EvidenceRecord, recordSchema } from '../../lib/evidence/record.ts';
import { needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { grayFrame, inspection, journalOf } from './inspections.ts';

const root = tempDir('evidence-faults');
const quick = { child: { backoff: { minMs: 10, maxMs: 50, resetAfterMs: 5_000 } } };
const policy: EvidencePolicyInput = { minFreeBytes: 0, passSample: 0.5, overlay: false };

/** Every file that a record names is there, whole and as it was. */
function assertWhole(dir: string, { files, id }: EvidenceRecord): void {
  for (const { path, bytes, sha256 } of files) {
    const data = readFileSync(join(dir, path));
    assert.equal(data.length, bytes, id);
    assert.equal(createHash('sha256').update(data).digest('hex'), sha256, id);
  }
}

function picturesOf(dir: string): string[] {
  const all = readdirSync(join(dir, 'pictures'), { recursive: true, encoding: 'utf8' });
  return all.filter((name) => /\.(png|jpg|raw|bin)$/.test(name));
}

describe('an evidence store under faults', () => {
  let store: EvidenceStore;
  afterEach(() => store.stop());

  it('keeps every record complete, none twice and none lost, however often its process is killed in mid-write', async () => {
    const dir = join(root, 'killed');
    store = new EvidenceStore(quick);
    await store.openStore('s', { dir, line: 'L', station: 'S', policy });
    const acknowledged = new Set<string>();
    store.on('written', (_key, id) => acknowledged.add(id));
    const verdicts = ['pass', 'warn', 'fail', 'invalid'] as const;
    const sent: string[] = [];
    const frame = grayFrame(160, 120);
    let kills = 0;
    for (let round = 0; round < 25; round++) {
      for (let i = 0; i < 12; i++) {
        const one = inspection({ sequence: sent.length + 1, verdict: verdicts[i % 4], frame });
        sent.push(one.id);
        assert.equal(store.record('s', one), true);
      }
      const goal = acknowledged.size + (round % 7);
      await until('some are written', () => store.childStats().pid && acknowledged.size >= goal, { everyMs: 1 });
      const { pid, state } = store.childStats();
      // what is on the disk at this instant, before anything is repaired: whole lines, whole pictures
      if (pid !== undefined && state === 'running') {
        process.kill(pid, 'SIGKILL');
        kills += 1;
        await until('it is gone', () => store.childStats().pid !== pid, { everyMs: 1 });
        for (const record of journalOf(dir).records) assertWhole(dir, record);
      }
    }
    assert.ok(kills > 15, `${kills}`);
    assert.ok(await store.flush(40_000));
    const { records, bad } = journalOf(dir);
    assert.equal(bad, 0);
    assert.deepEqual(records.map(({ id }) => id).sort(), [...sent].sort());
    for (const record of records) {
      recordSchema.parse(record);
      assertWhole(dir, record);
    }
    const named = records.flatMap(({ files }) => files.map(({ path }) => path.replace('pictures/', ''))).sort();
    assert.deepEqual(picturesOf(dir).sort(), named);
    const stats = store.stats('s');
    assert.deepEqual([stats.lost, stats.written, stats.ok], [0, sent.length, true]);
    assert.ok(stats.resent > 0);
  });

  it('never makes anybody wait for a process that stands still, and writes all when it is replaced', async () => {
    const dir = join(root, 'stopped');
    store = new EvidenceStore({ ...quick, writeMs: 2_000 });
    await store.openStore('s', { dir, line: 'L', station: 'S', policy });
    const states: boolean[] = [];
    store.on('state', (_key, { ok }) => states.push(ok));
    process.kill(store.childStats().pid as number, 'SIGSTOP');
    const began = performance.now();
    for (let i = 1; i <= 50; i++) assert.equal(store.record('s', inspection({ sequence: i })), true);
    assert.ok(performance.now() - began < 500);
    assert.ok(await store.flush(20_000));
    assert.equal(journalOf(dir).records.length, 50);
    assert.deepEqual([states.includes(false), states.at(-1), store.stats('s').lost], [true, true, 0]);
  });

  it('is bounded: pictures of passes go first, records of fails last, and all that went is counted', async () => {
    const dir = join(root, 'bounded');
    const frame = grayFrame(64, 64);
    const limits = { count: 20, bytes: frame.data.length * 5 };
    store = new EvidenceStore({ ...quick, limits, writeMs: 2_000 });
    await store.openStore('s', { dir, line: 'L', station: 'S', policy: { ...policy, passSample: 1, map: false } });
    const { pid } = store.childStats();
    process.kill(pid as number, 'SIGSTOP');
    const lost: string[] = [];
    store.on('lost', (_key, id) => lost.push(id));
    const one = (sequence: number, verdict: 'pass' | 'fail') => inspection({ sequence, verdict, frame });
    const passes = Array.from({ length: 30 }, (_, i) => one(i + 1, 'pass'));
    const answers = passes.map((pass) => store.record('s', pass));
    const fails = Array.from({ length: 4 }, (_, i) => one(i + 31, 'fail'));
    assert.deepEqual(
      fails.map((fail) => store.record('s', fail)),
      [true, true, true, true],
    );
    assert.ok(answers.includes(true));
    assert.ok(store.stats('s').queuedBytes <= limits.bytes);
    assert.equal(store.stats('s').queued, 20);
    await until('told', () => store.stats('s').text.includes('too slow'));
    process.kill(pid as number, 'SIGCONT');
    assert.ok(await store.flush(10_000));
    const { records } = journalOf(dir);
    assert.equal(records.length + lost.length, 34);
    assert.equal(store.stats('s').lost, lost.length);
    for (const { id } of fails) assert.ok(records.some((record) => record.id === id));
    assert.equal(lost.length, 14);
    assert.ok(store.stats('s').picturesDropped > 0);
    assert.equal(store.stats('s').ok, true);
  });

  it('loses nothing at a stop to a process that only gets on after five seconds', async () => {
    const dir = join(root, 'slow-end');
    store = new EvidenceStore(quick);
    await store.openStore('s', { dir, line: 'L', station: 'S', policy });
    const pid = store.childStats().pid as number;
    process.kill(pid, 'SIGSTOP');
    const all = Array.from({ length: 20 }, (_, i) => inspection({ sequence: i + 1 }));
    for (const one of all) store.record('s', one);
    const goesOn = setTimeout(() => process.kill(pid, 'SIGCONT'), 5_000);
    await store.stop();
    clearTimeout(goesOn);
    const ids = (records: readonly { id: string }[]) => records.map(({ id }) => id).sort();
    assert.deepEqual(ids(journalOf(dir).records), ids(all));
  });

  it('says when it stops what it could not write', async () => {
    store = new EvidenceStore({ ...quick, child: { ...quick.child, stopMs: 100 } });
    await store.openStore('s', { dir: join(root, 'ended'), line: 'L', station: 'S', policy });
    const lost: string[] = [];
    store.on('lost', (_key, id) => lost.push(id));
    process.kill(store.childStats().pid as number, 'SIGSTOP');
    store.record('s', inspection());
    await store.stop();
    assert.equal(lost.length, 1);
    assert.equal(store.record('s', inspection()), false);
  });

  describe('on a full disk', () => {
    const mounted = join(root, 'tmpfs');
    before(function () {
      mkdirSync(mounted);
      const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted]).status === 0;
      needs(this, 'the right to mount a tmpfs', done);
    });
    after(() => {
      spawnSync('umount', ['-l', mounted]);
    });
    const free = () => {
      const { bavail, bsize } = statfsSync(mounted);
      return bavail * bsize;
    };

    it('goes on without pictures in its reserve, counts what is lost, says so, and recovers by itself', async () => {
      const dir = join(mounted, 's');
      store = new EvidenceStore(quick);
      await store.openStore('s', { dir, line: 'L', station: 'S', policy: { ...policy, segmentBytes: 32_768 } });
      const filler = join(mounted, 'filler');
      writeFileSync(filler, Buffer.alloc(free() - 60_000));
      let sequence = 0;
      const send = (count: number) => {
        for (let i = 0; i < count; i++) store.record('s', inspection({ sequence: ++sequence }));
        return store.flush(10_000);
      };
      assert.ok(await send(30));
      let stats = store.stats('s');
      assert.equal(stats.lost, 0);
      assert.ok(stats.picturesDropped > 0, JSON.stringify(stats));
      assert.equal(stats.ok, false);
      assert.match(stats.text, /disk is full/);
      assert.equal(existsSync(join(dir, 'ballast')), false);
      const began = performance.now();
      assert.ok(await send(200));
      assert.ok(performance.now() - began < 10_000);
      stats = store.stats('s');
      assert.ok(stats.lost > 0 && stats.written + stats.lost === sequence, JSON.stringify(stats));
      assert.match(stats.text, /lost/);
      const { records, bad } = journalOf(dir);
      assert.deepEqual([records.length, bad], [stats.written, 0]);
      for (const record of records) assertWhole(dir, record);
      assert.deepEqual(readdirSync(join(dir, 'pictures', 'tmp')), []);
      rmSync(filler);
      await until('recovered', () => store.stats('s').ok);
      const lostBefore = store.stats('s').lost;
      assert.ok(await send(5));
      assert.equal(store.stats('s').lost, lostBefore);
      const newest = await store.list('s', { limit: 5 });
      assert.deepEqual(
        newest.map((record) => [record.sequence, record.pictures.state]),
        [0, 1, 2, 3, 4].map((i) => [sequence - i, 'kept']),
      );
      for (const record of newest) assertWhole(dir, record);
    });
  });
});
