import { textListCsv } from './codes.ts';
import { plcReadme } from './plc-readme.ts';
import { coilsCsv, registerMapCsv } from './register-map.ts';
import { codesys, tia } from './structured-text/dialect.ts';
import { exampleBlock } from './structured-text/example.ts';
import { structuredText } from './structured-text/program.ts';

/** Every file in `examples/plc`, by name: all written from the tag table and the tables of codes. */
export function plcFiles(): Record<string, string> {
  return {
    'README.md': plcReadme(),
    'register-map.csv': registerMapCsv(0),
    'coils.csv': coilsCsv(0),
    'text-lists-en.csv': textListCsv('en'),
    'text-lists-de.csv': textListCsv('de'),
    'goodpart-tia.scl': structuredText(tia, tia.block(exampleBlock)),
    'goodpart-codesys.st': structuredText(codesys, codesys.block(exampleBlock)),
  };
}
