/** One variable, in the neutral form both dialects are written from. */
export interface Variable {
  name: string;
  /** `UINT`, `ARRAY[0..7] OF ST_Goodpart…`. */
  type: string;
  initial?: string;
  comment?: string;
}

export interface StructType {
  name: string;
  comment: string;
  members: Variable[];
}

/** A block whose text is written once; `dialect.ts` holds what TIA and CODESYS write differently. */
export interface Block {
  kind: 'FUNCTION' | 'FUNCTION_BLOCK';
  name: string;
  comment: string[];
  /** Of a function. */
  returns?: string;
  inputs?: Variable[];
  outputs?: Variable[];
  inOuts?: Variable[];
  statics?: Variable[];
  temps?: Variable[];
  constants?: Variable[];
  /** Structured Text with bare names; bits as `.%X3`; every call of an own block with named parameters. */
  body: string;
}

/** `name: type` rows with an optional default and comment. */
export function variable(name: string, type: string, comment?: string, initial?: string | number | boolean): Variable {
  const value = typeof initial === 'boolean' ? String(initial).toUpperCase() : initial?.toString();
  return { name, type, comment, initial: value };
}

export function capital(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}

export function indented(text: string, by: number): string {
  const space = ' '.repeat(by);
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : space + line))
    .join('\n');
}
