import { type Block, indented, type StructType, type Variable } from './block.ts';

/** All that TIA Portal's SCL and CODESYS' Structured Text write differently. */
export interface Dialect {
  name: 'tia' | 'codesys';
  struct: (type: StructType) => string;
  block: (block: Block) => string;
  /** The one function whose text differs: a REAL from two registers. */
  realFunction: string;
  constants: (list: readonly Variable[]) => string;
}

const own = /\b(?:ST|FC|FB)_Goodpart\w+\b/g;

function listOf(kind: string, variables: readonly Variable[] | undefined, type: (type: string) => string): string {
  if (variables === undefined || variables.length === 0) return '';
  const rows = variables.map(({ name, type: of, initial, comment }) => {
    const start = initial === undefined ? '' : ` := ${initial}`;
    return `${name} : ${type(of)}${start};${comment === undefined ? '' : `  // ${comment}`}`;
  });
  return `${kind}\n${indented(rows.join('\n'), 2)}\nEND_VAR\n`;
}

const commentLines = (lines: readonly string[]) => lines.map((line) => `// ${line}`).join('\n');

const quoted = (text: string) => text.replace(own, (name) => `"${name}"`);

/** Local names get TIA's `#`; members after a dot and formal parameters of a call stay as they are. */
function withHashes(block: Block): string {
  const all = [block.inputs, block.outputs, block.inOuts, block.statics, block.temps, block.constants];
  const local = new Set(all.flatMap((list) => list ?? []).map(({ name }) => name));
  let depth = 0;
  return block.body.replace(
    /\/\/[^\n]*|[A-Z]+#\w+|16#\w+|%X\d+|\.?[A-Za-z_]\w*|[()]/g,
    (token: string, at: number, text: string) => {
      if (token === '(') depth += 1;
      if (token === ')') depth -= 1;
      if (/^(\/\/|[A-Z]+#|16#|%|\.|[()])/.test(token)) return token;
      const assigned = /^\s*:=/.test(text.slice(at + token.length));
      if (token === block.name) return assigned ? `#${token}` : `"${token}"`;
      if (depth > 0 && assigned) return token;
      if (local.has(token)) return `#${token}`;
      return token.replace(own, (name) => `"${name}"`);
    },
  );
}

const tiaHead = "{ S7_Optimized_Access := 'TRUE' }\nVERSION : 1.0\n";

export const tia: Dialect = {
  name: 'tia',
  struct: ({ name, comment, members }) => {
    const rows = members.map((one) => `${one.name} : ${quoted(one.type)};${one.comment ? `  // ${one.comment}` : ''}`);
    return `// ${comment}\nTYPE "${name}"\nVERSION : 1.0\n  STRUCT\n${indented(rows.join('\n'), 4)}\n  END_STRUCT;\nEND_TYPE\n`;
  },
  block: (block) => {
    const returns = block.returns === undefined ? '' : ` : ${block.returns}`;
    const sections = [
      listOf('VAR_INPUT', block.inputs, quoted),
      listOf('VAR_OUTPUT', block.outputs, quoted),
      listOf('VAR_IN_OUT', block.inOuts, quoted),
      listOf('VAR', block.statics, quoted),
      listOf('VAR_TEMP', block.temps, quoted),
      listOf('VAR CONSTANT', block.constants, quoted),
    ];
    return `${commentLines(block.comment)}
${block.kind} "${block.name}"${returns}
${tiaHead}${indented(sections.join(''), 2)}
BEGIN
${indented(withHashes(block), 2)}
END_${block.kind}
`;
  },
  realFunction: `// A REAL from two registers, high word first. DWORD_TO_REAL takes over the bits as they are.
FUNCTION "FC_GoodpartReal" : REAL
${tiaHead}  VAR_INPUT
    HighWord : WORD;
    LowWord : WORD;
  END_VAR

BEGIN
  #FC_GoodpartReal := DWORD_TO_REAL(SHL(IN := WORD_TO_DWORD(#HighWord), N := 16) OR WORD_TO_DWORD(#LowWord));
END_FUNCTION
`,
  constants: (list) => {
    const rows = list.map(
      (one) => `${one.name} : ${one.type} := ${one.initial};${one.comment ? `  // ${one.comment}` : ''}`,
    );
    return `// Codes for the program and the HMI: compare with these, never with bare numbers. Write nothing here.
DATA_BLOCK "DB_GoodpartCodes"
${tiaHead}NON_RETAIN
  STRUCT
${indented(rows.join('\n'), 4)}
  END_STRUCT;

BEGIN

END_DATA_BLOCK
`;
  },
};

const plain = (text: string) => text;

export const codesys: Dialect = {
  name: 'codesys',
  struct: ({ name, comment, members }) => {
    const rows = members.map((one) => `${one.name} : ${one.type};${one.comment ? `  // ${one.comment}` : ''}`);
    return `// ${comment}\nTYPE ${name} :\nSTRUCT\n${indented(rows.join('\n'), 2)}\nEND_STRUCT\nEND_TYPE\n`;
  },
  block: (block) => {
    const returns = block.returns === undefined ? '' : ` : ${block.returns}`;
    const temps = block.kind === 'FUNCTION' ? 'VAR' : 'VAR_TEMP';
    const sections = [
      listOf('VAR_INPUT', block.inputs, plain),
      listOf('VAR_OUTPUT', block.outputs, plain),
      listOf('VAR_IN_OUT', block.inOuts, plain),
      listOf('VAR', block.statics, plain),
      listOf(temps, block.temps, plain),
      listOf('VAR CONSTANT', block.constants, plain),
    ];
    return `${commentLines(block.comment)}
${block.kind} ${block.name}${returns}
${sections.join('')}
${block.body.replaceAll('.%X', '.')}
END_${block.kind}
`;
  },
  realFunction: `// The same four bytes as bits and as a number.
TYPE U_GoodpartReal :
UNION
  Bits : DWORD;
  Number : REAL;
END_UNION
END_TYPE

// A REAL from two registers, high word first. DWORD_TO_REAL would convert the number; the union takes over the bits.
FUNCTION FC_GoodpartReal : REAL
VAR_INPUT
  HighWord : WORD;
  LowWord : WORD;
END_VAR
VAR
  Both : U_GoodpartReal;
END_VAR

Both.Bits := SHL(WORD_TO_DWORD(HighWord), 16) OR WORD_TO_DWORD(LowWord);
FC_GoodpartReal := Both.Number;
END_FUNCTION
`,
  constants: (list) => {
    const rows = list.map(
      (one) => `${one.name} : ${one.type} := ${one.initial};${one.comment ? `  // ${one.comment}` : ''}`,
    );
    return `// Codes for the program and the HMI: compare with these, never with bare numbers.
VAR_GLOBAL CONSTANT
${indented(rows.join('\n'), 2)}
END_VAR
`;
  },
};
