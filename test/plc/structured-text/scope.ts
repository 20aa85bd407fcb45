import type { Declaration, Pou, Section, Source, TypeName } from './syntax.ts';
import type { DialectName } from './tokens.ts';
import { resolveType, type Type, typeName, type Value } from './types.ts';

/** Variables of one call. A function has only temporary ones. */
export interface Frame {
  statics: Record<string, Value>;
  temps: Record<string, Value>;
}

export interface Known {
  type: Type;
  section: Section | 'result';
  temp: boolean;
  constant: number | undefined;
}

/** Words that are taken in TIA's SCL, in CODESYS or in TwinCAT: no variable may be called so, in any spelling. */
const reserved = new Set(
  `AND ANY ARRAY AT BEGIN BOOL BY BYTE CASE CHAR CONST CONTINUE COUNTER DATE DINT DIV DO DT DWORD ELSE ELSIF EN ENO EXIT FALSE FOR
  FUNCTION GOTO IF INT LABEL MOD NIL NOT OF OK OR POINTER PROGRAM REAL REPEAT RETURN STRING STRUCT TASK THEN TIME TIMER TO TRUE TYPE
  UINT UDINT UNION UNTIL VAR VOID WHILE WORD XOR LD ST S R GT GE EQ NE LE LT CAL RET JMP ABS MAX MIN LIMIT SEL MUX LEN LEFT RIGHT MID
  FIND SHL SHR ROL ROR ADR SIZEOF SUPER THIS STEP ACTION TRANSITION CONFIGURATION RESOURCE RETAIN PERSISTENT CONSTANT ABSTRACT FINAL
  INTERFACE METHOD PROPERTY REFERENCE REF REPLACE INSERT DELETE CONCAT TRUNC ROUND MOVE`.split(/\s+/),
);

export interface Scope {
  source: Source;
  dialect: DialectName;
  pou: Pou;
  names: Map<string, Known>;
  resolve: (type: TypeName) => Type;
}

export function scopeOf(source: Source, dialect: DialectName, pou: Pou): Scope {
  const names = new Map<string, Known>();
  const spelled = new Set<string>();
  const add = (name: string, known: Known, line: number) => {
    checkName(name, spelled, line);
    names.set(name, known);
  };
  for (const [section, list] of Object.entries(pou.sections) as [Section, Declaration[]][]) {
    for (const declaration of list) {
      const type = resolveType(source, declaration.type);
      const temp = pou.kind === 'FUNCTION' || section === 'VAR_TEMP';
      const constant = section === 'VAR CONSTANT' ? literal(declaration) : undefined;
      if (section === 'VAR_TEMP' && declaration.initial !== null)
        throw new Error(`${declaration.name}: temps start empty`);
      add(declaration.name, { type, section, temp, constant }, declaration.line);
    }
  }
  if (pou.returns !== null) {
    const type = resolveType(source, pou.returns);
    names.set(pou.name, { type, section: 'result', temp: true, constant: undefined });
  }
  return { source, dialect, pou, names, resolve: (type) => resolveType(source, type) };
}

function checkName(name: string, spelled: Set<string>, line: number): void {
  const upper = name.toUpperCase();
  if (reserved.has(upper)) throw new Error(`line ${line}: ${name} is a word of the language`);
  if (spelled.has(upper)) throw new Error(`line ${line}: ${name} exists twice, for letters' case does not count`);
  spelled.add(upper);
}

/** Members of structures follow the same rules as variables. */
export function checkStructs(source: Source): void {
  for (const { members } of source.structs.values()) {
    const spelled = new Set<string>();
    for (const { name, line } of members) checkName(name, spelled, line);
  }
  const spelled = new Set<string>();
  for (const { name, line } of source.constants) checkName(name, spelled, line);
}

/** The value a declaration starts with, which is a literal. */
export function literal({ initial, name, type }: Declaration): number {
  if (initial?.kind === 'boolean') return Number(initial.value);
  if (initial?.kind !== 'integer' && initial?.kind !== 'real') throw new Error(`${name} does not start with a literal`);
  if (initial.kind === 'integer' && initial.type !== null && (type.kind !== 'plain' || type.name !== initial.type)) {
    throw new Error(`${name} starts with a ${initial.type}`);
  }
  return initial.value;
}

export function fail(scope: Scope, line: number, why: string): never {
  throw new Error(`${scope.dialect} ${scope.pou.name}, line ${line}: ${why}`);
}

export function needType(scope: Scope, line: number, type: Type, expected: string): void {
  if (typeName(type) !== expected) fail(scope, line, `expected ${expected}, found ${typeName(type)}`);
}
