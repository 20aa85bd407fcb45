import assert from 'node:assert/strict';
import { Machine } from './machine.ts';
import type { Value } from './types.ts';

/** One function in CODESYS' spelling, with these variables and this body. */
function source(body: string, variables = 'A : UINT; B : UDINT; C : BOOL; D : ARRAY[0..3] OF INT;'): string {
  return `FUNCTION_BLOCK FB_Try
VAR_INPUT X : UINT; END_VAR
VAR_OUTPUT Y : UINT; END_VAR
VAR ${variables} END_VAR
VAR_TEMP T : UINT; I : INT; END_VAR
${body}
END_FUNCTION_BLOCK`;
}

function run(body: string, inputs: Record<string, Value> = {}): Record<string, Value> {
  const machine = new Machine(source(body), 'codesys');
  const instance = machine.instance('FB_Try');
  machine.call(instance, { X: 0, ...inputs });
  return instance.variables;
}

describe('the Structured Text machine', () => {
  it('calculates as a PLC does', () => {
    assert.equal(run('Y := (X + 7) / 2 MOD 5 * 3;', { X: 10 }).Y, 9);
    assert.equal(run('C := NOT (X = 3) AND X > 1 OR FALSE;', { X: 2 }).C, true);
    assert.equal(run('B := UINT_TO_UDINT(X) * 65536 + 65535;', { X: 65_535 }).B, 2 ** 32 - 1);
    assert.deepEqual(run('FOR I := 3 TO 0 BY -1 DO D[I] := 3 - I; END_FOR;').D, [3, 2, 1, 0]);
    assert.equal(run('Y := 0; REPEAT Y := Y + 2; UNTIL Y > X END_REPEAT;', { X: 5 }).Y, 6);
  });

  const refused: [what: string, body: string, error: RegExp][] = [
    ['a name that is not declared', 'Y := Z;', /Z is not declared/],
    ['a value of another type', 'Y := B;', /expected UINT, found UDINT/],
    ['two types in one comparison', 'C := X = B;', /expected UINT|expected UDINT/],
    ['a literal that does not fit', 'Y := 65536;', /65536 is no UINT/],
    ['a value that leaves its type', 'Y := X + 65535; Y := Y + 1;', /65536 leaves UINT/],
    ['a value below 0', 'Y := X - 1;', /-1 leaves UINT/],
    ['an index outside of an array', 'I := 4; D[I] := 1;', /index 4 outside of 0\.\.3/],
    ['a temporary variable that was not written', 'Y := T;', /T is read before it was written/],
    ['writing an input', 'X := 1;', /X is not written inside/],
    [
      'a body that changes the end of its loop',
      'A := 0; FOR I := 0 TO D[0] DO D[0] := 2; END_FOR;',
      /changes the loop/,
    ],
    ['TIA’s bits', 'C := X.%X3;', /no member in codesys/],
    ['TIA’s local names', 'Y := #X;', /cannot stand here in codesys/],
    ['DWORD_TO_REAL, which converts', 'C := DWORD_TO_REAL(B) = 1.0;', /converts the number/],
    ['what is no Structured Text', 'Y = X;', /expected :=/],
  ];
  for (const [what, body, error] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => run(body), error));
  }

  it('refuses names that are words of a language or differ only in case', () => {
    assert.throws(() => new Machine(source('', 'Time : UINT;'), 'codesys'), /word of the language/);
    assert.throws(() => new Machine(source('', 'Abc : UINT; ABC : UINT;'), 'codesys'), /exists twice/);
  });
});
