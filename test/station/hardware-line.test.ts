import assert from 'node:assert/strict';
import { Frame } from '../../lib/core/frame.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import { frame, openRig, type Rig } from './kit.ts';

const window = { earliestMs: 50, latestMs: 150, graceMs: 50 };

describe('a station with a hardware line', () => {
  let rig: Rig;
  let exposures: number;
  beforeEach(async () => {
    rig = await openRig({ maxOpen: 4 });
    rig.station.registerCamera('main', { name: 'line', settingsHash: '', announced: window });
    exposures = 0;
  });

  const announce = (triggerId: number, more: object = {}) => {
    const at = rig.time.clock.mono();
    return rig.station.announcePart({ triggerId, partId: `P${triggerId}`, expectedRecipe: 0, at, ...more });
  };
  const pulse = ({ seen = true } = {}) => {
    exposures += 1;
    const exposedAt = rig.time.clock.mono();
    const unknown = { width: null, height: null, channels: null, bitDepth: null };
    const picture = new Frame({
      ...{ ...unknown, data: Buffer.from([1]), encoding: 'jpeg', source: 'line', number: exposures, exposedAt },
      ...{ exposedUtc: '', settings: {}, counter: { opening: 1, exposures } },
    });
    return seen ? rig.station.lineFrame('main', picture, 'line') : undefined;
  };
  const known = (part: ReturnType<typeof pulse>) => (part && 'id' in part ? part.part.id : part);

  it('gives each announced part the picture of its own pulse, and its deadline from then on', () => {
    const answer = announce(7);
    assert.ok(!answer.refused);
    assert.equal(answer.inspection.deadline, answer.inspection.trigger.at + 150 + 500);
    assert.deepEqual([answer.inspection.trigger.source, rig.station.snapshot().acceptedTrigger], ['hardware', 7]);
    rig.time.pass(100);
    const part = pulse();
    assert.ok(part && 'id' in part);
    assert.deepEqual([part.id, part.part.id, part.timings.exposed], [answer.inspection.id, 'P7', 100]);
    assert.equal(part.deadline, part.trigger.at + 100 + 500);
    assert.equal(rig.station.snapshot().exposureDoneTrigger, 7);
    rig.time.pass(499);
    assert.equal(rig.closed.length, 0);
    rig.time.pass(1);
    assert.equal(rig.closed[0].reasons[0].key, 'deadline');
  });

  it('tells a missed pulse as invalid when its time is over, spoils one more part to be safe, and goes on', () => {
    const parts: unknown[] = [];
    for (let n = 1; n <= 5; n++) {
      announce(n);
      rig.time.pass(100);
      if (n !== 2) parts.push(known(pulse()));
      rig.time.pass(150);
    }
    assert.deepEqual(parts, ['P1', null, 'P4', 'P5']);
    rig.time.pass(1_000);
    const reasons = rig.closed.map(({ part, reasons: [first] }) => [part.id, first.key]);
    assert.deepEqual(reasons.slice(0, 3), [
      ['P1', 'deadline'],
      ['P2', 'frameTimeout'],
      ['P3', 'outOfStep'],
    ]);
    assert.equal(rig.closed.length, 5);
  });

  it('tells the PLC by itself that the part may move on once a missed pulse leaves no picture to be taken', async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    rig.station.registerCamera('side', { name: 'area', settingsHash: '' });
    const answer = announce(7);
    assert.ok(!answer.refused);
    assert.ok(rig.station.addFrame(answer.inspection.id, 'side', frame(rig.time), 'area'));
    await turn();
    const exposed: number[] = [];
    rig.station.on('snapshot', (snapshot: StationSnapshot) => exposed.push(snapshot.exposureDoneTrigger));
    await turn();
    assert.deepEqual(exposed, []);
    rig.time.pass(250);
    await turn();
    assert.deepEqual(exposed, [7]);
    assert.equal(rig.closed.length, 0);
  });

  it('does not shift a verdict when a frame is lost on its way', () => {
    const parts: unknown[] = [];
    for (let n = 1; n <= 4; n++) {
      announce(n);
      rig.time.pass(100);
      parts.push(known(pulse({ seen: n !== 2 })));
      rig.time.pass(150);
    }
    assert.deepEqual(parts, ['P1', undefined, 'P3', 'P4']);
  });

  it('refuses and counts what the barrier saw and nobody announced', () => {
    const answer = pulse();
    assert.ok(answer && 'refused' in answer);
    assert.equal(answer.reason, 'notAnnounced');
    assert.equal(rig.station.snapshot().counters.missed, 1);
    assert.deepEqual([rig.refused[0].request.source, rig.closed.length], ['hardware', 0]);
  });

  it('keeps the pulse of a part that has its verdict already from the next part', () => {
    announce(1, { expectedRecipe: 9 });
    assert.equal(rig.closed[0].reasons[0].key, 'wrongRecipe');
    rig.time.pass(100);
    assert.equal(pulse(), null);
    assert.equal(rig.station.snapshot().counters.missed, 0);
    rig.time.pass(100);
    announce(2);
    rig.time.pass(100);
    assert.equal(known(pulse()), 'P2');
  });

  it('refuses announcements as it refuses triggers, and where no camera could answer them', () => {
    for (let n = 1; n <= 4; n++) assert.equal(announce(n).refused, false);
    const fifth = announce(5);
    assert.ok(fifth.refused);
    assert.equal(fifth.reason, 'tooManyOpen');
    assert.equal(rig.station.announcementsOverlap, true);
    rig.time.pass(5_000);
    assert.equal(rig.closed.length, 4);
    announce(6);
    rig.station.unregisterCamera('main');
    assert.equal(rig.closed[4].reasons[0].key, 'deployed');
    const without = announce(7);
    assert.ok(without.refused);
    assert.match(without.text, /no camera of this station has a hardware line/);
    assert.equal(rig.station.snapshot().counters.missed, 2);
  });
});
