import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wireSequence } from '../../lib/core/inspection.ts';
import { Station } from '../../lib/station/station.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { accept, dir, draft, inspect, openRig, type Rig, request } from './kit.ts';

const reopened = async (rig: Rig, kind: 'close' | 'crash') => {
  if (kind === 'close') await rig.station.close();
  else await rig.station.settled();
  return openRig({ mode: 'offline' }, { time: rig.time, disk: rig.disk.afterCrash() });
};

describe('station: what survives a restart', () => {
  for (const kind of ['close', 'crash'] as const) {
    it(`keeps counters, mode, latch and recipe after a ${kind}`, async () => {
      const rig = await openRig();
      await rig.station.recipes.save(draft(rig.station));
      rig.station.recipes.activate(1);
      inspect(rig, accept(rig), 0);
      inspect(rig, accept(rig), 5);
      rig.station.refuse(request(rig.time), 'learning');
      rig.station.countEvidenceLost(2);
      rig.station.setMode('shadow', 'anna', 'trial');
      rig.station.latchAlarm(7, 'three in a row');
      const before = rig.station.snapshot();
      const next = await reopened(rig, kind);
      const snapshot = next.station.snapshot();
      assert.deepEqual(snapshot.counters, before.counters);
      assert.deepEqual(snapshot.counters, {
        ...{ total: 2, pass: 1, warn: 0, fail: 1, invalid: 0 },
        ...{ missed: 1, evidenceLost: 2, resultsOverrun: 0 },
      });
      assert.equal(next.station.mode, 'shadow');
      assert.deepEqual(
        [snapshot.alarmCode, snapshot.status.alarmLatched, snapshot.status.stopRequest],
        [7, true, true],
      );
      assert.equal(next.station.alarm?.text, 'three in a row');
      assert.equal(snapshot.activeRecipe, 1);
      assert.equal(snapshot.result, null);
      assert.equal(snapshot.lastSequence, 2);
      next.station.resetAlarm('anna');
      const third = await reopened(next, kind);
      assert.equal(third.station.snapshot().alarmCode, 0);
    });
  }

  it('goes on without a gap after an orderly end, and jumps ahead after a crash', async () => {
    const rig = await openRig();
    for (let i = 0; i < 3; i++) inspect(rig, accept(rig), 0);
    const second = await reopened(rig, 'close');
    second.station.setMode('run', 'a', '');
    inspect(second, accept(second), 0);
    assert.equal(second.closed[0].sequence, 4);
    const third = await reopened(second, 'crash');
    inspect(third, accept(third), 0);
    assert.ok(third.closed[0].sequence > 1000);
    assert.ok(wireSequence(third.closed[0].sequence) <= 65535);
  });

  it('closes what a crash left open as invalid, counted, with its own sequence and part', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig), 0);
    const open = accept(rig, { partId: 'left', triggerId: 12 });
    const next = await reopened(rig, 'crash');
    const [left] = next.station.closedAtStart;
    await until('the event', () => next.closed.length === 1);
    assert.equal(next.closed[0], left);
    assert.deepEqual(Object.keys(left).sort(), Object.keys(rig.station.describe(open, '')).sort());
    assert.deepEqual(
      [left.sequence, left.part.id, left.trigger.triggerId, left.verdict, left.reasons[0].key, left.accept],
      [2, 'left', 12, 'invalid', 'restarted', false],
    );
    assert.equal(next.station.snapshot().counters.invalid, 1);
    assert.equal(next.station.snapshot().lastSequence, 2);
    const third = await reopened(next, 'crash');
    assert.deepEqual(third.station.closedAtStart, []);
  });

  it('closes what is open as invalid when it is shut down, and refuses then', async () => {
    const rig = await openRig();
    accept(rig);
    await rig.station.close();
    assert.deepEqual([rig.closed[0].verdict, rig.closed[0].reasons[0].key], ['invalid', 'restarted']);
    assert.equal(rig.station.accept(request(rig.time)).refused, true);
    assert.equal(rig.time.timers, 0);
    await rig.station.close();
  });

  it('keeps the journal short however long it runs', async () => {
    const rig = await openRig();
    for (let i = 0; i < 3000; i++) {
      inspect(rig, accept(rig), 0);
      if (i % 100 === 0) await rig.station.settled();
    }
    await rig.station.settled();
    const sizes = [...rig.disk.files].map(([path, text]) => [path, text.length] as const);
    assert.ok(sizes.length <= 4, String(sizes.map(([path]) => path)));
    for (const [path, size] of sizes) assert.ok(size < 1_500_000, `${path}: ${size}`);
    const next = await openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
    assert.equal(next.station.snapshot().counters.pass, 3000);
  });
});

