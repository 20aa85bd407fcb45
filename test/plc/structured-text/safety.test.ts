import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Verdict } from '../../../lib/core/inspection.ts';
import { decodePicture } from '../../../lib/plc/reference/picture.ts';
import { stationBlock } from '../../../lib/plc/reference/station-block.ts';
import { stationDefaults, stationMemory } from '../../../lib/plc/reference/station-io.ts';
import { trackBlock } from '../../../lib/plc/reference/track-block.ts';
import { trackDefaults, trackMemory } from '../../../lib/plc/reference/track-io.ts';
import { WireStation } from './wire-station.ts';

const limitMs = 700;
const marginMs = 100;

/** A station that answers some time, out of order, twice, for strangers, or not at all; a link and a heart that come and go. */
const cycle = fc.record({
  after: fc.integer({ min: 5, max: 60 }),
  tick: fc.boolean(),
  part: fc.boolean(),
  link: fc.integer({ min: 0, max: 60 }).map((n) => n > 0),
  beats: fc.integer({ min: 0, max: 7 }).map((n) => n > 0),
  answer: fc.constantFrom('accept', 'accept', 'accept', 'refuse', 'nothing'),
  publish: fc.constantFrom('oldest', 'oldest', 'nothing', 'nothing', 'newest', 'stranger'),
  verdict: fc.constantFrom<Verdict>('pass', 'pass', 'warn', 'fail', 'invalid'),
  restart: fc.integer({ min: 0, max: 150 }).map((n) => n === 0),
});

/** What a slot's ACCEPT needs, kept apart from the blocks: said by the station since the last time all was rejected. */
class Witness {
  #accepted = new Map<number, { accept: boolean; at: number }>();
  #sent = new Map<number, number>();

  sent(triggerId: number, at: number): void {
    this.#sent.set(triggerId, at);
    this.#accepted.delete(triggerId);
  }

  published(triggerId: number, accept: boolean, at: number): void {
    if (triggerId !== 0 && !this.#accepted.has(triggerId)) this.#accepted.set(triggerId, { accept, at });
  }

  rejectAll(): void {
    this.#sent.clear();
    this.#accepted.clear();
  }

  mayAccept(triggerId: number): boolean {
    const sent = this.#sent.get(triggerId);
    const result = this.#accepted.get(triggerId);
    return sent !== undefined && result?.accept === true && result.at - sent <= limitMs + marginMs;
  }
}

describe('a slot of the reference', () => {
  it('is ACCEPT only by a result of its own TriggerId with Accept = 1, in time, since all was rejected last', function () {
    this.timeout(120_000);
    let accepted = 0;
    let ejected = 0;
    const property = fc.property(fc.array(cycle, { minLength: 150, maxLength: 400 }), (cycles) => {
      const station = new WireStation({ deadlineMs: limitMs });
      const [stationHeld, trackHeld, witness] = [stationMemory(), trackMemory(), new Witness()];
      const open: number[] = [];
      let nowMs = 0;
      let writtenVersion = 0;
      let seen = 0;
      for (const now of cycles) {
        nowMs += now.after;
        if (now.beats) station.heartbeat = Math.floor(nowMs / 200) % 65_536;
        if (now.restart) {
          station.set({
            bootId: (station.snapshot.bootId % 65_535) + 1,
            acceptedTrigger: 0,
            open: 0,
            ring: [],
            result: null,
          });
          open.length = 0;
        }
        const { triggerId } = stationHeld.out.command;
        if (triggerId !== 0 && triggerId !== seen && now.link && now.answer !== 'nothing') {
          seen = triggerId;
          if (now.answer === 'accept') {
            station.accept(triggerId);
            open.push(triggerId);
          } else station.refuse(triggerId);
        }
        if (now.publish === 'stranger') {
          station.publish(30_000, now.verdict);
        } else if (now.publish !== 'nothing' && open.length > 0) {
          const id = (now.publish === 'oldest' ? open.shift() : open.pop()) ?? 0;
          station.publish(id, now.verdict);
          witness.published(id, now.verdict === 'pass', nowMs);
        }
        const { registers, ring } = station.words();
        const request = trackHeld.out;
        const out = stationBlock(stationHeld, {
          ...stationDefaults,
          marginMs,
          heartbeatLimitMs: 800,
          answerLimitMs: 300,
          nowMs,
          linkOk: now.link,
          picture: decodePicture(registers, ring),
          writtenVersion,
          trigger: request.triggerRequest,
          expectedRecipe: 0,
          partIdLength: 0,
          partId: [],
          commandStart: false,
          commandCode: 0,
          commandArg: 0,
          dispositionTrigger: request.dispositionTrigger,
          dispositionCode: request.dispositionCode,
          faultReset: false,
        });
        if (out.allReject) witness.rejectAll();
        if (out.issued) witness.sent(out.issuedTriggerId, nowMs);
        if (now.link) writtenVersion = out.commandVersion;
        const before = { ...trackHeld.out.slots[4] };
        const ticked = now.tick && !trackHeld.tickBefore;
        const line = trackBlock(trackHeld, {
          ...trackDefaults,
          ...out,
          slotCount: 8,
          triggerPosition: 1,
          ejectPosition: 5,
          nowMs,
          tick: now.tick,
          moving: true,
          partSensor: now.part,
          checkSensor: false,
          ejectSensor: false,
          binFull: false,
          reset: false,
        });
        for (const slot of line.slots.slice(0, 6)) {
          if (!slot.accept) continue;
          accepted += 1;
          assert.ok(slot.triggerId !== 0 && slot.occupied && !out.allReject);
          assert.ok(
            witness.mayAccept(slot.triggerId),
            `slot of trigger ${slot.triggerId} is ACCEPT without its result`,
          );
        }
        // What stood before the eject position and was not ACCEPT when it arrived is ejected, not handed on.
        if (ticked && before.occupied && !line.slots[5].accept) {
          ejected += 1;
          assert.equal(line.slots[5].occupied, false);
          assert.equal(trackHeld.ejectRunning, true);
        }
      }
    });
    fc.assert(property, { numRuns: 150 });
    assert.ok(accepted > 100 && ejected > 100, `${accepted} accepted, ${ejected} ejected: the property shows nothing`);
  });
});
