import type { Counters } from '../core/snapshot.ts';
import { healthBits, statusBits } from './bits.ts';
import type { TagValues } from './tag-values.ts';

/** `x1000` is a severity in thousandths, 65535 = not valid; `text` is 64 bytes UTF-8 in 32 registers. */
export type TagType = 'u16' | 'bits' | 'u32' | 'f32' | 'x1000' | 'text';
export type OpcUaType = 'UInt16' | 'UInt32' | 'Float' | 'DateTime' | 'String';
export type TagValue = number | null | Buffer | readonly boolean[] | readonly (number | null)[];

export interface Tag {
  /** Unique; the OPC UA path below the station's id where `opcua` is set. */
  name: string;
  /** First register, relative to the station's base. */
  address: number;
  type: TagType;
  /** Elements, and registers from one to the next. */
  count: number;
  stride: number;
  access: 'r' | 'rw';
  unit: string;
  description: string;
  /** Names of the bits from bit 0, for type `bits`. */
  bits?: readonly string[];
  /** Null where the tag is only a register form of another one. `value` where OPC UA's form differs from the register's. */
  opcua: { type: OpcUaType; value?: (values: TagValues) => number | string | Date } | null;
  value: (values: TagValues) => TagValue;
}

export const mapVersion = 0x0100;
export const maxTextBytes = 64;
const none = null;

/** At most 64 bytes of UTF-8, never ending within a character. */
export function textBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxTextBytes) return bytes;
  let end = maxTextBytes;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

type Row = Partial<Pick<Tag, 'unit' | 'access' | 'bits' | 'opcua'>>;

function tag(
  address: number,
  type: TagType,
  name: string,
  description: string,
  value: Tag['value'],
  row: Row = {},
): Tag {
  const opcua = type === 'u16' || type === 'bits' ? ({ type: 'UInt16' } as const) : none;
  return { name, address, type, count: 1, stride: 1, access: 'r', unit: '', description, opcua, value, ...row };
}

function list(
  address: number,
  type: TagType,
  name: string,
  [count, stride]: [number, number],
  more: Pick<Tag, 'description' | 'value' | 'opcua'>,
): Tag {
  return { name, address, type, count, stride, access: 'r', unit: '', ...more };
}

const u16 = { type: 'UInt16' } as const;
const u32 = { type: 'UInt32' } as const;
const float = { type: 'Float' } as const;

const general: Tag[] = [
  tag(0, 'u16', 'Status.MapVersion', 'Version of this map, 0x0100', () => mapVersion),
  tag(1, 'u16', 'Status.BootId', 'Random, non-zero, new at each start of the station', (v) => v.bootId),
  tag(
    2,
    'bits',
    'Status.Word',
    'Status bits; of Pass, Warn, Fail, Invalid exactly one is set while ResultValid',
    (v) => statusBits.map((bit) => v.status[bit]),
    { bits: statusBits },
  ),
  tag(3, 'bits', 'Health.Word', 'Health bits', (v) => healthBits.map((bit) => v.health[bit]), { bits: healthBits }),
  tag(
    4,
    'u16',
    'Status.Heartbeat',
    'Counts up every 500 ms while the decision loop is alive; wraps',
    (v) => v.heartbeat,
  ),
  tag(5, 'u16', 'Status.Mode', '0 offline, 1 commissioning, 2 shadow, 3 run', (v) => v.mode),
  tag(
    6,
    'u16',
    'Status.NotReadyReason',
    'Why the station cannot accept a trigger, see the text list',
    (v) => v.notReadyReason,
  ),
  tag(
    7,
    'u16',
    'Status.FaultCode',
    '0 none, 1xx camera, 2xx engine or model, 3xx recipe or validation, 4xx evidence or disk, 5xx internal',
    (v) => v.faultCode,
  ),
  tag(
    8,
    'u16',
    'Status.NE107',
    '0 good, 1 failure, 2 function check, 3 out of specification, 4 maintenance',
    (v) => v.ne107,
  ),
  tag(9, 'u16', 'Status.ActiveRecipe', 'Number of the active recipe, 0 none', (v) => v.activeRecipe),
  tag(10, 'u16', 'Status.CommandAck', 'Echo of Command.Code', (v) => v.commandAck),
  tag(11, 'u16', 'Status.CommandStatus', '0 idle, 1 running, 2 done, 3 refused, 4 failed', (v) => v.commandStatus),
  tag(12, 'u16', 'Status.Open', 'Inspections in flight', (v) => v.open),
  tag(13, 'u16', 'Status.AcceptedTrigger', 'TriggerId of the trigger accepted last', (v) => v.acceptedTrigger),
  tag(
    14,
    'u16',
    'Status.ExposureDoneTrigger',
    'TriggerId whose picture is taken: the part may move',
    (v) => v.exposureDoneTrigger,
  ),
  tag(15, 'u16', 'Status.RejectedTrigger', 'TriggerId of the trigger refused last', (v) => v.rejectedTrigger),
  tag(16, 'u16', 'Status.RejectedReason', 'Why it was refused, see the text list', (v) => v.rejectedReason),
  tag(17, 'u16', 'Status.DeadlineMs', 'Every accepted trigger is answered within this time', (v) => v.deadlineMs, {
    unit: 'ms',
  }),
  tag(18, 'u32', 'Status.ProofWord', 'Always 0x12345678: proves the word order', () => 0x12345678, { opcua: u32 }),
  tag(20, 'f32', 'Status.ProofFloat', 'Always 1.0: proves the word order', () => 1, { opcua: float }),
];

