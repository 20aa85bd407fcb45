import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandCodes, commandStatus, dispositionCodes } from '../../lib/core/commands.ts';
import { faultTable } from '../../lib/core/faults.ts';
import { modeCodes, verdictCodes } from '../../lib/core/inspection.ts';
import { ne107Codes } from '../../lib/core/ne107.ts';
import { reasonTable } from '../../lib/core/reasons.ts';
import { codeLists, textListCsv } from '../../lib/plc/codes.ts';
import { plcFiles } from '../../lib/plc/plc-files.ts';
import { plcRule } from '../../lib/plc/rule-box.ts';
import { tagTable } from '../../lib/plc/tag-table.ts';
import { hasPythonModule, repositoryRoot, wants } from '../kit/needs.ts';
import { machine, sourceFiles } from './structured-text/machines.ts';

const folder = join(repositoryRoot, 'examples/plc');

describe('the files for the PLC’s programmer', () => {
  it('are what the tables give (after a change: node dist/lib/plc/write-plc-files.js)', () => {
    const files = plcFiles();
    assert.deepEqual(readdirSync(folder).sort(), Object.keys(files).sort());
    for (const [name, text] of Object.entries(files)) {
      assert.ok(readFileSync(join(folder, name), 'utf8') === text, `${name} is not what the tables give`);
    }
  });

  it('give the same codes and addresses to both dialects, and every tag’s address', () => {
    const constants = machine('tia').constants();
    assert.deepEqual(machine('codesys').constants(), constants);
    for (const { name, address } of tagTable) {
      assert.equal(constants[`ADDRESS_${name.replace('.', '_').toUpperCase()}`], address, name);
    }
    for (const { rows } of codeLists) for (const { name, code } of rows) assert.equal(constants[name], code, name);
  });

  it('decode every tag of the table', () => {
    const picture = machine('tia').empty('ST_GoodpartPicture') as Record<string, Record<string, unknown>>;
    const members = tagTable
      .filter(({ address, bits }) => address < 100 && bits === undefined)
      .map(({ name }) => name.replace(/\.Time$/, '.TimeUtc').split('.'));
    for (const [group, member] of members) assert.ok(member in picture[group], `${group}.${member}`);
  });

  it('are plain ASCII where a PLC’s importer reads them', () => {
    for (const name of Object.values(sourceFiles)) {
      assert.match(readFileSync(join(folder, name), 'latin1'), /^[\n\x20-\x7e]*$/, name);
    }
  });

  it('print the rule for the programmer where the map is shown', () => {
    for (const name of ['README.md', 'register-map.csv', 'coils.csv']) {
      for (const line of plcRule) assert.ok(readFileSync(join(folder, name), 'utf8').includes(line), name);
    }
  });

  it('are Structured Text to an independent parser (blark)', function () {
    this.timeout(120_000);
    wants(this, 'the Python module blark', hasPythonModule('blark'));
    const script = `import sys, blark.parse
for one in blark.parse.parse(sys.argv[1]):
    assert one.exception is None, one.exception
    print(len(one.transform().items))`;
    const items = execFileSync('/usr/bin/python3', ['-c', script, join(folder, sourceFiles.codesys)], {
      encoding: 'utf8',
    });
    const { structs, pous } = machine('codesys').source;
    assert.equal(Number(items), structs.size + pous.size + 1);
  });
});

describe('the text lists', () => {
  const rows = (language: 'en' | 'de') =>
    textListCsv(language)
      .split('\n')
      .slice(1, -1)
      .map((line) => /^(\w+),(\d+),(.+)$/.exec(line));

  it('have the same entries in English and German, each once and none empty', () => {
    const [en, de] = [rows('en'), rows('de')];
    assert.deepEqual(
      de.map((row) => row?.slice(1, 3).join()),
      en.map((row) => row?.slice(1, 3).join()),
    );
    const keys = en.map((row) => row?.slice(1, 3).join());
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(!keys.includes(undefined));
  });

  it('hold every reason and every fault code', () => {
    const known = new Set(rows('de').map((row) => row?.slice(1, 3).join()));
    for (const { code } of reasonTable())
      assert.ok(known.has(`Reason,${code}`) || known.has(`Refusal,${code}`), `${code}`);
    for (const { code } of faultTable()) assert.ok(known.has(`Fault,${code}`), `${code}`);
  });

  it('know every fault code that the sources raise', () => {
    const raised = new Set<number>();
    for (const room of ['lib', 'nodes']) {
      for (const entry of readdirSync(join(repositoryRoot, room), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
        const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
        for (const [, code] of text.matchAll(/\b\w*Fault = ([1-5]\d\d);/g)) raised.add(Number(code));
        for (const [, list] of text.matchAll(/\bownFaults = \{([^}]*)\}/g)) {
          for (const [code] of list.matchAll(/\d{3}/g)) raised.add(Number(code));
        }
      }
    }
    assert.deepEqual(
      [...raised].sort((a, b) => a - b),
      faultTable().map(({ code }) => code),
    );
  });
});

describe('the lists of commands, modes and the rest', () => {
  const codesOf = (name: string) => codeLists.find((list) => list.name === name)?.rows.map(({ code }) => code) ?? [];

  it('hold the numbers that the station uses, and no other', () => {
    const used: [string, Record<string, number>][] = [
      ['Command', commandCodes],
      ['CommandStatus', commandStatus],
      ['Disposition', dispositionCodes],
      ['Mode', modeCodes],
      ['ResultCode', verdictCodes],
      ['NE107', ne107Codes],
    ];
    for (const [name, codes] of used) {
      const expected = [...new Set([0, ...Object.values(codes)])].sort((a, b) => a - b);
      assert.deepEqual(codesOf(name), expected, name);
    }
  });
});
