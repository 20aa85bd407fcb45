import { parseArguments, parseExpression, parsePath } from './expressions.ts';
import type { Declaration, Pou, Section, Source, Statement, Struct, TypeName } from './syntax.ts';
import { type DialectName, Reader } from './tokens.ts';

/** Parses a whole generated source. Knows the subset that the generator uses, in the spelling of one dialect only. */
export function parseSource(text: string, dialect: DialectName): Source {
  const reader = new Reader(text);
  const source: Source = { structs: new Map(), pous: new Map(), constants: [] };
  while (reader.next.kind !== 'end') {
    if (reader.accept('TYPE')) {
      const struct = parseStruct(reader, dialect);
      source.structs.set(struct.name, struct);
    } else if (reader.accept('VAR_GLOBAL')) {
      reader.expect('CONSTANT');
      source.constants.push(...parseDeclarations(reader, dialect, 'END_VAR'));
    } else if (reader.accept('DATA_BLOCK')) {
      source.constants.push(...parseDataBlock(reader, dialect));
    } else {
      const pou = parsePou(reader, dialect);
      if (source.pous.has(pou.name)) reader.fail(`${pou.name} exists twice`);
      source.pous.set(pou.name, pou);
    }
  }
  return source;
}

function blockName(reader: Reader, dialect: DialectName): string {
  if (dialect === 'codesys') return reader.name();
  const { kind, text } = reader.take();
  if (kind !== 'quoted') reader.fail(`${text} needs quotes in TIA`);
  return text.slice(1, -1);
}

function version(reader: Reader): void {
  reader.expect('VERSION');
  reader.expect(':');
  if (reader.take().kind !== 'real') reader.fail('expected a version');
}

function parseStruct(reader: Reader, dialect: DialectName): Struct {
  const name = blockName(reader, dialect);
  if (dialect === 'tia') version(reader);
  else reader.expect(':');
  const kind = reader.accept('UNION') ? 'UNION' : 'STRUCT';
  if (kind === 'STRUCT') reader.expect('STRUCT');
  const members = parseDeclarations(reader, dialect, `END_${kind}`);
  if (dialect === 'tia') reader.expect(';');
  reader.expect('END_TYPE');
  return { kind, name, members };
}

function parseDataBlock(reader: Reader, dialect: DialectName): Declaration[] {
  blockName(reader, dialect);
  version(reader);
  reader.expect('NON_RETAIN');
  reader.expect('STRUCT');
  const members = parseDeclarations(reader, dialect, 'END_STRUCT');
  reader.expect(';');
  reader.expect('BEGIN');
  reader.expect('END_DATA_BLOCK');
  return members;
}

function parsePou(reader: Reader, dialect: DialectName): Pou {
  const kind = reader.accept('FUNCTION') ? 'FUNCTION' : 'FUNCTION_BLOCK';
  if (kind === 'FUNCTION_BLOCK') reader.expect('FUNCTION_BLOCK');
  const name = blockName(reader, dialect);
  const returns = reader.accept(':') ? parseType(reader, dialect) : null;
  if (dialect === 'tia') version(reader);
  const sections: Pou['sections'] = {
    VAR_INPUT: [],
    VAR_OUTPUT: [],
    VAR_IN_OUT: [],
    VAR: [],
    VAR_TEMP: [],
    'VAR CONSTANT': [],
  };
  while (reader.next.text.startsWith('VAR')) {
    const word = reader.take().text;
    const section = (word === 'VAR' && reader.accept('CONSTANT') ? 'VAR CONSTANT' : word) as Section;
    if (!(section in sections)) reader.fail(`${section} is no section`);
    sections[section].push(...parseDeclarations(reader, dialect, 'END_VAR'));
  }
  if (dialect === 'tia') reader.expect('BEGIN');
  const body = parseStatements(reader, dialect, [`END_${kind}`]);
  reader.expect(`END_${kind}`);
  return { kind, name, returns, sections, body };
}