const result: Tag[] = [
  tag(
    22,
    'u16',
    'Result.Sequence',
    'Number of the result, 1..65535, wraps past 0; written last: trigger on its change',
    (v) => v.result.sequence,
  ),
  tag(
    23,
    'u16',
    'Result.TriggerId',
    'TriggerId of the part this result belongs to, 0 without a PLC trigger',
    (v) => v.result.triggerId,
  ),
  tag(24, 'u16', 'Result.Code', '0 none, 1 pass, 2 warn, 3 fail, 4 invalid (not inspected)', (v) => v.result.code),
  tag(25, 'u16', 'Result.Reason', 'Why, see the text list', (v) => v.result.reason),
  tag(26, 'u16', 'Result.Accept', '1 = pass, or warn where the recipe accepts warns', (v) => Number(v.result.accept)),
  tag(
    27,
    'x1000',
    'Result.SeverityX1000',
    'Severity in thousandths, saturating at 65534; 65535 = not valid',
    (v) => v.result.severity,
  ),
  tag(
    28,
    'f32',
    'Result.Severity',
    '0 is a typical good part, 1.0 exactly the limit; -1.0 = not valid',
    (v) => v.result.severity,
    { opcua: float },
  ),
  tag(30, 'f32', 'Result.Score', 'Raw score in the model’s units; -1.0 = not valid', (v) => v.result.score, {
    opcua: float,
  }),
  tag(32, 'u16', 'Result.WorstRoi', 'Number of the worst region, 1..16, 0 none', (v) => v.result.worstRoi),
  tag(33, 'u16', 'Result.Recipe', 'Recipe that judged', (v) => v.result.recipe),
  tag(
    34,
    'u16',
    'Result.DefectClass',
    'Class of the defect by the station’s classifier, 0 none or not known',
    (v) => v.result.defectClass,
  ),
  tag(
    35,
    'u32',
    'Result.Time',
    'Time of the verdict, seconds since 1970 UTC',
    (v) => Math.floor(v.result.timeUtc / 1000),
    {
      unit: 's',
      opcua: { type: 'DateTime', value: (v) => new Date(v.result.timeUtc) },
    },
  ),
  tag(37, 'u16', 'Result.TimeMs', 'Milliseconds of Result.Time', (v) => Math.floor(v.result.timeUtc % 1000), {
    unit: 'ms',
    opcua: none,
  }),
  tag(38, 'u16', 'Result.Age', 'Age of the result at the instant of reading, saturating', (v) => v.result.ageMs / 10, {
    unit: '10 ms',
  }),
  tag(39, 'u16', 'Result.CycleMs', 'From trigger to verdict', (v) => v.result.cycleMs, { unit: 'ms' }),
  tag(40, 'u16', 'Result.InferenceMs', 'Running the model', (v) => v.result.inferenceMs, { unit: 'ms' }),
  tag(41, 'u16', 'Alarm.Code', 'Latched alarm, 0 none', (v) => v.alarmCode),
  tag(42, 'u16', 'Shadow.Code', 'Verdict in shadow mode: as Result.Code', (v) => v.shadow.code),
  tag(
    43,
    'x1000',
    'Shadow.Severity',
    'Severity in shadow mode, thousandths; 65535 = not valid (OPC UA: Float, -1.0)',
    (v) => v.shadow.severity,
    { opcua: float },
  ),
  tag(44, 'u16', 'Result.PartIdLength', 'Bytes of Result.PartId', (v) => textBytes(v.result.partId).length, {
    unit: 'byte',
    opcua: none,
  }),
  tag(45, 'text', 'Result.PartId', 'Part id, UTF-8, padded with 0', (v) => textBytes(v.result.partId), {
    opcua: { type: 'String', value: (v) => textBytes(v.result.partId).toString('utf8') },
  }),
  tag(
    77,
    'u16',
    'Result.SequenceAgain',
    'Equal to Result.Sequence, or separate reads were torn',
    (v) => v.result.sequence,
    { opcua: none },
  ),
];

