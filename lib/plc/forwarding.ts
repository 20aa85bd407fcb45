import { commandStatus, type PlcCommand } from '../core/commands.ts';
import { reason } from '../core/reasons.ts';
import type { StationSnapshot } from '../core/snapshot.ts';

/** A command on its way to Node-RED, numbered for its answer. */
export interface Handed {
  number: number;
  command: PlcCommand;
}

/** What this process itself has answered, beside the station. */
export interface Said {
  ack: number;
  status: number;
  /** The newest refusal of this process; null where the station's own is newer. */
  rejected: { triggerId: number; reason: number } | null;
  /** Triggers refused by this process and not yet counted by the station. */
  missed: number;
}

/** More unanswered commands than this are not handed over any more: triggers are refused here, the rest falls away. */
const maxUnanswered = 1000;
/** More than any station has results in its ring. */
const mostCancelled = 64;

/**
 * Commands between a PLC and Node-RED, until a snapshot says that they are answered. While Node-RED is silent they are refused
 * here, at once, and handed over as refused, for counters and records.
 */
export class Forwarding {
  #number = 0;
  #unanswered: Handed[] = [];
  #rejected: Said['rejected'] = null;
  #code: { ack: number; status: number } = { ack: 0, status: commandStatus.idle };
  /** Refused beyond `maxUnanswered`: Node-RED never hears of them. */
  #unreported = 0;
  #lastTrigger = 0;
  /** Triggers refused after they were handed over: whatever Node-RED says of them later, they were never inspected. */
  #cancelled: number[] = [];

  /** Numbers commands for Node-RED; `refusal`: the reason with which they are refused here, null = Node-RED decides. */
  forward(commands: readonly PlcCommand[], refusal: number | null): Handed[] {
    const handed: Handed[] = [];
    for (const command of commands) {
      if (command.kind === 'trigger') this.#cancelled = this.#cancelled.filter((id) => id !== command.triggerId);
      const full = this.#unanswered.length >= maxUnanswered;
      const said = refusal === null && !full ? command : this.#refuse(command, refusal ?? reason('notReady').code);
      if (!full) handed.push(this.#next(said));
      else if (command.kind === 'trigger') this.#unreported += 1;
    }
    return handed;
  }

  /** Refuses the triggers that wait for an answer. */
  cancel(refusal: number): Handed[] {
    const waiting = this.#unanswered.flatMap(({ command }) =>
      command.kind === 'trigger' && command.refused === undefined ? [command.triggerId] : [],
    );
    return waiting
      .filter((triggerId) => !this.#cancelled.includes(triggerId))
      .map((triggerId) => {
        this.#rejected = { triggerId, reason: refusal };
        this.#cancelled = [...this.#cancelled, triggerId].slice(-mostCancelled);
        return this.#next({ kind: 'cancelled', triggerId });
      });
  }

  wasCancelled(triggerId: number): boolean {
    return triggerId !== 0 && this.#cancelled.includes(triggerId);
  }

  /** A snapshot that was made after the command of this number. */
  answered(number: number, snapshot: StationSnapshot): void {
    this.#unanswered = this.#unanswered.filter((one) => one.number > number);
    this.#lastTrigger = snapshot.seen.triggerId;
    const waits = (...kinds: PlcCommand['kind'][]) =>
      this.#unanswered.some(({ command }) => kinds.includes(command.kind));
    if (!waits('trigger', 'cancelled')) this.#rejected = null;
    if (!waits('code')) this.#code = { ack: 0, status: commandStatus.idle };
  }

  said(): Said {
    const counts = ({ command }: Handed) =>
      command.kind === 'cancelled' || (command.kind === 'trigger' && command.refused !== undefined);
    const missed = this.#unanswered.filter(counts).length + this.#unreported;
    return { ...this.#code, rejected: this.#rejected, missed };
  }

  #refuse(command: PlcCommand, refusal: number): PlcCommand {
    if (command.kind === 'code') {
      this.#code = { ack: command.code, status: command.code === 0 ? commandStatus.idle : commandStatus.refused };
      return { ...command, refused: true };
    }
    if (command.kind !== 'trigger') return command;
    const triggerId = command.triggerId || (this.#lastTrigger % 65535) + 1;
    this.#lastTrigger = triggerId;
    this.#rejected = { triggerId, reason: refusal };
    return { ...command, triggerId, refused: refusal };
  }

  #next(command: PlcCommand): Handed {
    this.#number += 1;
    const handed = { number: this.#number, command };
    this.#unanswered.push(handed);
    return handed;
  }
}