function parseDeclarations(reader: Reader, dialect: DialectName, end: string): Declaration[] {
  const list: Declaration[] = [];
  while (!reader.accept(end)) {
    const { line } = reader.next;
    const name = reader.name();
    reader.expect(':');
    const type = parseType(reader, dialect);
    const initial = reader.accept(':=') ? parseExpression(reader, dialect) : null;
    reader.expect(';');
    list.push({ name, type, initial, line });
  }
  return list;
}

function parseType(reader: Reader, dialect: DialectName): TypeName {
  if (reader.accept('ARRAY')) {
    reader.expect('[');
    const first = Number(reader.take().text);
    reader.expect('..');
    const last = Number(reader.take().text);
    reader.expect(']');
    reader.expect('OF');
    return { kind: 'array', first, last, of: parseType(reader, dialect) };
  }
  const { kind, text } = reader.take();
  if (kind === 'quoted' && dialect === 'tia') return { kind: 'plain', name: text.slice(1, -1), own: true };
  const own = text.includes('Goodpart');
  if (kind !== 'name' || (own && dialect === 'tia')) reader.fail(`${text} is no type in ${dialect}`);
  return { kind: 'plain', name: text, own };
}

function parseStatements(reader: Reader, dialect: DialectName, ends: readonly string[]): Statement[] {
  const list: Statement[] = [];
  while (!ends.some((end) => reader.is(end))) list.push(parseStatement(reader, dialect));
  return list;
}

function parseStatement(reader: Reader, dialect: DialectName): Statement {
  const { line } = reader.next;
  if (reader.accept('IF')) return { kind: 'if', ...parseIf(reader, dialect), line };
  if (reader.accept('FOR')) return { kind: 'for', ...parseFor(reader, dialect), line };
  if (reader.accept('REPEAT')) {
    const body = parseStatements(reader, dialect, ['UNTIL']);
    reader.expect('UNTIL');
    const until = parseExpression(reader, dialect);
    reader.expect('END_REPEAT');
    reader.expect(';');
    return { kind: 'repeat', body, until, line };
  }
  const name = localName(reader, dialect);
  if (reader.is('(')) {
    const { named, positional } = parseArguments(reader, dialect);
    if (positional.length > 0) reader.fail('an instance is called with named parameters');
    reader.expect(';');
    return { kind: 'call', instance: name, named, line };
  }
  const path = parsePath(reader, dialect);
  reader.expect(':=');
  const value = parseExpression(reader, dialect);
  reader.expect(';');
  return { kind: 'assign', target: { kind: 'variable', name, path, line }, value, line };
}

function localName(reader: Reader, dialect: DialectName): string {
  const { kind, text } = reader.take();
  if (kind === 'hash' && dialect === 'tia') return text.slice(1);
  if (kind !== 'name' || dialect === 'tia') reader.fail(`${text} is no local name in ${dialect}`);
  return text;
}

function parseIf(reader: Reader, dialect: DialectName): Pick<Statement & { kind: 'if' }, 'branches' | 'otherwise'> {
  const branches: { condition: ReturnType<typeof parseExpression>; body: Statement[] }[] = [];
  do {
    const condition = parseExpression(reader, dialect);
    reader.expect('THEN');
    branches.push({ condition, body: parseStatements(reader, dialect, ['ELSIF', 'ELSE', 'END_IF']) });
  } while (reader.accept('ELSIF'));
  const otherwise = reader.accept('ELSE') ? parseStatements(reader, dialect, ['END_IF']) : [];
  reader.expect('END_IF');
  reader.expect(';');
  return { branches, otherwise };
}

function parseFor(reader: Reader, dialect: DialectName): Omit<Statement & { kind: 'for' }, 'kind' | 'line'> {
  const variable = localName(reader, dialect);
  reader.expect(':=');
  const from = parseExpression(reader, dialect);
  reader.expect('TO');
  const to = parseExpression(reader, dialect);
  const by = reader.accept('BY') ? (reader.accept('-') ? -1 : 1) * Number(reader.take().text) : 1;
  reader.expect('DO');
  const body = parseStatements(reader, dialect, ['END_FOR']);
  reader.expect('END_FOR');
  reader.expect(';');
  return { variable, from, to, by, body };
}