const counterNames = ['Total', 'Pass', 'Warn', 'Fail', 'Invalid', 'Missed', 'EvidenceLost', 'ResultsOverrun'] as const;
const counterTexts: Record<(typeof counterNames)[number], string> = {
  Total: 'Results',
  Pass: 'Results with Code 1',
  Warn: 'Results with Code 2',
  Fail: 'Results with Code 3',
  Invalid: 'Results with Code 4',
  Missed: 'Triggers refused',
  EvidenceLost: 'Records or pictures that could not be kept',
  ResultsOverrun: 'Results overwritten before they were taken',
};
const counters: Tag[] = counterNames.map((name, index) => {
  const key = (name[0].toLowerCase() + name.slice(1)) as keyof Counters;
  return tag(78 + 2 * index, 'u32', `Counters.${name}`, counterTexts[name], (v) => v.counters[key], { opcua: u32 });
});

const rois: Tag[] = [
  list(100, 'u16', 'Roi.Code', [16, 4], {
    description: 'Region n: 0 none, 1 pass, 2 warn, 3 fail',
    opcua: u16,
    value: (v) => v.rois.map((roi) => roi.code),
  }),
  list(101, 'x1000', 'Roi.Severity', [16, 4], {
    description: 'Region n: severity in thousandths; 65535 = not valid (OPC UA: Float, -1.0)',
    opcua: float,
    value: (v) => v.rois.map((roi) => roi.severity),
  }),
  list(102, 'f32', 'Roi.Score', [16, 4], {
    description: 'Region n: measured value in the model’s units; -1.0 = not valid',
    opcua: float,
    value: (v) => v.rois.map((roi) => roi.score),
  }),
];

const commandTag = (address: number, name: string, description: string): Tag =>
  tag(address, 'u16', `Command.${name}`, description, (v) => v.command[address - 200], { access: 'rw' });

/** The written bytes as they stand; the length register says how many of them count. */
function commandText(values: TagValues): Buffer {
  const bytes = Buffer.alloc(maxTextBytes);
  for (let i = 0; i < maxTextBytes / 2; i++) bytes.writeUInt16BE(values.command[9 + i], 2 * i);
  return bytes;
}

const commands: Tag[] = [
  commandTag(200, 'TriggerId', 'A new non-zero number asks for an inspection; write it last'),
  commandTag(201, 'ExpectedRecipe', 'Recipe the PLC expects, 0 = not checked'),
  commandTag(202, 'ResultAck', 'Sequence of the result the PLC has taken'),
  commandTag(
    203,
    'Code',
    '1 online, 2 offline, 3 select recipe, 4 acknowledge fault, 5 reset alarm latch, 6 reset counters, 7 challenge begins, 8 challenge ends; back to 0 after the answer',
  ),
  commandTag(204, 'Arg', 'Argument of the command'),
  commandTag(205, 'PlcHeartbeat', 'Optional watchdog of the PLC'),
  commandTag(206, 'DispositionTrigger', 'TriggerId of the part whose fate is reported'),
  commandTag(207, 'DispositionCode', '1 accepted, 2 ejected, 3 rework, 4 scrap, 5 eject failed'),
  tag(208, 'u16', 'Command.PartIdLength', 'Bytes of Command.PartId', (v) => v.command[8], {
    access: 'rw',
    unit: 'byte',
    opcua: none,
  }),
  tag(209, 'text', 'Command.PartId', 'Part id of the next trigger, UTF-8', commandText, {
    access: 'rw',
    opcua: {
      type: 'String',
      value: (v) => commandText(v).subarray(0, Math.min(maxTextBytes, v.command[8])).toString('utf8'),
    },
  }),
];

const ring: Tag[] = [
  list(300, 'u16', 'Ring.Sequence', [8, 5], {
    description: 'Last results, newest first: Sequence',
    opcua: u16,
    value: (v) => v.ring.map((entry) => entry.sequence),
  }),
  list(301, 'u16', 'Ring.TriggerId', [8, 5], {
    description: 'Last results: TriggerId',
    opcua: u16,
    value: (v) => v.ring.map((entry) => entry.triggerId),
  }),
  list(302, 'u16', 'Ring.Code', [8, 5], {
    description: 'Last results: Code',
    opcua: u16,
    value: (v) => v.ring.map((entry) => entry.code),
  }),
  list(303, 'u16', 'Ring.Reason', [8, 5], {
    description: 'Last results: Reason',
    opcua: u16,
    value: (v) => v.ring.map((entry) => entry.reason),
  }),
  list(304, 'x1000', 'Ring.Severity', [8, 5], {
    description: 'Last results: severity in thousandths; 65535 = not valid (OPC UA: Float, -1.0)',
    opcua: float,
    value: (v) => v.ring.map((entry) => entry.severity),
  }),
];

/** THE table of PLC.md section 3: registers, OPC UA nodes, CSV and help are all generated from it. By address. */
export const tagTable: readonly Tag[] = [...general, ...result, ...counters, ...rois, ...commands, ...ring];
