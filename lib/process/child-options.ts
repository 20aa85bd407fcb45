import type { BackoffLimits } from './backoff.ts';
import type { Redact } from './redact.ts';
import type { SupervisedChild } from './supervised-child.ts';

export interface ChildOptions {
  /** For people: "engine magnetic_tile". */
  name: string;
  /** Absolute path of the compiled module that calls `serveChild`. */
  module: string;
  args?: string[];
  env?: Record<string, string>;
  /** Node's own flags, e.g. `--max-old-space-size=512`. */
  nodeFlags?: string[];
  /** From spawn to ready. */
  startMs?: number;
  /** From the request to stop until SIGKILL. */
  stopMs?: number;
  /** A child that answers no ping for this long, with no request in flight, is taken for hung; 0 = never. */
  hungMs?: number;
  backoff?: BackoffLimits;
  /** Bytes waiting to be written beyond which requests are refused. */
  maxQueuedBytes?: number;
  /** Requests whose large payloads may lie in memory shared with the child at the same time, default 0: all go through the socket. */
  sharedSlots?: number;
  /** A thread of the child answers requests itself (`answerFromThread`), default false. */
  threadAnswers?: boolean;
  /** The child may live on a little after its parent died, to say so (PLC); without it the kernel kills it. */
  outlivesParent?: boolean;
  /** 0..19, default 0: how far its threads step back behind those that verdicts wait for. */
  niceness?: number;
  /** Takes secrets out of what the child prints and of its errors; default: user and password of every URL. */
  redact?: Redact;
  /** Runs after each start, before the child counts as running: load the model, open the endpoints again. */
  initialise?: (child: SupervisedChild) => Promise<void>;
}

export type ChildState = 'stopped' | 'starting' | 'running' | 'waiting';

export interface ChildStats {
  state: ChildState;
  pid: number | undefined;
  starts: number;
  /** Ends that nobody asked for. */
  failures: number;
  lastError: string | undefined;
  stderr: string[];
}

export interface Reply {
  body: unknown;
  payloads: Buffer[];
}
