import type { HealthBit, StatusBit } from '../bits.ts';
import { type Tag, tagTable } from '../tag-table.ts';

type Words = ArrayLike<number>;

/** What a PLC reads of one station, under the names of the tag table. */
export interface StationPicture {
  Status: Record<StatusBit, boolean> &
    Record<
      | 'MapVersion'
      | 'BootId'
      | 'Heartbeat'
      | 'Mode'
      | 'NotReadyReason'
      | 'FaultCode'
      | 'NE107'
      | 'ActiveRecipe'
      | 'CommandAck'
      | 'CommandStatus'
      | 'Open'
      | 'AcceptedTrigger'
      | 'ExposureDoneTrigger'
      | 'RejectedTrigger'
      | 'RejectedReason'
      | 'DeadlineMs'
      | 'ProofWord'
      | 'ProofFloat',
      number
    >;
  Health: Record<HealthBit, boolean>;
  Result: Record<
    | 'Sequence'
    | 'TriggerId'
    | 'Code'
    | 'Reason'
    | 'Accept'
    | 'SeverityX1000'
    | 'Severity'
    | 'Score'
    | 'WorstRoi'
    | 'Recipe'
    | 'DefectClass'
    | 'TimeUtc'
    | 'TimeMs'
    | 'Age'
    | 'CycleMs'
    | 'InferenceMs'
    | 'PartIdLength'
    | 'SequenceAgain',
    number
  > & { PartId: readonly number[] };
  Alarm: { Code: number };
  Shadow: Record<'Code' | 'Severity', number>;
  Counters: Record<
    'Total' | 'Pass' | 'Warn' | 'Fail' | 'Invalid' | 'Missed' | 'EvidenceLost' | 'ResultsOverrun',
    number
  >;
  /** Newest first, always 8. */
  Ring: readonly Record<'Sequence' | 'TriggerId' | 'Code' | 'Reason' | 'Severity', number>[];
}

/** What the PLC writes, registers 200..240. */
export interface CommandBlock {
  triggerId: number;
  expectedRecipe: number;
  resultAck: number;
  code: number;
  arg: number;
  plcHeartbeat: number;
  dispositionTrigger: number;
  dispositionCode: number;
  partIdLength: number;
  /** 64 bytes, padded with 0. */
  partId: number[];
}

export const partIdBytes = 64;
export const pictureLength = 100;
export const ringStart = 300;
export const ringLength = 40;

/** A tag's group and its member's name in the PLC; a few names of the table are words of Structured Text. */
export function memberOf(tag: Tag): { group: string; member: string } {
  const [group, name] = tag.name.split('.');
  const renamed: Record<string, string> = { Time: 'TimeUtc', Word: `${group}Word` };
  return { group, member: renamed[name] ?? name };
}

const scratch = new DataView(new ArrayBuffer(4));

function decodeOne(tag: Tag, words: Words, at: number): number | number[] {
  const high = words[at];
  switch (tag.type) {
    case 'u16':
    case 'x1000':
    case 'bits':
      return high;
    case 'u32':
      return high * 65536 + words[at + 1];
    case 'f32':
      scratch.setUint16(0, high);
      scratch.setUint16(2, words[at + 1]);
      return scratch.getFloat32(0);
    case 'text':
      return Array.from({ length: partIdBytes }, (_, n) => {
        const word = words[at + Math.floor(n / 2)];
        return n % 2 === 0 ? Math.floor(word / 256) : word % 256;
      });
  }
}

/** Decodes registers 0..99 and 300..339 of one station, word order ABCD, exactly as FC_GoodpartDecode does. */
export function decodePicture(registers: Words, ring: Words): StationPicture {
  const groups: Record<string, Record<string, unknown>> = {};
  const entries: Record<string, number>[] = Array.from({ length: 8 }, () => ({}));
  for (const tag of tagTable) {
    const { group, member } = memberOf(tag);
    if (tag.address >= ringStart) {
      for (const [n, entry] of entries.entries()) {
        entry[member] = decodeOne(tag, ring, tag.address - ringStart + n * tag.stride) as number;
      }
    }
    if (tag.address >= pictureLength) continue;
    groups[group] ??= {};
    const value = decodeOne(tag, registers, tag.address);
    if (tag.bits === undefined) groups[group][member] = value;
    else
      for (const [n, bit] of tag.bits.entries()) groups[group][bit] = Math.floor((value as number) / 2 ** n) % 2 === 1;
  }
  return { ...groups, Ring: entries } as unknown as StationPicture;
}

/** The 41 registers from 200 on, exactly as FC_GoodpartEncode fills them. */
export function encodeCommand(command: Readonly<CommandBlock>): Uint16Array {
  const out = new Uint16Array(41);
  const { triggerId, expectedRecipe, resultAck, code, arg, plcHeartbeat, dispositionTrigger, dispositionCode } =
    command;
  out.set([triggerId, expectedRecipe, resultAck, code, arg, plcHeartbeat, dispositionTrigger, dispositionCode]);
  out[8] = command.partIdLength;
  for (let n = 0; n < 32; n++) out[9 + n] = command.partId[2 * n] * 256 + command.partId[2 * n + 1];
  return out;
}
