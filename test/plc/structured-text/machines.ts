import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../kit/needs.ts';
import { Machine } from './machine.ts';
import type { Value } from './types.ts';

export const sourceFiles = { tia: 'goodpart-tia.scl', codesys: 'goodpart-codesys.st' } as const;

const ready = new Map<keyof typeof sourceFiles, Machine>();

/** The machine that runs the very file in examples/plc; parsed once. */
export function machine(dialect: keyof typeof sourceFiles): Machine {
  const known = ready.get(dialect);
  if (known !== undefined) return known;
  const text = readFileSync(join(repositoryRoot, 'examples/plc', sourceFiles[dialect]), 'utf8');
  const made = new Machine(text, dialect);
  ready.set(dialect, made);
  return made;
}

/** The reference's names as the PLC writes them: every key with a capital. */
export function plcNames(value: unknown): Value {
  if (Array.isArray(value)) return value.map(plcNames);
  if (typeof value !== 'object' || value === null) return value as Value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key[0].toUpperCase() + key.slice(1), plcNames(member)]),
  );
}

/** Compares what a block of the reference and one in a PLC put out, and names the first output that differs. */
export function sameOutputs(expected: Record<string, Value>, found: Record<string, Value>, where: string): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value === found[name]) continue;
    assert.deepEqual(found[name], value, `${where}: ${name}`);
  }
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort(), `${where}: other outputs`);
}
