import type { VariantLike } from 'node-opcua';
import { clampU16, packBits, safeF32, wrapU32 } from './registers.ts';
import type { Tag, TagValue } from './tag-table.ts';
import type { TagValues } from './tag-values.ts';

export type Opcua = typeof import('node-opcua');

/** What a tag says at one instant, before it has OPC UA's types. */
export type Said = TagValue | string | Date;

export function said(tag: Tag, values: TagValues): Said {
  return tag.opcua?.value ? tag.opcua.value(values) : tag.value(values);
}

/** Cheaper than making a variant of it, and most tags say the same as before. */
export function isSame(a: Said | undefined, b: Said): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => Object.is(item, b[i]));
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return Object.is(a, b);
}

/** What a tag says in OPC UA's strict type; arrays for tags of several elements. */
export function variantOf({ DataType, VariantArrayType }: Opcua, tag: Tag, value: Said): VariantLike {
  const type = tag.opcua?.type ?? 'UInt16';
  const dataType = DataType[type];
  if (tag.opcua?.value) return { dataType, value };
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

export function tagVariant(opcua: Opcua, tag: Tag, values: TagValues): VariantLike {
  return variantOf(opcua, tag, said(tag, values));
}
