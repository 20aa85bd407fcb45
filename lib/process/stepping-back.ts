import { existsSync } from 'node:fs';

const nice = ['/usr/bin/nice', '/bin/nice'].find((path) => existsSync(path));

/**
 * A command line whose process steps back by `niceness` behind the one that starts it, from its first thread on. To set a running process' priority
 * reaches one thread only: on a busy machine Node has its others before that. Unchanged where coreutils' nice is missing.
 */
export function steppingBack(command: readonly string[], niceness: number): string[] {
  return nice === undefined || niceness <= 0 ? [...command] : [nice, '-n', `${niceness}`, ...command];
}
