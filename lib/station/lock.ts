import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { sha256 } from './validation.ts';

export type Release = () => Promise<void>;

/**
 * Takes a folder for this process until released or dead. A listening socket whose name is derived from the folder's real path:
 * the kernel gives it up with its owner, so a crashed one never holds it (Linux: abstract, no file; Windows: a
 * named pipe). Throws GP_STATION_LOCKED. Processes in different containers that share a folder do not see each other.
 */
export async function lockFolder(dir: string): Promise<Release> {
  const key = `goodpart-station-${sha256(realpathSync(dir)).slice(0, 40)}`;
  const asFile = process.platform !== 'linux' && process.platform !== 'win32';
  const path =
    process.platform === 'linux'
      ? `\0${key}`
      : process.platform === 'win32'
        ? `\\\\.\\pipe\\${key}`
        : join(tmpdir(), key);
  let server = await listen(path);
  if (server === null && asFile && !(await answers(path))) {
    await rm(path, { force: true });
    server = await listen(path);
  }
  if (server === null) {
    throw new GoodpartError('GP_STATION_LOCKED', `Another station or process uses the folder ${dir}`, {
      received: dir,
    });
  }
  const held = server;
  return () => new Promise((resolve) => held.close(() => resolve()));
}

function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