describe('station: damaged files', () => {
  const damages: [string, (text: string) => string][] = [
    ['half written', (text) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['zeroed', (text) => '\0'.repeat(text.length)],
    ['not ours', () => '{"schema":99}'],
    ['edited to NaN', (text) => text.replace(/"lastSequence":\d+/, '"lastSequence":null')],
  ];
  for (const [name, damage] of damages) {
    it(`takes the copy where state.json is ${name}, and sets it aside`, async () => {
      const rig = await openRig();
      for (let i = 0; i < 3; i++) inspect(rig, accept(rig), 0);
      await rig.station.settled();
      const disk = rig.disk.afterCrash();
      const damaged = damage(disk.files.get(`${dir}/state.json`) ?? '');
      disk.files.set(`${dir}/state.json`, damaged);
      const next = await openRig({}, { time: rig.time, disk });
      assert.equal(next.station.snapshot().counters.pass, 3);
      assert.equal(next.station.snapshot().faultCode, 503);
      const aside = [...disk.files].find(([path]) => path.includes('state.json.damaged-'));
      assert.equal(aside?.[1], damaged);
      inspect(next, accept(next), 0);
      assert.ok(next.closed[0].sequence > 3);
      next.station.acknowledgeFault('anna');
      assert.equal(next.station.snapshot().faultCode, 0);
    });

    it(`never repeats a sequence where both copies are ${name}, however often`, async () => {
      let rig = await openRig();
      let last = 0;
      for (let round = 0; round < 4; round++) {
        inspect(rig, accept(rig), 0);
        const { sequence } = rig.closed.at(-1)!;
        assert.ok(sequence > last, `${sequence} after ${last}`);
        last = sequence;
        await rig.station.settled();
        const disk = rig.disk.afterCrash();
        for (const file of ['state.json', 'state-copy.json']) {
          disk.files.set(`${dir}/${file}`, damage(disk.files.get(`${dir}/${file}`) ?? ''));
        }
        rig = await openRig({}, { time: rig.time, disk });
        rig.time.pass(60_000);
      }
    });
  }

  it('skips a torn last line of the journal', async () => {
    const rig = await openRig();
    inspect(rig, accept(rig), 0);
    accept(rig);
    await rig.station.settled();
    const disk = rig.disk.afterCrash();
    const journal = [...disk.files.keys()].find((path) => path.includes('journal-'))!;
    disk.files.set(journal, `${disk.files.get(journal)}{"what":"closed","sequ`);
    const next = await openRig({}, { time: rig.time, disk });
    assert.equal(next.station.closedAtStart.length, 1);
    assert.equal(next.station.snapshot().counters.total, 2);
  });
});

describe('station: a disk that fails', () => {
  it('goes on inspecting, shows the fault and clears it when the disk works again', async () => {
    const rig = await openRig();
    rig.disk.broken = 'ENOSPC: no space left on device';
    inspect(rig, accept(rig), 0);
    await rig.station.settled();
    const { faultCode, health, status } = rig.station.snapshot();
    assert.deepEqual([faultCode, health.evidenceOk, status.ready], [401, false, true]);
    assert.match(rig.station.faults()[0].text, /no space left/);
    for (let i = 0; i < 2000; i++) inspect(rig, accept(rig), 0);
    assert.equal(rig.closed.length, 2001);
    rig.disk.broken = null;
    inspect(rig, accept(rig), 0);
    await rig.station.settled();
    assert.equal(rig.station.snapshot().faultCode, 0);
    const next = await openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
    assert.equal(next.station.snapshot().counters.pass, 2002);
  });

  it('never repeats a sequence after a crash although nothing could be written any more', async () => {
    const rig = await openRig();
    rig.disk.broken = 'EIO';
    let last = 0;
    for (let i = 0; i < 12_000; i++) {
      const answer = rig.station.accept(request(rig.time));
      if (answer.refused) {
        assert.equal(answer.reason, 'starting');
        break;
      }
      last = answer.inspection.sequence;
      inspect(rig, answer.inspection.id, 0);
      if (i % 500 === 0) await rig.station.settled();
    }
    assert.ok(last > 9000 && last < 12_000, `refused after ${last}`);
    rig.disk.broken = null;
    const next = await openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
    inspect(next, accept(next), 0);
    assert.ok(next.closed[0].sequence > last);
  });

  it('gives verdicts while the disk hangs, and says that it hangs', async () => {
    const rig = await openRig();
    rig.disk.hung = true;
    for (let i = 0; i < 5000; i++) inspect(rig, accept(rig), 0);
    rig.time.pass(6000);
    rig.station.tick();
    assert.equal(rig.closed.length, 5000);
    assert.equal(rig.station.snapshot().faultCode, 401);
  });

  it('accepts nothing before a sequence is reserved, and begins by itself when the disk allows it', async () => {
    const rig = await openRig();
    await rig.station.close();
    const disk = rig.disk.afterCrash();
    disk.broken = 'EROFS: read-only file system';
    const next = await openRig({}, { time: rig.time, disk });
    const refusal = next.station.accept(request(rig.time));
    assert.equal(refusal.refused && refusal.reason, 'starting');
    assert.equal(next.station.snapshot().ne107, 1);
    disk.broken = null;
    await until('a reserved sequence', async () => {
      next.station.tick();
      await next.station.settled();
      return next.station.credit() > 0;
    });
    accept(next);
  });
});

describe('station: on a real disk', () => {
  const options = (path: string) => ({
    ...{ line: 'l', station: 's', dir: path, deadlineMs: 60_000, maxOpen: 8, staleAfterMs: 0 },
    mode: 'run' as const,
  });

  it('is closed by the next start after SIGKILL in mid-inspection, and its lock is free', async () => {
    const path = join(tempDir('station'), 'a', 'b');
    const script = `
      const { Station } = require(${JSON.stringify(join(__dirname, '../../lib/station/station.js'))});
      const { systemClock } = require(${JSON.stringify(join(__dirname, '../../lib/core/clock.js'))});
      Station.open(${JSON.stringify(options(path))}).then(async (station) => {
        for (const triggerId of [1, 2, 3]) {
          station.accept({ triggerId, partId: 'P' + triggerId, expectedRecipe: 0, source: 'plc', at: systemClock.mono() });
        }
        await station.settled();
        console.log('open');
        setInterval(() => {}, 1000);
      });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await until('three open inspections', () => said.includes('open'));
    await assert.rejects(Station.open(options(path)), { code: 'GP_STATION_LOCKED' });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const station = await Station.open(options(path));
    assert.deepEqual(
      station.closedAtStart.map((one) => [one.sequence, one.part.id, one.verdict]),
      [
        [1, 'P1', 'invalid'],
        [2, 'P2', 'invalid'],
        [3, 'P3', 'invalid'],
      ],
    );
    await assert.rejects(Station.open(options(path)), { code: 'GP_STATION_LOCKED' });
    await station.close();
    const again = await Station.open(options(path));
    assert.equal(again.snapshot().counters.invalid, 3);
    assert.notEqual(again.bootId, 0);
    await again.close();
    assert.deepEqual(readdirSync(path).sort(), ['state-copy.json', 'state.json']);
  });

  it('closes by its own timer without anybody calling', async () => {
    const station = await Station.open({ ...options(tempDir('station')), deadlineMs: 50 });
    const closed: string[] = [];
    station.on('closed', (one) => closed.push(one.reasons[0].key));
    const { systemClock } = await import('../../lib/core/clock.ts');
    station.accept({ triggerId: 1, partId: '', expectedRecipe: 0, source: 'plc', at: systemClock.mono() });
    await until('the deadline', () => closed.length === 1);
    assert.deepEqual(closed, ['deadline']);
    await station.close();
  });

  it('sets a damaged state aside without touching what was in it', async () => {
    const path = tempDir('station');
    await (await Station.open(options(path))).close();
    writeFileSync(join(path, 'state.json'), 'rubbish');
    const station = await Station.open(options(path));
    const aside = readdirSync(path).find((name) => name.startsWith('state.json.damaged-'));
    assert.equal(readFileSync(join(path, aside ?? ''), 'utf8'), 'rubbish');
    await station.close();
  });
});
