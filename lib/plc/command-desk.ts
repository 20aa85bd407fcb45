import { type CommandsSeen, nothingSeen, type PlcCommand } from '../core/commands.ts';
import { commandLength } from './registers.ts';
import { textBytes } from './tag-table.ts';

/** What was seen last, with what is harmless to see again after a start. */
type Seen = CommandsSeen & { resultAck: number; plcHeartbeat: number };

const offsets = {
  triggerId: 0,
  expectedRecipe: 1,
  resultAck: 2,
  code: 3,
  arg: 4,
  plcHeartbeat: 5,
  dispositionTrigger: 6,
  dispositionCode: 7,
  partIdLength: 8,
  partId: 9,
} as const;

/**
 * One command block (registers 200..240) and the changes in it that ask for something: the edges of PLC.md section 2. Pure. What the
 * block held when the station was here last is no change when it is written again.
 */
export class CommandDesk {
  readonly registers = new Uint16Array(commandLength);
  #seen: Seen;
  #coils: [boolean, boolean] = [false, false];

  constructor(seen: Readonly<CommandsSeen> = nothingSeen) {
    this.#seen = { ...seen, resultAck: 0, plcHeartbeat: 0 };
    const { triggerId, code, dispositionTrigger, dispositionCode } = seen;
    Object.assign(this.registers, {
      [offsets.triggerId]: triggerId,
      [offsets.code]: code,
      [offsets.dispositionTrigger]: dispositionTrigger,
      [offsets.dispositionCode]: dispositionCode,
    });
  }

  /** Stores words from `offset` (0 = register 200); `evaluate` finds what they ask for once the whole write is in. */
  store(offset: number, words: ArrayLike<number>): void {
    this.registers.set(words, offset);
  }

  storePartId(text: string): void {
    const bytes = textBytes(text);
    const padded = Buffer.concat([bytes, Buffer.alloc(64 - bytes.length)]);
    this.registers[offsets.partIdLength] = bytes.length;
    for (let i = 0; i < 32; i++) this.registers[offsets.partId + i] = padded.readUInt16BE(2 * i);
  }

  /** What stands there may be old and asks for nothing; but results that the PLC took meanwhile are taken. */
  adopt(): PlcCommand[] {
    return this.evaluate().filter(({ kind }) => kind === 'acknowledge');
  }

  /** What changed since the last call, in the order in which it is to be done: room is made before a part is asked for. */
  evaluate(): PlcCommand[] {
    const before = this.#seen;
    const now = this.#read();
    this.#seen = now;
    const commands: PlcCommand[] = [];
    if (now.plcHeartbeat !== before.plcHeartbeat) commands.push({ kind: 'watchdog', alive: true });
    if (now.resultAck !== before.resultAck && now.resultAck !== 0) {
      commands.push({ kind: 'acknowledge', sequence: now.resultAck });
    }
    if (now.code !== before.code) {
      commands.push({ kind: 'code', code: now.code, arg: this.registers[offsets.arg], from: before.code });
    }
    const reported =
      now.dispositionTrigger !== before.dispositionTrigger || now.dispositionCode !== before.dispositionCode;
    if (reported && now.dispositionTrigger !== 0 && now.dispositionCode !== 0) {
      commands.push({ kind: 'disposition', triggerId: now.dispositionTrigger, code: now.dispositionCode });
    }
    if (now.triggerId !== before.triggerId && now.triggerId !== 0) commands.push(this.#trigger(now.triggerId));
    return commands;
  }

  coil(index: 0 | 1): boolean {
    return this.#coils[index];
  }

  /** Coils 200 (trigger, numbered by the station) and 201 (takes the result of `newest`, a wire number); rising edges ask. */
  setCoil(index: 0 | 1, on: boolean, newest: number): PlcCommand[] {
    const rising = on && !this.#coils[index];
    this.#coils[index] = on;
    if (!rising) return [];
    if (index === 0) return [this.#trigger(0)];
    this.registers[offsets.resultAck] = newest;
    return this.evaluate();
  }

  #read(): Seen {
    const { triggerId, code, dispositionTrigger, dispositionCode, resultAck, plcHeartbeat } = offsets;
    const at = this.registers;
    return {
      ...{ triggerId: at[triggerId], code: at[code], resultAck: at[resultAck], plcHeartbeat: at[plcHeartbeat] },
      ...{ dispositionTrigger: at[dispositionTrigger], dispositionCode: at[dispositionCode] },
    };
  }

  #trigger(triggerId: number): PlcCommand {
    const bytes = Buffer.alloc(64);
    for (let i = 0; i < 32; i++) bytes.writeUInt16BE(this.registers[offsets.partId + i], 2 * i);
    const partId = bytes.toString('utf8', 0, Math.min(64, this.registers[offsets.partIdLength]));
    return { kind: 'trigger', triggerId, partId, expectedRecipe: this.registers[offsets.expectedRecipe] };
  }
}
