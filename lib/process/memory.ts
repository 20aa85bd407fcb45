import { readdirSync, readFileSync } from 'node:fs';

/** What a process uses; Linux only. */
export interface ProcessUse {
  pid: number;
  parent: number;
  /** As its GOODPART_CHILD says, else its command. */
  name: string;
  residentMb: number;
  /** Open files, sockets and the like. */
  handles: number;
}

/** Resident memory in MiB; NaN where there is no such process. */
export const residentMb = (pid: number): number => residentOf(text(`/proc/${pid}/status`));

/** As `residentMb`, of a status file that was read already. */
export const residentOf = (status: string): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;

/** A process and all that came of it, parents first. */
export function processTree(root: number): ProcessUse[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(/PPid:\s+(\d+)/.exec(text(`/proc/${name}/status`))?.[1]) }));
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree.flatMap(({ pid, parent }) => {
    const own = residentMb(pid);
    // gone meanwhile
    return Number.isNaN(own) ? [] : [{ pid, parent, name: nameOf(pid), residentMb: own, handles: handlesOf(pid) }];
  });
}

function nameOf(pid: number): string {
  const child = /(?:^|\0)GOODPART_CHILD=([^\0]*)/.exec(text(`/proc/${pid}/environ`))?.[1];
  return child ?? text(`/proc/${pid}/comm`).trim();
}

function handlesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
