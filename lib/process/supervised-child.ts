import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { Backoff } from './backoff.ts';
import type { ChildOptions, ChildState, ChildStats, Reply } from './child-options.ts';
import { dyingWithParent } from './dying-with-parent.ts';
import { type Message, readMessages, writeMessage } from './framing.ts';
import { redactUrls } from './redact.ts';
import { settledWithin } from './settled-within.ts';
import { SharedSlots } from './shared-slots.ts';
import { steppingBack } from './stepping-back.ts';
import { TextRing } from './text-ring.ts';
import { answersFd } from './thread-answers.ts';

export type { ChildOptions, ChildState, ChildStats, Reply } from './child-options.ts';

interface Pending {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

const pingsUntilHung = 4;
/** How long an ended child's pipes may still hold its last words; a grandchild can keep them open for ever. */
const lastWordsMs = 250;

/**
 * The one way to run a child: spawn, length-framed messages over a socket pair on fd 3, deadlines, SIGKILL, restart with
 * back-off, death with the parent, the last lines it printed. Nothing here ever throws into Node-RED's loop.
 *
 * Events: `state` (ChildState), `event` (type, body, payloads), `failure` (GoodpartError).
 */
export class SupervisedChild extends EventEmitter {
  readonly options: Required<Omit<ChildOptions, 'initialise'>> & Pick<ChildOptions, 'initialise'>;
  #state: ChildState = 'stopped';
  #process: ChildProcess | undefined;
  #channel: Duplex | undefined;
  /** What a thread of the child answers by. */
  #answers: Duplex | undefined;
  #slots: SharedSlots | null = null;
  #ring: TextRing;
  #pending = new Map<number, Pending>();
  #nextId = 1;
  #starts = 0;
  #failures = 0;
  #lastError: string | undefined;
  /** Why we killed it ourselves, until its exit is reported. */
  #killedFor: string | undefined;
  #initialising = false;
  #wanted = false;
  #startedAt = 0;
  #backoff: Backoff;
  #restart: NodeJS.Timeout | undefined;
  #starting: NodeJS.Timeout | undefined;
  #pinger: NodeJS.Timeout | undefined;
  /** Pings in a row without any answer. Counted, not timed: a parent that was blocked itself must not blame the child. */
  #silent = 0;
  #ready: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: ChildOptions) {
    super();
    this.options = {
      args: [],
      env: {},
      nodeFlags: [],
      startMs: 20_000,
      stopMs: 3_000,
      hungMs: 10_000,
      backoff: { minMs: 250, maxMs: 30_000, resetAfterMs: 20_000 },
      maxQueuedBytes: 128 * 1024 * 1024,
      sharedSlots: 0,
      threadAnswers: false,
      outlivesParent: false,
      niceness: 0,
      redact: redactUrls,
      ...options,
    };
    this.#backoff = new Backoff(this.options.backoff);
    this.#ring = new TextRing(100, this.options.redact);
  }

  get state(): ChildState {
    return this.#state;
  }

  stats(): ChildStats {
    return {
      state: this.#state,
      pid: this.#process?.pid,
      starts: this.#starts,
      failures: this.#failures,
      lastError: this.#lastError,
      stderr: this.#ring.lines(),
    };
  }

