import { type Verdict, verdictCodes } from '../../../lib/core/inspection.ts';
import type { PublishedResult, StationSnapshot } from '../../../lib/core/snapshot.ts';
import { renderTags } from '../../../lib/plc/image.ts';
import { encodeRegisters, type WordOrder } from '../../../lib/plc/registers.ts';
import { makeResult, makeSnapshot } from '../snapshots.ts';
import type { Words } from './station-trio.ts';

/**
 * A station as its registers show it, said by the case: what it accepts, refuses and publishes. The registers themselves are rendered and
 * encoded by the product's own code.
 */
export class WireStation {
  snapshot: StationSnapshot;
  heartbeat = 7;
  wordOrder: WordOrder = 'ABCD';
  command = { ack: 0, status: 0 };

  constructor(more: Partial<StationSnapshot> = {}) {
    this.snapshot = makeSnapshot(null, { deadlineMs: 300, ...more });
  }

  set(more: Partial<StationSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...more };
  }

  accept(triggerId: number): void {
    this.set({ acceptedTrigger: triggerId, open: this.snapshot.open + 1 });
  }

  refuse(triggerId: number, reason = 61): void {
    this.set({ rejectedTrigger: triggerId, rejectedReason: reason });
  }

  publish(triggerId: number, verdict: Verdict = 'pass', more: Partial<PublishedResult> = {}): void {
    const sequence = this.snapshot.lastSequence + 1;
    const accept = verdict === 'pass';
    const result = makeResult(sequence, { triggerId, verdict, accept, at: 0, ...more });
    const entry = { sequence, triggerId, code: verdictCodes[result.verdict], reason: result.reason, severity: 0.25 };
    this.set({
      result,
      lastSequence: sequence,
      ring: [entry, ...this.snapshot.ring].slice(0, 8),
      open: Math.max(0, this.snapshot.open - 1),
    });
  }

  words(): Words {
    const { ack, status } = this.command;
    const values = renderTags({
      snapshot: this.snapshot,
      told: [],
      shadowUpTo: 0,
      command: { ack, status, rejected: null, missed: 0, registers: new Uint16Array(41) },
      heartbeat: this.heartbeat,
      condition: 'alive',
      now: 0,
    });
    const all = [...encodeRegisters(values, this.wordOrder)];
    return { registers: all.slice(0, 100), ring: all.slice(300, 340) };
  }
}
