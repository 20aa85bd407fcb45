import { existsSync } from 'node:fs';

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/**
 * A command line whose process the kernel kills when its parent dies (`prctl(PR_SET_PDEATHSIG)` by util-linux' setpriv; it
 * holds for a process over `exec`, not for what that process starts). Unchanged where setpriv is missing.
 */
export function dyingWithParent(command: readonly string[]): string[] {
  return setpriv === undefined ? [...command] : [setpriv, '--pdeathsig', 'KILL', ...command];
}
