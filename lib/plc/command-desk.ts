import { commandLength } from './registers.ts';
import { textBytes } from './tag-table.ts';

/** A trigger that was refused by the PLC child itself. */
export interface RefusedTrigger {
  triggerId: number;
  /** As written by the PLC: at most 64 bytes UTF-8. */
  partId: string;
  expectedRecipe: number;
  reason: number;
}

const offsets = { triggerId: 0, expectedRecipe: 1, resultAck: 2, code: 3, partIdLength: 8, partId: 9 } as const;
const refused = 3;

/**
 * A station's command block (registers 200..240, shared by all its endpoints) and what is answered to it. Every command is refused
 * with a status, every trigger with a reason: nothing written is ever left without an answer.
 */
export class CommandDesk {
  readonly registers = new Uint16Array(commandLength);
  ack = 0;
  status = 0;
  rejected: { triggerId: number; reason: number } | null = null;
  /** Triggers refused here, and how many of them the station has counted as its own since. */
  refused = 0;
  counted = 0;
  #seenTrigger = 0;
  #seenCode = 0;
  #coils: [boolean, boolean] = [false, false];

  /** What is to be shown on top of the station's own Missed. */
  get missed(): number {
    return Math.max(0, this.refused - this.counted);
  }

  /** Stores words from `offset` (0 = register 200); `evaluate` answers them once the whole write is in. */
  store(offset: number, words: ArrayLike<number>): void {
    this.registers.set(words, offset);
  }

  storePartId(text: string): void {
    const bytes = textBytes(text);
    const padded = Buffer.concat([bytes, Buffer.alloc(64 - bytes.length)]);
    this.registers[offsets.partIdLength] = bytes.length;
    for (let i = 0; i < 32; i++) this.registers[offsets.partId + i] = padded.readUInt16BE(2 * i);
  }

  /** Answers what changed since the last call; a refused trigger is returned, for the record. */
  evaluate(reason: number): RefusedTrigger | null {
    const code = this.registers[offsets.code];
    if (code !== this.#seenCode) {
      this.#seenCode = code;
      this.ack = code;
      this.status = code === 0 ? 0 : refused;
    }
    const triggerId = this.registers[offsets.triggerId];
    if (triggerId === this.#seenTrigger) return null;
    this.#seenTrigger = triggerId;
    return triggerId === 0 ? null : this.#refuse(triggerId, reason);
  }

  coil(index: 0 | 1): boolean {
    return this.#coils[index];
  }

  /** Coils 200 (trigger, numbered here) and 201 (acknowledges the newest result); rising edges count. */
  setCoil(
    index: 0 | 1,
    on: boolean,
    { reason, sequence }: { reason: number; sequence: number },
  ): RefusedTrigger | null {
    const rising = on && !this.#coils[index];
    this.#coils[index] = on;
    if (!rising) return null;
    if (index === 1) {
      this.registers[offsets.resultAck] = sequence;
      return null;
    }
    const last = Math.max(this.#seenTrigger, this.rejected?.triggerId ?? 0);
    return this.#refuse((last % 65535) + 1, reason);
  }

  #refuse(triggerId: number, reason: number): RefusedTrigger {
    this.rejected = { triggerId, reason };
    this.refused += 1;
    const bytes = Buffer.alloc(64);
    for (let i = 0; i < 32; i++) bytes.writeUInt16BE(this.registers[offsets.partId + i], 2 * i);
    const partId = bytes.toString('utf8', 0, Math.min(64, this.registers[offsets.partIdLength]));
    return { triggerId, partId, expectedRecipe: this.registers[offsets.expectedRecipe], reason };
  }
}
