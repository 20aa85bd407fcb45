import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import type { TriggerRequest } from '../../lib/core/inspection.ts';
import { EvidenceStore } from '../../lib/evidence/evidence-store.ts';
import { LineQueue } from '../../lib/evidence/line-queue.ts';
import { type RefusalRecord, refusalRecord, refusalSchema } from '../../lib/evidence/refusal.ts';
import { RefusalLog } from '../../lib/evidence/refusal-log.ts';

import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { inspection, journalOf } from './inspections.ts';

const root = tempDir('refusals');
const trigger = (triggerId: number, partId = `P-${triggerId}`): TriggerRequest => ({
  ...{ triggerId, partId, expectedRecipe: 3, source: 'plc', at: systemClock.mono() },
});
const offline = { refused: true, reason: 'offline', text: 'The station is offline' } as const;

describe('refused triggers in the evidence', () => {
  let store: EvidenceStore;
  const open = async (dir: string, policy = {}) => {
    store = new EvidenceStore({ child: { backoff: { minMs: 10, maxMs: 50, resetAfterMs: 5_000 } } });
    await store.openStore('s', { dir, line: 'L', station: 'S', policy: { minFreeBytes: 0, ...policy } });
  };
  afterEach(() => store.stop());

  it('are kept with what was asked and why it was refused, beside the journal and not in it', async () => {
    const dir = join(root, 'kept');
    await open(dir);
    assert.equal(store.recordRefusal('s', trigger(7, '../Ü'), offline), true);
    store.record('s', inspection());
    store.recordRefusal('s', trigger(8), { reason: 'tooManyOpen', text: 'Too many inspections are open: 2' });
    assert.equal(await store.flush(10_000), true);
    const [second, first, ...more] = await store.listRefusals('s', { limit: 10 });
    assert.deepEqual(more, []);
    assert.deepEqual(refusalSchema.parse(first), first);
    assert.deepEqual([first.line, first.station, first.part.id, first.trigger.triggerId], ['L', 'S', '../Ü', 7]);
    assert.deepEqual([first.reason, first.trigger.expectedRecipe], [{ key: 'offline', text: offline.text }, 3]);
    assert.deepEqual([second.reason.key, second.trigger.triggerId], ['tooManyOpen', 8]);
    assert.equal(journalOf(dir).records.length, 1);
    assert.equal((await store.list('s', { limit: 10 })).length, 1);
  });

  it('are complete and there once each, over the end of the process in mid-write', async () => {
    const dir = join(root, 'killed');
    await open(dir);
    const running = () => until('its process runs', () => store.childStats().state === 'running');
    for (let i = 1; i <= 400; i++) {
      store.recordRefusal('s', trigger(i), offline);
      if (i % 100 === 0 && i < 400) {
        await running();
        const { pid } = store.childStats();
        process.kill(pid ?? assert.fail('no process'), 'SIGKILL');
        await until('its end is noticed', () => store.childStats().pid !== pid);
      }
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await store.flush(15_000), true);
    await running();
    const found = (await store.listRefusals('s', { limit: 500 })).map((one) => one.trigger.triggerId);
    assert.deepEqual(
      found.reverse(),
      Array.from({ length: 400 }, (_, i) => i + 1),
    );
  });

  it('are written once although they are sent again, over a new start too', async () => {
    const folder = join(root, 'again');
    const [one, two] = [1, 2].map((id) =>
      refusalRecord({ line: 'L', station: 'S' }, trigger(id), offline, systemClock.utc()),
    );
    const first = new RefusalLog(folder, 1_000_000);
    await first.append([one]);
    await first.append([one]);
    await first.close();
    const second = new RefusalLog(folder, 1_000_000);
    await second.append([one, two]);
    assert.deepEqual(await second.newest(10), [two, one]);
    await second.close();
    await open(join(root, 'again-store')); // for afterEach
  });

  it('go on after half a line that a crash left', async () => {
    const dir = join(root, 'torn');
    await open(dir);
    store.recordRefusal('s', trigger(1), offline);
    await store.flush(10_000);
    await store.stop();
    appendFileSync(join(dir, 'refusals', 'newest.ndjson'), '{"check":"0000');
    await open(dir);
    store.recordRefusal('s', trigger(2), offline);
    await store.flush(10_000);
    const found = await store.listRefusals('s', { limit: 10 });
    assert.deepEqual(
      found.map((one) => one.trigger.triggerId),
      [2, 1],
    );
  });

  it('take no more than two files, and the newest stay', async () => {
    const dir = join(root, 'bounded');
    await open(dir, { segmentBytes: 4_096 });
    for (let i = 1; i <= 60; i++) {
      store.recordRefusal('s', trigger(i), offline);
      if (i % 5 === 0) await store.flush(10_000);
    }
    const found = await store.listRefusals('s', { limit: 500 });
    assert.equal(found[0].trigger.triggerId, 60);
    assert.ok(found.length < 60 && found.length > 5, `${found.length} are left`);
    const names = readdirSync(join(dir, 'refusals'));
    assert.deepEqual(names.sort(), ['newest.ndjson', 'older.ndjson']);
    for (const name of names) assert.ok(statSync(join(dir, 'refusals', name)).size <= 4_096);
  });

  it('wait in bounded number while the disk is away, and what comes beyond is told as lost', async () => {
    let ready = false;
    const sent: string[] = [];
    const lost: string[] = [];
    const queue = new LineQueue<RefusalRecord>({
      what: 'refusals',
      ready: () => ready,
      send: async (_key, refusals) => {
        sent.push(...refusals.map(({ id }) => id));
        return [];
      },
      onLost: (_key, id) => lost.push(id),
    });
    const made = Array.from({ length: 2_100 }, (_, i) => {
      return refusalRecord({ line: 'L', station: 'S' }, trigger(i), offline, systemClock.utc());
    });
    const kept = made.filter((refusal) => queue.add('s', refusal));
    assert.deepEqual([kept.length, lost.length, queue.countOf('s')], [2_000, 100, 2_000]);
    ready = true;
    queue.pump();
    await until('all are sent', () => queue.countOf() === 0);
    assert.deepEqual(
      sent,
      kept.map(({ id }) => id),
    );
    await open(join(root, 'queue')); // for afterEach
  });

  it('are told as lost where they cannot be kept, and hinder no record', async () => {
    const dir = join(root, 'lost');
    await open(dir);
    writeFileSync(join(dir, 'refusals'), 'a file in the way');
    const lost: string[] = [];
    store.on('lost', (key: string, _id: string, why: string) => lost.push(`${key}: ${why}`));
    store.recordRefusal('s', trigger(1), offline);
    store.record('s', inspection());
    assert.equal(await store.flush(10_000), true);
    assert.equal(lost.length, 1);
    assert.match(lost[0], /^s: .*(EEXIST|ENOTDIR)/);
    assert.equal(journalOf(dir).records.length, 1);
    assert.equal(store.recordRefusal('nobody', trigger(1), offline), false);
    assert.ok(existsSync(dir) && readFileSync(join(dir, 'refusals'), 'utf8') === 'a file in the way');
  });
});
