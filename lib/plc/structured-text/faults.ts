import { capital, type StructType, variable } from './block.ts';

type Table = Record<string, readonly [code: number, en: string, de: string]>;

/** Sets FaultCode to the code of the first active fault in the table's order, 0 none. */
export function faultCodeChain(table: Table): string {
  const branches = Object.entries(table).map(
    ([key, [code]], n) => `${n === 0 ? 'IF' : 'ELSIF'} Faults.${capital(key)} THEN\n  FaultCode := ${code};`,
  );
  return `${branches.join('\n')}\nELSE\n  FaultCode := 0;\nEND_IF;`;
}

/** Takes back what is latched: all but the faults that follow their cause by themselves. */
export function latchedReset(table: Table, live: readonly string[]): string {
  return Object.keys(table)
    .filter((key) => !live.includes(key))
    .map((key) => `Faults.${capital(key)} := FALSE;`)
    .join('\n');
}

export function faultStruct(name: string, comment: string, table: Table): StructType {
  return {
    name,
    comment,
    members: Object.entries(table).map(([key, [code, en]]) => variable(capital(key), 'BOOL', `${code}: ${en}`)),
  };
}
