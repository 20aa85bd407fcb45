import { reasonTable } from '../core/reasons.ts';
import { slotSpan } from './registers.ts';
import { plcRule } from './rule-box.ts';
import { type Tag, tagTable } from './tag-table.ts';

const registersOf = { u16: 1, bits: 1, x1000: 1, u32: 2, f32: 2, text: 32 } as const;

interface MapRow {
  /** First and last register, 0-based, with the station's base. */
  first: number;
  last: number;
  name: string;
  type: string;
  access: string;
  unit: string;
  opcua: string;
  description: string;
}

function rowsOf(tag: Tag, slot: number): MapRow[] {
  const opcuaType = tag.opcua === null ? '' : tag.opcua.type + (tag.count > 1 ? `[${tag.count}]` : '');
  const opcua = tag.opcua === null ? '' : `${tag.name}: ${opcuaType}`;
  return Array.from({ length: tag.count }, (_, index) => {
    const first = slot * slotSpan + tag.address + index * tag.stride;
    return {
      first,
      last: first + registersOf[tag.type] - 1,
      name: tag.count > 1 ? `${tag.name}[${index + 1}]` : tag.name,
      type: tag.type,
      access: tag.access,
      unit: tag.unit,
      opcua,
      description: tag.bits
        ? `${tag.description}: ${tag.bits.map((bit, n) => `${n} ${bit}`).join(', ')}`
        : tag.description,
    };
  });
}

/** Every tag of a station in register order; several-element tags are interleaved as they lie. */
export function registerMap(slot = 0): MapRow[] {
  return tagTable.flatMap((tag) => rowsOf(tag, slot)).sort((a, b) => a.first - b.first);
}

/** Coils (FC1, FC5, FC15) and discrete inputs (FC2) of the station in this slot. */
function bitRows(slot: number): string[] {
  const words = tagTable.filter((tag) => tag.address === 2 || tag.address === 3);
  const mirrored = words.flatMap((tag) =>
    (tag.bits ?? []).map((bit, n): [number, string, string, string] => [
      (tag.address - 2) * 16 + n,
      `${tag.name.split('.')[0]}.${bit}`,
      'r',
      `Bit ${n} of ${tag.name}`,
    ]),
  );
  const written: [number, string, string, string][] = [
    [200, 'Simple.Trigger', 'rw', 'Coil only: a rising edge triggers, the station numbers it'],
    [201, 'Simple.Ack', 'rw', 'Coil only: a rising edge acknowledges the newest result'],
  ];
  return [...mirrored, ...written].map(([offset, name, access, text]) => {
    const at = slot * slotSpan + offset;
    const reference = (first: number) => (offset >= 200 && first === 100001 ? '' : String(first + at).padStart(6, '0'));
    const opcua = access === 'r' ? `${name}: Boolean` : '';
    return [at, at, reference(1), reference(100001), name, 'coil', access, '', opcua, text].map(cell).join(',');
  });
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const head = [
  'address',
  'last',
  'reference',
  'input reference',
  'name',
  'type',
  'access',
  'unit',
  'opc ua',
  'description',
].join(',');
const rule = plcRule.map((line) => `# ${line}`);

/** The coils and discrete inputs of the station in this slot as CSV. */
export function coilsCsv(slot = 0): string {
  return `${[...rule, head, ...bitRows(slot)].join('\n')}\n`;
}

/** The register map of the station in this slot (base 1000·slot) as CSV, RFC 4180 with LF. */
export function registerMapCsv(slot = 0): string {
  const lines = registerMap(slot).map((row) =>
    [
      row.first,
      row.last,
      400001 + row.first,
      300001 + row.first,
      row.name,
      row.type,
      row.access,
      row.unit,
      row.opcua,
      row.description,
    ]
      .map(cell)
      .join(','),
  );
  return `${[...rule, head, ...lines, ...bitRows(slot)].join('\n')}\n`;
}

/** The same table and the reasons' texts for people, as Markdown. */
export function tagHelp(): string {
  const rows = tagTable.map((tag) => {
    const opcua = tag.opcua === null ? '–' : `${tag.opcua.type}${tag.count > 1 ? `[${tag.count}]` : ''}`;
    const last = tag.address + registersOf[tag.type] - 1;
    const where = `${tag.address}${last > tag.address ? `–${last}` : ''}`;
    const repeated = tag.count > 1 ? `${where}, ${tag.count} times every ${tag.stride}` : where;
    const bits = tag.bits ? `: ${tag.bits.map((bit, n) => `${n} ${bit}`).join(', ')}` : '';
    const unit = tag.unit ? ` (${tag.unit})` : '';
    return `| ${repeated} | ${tag.name} | ${tag.type} | ${opcua} | ${tag.access} | ${tag.description}${unit}${bits} |`;
  });
  const reasons = reasonTable().map(({ code, text }) => `| ${code} | ${text} |`);
  return [
    ...plcRule.map((line) => `> ${line}`),
    '',
    '| registers | name | Modbus | OPC UA | access | meaning |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    '| reason | text |',
    '|---|---|',
    ...reasons,
    '',
  ].join('\n');
}
