import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { systemClock } from '../../core/clock.ts';
import { dyingWithParent } from '../../process/dying-with-parent.ts';
import { TextRing } from '../../process/text-ring.ts';
import { complaintIn } from './trouble.ts';

export interface LaunchOptions {
  tokens: readonly string[];
  /** Bytes of the pipeline's output. */
  data: (chunk: Buffer) => void;
  /** Running time zero of the pipeline in monotonic milliseconds; only told where the pipeline runs by the system's clock. */
  base: (instant: number) => void;
  /** The process is gone and reaped, and all of its output was read. */
  ended: (end: End) => void;
  /** Leaves no secret in a line. */
  redact: (line: string) => string;
  /** The first signal; Argus must be let go of in order, or its daemon keeps the sensor. */
  signal?: NodeJS.Signals;
}

export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Whether the pipeline dies with us even while nothing flows: the kernel ends it. */
export const diesWithUs = dyingWithParent(['']).length > 1;

const orderlyMs = 800;
/** How long the pipes of an ended process may still hold its last bytes. */
const lastWordsMs = 250;
/** How far the pipeline's idea of now may be off ours, or it runs by another clock. */
const sameClockMs = 1_000;

/** One gst-launch-1.0: started with arguments (never a shell), read, ended, reaped. */
export class Launch {
  readonly #process: ChildProcess;
  readonly #options: LaunchOptions;
  readonly #ring = new TextRing(60);
  readonly #output: Readable | undefined;
  readonly #gone: Promise<void>;
  #partial = '';
  #alive = true;

  constructor(options: LaunchOptions) {
    this.#options = options;
    // -f: without it a crash inside GStreamer waits for a debugger for ever
    const [file, ...args] = dyingWithParent(['gst-launch-1.0', '-q', '-f', ...options.tokens]);
    this.#process = spawn(file, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // the pipeline's debug lines tell the base time that makes time stamps instants
      env: { ...process.env, GST_DEBUG: '1,pipeline:5', GST_DEBUG_NO_COLOR: '1', GST_DEBUG_FILE: '' },
    });
    this.#output = this.#process.stdio[3] as Readable | undefined;
    this.#output?.on('data', options.data);
    this.#output?.on('error', () => {});
    this.#process.stderr?.on('data', (chunk: Buffer) => this.#printed(chunk));
    this.#process.stderr?.on('error', () => {});
    this.#gone = new Promise((resolve) => {
      let over = false;
      const end = (how: End) => {
        if (over) return;
        over = true;
        this.#alive = false;
        for (const stream of [this.#output, this.#process.stderr]) stream?.destroy();
        resolve();
        options.ended(how);
      };
      this.#process.on('error', (error) => {
        this.#ring.push(Buffer.from(`${error.message}\n`));
        end({ code: null, signal: null });
      });
      this.#process.on('exit', (code, signal) => {
        this.#alive = false;
        let late: NodeJS.Timeout | undefined;
        // what is paused still holds pictures that somebody will take
        const look = () => {
          if (this.#output?.isPaused()) late = setTimeout(look, lastWordsMs).unref();
          else end({ code, signal });
        };
        late = setTimeout(look, lastWordsMs).unref();
        this.#process.on('close', () => {
          clearTimeout(late);
          end({ code, signal });
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  pause(): void {
    this.#output?.pause();
  }

  resume(): void {
    this.#output?.resume();
  }

  /** The last lines that it printed, without secrets. */
  lines(): string[] {
    return this.#ring.lines().map(this.#options.redact);
  }

  /** What it said went wrong, in one sentence; empty where it said nothing. */
  complaint(): string {
    return complaintIn(this.lines());
  }

  /** Ends the process and resolves when it is reaped: asked first, killed after 0.8 s. */
  async stop(): Promise<void> {
    this.#output?.removeAllListeners('data').resume();
    if (this.#alive) {
      this.#process.kill(this.#options.signal ?? 'SIGTERM');
      const kill = setTimeout(() => this.#process.kill('SIGKILL'), orderlyMs);
      await this.#gone.finally(() => clearTimeout(kill));
    }
    await this.#gone;
  }

  #printed(chunk: Buffer): void {
    const lines = (this.#partial + chunk.toString('utf8')).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-2000);
    for (const line of lines) {
      if (!/\sDEBUG\s|\sINFO\s/.test(line)) this.#ring.push(Buffer.from(`${line}\n`));
      else {
        const base = baseTime(line, systemClock.mono());
        if (base !== null) this.#options.base(base);
      }
    }
  }
}

/** The instant of running time zero in a line of GStreamer's log; null where there is none, or it is another clock's. */
export function baseTime(line: string, now: number): number | null {
  const [, told, base] = /\bnow=(\d+:\d\d:\d\d\.\d+), base_time (\d+:\d\d:\d\d\.\d+)/.exec(line) ?? [];
  if (told === undefined || base === undefined) return null;
  return Math.abs(milliseconds(told) - now) < sameClockMs ? milliseconds(base) : null;
}

function milliseconds(time: string): number {
  const [hours, minutes, seconds] = time.split(':').map(Number);
  return (hours * 3600 + minutes * 60 + seconds) * 1000;
}
