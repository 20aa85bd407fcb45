import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kit/needs.ts';

/** Paths of all files that are tracked or would be, relative to the root. */
export function trackedFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8', maxBuffer: 16 * 2 ** 20 }).split(
    '\0',
  );
  return files.filter((file) => file !== '' && existsSync(join(repositoryRoot, file))).sort();
}

export function read(file: string): string {
  return readFileSync(join(repositoryRoot, file), 'utf8');
}

export function readJson<T>(file: string): T {
  return JSON.parse(read(file)) as T;
}
