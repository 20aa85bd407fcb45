import type { Source, Struct, TypeName } from './syntax.ts';

export type Value = number | boolean | undefined | Value[] | { [member: string]: Value } | Instance;

/** Static memory of a function block's instance, by variable. */
export class Instance {
  readonly block: string;
  readonly variables: Record<string, Value>;

  constructor(block: string, variables: Record<string, Value>) {
    this.block = block;
    this.variables = variables;
  }
}

export type Type =
  | { kind: 'elementary'; name: string }
  | { kind: 'array'; first: number; last: number; of: Type }
  | { kind: 'struct'; name: string; members: Map<string, Type>; union: boolean }
  | { kind: 'instance'; name: string };

/** Lowest and highest value; bit strings are numbers without a sign. */
export const ranges: Record<string, readonly [number, number]> = {
  BYTE: [0, 255],
  WORD: [0, 65535],
  DWORD: [0, 2 ** 32 - 1],
  INT: [-32768, 32767],
  UINT: [0, 65535],
  DINT: [-(2 ** 31), 2 ** 31 - 1],
  UDINT: [0, 2 ** 32 - 1],
};
export const integers = ['INT', 'UINT', 'DINT', 'UDINT'];

export function resolveType(source: Source, type: TypeName): Type {
  if (type.kind === 'array') return { ...type, of: resolveType(source, type.of) };
  const { name } = type;
  if (name === 'BOOL' || name === 'REAL' || name in ranges) return { kind: 'elementary', name };
  const struct = source.structs.get(name);
  if (struct !== undefined) return resolveStruct(source, struct);
  if (source.pous.get(name)?.kind === 'FUNCTION_BLOCK') return { kind: 'instance', name };
  throw new Error(`${name} is no type that was declared before`);
}

function resolveStruct(source: Source, { kind, name, members }: Struct): Type {
  const resolved = new Map(members.map((member) => [member.name, resolveType(source, member.type)] as const));
  return { kind: 'struct', name, members: resolved, union: kind === 'UNION' };
}

export function typeName(type: Type): string {
  return type.kind === 'array' ? `ARRAY[${type.first}..${type.last}] OF ${typeName(type.of)}` : type.name;
}

/** Everything 0 or FALSE. */
export function zero(type: Type, instance: (name: string) => Instance): Value {
  switch (type.kind) {
    case 'elementary':
      return type.name === 'BOOL' ? false : 0;
    case 'array':
      return Array.from({ length: type.last - type.first + 1 }, () => zero(type.of, instance));
    case 'instance':
      return instance(type.name);
    case 'struct':
      if (type.union) return union(type.members);
      return Object.fromEntries([...type.members].map(([name, of]) => [name, zero(of, instance)]));
  }
}

/** DWORD and REAL over the same four bytes. */
function union(members: ReadonlyMap<string, Type>): { [member: string]: Value } {
  const bytes = new DataView(new ArrayBuffer(4));
  const value: { [member: string]: Value } = {};
  for (const [name, type] of members) {
    const real = typeName(type) === 'REAL';
    Object.defineProperty(value, name, {
      enumerable: true,
      get: () => (real ? bytes.getFloat32(0) : bytes.getUint32(0)),
      set: (to: number) => (real ? bytes.setFloat32(0, to) : bytes.setUint32(0, to)),
    });
  }
  return value;
}

/** Structures and arrays are copied, as an assignment does. */
export function copy(value: Value): Value {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value instanceof Instance) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]));
}
