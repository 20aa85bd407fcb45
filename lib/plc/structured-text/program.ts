import { codeLists } from '../codes.ts';
import { plcRule } from '../rule-box.ts';
import { tagTable } from '../tag-table.ts';
import { type Variable, variable } from './block.ts';
import { codingFunctions } from './decoding.ts';
import type { Dialect } from './dialect.ts';
import { arithmeticFunctions } from './functions.ts';
import { stationFunctionBlock } from './station-function-block.ts';
import { trackFunctionBlock } from './track-function-block.ts';
import { structTypes } from './types.ts';

/** First register of each tag, as `ADDRESS_RESULT_SEQUENCE`. */
function addresses(): Variable[] {
  return tagTable.map(({ name, address }) =>
    variable(`ADDRESS_${name.replace('.', '_').toUpperCase()}`, 'UINT', undefined, address),
  );
}

function codes(): Variable[] {
  const known = new Set<string>();
  return codeLists
    .flatMap(({ rows }) => rows)
    .filter(({ name }) => !known.has(name) && known.add(name))
    .map(({ name, code, en }) => variable(name, 'UINT', en, code));
}

/** Sources are plain ASCII: every editor and importer reads them alike. */
function ascii(text: string): string {
  return text.replaceAll('’', "'").replaceAll('–', '-');
}

/** Everything of one dialect as one source, each part before its first use. */
export function structuredText(dialect: Dialect, example: string): string {
  const parts = [
    [
      '// Goodpart: generated from the tag table by write-plc-files. Change the table, not this file.',
      '//',
      ...plcRule.map((line) => `// ${line}`),
      '// Not a safety function.',
    ].join('\n'),
    ...structTypes().map(dialect.struct),
    dialect.constants([...codes(), ...addresses()]),
    dialect.realFunction,
    ...[...arithmeticFunctions, ...codingFunctions, stationFunctionBlock, trackFunctionBlock].map(dialect.block),
    example,
  ];
  return ascii(`${parts.map((part) => part.trimEnd()).join('\n\n')}\n`);
}
