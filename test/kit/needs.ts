import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Skips the calling test or suite, loudly, where something optional is missing. In CI nothing may be skipped for that:
 * there it fails. Call it first thing in `before` or in the test.
 */
export function needs(context: Mocha.Context, what: string, present: boolean): void {
  if (present) return;
  const text = `${what} is missing on this machine`;
  if (process.env.CI === 'true') throw new Error(`${text}, and CI may skip nothing: see .ci/packages.d`);
  skip(context, text);
}

/**
 * Skips the calling test or suite, loudly, where a judge is absent that no system package brings and without which the same
 * behaviour is still tested otherwise. In CI too: the run's last line counts it.
 */
export function wants(context: Mocha.Context, what: string, present: boolean): void {
  if (!present) skip(context, `${what} is not on this machine`);
}

function skip(context: Mocha.Context, text: string): void {
  console.error(`\n  SKIPPED: ${text}: ${context.currentTest?.fullTitle() ?? context.test?.fullTitle()}\n`);
  context.skip();
}

export function hasCommand(command: string, args: string[] = ['--version']): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
}

/** True where Debian's Python has the module. */
export function hasPythonModule(name: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;
}

/** The repository's root: compiled tests run from dist/test/<room>. */
export const repositoryRoot = resolve(__dirname, '../../..');

/** The real images beside the repository, which are never part of it; `undefined` where they are absent. */
export function sharedData(set: 'magnetic_tile' | 'deeppcb_q'): string | undefined {
  const path = resolve(repositoryRoot, '../shared/data', set);
  return existsSync(path) ? path : undefined;
}
