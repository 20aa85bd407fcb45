import type { PlcCommand } from '../../lib/core/commands.ts';
import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import type { PlcLink } from '../../lib/plc/plc-link.ts';

/** A station of which only this is needed: it refuses all that a PLC asks for, and counts it. */
export class RefusingStation {
  readonly heard: PlcCommand[] = [];
  readonly #link: PlcLink;
  #snapshot: StationSnapshot;

  constructor(link: PlcLink, snapshot: StationSnapshot) {
    this.#link = link;
    this.#snapshot = snapshot;
    link.on('command', (id, command) => {
      if (id === this.#snapshot.id) this.#answer(command);
    });
  }

  publish(snapshot: StationSnapshot): void {
    const { seen, commandAck, commandStatus, rejectedTrigger, rejectedReason } = this.#snapshot;
    const counters = { ...snapshot.counters, missed: this.#snapshot.counters.missed };
    const answers = { seen, commandAck, commandStatus, rejectedTrigger, rejectedReason };
    this.#snapshot = { ...snapshot, ...answers, counters };
    this.#link.publish(this.#snapshot);
  }

  #answer(command: PlcCommand): void {
    this.heard.push(command);
    const before = this.#snapshot;
    if (command.kind === 'trigger') {
      const triggerId = command.triggerId || before.seen.triggerId + 1;
      this.#snapshot = {
        ...before,
        ...{ rejectedTrigger: triggerId, rejectedReason: command.refused ?? 61 },
        seen: { ...before.seen, triggerId },
        counters: { ...before.counters, missed: before.counters.missed + 1 },
      };
    }
    if (command.kind === 'code') {
      const { code } = command;
      this.#snapshot = { ...before, seen: { ...before.seen, code }, commandAck: code, commandStatus: code && 3 };
    }
    setImmediate(() => this.#link.publish(this.#snapshot));
  }
}
