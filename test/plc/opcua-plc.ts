import { tagTable } from '../../lib/plc/tag-table.ts';

export interface OpcUaWrite {
  write: [name: string, value: unknown][];
  stamped: number;
}

export type TagSpec = [name: string, type: string, count: number];

/** Every tag and bit of a station as a PLC programmer would declare it: name, type, elements. */
export function plcTags(): TagSpec[] {
  return tagTable.flatMap((tag): TagSpec[] => {
    if (tag.opcua === null) return [];
    const bits = (tag.bits ?? []).map((bit): TagSpec => [`${tag.name.split('.')[0]}.${bit}`, 'Boolean', 1]);
    return [[tag.name, tag.opcua.type, tag.count], ...bits];
  });
}

/** Siemens style, in the namespace where asyncua puts its own. */
export const siemensTemplate = 'ns=2;s="Goodpart"."{folder}"."{name}"';
