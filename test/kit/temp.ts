import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder that is removed when the process ends. */
export function tempDir(name = 'test'): string {
  const path = mkdtempSync(join(tmpdir(), `goodpart-${name}-`));
  folders.push(path);
  return path;
}