  /** Starts the child and keeps it running until `stop`. Resolves when it is ready the first time, rejects if that fails (and goes on trying). */
  start(): Promise<void> {
    this.#wanted = true;
    if (this.#state === 'stopped') this.#spawn();
    return this.whenRunning(this.options.startMs + 1_000);
  }

  /** Resolves when running; rejects after `ms`, or at once where the child is waiting for its next start. */
  async whenRunning(ms: number): Promise<void> {
    if (this.#state === 'running') return;
    if (this.#state === 'waiting') throw this.#unavailable();
    if (this.#ready === undefined) throw new GoodpartError('GP_CHILD_STOPPED', `${this.options.name} is stopped`);
    const text = `${this.options.name} did not start within ${ms} ms`;
    await settledWithin(this.#ready.promise, ms, () => new GoodpartError('GP_CHILD_DEADLINE', text));
  }

  /**
   * Asks the child. Rejects with GP_CHILD_DEADLINE after `deadlineMs` (the child is then killed as hung, unless
   * `keepOnDeadline`), GP_CHILD_EXITED when it ends meanwhile, GP_CHILD_BUSY when too much waits, or the child's own error.
   */
  async request(
    type: string,
    body: unknown,
    payloads: Buffer[] = [],
    { deadlineMs = 10_000, keepOnDeadline = false }: { deadlineMs?: number; keepOnDeadline?: boolean } = {},
  ): Promise<Reply> {
    const began = systemClock.mono();
    if (this.#state !== 'running' && !this.#initialising) await this.whenRunning(deadlineMs);
    const channel = this.#channel;
    if (channel === undefined || channel.destroyed) throw this.#unavailable();
    if (channel.writableLength > this.options.maxQueuedBytes) {
      throw new GoodpartError('GP_CHILD_BUSY', `${this.options.name}: ${channel.writableLength} bytes are waiting`);
    }
    const id = this.#nextId++;
    const left = Math.max(1, deadlineMs - (systemClock.mono() - began));
    return new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        const error = new GoodpartError(
          'GP_CHILD_DEADLINE',
          `${this.options.name} did not answer "${type}" within ${Math.round(deadlineMs)} ms`,
        );
        reject(error);
        // A child that has only just started and got what was left of the time is not hung
        if (!keepOnDeadline && left > deadlineMs / 2) this.kill(error);
      }, left);
      this.#pending.set(id, { resolve, reject, timer });
      try {
        writeMessage(channel, { id, kind: 'request', type, body, payloads }, this.#slots?.lend(id, payloads));
      } catch (error) {
        this.#pending.delete(id);
        this.#slots?.takeBack(id);
        clearTimeout(timer);
        reject(asGoodpartError(error));
      }
    });
  }

  /** Tells the child without an answer. False where it is not there or too much waits: what is told is then lost. */
  tell(type: string, body: unknown, payloads: Buffer[] = []): boolean {
    const channel = this.#channel;
    if (this.#state !== 'running' || channel === undefined || channel.destroyed) return false;
    if (channel.writableLength > this.options.maxQueuedBytes) return false;
    writeMessage(channel, { id: 0, kind: 'event', type, body, payloads });
    return true;
  }

  /** Ends the child at once; it is started again after the back-off. */
  kill(why: Error): void {
    if (this.#process === undefined) return;
    this.#killedFor = why.message;
    this.#process.kill('SIGKILL');
  }

  /** Asks the child to end, kills it after `stopMs`, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (child === undefined) {
      this.#ready?.reject(new GoodpartError('GP_CHILD_STOPPED', `${this.options.name} is stopped`));
      this.#ready = undefined;
      this.#setState('stopped');
      return;
    }
    const channel = this.#channel;
    if (channel !== undefined && !channel.destroyed) {
      writeMessage(channel, { id: 0, kind: 'event', type: 'stop', body: null, payloads: [] });
    }
    const killer = setTimeout(() => child.kill('SIGKILL'), this.options.stopMs);
    await this.#exited;
    clearTimeout(killer);
  }

  #unavailable(): GoodpartError {
    const why = this.#lastError ? `: ${this.#lastError}` : '';
    return new GoodpartError('GP_CHILD_EXITED', `${this.options.name} is not running (${this.#state})${why}`);
  }

  #setState(state: ChildState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#emitSafely('state', state);
  }

  #spawn(): void {
    const { module, args, nodeFlags, env, outlivesParent, name, startMs, niceness, sharedSlots, threadAnswers } =
      this.options;
    this.#starts += 1;
    this.#startedAt = systemClock.mono();
    this.#ring = new TextRing(100, this.options.redact);
    const ready = Promise.withResolvers<void>();
    ready.promise.catch(() => {}); // someone may be waiting, or nobody: never an unhandled rejection
    this.#ready = ready;
    this.#setState('starting');
    const node = [process.execPath, ...nodeFlags, module, ...args];
    const command = steppingBack(outlivesParent ? node : dyingWithParent(node), niceness);
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    this.#slots = SharedSlots.open(sharedSlots);
    let child: ChildProcess;
    try {
      child = spawn(command[0], command.slice(1), {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', this.#slots?.fd ?? 'ignore', threadAnswers ? 'pipe' : 'ignore'],
        env: { ...inherited, ...env, GOODPART_CHILD: name },
      });
    } catch (error) {
      this.#ended(`could not be started: ${asGoodpartError(error).message}`);
      return;
    }
    this.#process = child;
    // Without a free file descriptor there are no streams at all, whatever the types say
    const stdio = child.stdio as (Duplex | null)[] | undefined;
    this.#channel = stdio?.[3] ?? undefined;
    this.#answers = stdio?.[answersFd] ?? undefined;
    let over = false;
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    const end = (why: string) => {
      if (over) return;
      over = true;
      for (const stream of [child.stdout, child.stderr]) stream?.destroy(); // a grandchild may still hold the other end
      this.#ended(why);
      exited.resolve();
    };
    child.on('error', (error) => end(`could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      const why = signal ? `ended by ${signal}` : `ended with code ${code}`;
      const late = setTimeout(end, lastWordsMs, why);
      child.on('close', () => {
        clearTimeout(late);
        end(why);
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#ring.push(chunk));
      stream?.on('error', () => {});
    }
    for (const stream of [this.#channel, this.#answers]) {
      if (stream === undefined) continue;
      readMessages(stream, { message: (it) => this.#receive(child, it), nonsense: (error) => this.kill(error) });
      stream.on('error', () => {}); // EPIPE of a dying child: its exit says the rest
    }
    this.#starting = setTimeout(() => {
      this.kill(new GoodpartError('GP_CHILD_DEADLINE', `${name} was not ready within ${startMs} ms`));
    }, startMs);
  }

  #receive(child: ChildProcess, message: Message): void {
    if (child !== this.#process) return;
    this.#silent = 0;
    if (message.kind === 'event') {
      if (message.type === 'ready') this.#becomeReady(child);
      else if (message.type !== 'pong') this.#emitSafely('event', message.type, message.body, message.payloads);
      return;
    }
    this.#slots?.takeBack(message.id);
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.kind === 'reply') pending.resolve({ body: message.body, payloads: message.payloads });
    else pending.reject(this.#told(message.body));
  }

  #told(body: unknown): GoodpartError {
    const json = (body ?? {}) as Record<string, unknown>;
    const safe = Object.entries(json).map(([key, value]) => [
      key,
      typeof value === 'string' ? this.options.redact(value) : value,
    ]);
    return GoodpartError.fromJSON(Object.fromEntries(safe));
  }

  /** A listener that throws must not end the process whose timer or socket called us. */
  #emitSafely(name: string, ...values: unknown[]): void {
    try {
      this.emit(name, ...values);
    } catch (error) {
      if (name !== 'failure') this.#emitSafely('failure', asGoodpartError(error));
    }
  }

  #becomeReady(child: ChildProcess): void {
    this.#initialising = true;
    const initialised = this.options.initialise?.(this) ?? Promise.resolve();
    initialised.then(
      () => {
        if (child !== this.#process) return;
        this.#initialising = false;
        clearTimeout(this.#starting);
        this.#watch();
        this.#setState('running');
        this.#ready?.resolve();
      },
      (thrown) => {
        if (child !== this.#process) return;
        const error = asGoodpartError(thrown, 'GP_CHILD_EXITED');
        this.#ready?.reject(error);
        this.kill(error);
      },
    );
  }

  /** Pings while nothing is in flight: a stopped or hung child is noticed although nobody asks it anything. */
  #watch(): void {
    const { hungMs } = this.options;
    clearInterval(this.#pinger);
    if (hungMs === 0) return;
    this.#silent = 0;
    this.#pinger = setInterval(() => {
      if (this.#pending.size > 0) this.#silent = 0;
      else if (this.#silent >= pingsUntilHung) {
        this.kill(new GoodpartError('GP_CHILD_DEADLINE', `${this.options.name} gave no sign of life for ${hungMs} ms`));
      } else {
        this.#silent += 1;
        this.tell('ping', null);
      }
    }, hungMs / pingsUntilHung);
    this.#pinger.unref();
  }

  #ended(why: string): void {
    clearTimeout(this.#starting);
    clearInterval(this.#pinger);
    this.#initialising = false;
    this.#process = undefined;
    this.#channel?.destroy();
    this.#channel = undefined;
    this.#answers?.destroy();
    this.#answers = undefined;
    this.#slots?.close();
    this.#slots = null;
    const last = this.#ring.lines().filter(Boolean).slice(-3).join(' | ');
    const cause = this.#killedFor ?? why;
    this.#killedFor = undefined;
    const error = new GoodpartError('GP_CHILD_EXITED', `${this.options.name} ${cause}${last ? ` (${last})` : ''}`);
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(error);
    }
    this.#pending.clear();
    this.#ready?.reject(error);
    this.#ready = undefined;
    if (!this.#wanted) {
      this.#setState('stopped');
      return;
    }
    this.#failures += 1;
    this.#lastError = cause;
    const pause = this.#backoff.next(systemClock.mono() - this.#startedAt);
    this.#restart = setTimeout(() => {
      if (this.#wanted) this.#spawn();
    }, pause);
    this.#setState('waiting');
    this.#emitSafely('failure', error);
  }
}
