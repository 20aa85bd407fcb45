import type { VariantLike } from 'node-opcua';
import { clampU16, packBits, safeF32, wrapU32 } from './registers.ts';
import type { Tag } from './tag-table.ts';
import type { TagValues } from './tag-values.ts';

export type Opcua = typeof import('node-opcua');

/** A tag's value in OPC UA's strict type; arrays for tags of several elements. */
export function tagVariant({ DataType, VariantArrayType }: Opcua, tag: Tag, values: TagValues): VariantLike {
  const type = tag.opcua?.type ?? 'UInt16';
  const dataType = DataType[type];
  if (tag.opcua?.value) return { dataType, value: tag.opcua.value(values) };
  const value = tag.value(values);
  if (tag.bits) return { dataType, value: packBits(value as readonly boolean[]) };
  const one = (item: number | null) => {
    if (type === 'Float') return safeF32(item);
    return type === 'UInt32' ? wrapU32(item ?? 0) : clampU16(item ?? 0);
  };
  if (tag.count === 1) return { dataType, value: one(value as number | null) };
  const list = (value as readonly (number | null)[]).map(one);
  const typed = type === 'Float' ? Float32Array.from(list) : Uint16Array.from(list);
  return { dataType, arrayType: VariantArrayType.Array, value: typed };
}
