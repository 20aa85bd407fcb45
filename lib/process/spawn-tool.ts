import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { GoodpartError } from '../core/errors.ts';
import { dyingWithParent } from './dying-with-parent.ts';
import { redactor } from './redact.ts';
import { TextRing } from './text-ring.ts';

export interface ToolOptions {
  /** For people: "GStreamer". */
  name: string;
  /** Found in PATH, or an absolute path. Never a shell's line. */
  command: string;
  args?: readonly string[];
  /** Beside the environment of this process. */
  env?: Readonly<Record<string, string>>;
  /** The apt package that brings the command, for the sentence that says what to install. */
  package: string;
  /** Whether something is to be written to its standard input; closed otherwise. */
  input?: boolean;
  /** Pipes to read from beside the standard output: fd 3, 4, … */
  pipes?: number;
  /** What must not be shown of what it prints, beside user and password of every URL. */
  secrets?: readonly string[];
  /** From SIGTERM to SIGKILL, milliseconds. */
  stopMs?: number;
}

export interface ToolEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** One sentence with the last lines of its error output, without secrets. */
  text: string;
}

/** How long an ended tool's pipes may still hold its last words; what it started can keep them open for ever. */
const lastWordsMs = 250;

/** Our death before the kernel was told to pass it on would go unnoticed. Nothing of the command is read by the shell. */
const unlessOrphaned = '[ "$PPID" = "$0" ] && exec "$@"';

const running = new Set<Tool>();
process.on('exit', () => {
  for (const tool of running) tool.signal('SIGKILL');
});

/** Where a command lies that may be run, or null. */
export function findTool(command: string): string | null {
  const folders = isAbsolute(command) ? [''] : (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  for (const folder of folders) {
    const path = folder === '' ? command : join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return null;
}

/**
 * Runs an external program from within a child: without a shell, in a process group of its own, so that what it starts ends
 * with it; it dies with this process even if that is killed (by setpriv where the machine has it), and is always reaped.
 * Throws GP_TOOL_MISSING, naming the package to install. Call it from the main thread: the kernel ends it with its thread.
 */
export function spawnTool(options: ToolOptions): Tool {
  const path = findTool(options.command);
  if (path === null) {
    const text = `${options.name} needs the program ${options.command}, which is not installed: sudo apt install ${options.package}`;
    throw new GoodpartError('GP_TOOL_MISSING', text, { expected: options.package });
  }
  return new Tool(path, options);
}

/** A running program, made by `spawnTool`. Its streams end when it ends; errors of them are its end's matter. */
export class Tool {
  readonly name: string;
  /** Resolves when it is gone and reaped; never rejects. */
  readonly ended: Promise<ToolEnd>;
  readonly #process: ChildProcess;
  readonly #ring: TextRing;
  readonly #stopMs: number;
  #over = false;

  constructor(path: string, options: ToolOptions) {
    const { name, args = [], env = {}, input = false, pipes = 0, secrets = [], stopMs = 2_000 } = options;
    this.name = name;
    this.#stopMs = stopMs;
    this.#ring = new TextRing(100, redactor(secrets));
    const [command, ...rest] = dyingWithParent(['/bin/sh', '-c', unlessOrphaned, String(process.pid), path, ...args]);
    this.#process = spawn(command, rest, {
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe', ...Array.from({ length: pipes }, () => 'pipe' as const)],
      env: { ...process.env, ...env },
      detached: true,
    });
    for (const stream of this.#process.stdio ?? []) stream?.on('error', () => {}); // EPIPE: its exit says the rest
    this.#process.stderr?.on('data', (chunk: Buffer) => this.#ring.push(chunk));
    running.add(this);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null, why = '') => {
        if (this.#over) return;
        this.#over = true;
        running.delete(this);
        for (const stream of this.#process.stdio ?? []) stream?.destroy();
        resolve({
          code,
          signal,
          text: this.#said(why || (signal ? `was ended by ${signal}` : `ended with code ${code}`)),
        });
      };
      this.#process.on('error', (error) => end(null, null, `could not be started: ${error.message}`));
      this.#process.on('exit', (code, signal) => {
        this.#toGroup('SIGKILL'); // what it started and left behind
        const late = setTimeout(end, lastWordsMs, code, signal);
        this.#process.on('close', () => {
          clearTimeout(late);
          end(code, signal);
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Must be read or resumed: a full pipe stops the program. */
  get stdout(): Readable {
    return this.#stream(1) as Readable;
  }

  get stdin(): Writable {
    return this.#stream(0) as Writable;
  }

  /** The nth pipe beside the standard ones: 0 is fd 3. */
  pipe(n = 0): Readable {
    return this.#stream(3 + n) as Readable;
  }

  /** The last lines of its error output, without secrets. */
  lines(): string[] {
    return this.#ring.lines();
  }

  /** To the program and all that it started. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#over && this.#process.exitCode === null && this.#process.signalCode === null) this.#toGroup(signal);
  }

  /** SIGTERM, SIGKILL after `stopMs`; resolves when it is gone. */
  async stop(): Promise<ToolEnd> {
    this.signal('SIGTERM');
    this.signal('SIGCONT'); // a stopped program hears nothing
    const killer = setTimeout(() => this.signal('SIGKILL'), this.#stopMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(killer);
    }
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<ToolEnd> {
    this.signal('SIGKILL');
    return this.ended;
  }

  #stream(fd: number): Readable | Writable {
    // Without a free file descriptor there are no streams at all, whatever the types say
    const stream = (this.#process.stdio as ChildProcess['stdio'] | undefined)?.[fd as 0];
    if (stream == null) throw new GoodpartError('GP_SOURCE_FAILED', `${this.name} has no stream ${fd}`);
    return stream as Readable | Writable;
  }

  #toGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // gone already
    }
  }

  #said(why: string): string {
    const last = this.#ring
      .lines()
      .filter((line) => line.trim() !== '')
      .slice(-3)
      .join(' | ');
    return `${this.name} ${why}${last ? ` (${last})` : ''}`;
  }
}
