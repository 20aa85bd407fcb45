import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { Frame, sniffEncoding } from '../../lib/core/frame.ts';
import { newId } from '../../lib/core/ids.ts';
import { EvidenceStore } from '../../lib/evidence/evidence-store.ts';
import type { EvidencePolicyInput } from '../../lib/evidence/policy.ts';
import { recordSchema } from '../../lib/evidence/record.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { grayFrame, inspection, journalOf, roiResult } from './inspections.ts';

const root = tempDir('evidence');
let folders = 0;
const fresh = () => join(root, `s${++folders}`);
const small: EvidencePolicyInput = { minFreeBytes: 0, passSample: 1 };

describe('an evidence store', () => {
  let store: EvidenceStore;
  const open = async (dir: string, policy: EvidencePolicyInput = small, o = {}) => {
    store = new EvidenceStore({ child: { backoff: { minMs: 20, maxMs: 100, resetAfterMs: 5_000 } }, ...o });
    await store.openStore('s', { dir, line: 'L1', station: 'S1', policy });
    return store;
  };
  afterEach(() => store.stop());

  it('writes a record with its pictures: complete, listed, readable, and as the schema says', async () => {
    const dir = fresh();
    await open(dir);
    const made = inspection();
    const regions = {
      top: [
        {
          index: 1,
          name: 'Planfläche',
          polygon: [
            [0.1, 0.1],
            [0.9, 0.1],
            [0.5, 0.9],
          ] as [number, number][],
        },
      ],
    };
    assert.equal(store.record('s', made, { regions }), true);
    assert.equal(await store.flush(10_000), true);
    const [record] = await store.list('s', { limit: 10 });
    assert.deepEqual(recordSchema.parse(record), record);
    assert.equal(record.id, made.id);
    assert.equal(record.verdict, 'fail');
    assert.equal(record.part.id, 'A-1');
    assert.equal(record.views[0].score?.model.sha256, 'a'.repeat(64));
    assert.deepEqual(record.views[0].rois, [roiResult]);
    assert.equal(record.views[0].frame?.settings.exposureUs, 500);
    assert.match(record.software.package, /goodpart/);
    assert.deepEqual(record.pictures, { state: 'kept', detail: '' });
    assert.deepEqual(record.files.map(({ role }) => role).sort(), ['frame', 'map', 'overlay']);
    for (const { path, bytes, sha256, role } of record.files) {
      const data = readFileSync(join(dir, path));
      assert.equal(data.length, bytes);
      assert.equal(createHash('sha256').update(data).digest('hex'), sha256);
      assert.match(path, new RegExp(`^pictures/fail/000000000000/${made.id}\\.0\\.${role}\\.(png|jpg)$`));
      const read = await store.readPicture('s', made.id, role);
      assert.ok(read !== null && read !== 'expired' && read.data.equals(data));
    }
    assert.deepEqual(record.files.find(({ role }) => role === 'map')?.scale, { min: 0, max: 2.75 });
    const stats = store.stats('s');
    assert.deepEqual([stats.ok, stats.written, stats.lost, stats.queued, stats.restarts], [true, 1, 0, 0, 0]);
    assert.equal(stats.storage?.pictures.fail.count, 1);
  });

  it('writes a record of every inspection, pictures of those the policy keeps', async () => {
    const dir = fresh();
    await open(dir, { minFreeBytes: 0, passSample: 0, overlay: false });
    const verdicts = ['pass', 'warn', 'fail', 'invalid'] as const;
    for (const [i, verdict] of verdicts.entries()) store.record('s', inspection({ sequence: i + 1, verdict }));
    store.record('s', inspection({ sequence: 5, verdict: 'invalid', frame: null }));
    assert.ok(await store.flush(10_000));
    const records = await store.list('s', { limit: 10 });
    assert.deepEqual(
      records.map(({ sequence, verdict, pictures, files }) => [sequence, verdict, pictures.state, files.length]),
      [
        [5, 'invalid', 'none', 0],
        [4, 'invalid', 'kept', 2],
        [3, 'fail', 'kept', 2],
        [2, 'warn', 'kept', 2],
        [1, 'pass', 'not-selected', 0],
      ],
    );
    assert.deepEqual(
      (await store.list('s', { limit: 2, before: 4 })).map(({ sequence }) => sequence),
      [3, 2],
    );
  });

  it('keeps a file bit by bit, and a damaged one as well, saying what could not be drawn', async () => {
    await open(fresh());
    const known = { width: null, height: null, channels: null, bitDepth: null, source: 'top', number: 1, settings: {} };
    const damaged = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    const frames = [damaged, Buffer.from('nonsense'), Buffer.alloc(0)].map(
      (data) => new Frame({ data, encoding: sniffEncoding(data), ...known, exposedAt: 1, exposedUtc: '' }),
    );
    const made = frames.map((frame, i) => inspection({ sequence: i + 1, verdict: 'invalid', frame }));
    for (const one of made) store.record('s', one);
    assert.ok(await store.flush(10_000));
    for (const [i, one] of made.entries()) {
      const read = await store.readPicture('s', one.id, 'frame');
      assert.ok(read !== null && read !== 'expired' && read.data.equals(frames[i].data), `${i}`);
    }
    const records = await store.list('s', { limit: 3 });
    assert.match(records[2].pictures.detail, /overlay of top/);
    assert.equal(store.stats('s').ok, true);
  });

  it('says which numbers were not numbers, and never writes broken JSON', async () => {
    const dir = fresh();
    await open(dir);
    const made = inspection({ score: Number.NaN, verdict: 'invalid' });
    made.views[0].rois = [{ ...roiResult, fail: Number.POSITIVE_INFINITY, severity: -Infinity }];
    store.record('s', made);
    assert.ok(await store.flush(10_000));
    const [record] = await store.list('s', { limit: 1 });
    assert.equal(record.views[0].score?.value, null);
    assert.deepEqual(record.notFinite, [
      { path: 'views.0.score.value', value: 'NaN' },
      { path: 'views.0.rois.0.severity', value: '-Infinity' },
      { path: 'views.0.rois.0.fail', value: 'Infinity' },
    ]);
    recordSchema.parse(record);
  });

  it('keeps hostile texts inside the record and out of every path', async () => {
    const dir = fresh();
    await open(dir);
    const hostile = [
      '../../etc/passwd',
      '..%2f',
      'a/b\\c',
      'nul\0nul',
      'line\nfeed',
      '🔩🔩',
      '__proto__',
      '',
      '\ud800',
      '=cmd()',
    ];
    const made = hostile.map((partId, i) => inspection({ sequence: i + 1, partId }));
    for (const one of made) {
      Object.assign(one, { line: '../x', station: '__proto__' });
      one.views[0].name = '../../view';
      one.views[0].camera = JSON.parse('{"__proto__":1}') as string;
    }
    made.push(inspection({ sequence: 99, partId: 'x'.repeat(10_000_000) }));
    for (const one of made) assert.equal(store.record('s', one), true);
    assert.ok(await store.flush(20_000));
    const records = (await store.list('s', { limit: 20 })).reverse();
    assert.deepEqual(
      records.slice(0, -1).map(({ part }) => part.id),
      hostile,
    );
    assert.deepEqual(records.at(-1)?.cut.includes('part.id'), true);
    assert.equal(journalOf(dir).bad, 0);
    const names: string[] = [];
    const walk = (folder: string) => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        names.push(entry.name);
        if (entry.isDirectory()) walk(join(folder, entry.name));
      }
    };
    walk(dir);
    const own =
      /^(journal|pictures|tmp|ballast|fail|\d{12}|\d{12}\.ndjson|[0-9A-Z]{26}\.0\.(frame|overlay|map)\.(png|jpg))$/;
    assert.deepEqual(
      names.filter((name) => !own.test(name)),
      [],
    );
  });

  it('takes an inspection that was not judged, or has a foreign id, for lost and does not throw', async () => {
    const lost: string[] = [];
    await open(fresh());
    store.on('lost', (_key, id) => lost.push(id));
    assert.equal(store.record('s', inspection({ verdict: null })), false);
    assert.equal(store.record('s', inspection({ id: '../../x' })), false);
    assert.equal(store.record('other', inspection()), false);
    assert.equal(lost.length, 3);
    assert.equal(store.stats('s').lost, 2);
  });

  it('refuses ids, roles and limits that are not ours', async () => {
    await open(fresh());
    const bad = { code: 'GP_INPUT_INVALID' };
    await assert.rejects(store.readPicture('s', '../../../etc/passwd', 'frame'), { ...bad, field: 'id' });
    await assert.rejects(store.readPicture('s', newId(), '../x' as 'frame'), { ...bad, field: 'role' });
    await assert.rejects(store.readPicture('s', newId(), 'frame', -1), { ...bad, field: 'view' });
    await assert.rejects(store.list('s', { limit: 1e9 }), { ...bad, field: 'limit' });
    await assert.rejects(store.list('nobody', { limit: 1 }), bad);
    assert.equal(await store.readPicture('s', newId(), 'frame'), null);
    await assert.rejects(store.openStore('t', { dir: 'relative', line: '', station: '' }), { field: 'dir' });
    await assert.rejects(store.openStore('t', { dir: fresh(), line: '', station: '', policy: { passSample: 2 } }), {
      code: 'GP_CONFIG_INVALID',
      field: 'policy.passSample',
    });
  });

  it('reads only the path that a record names, and notices a changed picture', async () => {
    const dir = fresh();
    await open(dir);
    const made = inspection();
    store.record('s', made);
    assert.ok(await store.flush(10_000));
    const [{ files }] = await store.list('s', { limit: 1 });
    const frame = files.find(({ role }) => role === 'frame');
    writeFileSync(join(dir, frame?.path ?? ''), 'changed');
    await assert.rejects(store.readPicture('s', made.id, 'frame'), { code: 'GP_EVIDENCE_LOST' });
    rmSync(join(dir, frame?.path ?? ''));
    assert.equal(await store.readPicture('s', made.id, 'frame'), 'expired');
  });

  it('takes passes away first, records outlive pictures, and a full store of fails takes nothing more', async () => {
    const dir = fresh();
    await open(dir, { minFreeBytes: 0, passSample: 1, overlay: false, map: false, maxBytes: 10_000 });
    const picture = (bytes: number) => {
      const data = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(bytes - 3, 1)]);
      const info = {
        width: null,
        height: null,
        channels: null,
        bitDepth: null,
        source: 'top',
        number: 1,
        settings: {},
      };
      return new Frame({ data, encoding: 'jpeg', ...info, exposedAt: 1, exposedUtc: '' });
    };
    const pass = inspection({ sequence: 1, verdict: 'pass', frame: picture(4_000) });
    const invalid = inspection({ sequence: 2, verdict: 'invalid', frame: picture(4_000) });
    const fails = [3, 4].map((sequence) => inspection({ sequence, verdict: 'fail', frame: picture(4_000) }));
    const late = inspection({ sequence: 5, verdict: 'pass', frame: picture(4_000) });
    for (const one of [pass, invalid, ...fails, late]) {
      store.record('s', one);
      assert.ok(await store.flush(10_000));
    }
    assert.equal(await store.readPicture('s', pass.id, 'frame'), 'expired');
    assert.equal(await store.readPicture('s', invalid.id, 'frame'), 'expired');
    for (const { id } of fails) assert.notEqual(await store.readPicture('s', id, 'frame'), 'expired');
    const records = await store.list('s', { limit: 9 });
    assert.equal(records.length, 5);
    assert.deepEqual(records[0].pictures, { state: 'dropped', detail: 'the store is full of failed parts' });
    const stats = store.stats('s');
    assert.deepEqual([stats.ok, stats.lost, stats.picturesDropped], [false, 0, 1]);
    assert.match(stats.text, /full of failed parts/);
    assert.equal(stats.storage?.picturesExpired, 2);
  });

  it('goes on after a restart where it was: sequence of records, totals, no doubles', async () => {
    const dir = fresh();
    await open(dir);
    const made = [1, 2, 3].map((sequence) => inspection({ sequence }));
    for (const one of made) store.record('s', one);
    assert.ok(await store.flush(10_000));
    const before = store.stats('s').storage?.pictures;
    await store.stop();
    await open(dir);
    assert.deepEqual(store.stats('s').storage?.pictures, before);
    store.record('s', made[1]);
    store.record('s', inspection({ sequence: 4 }));
    assert.ok(await store.flush(10_000));
    assert.deepEqual(
      (await store.list('s', { limit: 9 })).map(({ sequence }) => sequence),
      [4, 3, 2, 1],
    );
    assert.equal(journalOf(dir).records.length, 4);
  });

  it('sets a torn tail aside, counts a changed line, and begins a new file at the size that the policy says', async () => {
    const dir = fresh();
    await open(dir, { ...small, segmentBytes: 4_096 });
    for (let sequence = 1; sequence <= 8; sequence++) {
      store.record('s', inspection({ sequence, frame: null }));
      assert.ok(await store.flush(10_000));
    }
    await store.stop();
    const segments = readdirSync(join(dir, 'journal')).sort();
    assert.ok(segments.length >= 3, segments.join());
    const last = join(dir, 'journal', segments.at(-1) ?? '');
    const good = statSync(last).size;
    appendFileSync(last, '{"check":"00000000","record":{"schema":1,"id":"half');
    const first = join(dir, 'journal', segments.at(-2) ?? '');
    const bytes = readFileSync(first);
    bytes[60] ^= 1;
    writeFileSync(first, bytes);
    await open(dir, { ...small, segmentBytes: 4_096 });
    assert.equal(statSync(last).size, good);
    assert.equal(readdirSync(join(dir, 'journal')).filter((name) => name.includes('.torn-')).length, 1);
    const { storage } = store.stats('s');
    assert.deepEqual([storage?.tornTails, storage?.damagedLines], [1, 1]);
    assert.deepEqual((await store.list('s', { limit: 9 })).length, 7);
    store.record('s', inspection({ sequence: 9, frame: null }));
    assert.ok(await store.flush(10_000));
    assert.equal((await store.list('s', { limit: 1 }))[0].sequence, 9);
  });

  it('says which folder cannot be used, keeps records in memory, and writes them when it can', async () => {
    const dir = fresh();
    mkdirSync(root, { recursive: true });
    writeFileSync(dir, 'a file where a folder should be');
    store = new EvidenceStore();
    await assert.rejects(store.openStore('s', { dir, line: '', station: '', policy: small }), (error) => {
      assert.ok(GoodpartError.is(error) && error.code === 'GP_EVIDENCE_LOST' && error.field === 'dir', String(error));
      return true;
    });
    assert.equal(store.stats('s').ok, false);
    assert.equal(store.record('s', inspection()), true);
    rmSync(dir);
    await until('written', () => store.stats('s').written === 1);
    assert.equal(store.stats('s').ok, true);
  });

  it('removes at the next opening what a crash left without its record, and nothing else', async () => {
    const dir = fresh();
    await open(dir);
    const made = inspection({ sequence: 5 });
    store.record('s', made);
    await store.flush(10_000);
    const [{ files }] = await store.list('s', { limit: 1 });
    await store.stop();
    const folder = join(dir, 'pictures', 'fail', '000000000000');
    const [lost, half] = [newId(), newId()];
    writeFileSync(join(folder, `${lost}.0.frame.png`), 'whole, but its record never came');
    writeFileSync(join(dir, 'pictures', 'tmp', `${half}.0.frame.png`), 'half');
    for (const id of [lost, half, made.id]) {
      writeFileSync(join(dir, 'pictures', 'tmp', `fail.000000000000.${id}.mark`), '');
    }
    await open(dir);
    assert.deepEqual(readdirSync(folder).sort(), files.map(({ path }) => path.split('/').at(-1)).sort());
    assert.deepEqual(readdirSync(join(dir, 'pictures', 'tmp')), []);
    assert.equal(store.stats('s').storage?.orphans, 1);
    assert.equal(store.stats('s').storage?.pictures.fail.count, 1);
  });

  it('draws an overlay for whoever wants to look', async () => {
    store = new EvidenceStore();
    const view = {
      map: AnomalyMap.from(2, 2, Float32Array.of(0, 1, Number.NaN, 3)),
      rois: [
        {
          ...roiResult,
          severity: Number.NaN,
          polygon: [
            [0, 0],
            [1, 0],
            [1, 1],
          ] as [number, number][],
        },
      ],
      verdict: 'fail' as const,
      severity: Number.POSITIVE_INFINITY,
    };
    const jpeg = await store.draw(grayFrame(), view, { maxWidth: 320, quality: 70 });
    assert.equal(sniffEncoding(jpeg), 'jpeg');
    const damaged = Buffer.from([0xff, 0xd8, 0xff, 1]);
    const info = { width: null, height: null, channels: null, bitDepth: null, source: 'x', number: 1, settings: {} };
    const frame = new Frame({ data: damaged, encoding: 'jpeg', ...info, exposedAt: 1, exposedUtc: '' });
    await assert.rejects(store.draw(frame, view), { code: 'GP_IMAGE_UNREADABLE' });
    const many = await Promise.allSettled(Array.from({ length: 30 }, () => store.draw(grayFrame(), view)));
    assert.ok(many.some((one) => one.status === 'rejected' && one.reason.code === 'GP_CHILD_BUSY'));
    assert.ok(many.some((one) => one.status === 'fulfilled'));
    assert.equal(existsSync(join(root, 'nothing')), false);
  });
});
