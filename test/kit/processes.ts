import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of Goodpart children (by their GOODPART_CHILD name's beginning) of one parent; ours unless another is named. */
export function childrenNamed(beginning: string, parent: number = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(ppid) !== parent) return false;
        return readFileSync(`/proc/${pid}/environ`, 'utf8')
          .split('\0')
          .some((entry) => entry.startsWith(`GOODPART_CHILD=${beginning}`));
      } catch {
        return false; // it ended meanwhile
      }
    });
}

/** Whether a process is still there (a zombie is not). */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
