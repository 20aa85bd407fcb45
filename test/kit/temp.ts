import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder that is removed when the process ends. */
export function tempDir(name = 'test'): string {
  const path = mkdtempSync(join(tmpdir(), `goodpart-${name}-`));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
