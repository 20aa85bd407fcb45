import { open, unlink } from 'node:fs/promises';

/** Makes names in a folder as durable as the files they name. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A new file with its bytes on the disk. Its name is durable only after `syncFolder`. */
export async function writeDurably(path: string, data: Buffer): Promise<void> {
  const handle = await open(path, 'w', 0o640);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** True where it is gone afterwards. */
export async function unlinkQuietly(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The disk or the user's share of it is full. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}
