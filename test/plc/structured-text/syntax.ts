/** Type of a variable as written. */
export type TypeName =
  | { kind: 'plain'; name: string; own: boolean }
  | { kind: 'array'; first: number; last: number; of: TypeName };

export interface Declaration {
  name: string;
  type: TypeName;
  initial: Expression | null;
  line: number;
}

export type Section = 'VAR_INPUT' | 'VAR_OUTPUT' | 'VAR_IN_OUT' | 'VAR' | 'VAR_TEMP' | 'VAR CONSTANT';

export interface Pou {
  kind: 'FUNCTION' | 'FUNCTION_BLOCK';
  name: string;
  returns: TypeName | null;
  sections: Record<Section, Declaration[]>;
  body: Statement[];
}

export interface Struct {
  kind: 'STRUCT' | 'UNION';
  name: string;
  members: Declaration[];
}

export interface Source {
  structs: Map<string, Struct>;
  pous: Map<string, Pou>;
  /** Of VAR_GLOBAL CONSTANT, or of the data block of codes. */
  constants: Declaration[];
}

export type Expression = { line: number } & (
  | { kind: 'integer'; value: number; type: string | null }
  | { kind: 'real'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'variable'; name: string; path: Step[] }
  | { kind: 'call'; name: string; own: boolean; named: [string, Expression][]; positional: Expression[] }
  | { kind: 'unary'; operator: string; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
);

export type Step =
  | { kind: 'member'; name: string }
  | { kind: 'index'; index: Expression }
  | { kind: 'bit'; bit: number };

export type Statement = { line: number } & (
  | { kind: 'assign'; target: Expression & { kind: 'variable' }; value: Expression }
  | { kind: 'call'; instance: string; named: [string, Expression][] }
  | { kind: 'if'; branches: { condition: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | { kind: 'for'; variable: string; from: Expression; to: Expression; by: number; body: Statement[] }
  | { kind: 'repeat'; body: Statement[]; until: Expression }
);
