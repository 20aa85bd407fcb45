import type { Expression, Step } from './syntax.ts';
import type { DialectName, Reader } from './tokens.ts';

/** Weakest first, as IEC 61131-3 and SCL have them alike. */
const levels: readonly (readonly string[])[] = [
  ['OR'],
  ['AND'],
  ['=', '<>'],
  ['<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/', 'MOD'],
];

export function parseExpression(reader: Reader, dialect: DialectName, level = 0): Expression {
  if (level === levels.length) return parseUnary(reader, dialect);
  let left = parseExpression(reader, dialect, level + 1);
  for (;;) {
    const operator = levels[level].find((sign) => reader.is(sign));
    if (operator === undefined) return left;
    const { line } = reader.take();
    const right = parseExpression(reader, dialect, level + 1);
    left = { kind: 'binary', operator, left, right, line };
  }
}

function parseUnary(reader: Reader, dialect: DialectName): Expression {
  for (const operator of ['NOT', '-']) {
    const { line } = reader.next;
    if (reader.accept(operator)) return { kind: 'unary', operator, operand: parseUnary(reader, dialect), line };
  }
  return parsePrimary(reader, dialect);
}

function parsePrimary(reader: Reader, dialect: DialectName): Expression {
  if (reader.accept('(')) {
    const inner = parseExpression(reader, dialect);
    reader.expect(')');
    return inner;
  }
  const { kind, text, line } = reader.take();
  switch (kind) {
    case 'number':
      return { kind: 'integer', value: integer(text), type: null, line };
    case 'typed': {
      const [type, value] = text.split('#');
      return { kind: 'integer', value: Number(value), type, line };
    }
    case 'real':
      return { kind: 'real', value: Number(text), line };
    case 'hash':
      if (dialect !== 'tia') break;
      return { kind: 'variable', name: text.slice(1), path: parsePath(reader, dialect), line };
    case 'quoted':
      if (dialect !== 'tia' || !reader.is('(')) break;
      return { kind: 'call', name: text.slice(1, -1), own: true, ...parseArguments(reader, dialect), line };
    case 'name':
      if (text === 'TRUE' || text === 'FALSE') return { kind: 'boolean', value: text === 'TRUE', line };
      if (reader.is('(')) {
        const own = dialect === 'codesys' && text.includes('Goodpart');
        return { kind: 'call', name: text, own, ...parseArguments(reader, dialect), line };
      }
      if (dialect !== 'codesys') break;
      return { kind: 'variable', name: text, path: parsePath(reader, dialect), line };
  }
  throw new Error(`line ${line}: ${text} cannot stand here in ${dialect}`);
}

function integer(text: string): number {
  return text.startsWith('16#') ? Number.parseInt(text.slice(3).replaceAll('_', ''), 16) : Number(text);
}

export function parsePath(reader: Reader, dialect: DialectName): Step[] {
  const path: Step[] = [];
  for (;;) {
    if (reader.accept('[')) {
      path.push({ kind: 'index', index: parseExpression(reader, dialect) });
      reader.expect(']');
    } else if (reader.accept('.')) {
      const { kind, text } = reader.take();
      if (kind === 'name') path.push({ kind: 'member', name: text });
      else if (kind === 'bit' && dialect === 'tia') path.push({ kind: 'bit', bit: Number(text.slice(2)) });
      else if (kind === 'number' && dialect === 'codesys') path.push({ kind: 'bit', bit: Number(text) });
      else reader.fail(`${text} is no member in ${dialect}`);
    } else return path;
  }
}

/** All named or all by position. */
export function parseArguments(
  reader: Reader,
  dialect: DialectName,
): { named: [string, Expression][]; positional: Expression[] } {
  const named: [string, Expression][] = [];
  const positional: Expression[] = [];
  reader.expect('(');
  while (!reader.accept(')')) {
    if (named.length + positional.length > 0) reader.expect(',');
    const mark = reader.mark();
    const token = reader.take();
    if (token.kind === 'name' && reader.accept(':=')) named.push([token.text, parseExpression(reader, dialect)]);
    else {
      reader.back(mark);
      positional.push(parseExpression(reader, dialect));
    }
  }
  if (named.length > 0 && positional.length > 0) reader.fail('named and positional arguments are mixed');
  return { named, positional };
}
