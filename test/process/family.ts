import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildOptions } from '../../lib/process/child-options.ts';
import { SupervisedChild } from '../../lib/process/supervised-child.ts';

const born: SupervisedChild[] = [];

/** A supervised fixture child with short times; `buryAll` stops whatever a test left. */
export function bear(atStart = '', options: Partial<ChildOptions> = {}): SupervisedChild {
  const child = new SupervisedChild({
    name: 'fixture',
    module: join(__dirname, 'fixture-child.js'),
    args: [atStart],
    stopMs: 500,
    backoff: { minMs: 20, maxMs: 200, resetAfterMs: 60_000 },
    ...options,
  });
  born.push(child);
  return child;
}

export async function buryAll(): Promise<void> {
  await Promise.all(born.splice(0).map((child) => child.stop()));
}

/** True while the process exists and is not a zombie. */
export function lives(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return false;
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(path, 'utf8'));
  } catch {
    return false; // it ended between the two looks
  }
}
